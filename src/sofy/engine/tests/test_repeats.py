"""What is written again, because the answer to its commit was lost with a connection."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from sofy.connectors.base import Accepted
from sofy.engine.recovery import held_by, release
from sofy.engine.tests.conftest import House, Machine


async def test_a_message_given_back_and_claimed_again_is_not_given_back_twice(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    engine = machine.engine
    machine.connector().room = 0
    house.submit(house.message())
    await machine.until(lambda: engine.dispatcher.waiting("marketing") == 1)
    link, written = engine._links["outcomes"], []
    call = link.call

    async def answer_lost(work: Callable[[Any], Awaitable[Any]]) -> Any:
        await call(work)
        await machine.until(lambda: [row[3] for row in house.queue()] == [engine.instance])
        written.append(await call(work))

    monkeypatch.setattr(link, "call", answer_lost)
    (batch,) = engine.dispatcher.ready["marketing"]
    engine.dispatcher.take_back(batch)
    await machine.until(lambda: written)

    assert [row[3] for row in house.queue()] == [engine.instance]


async def test_what_was_settled_since_it_was_looked_for_is_not_released(house: House, machine: Machine):
    machine.connector().room = 0
    waits, settled = house.submit(*[house.message() for _ in range(2)])
    dead = uuid4()
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 2)
    house.conn.execute("UPDATE engine_claim SET claimed_by = %s", (dead,))
    link = machine.engine._links["house"]
    held = await held_by(link, dead)
    house.conn.execute("UPDATE engine_state SET status = 'delivered', rank = 50 WHERE message_id = %s", (settled.id,))

    await release(link, held)

    assert len(held) == 2
    assert house.conn.execute("SELECT message_id FROM engine_queue").fetchall() == [(waits.id,)]


async def test_a_claim_holds_what_did_not_go_back_and_ends_with_it(house: House, machine: Machine):
    machine.connector().script = lambda message, part: None
    stays, goes_back = house.submit(house.message(), house.message(zone="Pacific/Auckland"))
    await machine.settled(goes_back, status="deferred")

    assert {row[0]: row[3] for row in house.queue()} == {stays.id: machine.engine.instance, goes_back.id: None}
    assert _claimed(house) == [[stays.id]]

    machine.connector().answer(stays.id, Accepted("1"))
    await machine.settled(stays)
    await machine.until(lambda: _claimed(house) == [])


def _claimed(house: House) -> list[list[UUID]]:
    return [row[0] for row in house.conn.execute("SELECT messages FROM engine_claim").fetchall()]
