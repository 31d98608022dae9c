"""Alerts nobody answered leave again: what their supplier then says of either hand-over finds its message."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from sofy.connectors.base import Accepted, Receipt, Unknown, own_key
from sofy.engine import db, intake
from sofy.engine.tests.conftest import FakeConnector, House, Machine
from sofy.kernel import clock
from sofy.kernel.content import Content, Template


class Doubt(NamedTuple):
    """An alert whose first hand-over was not answered, and whose second one by `connector` is not yet."""

    machine: Machine
    connector: FakeConnector
    message: intake.MessageIn

    def named(self, name: str, status: Any) -> Receipt:
        """As WhatsApp says it: its own name for the message, and ours."""
        assert self.message.id is not None
        return Receipt(keys=(name, own_key(self.message.id)), status=status, message_id=self.message.id)

    async def hears(self, name: str, status: Any) -> None:
        await self.connector.events.on_receipts([self.named(name, status)])


def alert(house: House, **fields: Any) -> intake.MessageIn:
    content = Content(text="", template=Template(name="code"))
    return house.message(purpose="alert", channel="whatsapp", short_code=None, text="", content=content, **fields)


def parked(house: House) -> int:
    rows = house.conn.execute("SELECT count(*) FROM receipt_parked").fetchall()
    return int(rows[0][0])


@pytest.fixture
async def doubt(house: House, start: Callable[..., Any]) -> Doubt:
    house.add_route(channel="whatsapp", encodings=["utf8"])
    machine: Machine = await start()
    connector = machine.connector()
    connector.script = lambda message, part: Unknown("timeout") if len(connector.sent) < 2 else None
    (message,) = house.submit(alert(house))
    await machine.until(lambda: len(connector.sent) == 2)
    return Doubt(machine, connector, message)


async def test_a_receipt_before_the_second_answer_is_kept_for_it(house: House, doubt: Doubt):
    await doubt.hears("second", "delivered")
    await doubt.machine.until(lambda: parked(house) == 1)

    doubt.connector.answer(doubt.message.id, Accepted("second"))

    await doubt.machine.settled(doubt.message, status="delivered")
    await doubt.machine.until(lambda: parked(house) == 0)


async def test_the_engine_of_the_first_hand_over_leaves_receipts_of_the_second_to_the_ledger(
    house: House, start: Callable[..., Any]
):
    house.add_route(channel="whatsapp", encodings=["utf8"])
    first: Machine = await start()
    theirs = first.connector()

    def full_and_silent(_message: Any, _part: int) -> Unknown:
        theirs.room = theirs.up = 0  # it claims nothing more
        return Unknown("timeout")

    theirs.script = full_and_silent
    (message,) = house.submit(alert(house))
    await first.until(lambda: theirs.sent)
    second: Machine = await start()
    await second.settled(message)

    await Doubt(first, theirs, message).hears(second.connector().supplier_ids[message.id, 0], "delivered")  # type: ignore[index]

    await second.settled(message, status="delivered")


async def test_the_first_hand_over_is_known_by_our_id_when_no_memory_is_left(
    house: House, doubt: Doubt, start: Callable[..., Any]
):
    doubt.connector.answer(doubt.message.id, Accepted("second"))
    await doubt.machine.settled(doubt.message)
    await doubt.machine.engine.stop(0.5)
    later: Machine = await start()

    await doubt._replace(connector=later.connector()).hears("first", "delivered")

    await later.settled(doubt.message, status="delivered")


async def test_of_the_first_hand_over_only_good_news_count(house: House, doubt: Doubt, start: Callable[..., Any]):
    doubt.connector.answer(doubt.message.id, Accepted("second"))
    await doubt.machine.settled(doubt.message)
    await doubt.machine.engine.stop(0.5)
    later = doubt._replace(machine=await start())
    later = later._replace(connector=later.machine.connector())

    await later.hears("first", "failed")
    await later.machine.until(lambda: not later.machine.engine.receipts._lost)
    await later.hears("second", "delivered")

    await later.machine.settled(doubt.message, status="delivered")
    assert "failed" not in house.events(doubt.message)
    assert parked(house) == 0


@pytest.fixture
async def too_late(house: House, start: Callable[..., Any]) -> Doubt:
    """An alert whose first hand-over was not answered until nobody wanted it any more."""
    house.add_route(channel="whatsapp", encodings=["utf8"])
    machine: Machine = await start()

    def silent_for_long(_message: Any, _part: int) -> Unknown:
        clock.install(lambda: clock.DEMO_START + timedelta(minutes=11))
        return Unknown("timeout")

    machine.connector().script = silent_for_long
    (message,) = house.submit(alert(house, expires_at=clock.DEMO_START + timedelta(minutes=10)))
    await machine.settled(message, status="unknown")
    return Doubt(machine, machine.connector(), message)


async def test_what_may_have_left_is_unknown_when_it_is_too_late_to_leave_again(house: House, too_late: Doubt):
    assert house.state(too_late.message)["status"] == "unknown"
    assert house.state(too_late.message)["reason"] == "no_answer"


async def test_what_did_not_leave_again_ends_as_its_only_hand_over_did(
    house: House, too_late: Doubt, start: Callable[..., Any]
):
    await too_late.machine.engine.stop(0.5)
    later: Machine = await start()

    await too_late._replace(connector=later.connector()).hears("first", "expired")

    await later.settled(too_late.message, status="expired")
    assert parked(house) == 0


def test_parked_receipts_are_tried_ever_less_often_and_by_one_engine(house: House):
    values = {"route": house.add_route(), "joined": ["a"], "statuses": ["delivered"], "codes": [""], "actions": [""]}
    house.conn.execute(db.sql("park_receipts"), values | {"now": clock.now(), "ats": [clock.now()]})
    waits, at_once = [], []

    for _ in range(13):
        house.conn.execute("UPDATE receipt_parked SET lease_until = clock_timestamp() - interval '1 second'")
        assert len(house.conn.execute(db.sql("parked")).fetchall()) == 1
        at_once += house.conn.execute(db.sql("parked")).fetchall()
        ((wait_s,),) = house.conn.execute(
            "SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 FROM receipt_parked"
        ).fetchall()
        waits.append(round(wait_s))

    assert at_once == []
    assert waits == [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]


async def test_a_parked_receipt_of_nobody_is_forgotten_after_a_day(house: House, machine: Machine):
    await machine.connector().events.on_receipts([Receipt(keys=("nobody",), status="delivered")])
    await machine.until(lambda: parked(house) == 1)

    clock.install(lambda: clock.DEMO_START + timedelta(hours=25))
    house.conn.execute("UPDATE receipt_parked SET lease_until = clock_timestamp()")

    await machine.until(lambda: parked(house) == 0)
    assert machine.engine.receipts.dropped == 1
