"""Parts of long messages from phones outlive the engine that took them."""

import asyncio
from typing import Any

import pytest

from sofy.connectors.base import Inbound, InboundPart
from sofy.engine.tests.conftest import SHORT_CODE, FakeConnector, House, Machine
from sofy.kernel import clock


def part(sender: str, number: int, octets: bytes, **fields: Any) -> InboundPart:
    values: dict[str, Any] = {"recipient": SHORT_CODE, "reference": 7, "of": 2, "coding": 0, **fields}
    return InboundPart(sender=sender, part=number, octets=octets, **values)


async def test_a_part_is_kept_sealed_for_whichever_engine_hears_the_next(house: House, start: Any):
    house.add_route()
    first = await start()
    one, two = part("33639980001", 1, b"ST"), part("33639980001", 2, b"OP")

    assert await first.connector().events.on_parts([two]) == [[two]]
    assert await first.connector().events.on_parts([two]) == [[two]]  # the operator says it again
    await first.engine.stop(0.5)
    second = await start()

    assert await second.connector().events.on_parts([one]) == [[one, two]]
    (row,) = house.conn.execute("SELECT payload FROM engine_inbound_part WHERE part = 2").fetchall()
    assert b"33639980001" not in row[0]
    assert b"T1A=" not in row[0]


async def test_two_engines_that_hear_a_part_each_see_the_whole(house: House, start: Any):
    house.add_route()
    await start()
    await start()
    one, two = part("33639980001", 1, b"ST"), part("33639980001", 2, b"OP")
    left, right = (connector.events for connector in FakeConnector.made)

    for n in range(10):
        answers = await asyncio.gather(
            left.on_parts([part("33639980001", 1, b"ST", reference=n)]),
            right.on_parts([part("33639980001", 2, b"OP", reference=n)]),
        )
        assert sorted(len(kept) for ((kept),) in answers) == [1, 2]
    assert (one.octets, two.octets) == (b"ST", b"OP")


@pytest.mark.parametrize("known", [True, False])
async def test_parts_go_with_their_message_whoever_it_is_from(known: bool, house: House, machine: Machine):
    (message,) = house.submit(house.message())
    await machine.settled(message)
    sender = message.to.lstrip("+") if known else "33639989999"
    events = machine.connector().events
    await events.on_parts([part(sender, 1, b"ST"), part(sender, 2, b"OP"), part(sender, 1, b"x", reference=8)])

    await events.on_inbound([Inbound(sender=sender, recipient=SHORT_CODE, text="STOP", reference=7, of=2)])

    assert house.conn.execute("SELECT count(*) FROM engine_inbound_part").fetchone() == (1,)
    assert house.opposed() == ({house.client} if known else set())


async def test_what_waited_too_long_is_found(house: House, machine: Machine):
    events = machine.connector().events
    old, new = part("33639980001", 1, b"ST"), part("33639980002", 1, b"AR")
    await events.on_parts([old])
    assert await events.overdue_parts(1800) == []
    later = clock.DEMO_START.replace(minute=59, hour=16)
    clock.install(lambda: later)
    await events.on_parts([new])

    assert await events.overdue_parts(1800) == [[old]]
