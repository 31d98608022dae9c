"""An alert that its route did not deliver leaves once more, by another route; marketing never does."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Action, Receipt, Refused
from sofy.engine.db import sql
from sofy.engine.intake import MessageIn
from sofy.engine.tests.conftest import House, Machine, kill
from sofy.kernel import clock

FAILED: dict[str, Any] = {"status": "failed", "code": "30", "action": Action.OTHER_ROUTE}


def alert(house: House, **fields: Any) -> MessageIn:
    return house.submit(house.message(purpose="alert", text="Code", short_code=None, **fields))[0]


@pytest.fixture
async def two(house: House, start: Any) -> Machine:
    """An engine with a cheap route and a dear one."""
    house.add_route("cheap", price="0.01")
    house.add_route("dear", price="0.05")
    made: Machine = await start()
    return made


def sent(machine: Machine, code: str) -> int:
    return len(machine.connector(code).sent)


@pytest.mark.clause("CGVU 14.2")
async def test_an_alert_leaves_once_more_by_another_route_and_its_status_never_moves_back(house: House, two: Machine):
    message = alert(house)
    await two.settled(message)

    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.until(lambda: sent(two, "dear"))
    await two.until(lambda: house.state(message)["resend"] == 2)

    assert house.state(message)["status"] == "submitted"
    await two.connector("dear").receipt(message.id)
    await two.settled(message, status="delivered")
    assert sorted(house.events(message)) == sorted(["submitted", "resent", "delivered"])
    assert (sent(two, "cheap"), sent(two, "dear")) == (1, 1)
    assert house.queue() == []


async def test_a_receipt_before_the_submit_is_written_sends_it_again_too(house: House, two: Machine):
    cheap = two.connector("cheap")

    def answer(message: Any, part: int) -> Accepted:
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(cheap.receipt(message.message_id, **FAILED)))
        return Accepted("early")

    cheap.script = answer
    message = alert(house)
    await two.until(lambda: sent(two, "dear"))
    await two.connector("dear").receipt(message.id)

    await two.settled(message, status="delivered")
    assert sorted(house.events(message)) == sorted(["submitted", "resent", "delivered"])


async def test_doubled_and_late_receipts_of_the_first_route_change_nothing(house: House, two: Machine):
    message = alert(house)
    await two.settled(message)
    for _ in range(3):
        await two.connector("cheap").receipt(message.id, **FAILED)
    await two.until(lambda: house.state(message)["resend"] == 2)

    await two.connector("cheap").receipt(message.id, **FAILED)
    await asyncio.sleep(0.4)

    assert house.state(message)["status"] == "submitted"
    assert (sent(two, "cheap"), sent(two, "dear")) == (1, 1)
    assert house.events(message) == ["resent", "submitted"]


async def test_what_the_second_route_does_not_deliver_has_failed(house: House, two: Machine):
    message = alert(house)
    await two.settled(message)
    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.until(lambda: house.state(message)["resend"] == 2)

    await two.connector("dear").receipt(message.id, **FAILED)
    await two.settled(message, status="failed")

    assert (sent(two, "cheap"), sent(two, "dear")) == (1, 1)
    assert sorted(house.events(message)) == sorted(["submitted", "resent", "failed"])


async def test_what_the_second_route_refuses_has_failed(house: House, two: Machine):
    two.connector("dear").script = lambda message, part: Refused("0xB", Action.OTHER_ROUTE)
    message = alert(house)
    await two.settled(message)

    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.settled(message, status="failed")

    assert sent(two, "cheap") == 1
    assert sorted(house.events(message)) == sorted(["submitted", "resent", "failed"])
    assert house.queue() == []


@pytest.mark.parametrize(
    ("_case", "fields", "receipt"),
    [
        ("the number is dead", {}, {"action": Action.SUPPRESS}),
        ("the message will never pass", {}, {"action": Action.PERMANENT}),
        ("the phone was off", {}, {"status": "expired"}),
        ("too late for it", {"expires_at": clock.DEMO_START - timedelta(seconds=-1)}, {}),
    ],
)
async def test_what_another_route_could_not_help_fails(
    _case: str, fields: Any, receipt: Any, house: House, two: Machine
):
    message = alert(house, **fields)
    await two.settled(message)
    if fields:
        clock.install(lambda: clock.DEMO_START + timedelta(minutes=1))

    await two.connector("cheap").receipt(message.id, **(FAILED | receipt))
    await two.settled(message, status=["failed", "expired"])

    assert sent(two, "dear") == 0


@pytest.mark.clause("CGVU 17")
async def test_marketing_is_never_sent_twice(house: House, two: Machine):
    (message,) = house.submit(house.message())
    await two.settled(message)

    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.settled(message, status="failed")

    assert sent(two, "dear") == 0


async def test_without_another_route_it_has_failed(house: House, machine: Machine):
    message = alert(house)
    await machine.settled(message)

    await machine.connector().receipt(message.id, **FAILED)
    await machine.settled(message, status="failed")

    assert len(machine.connector().sent) == 1
    assert house.queue() == []


async def test_it_is_paid_once(house: House, two: Machine):
    house.conn.execute("UPDATE gate_client SET budget_eur = 10")
    message = alert(house, unit_price_eur="0.05")
    await two.settled(message)
    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.until(lambda: house.state(message)["resend"] == 2)

    row = house.conn.execute("SELECT spent_eur FROM gate_client WHERE client_id = %s", [house.client]).fetchone()

    assert row is not None
    assert str(row[0]) == "0.050000"


async def test_another_engine_reads_the_receipt_and_sends_it_again(house: House, two: Machine, start: Any):
    message = alert(house)
    await two.settled(message)
    supplier = two.connector("cheap")
    await two.engine.stop(0.5)
    second: Machine = await start()
    second.connector("cheap").supplier_ids = supplier.supplier_ids

    for _ in range(2):
        await second.connector("cheap").receipt(message.id, **FAILED)
    await second.until(lambda: house.state(message)["resend"] == 2)

    assert house.state(message)["status"] == "submitted"
    assert sent(second, "dear") == 1


@pytest.mark.parametrize("handed_over", [False, True])
async def test_an_engine_killed_with_it_in_hand_loses_nothing(
    handed_over: bool, house: House, two: Machine, start: Any
):
    message = alert(house)
    await two.settled(message)
    dear = two.connector("dear")
    if handed_over:
        dear.script = lambda message, part: None
    else:
        dear.waits = True
    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.until(lambda: dear.sent or dear.waiting)
    await kill(two)

    second: Machine = await start()

    if handed_over:  # nobody knows whether it left
        await second.settled(message, status="unknown")
        assert sent(second, "dear") == 0
    else:
        await second.until(lambda: sent(second, "dear"))
        await second.until(lambda: house.state(message)["resend"] == 2)
        assert house.state(message)["status"] == "submitted"
    assert sent(second, "cheap") == 0
    assert house.queue() == []


def _writes_no_more(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, what happens is in the journal alone."""
    monkeypatch.setattr(machine.engine.ledger, "flush", asyncio.Event().wait)


async def test_a_receipt_heard_just_before_a_kill_sends_it_again(
    house: House, two: Machine, start: Any, monkeypatch: pytest.MonkeyPatch
):
    message = alert(house)
    await two.settled(message)
    _writes_no_more(two, monkeypatch)
    await two.connector("cheap").receipt(message.id, **FAILED)
    await kill(two)

    second: Machine = await start()
    await second.until(lambda: house.state(message)["resend"] == 2)
    await second.connector("dear").receipt(message.id)

    await second.settled(message, status="delivered")
    assert (sent(second, "cheap"), sent(second, "dear")) == (0, 1)
    assert sorted(house.events(message)) == sorted(["submitted", "resent", "delivered"])


async def test_a_kill_between_both_receipts_and_the_ledger_forgets_neither(
    house: House, two: Machine, start: Any, monkeypatch: pytest.MonkeyPatch
):
    message = alert(house)
    await two.settled(message)
    cheap, dear = two.connector("cheap"), two.connector("dear")
    dear.waits = True
    await cheap.receipt(message.id, **FAILED)
    await two.until(lambda: dear.waiting)
    _writes_no_more(two, monkeypatch)
    dear.let_go()
    await dear.receipt(message.id)
    await kill(two)

    second: Machine = await start()

    assert house.state(message)["status"] == "delivered"
    assert house.state(message)["resend"] == 2
    assert (sent(second, "cheap"), sent(second, "dear")) == (0, 0)
    assert house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (0,)


async def test_a_receipt_that_waits_in_the_database_sends_it_again_too(house: House, two: Machine):
    cheap = two.connector("cheap")
    cheap.script = lambda message, part: None
    message = alert(house)
    await two.until(lambda: cheap.sent)
    await cheap.events.on_receipts([Receipt(keys=("abc",), **FAILED)])
    await two.until(lambda: house.conn.execute("SELECT action FROM receipt_parked").fetchall() == [("other_route",)])

    cheap.answer(message.id, Accepted("abc"))
    await two.until(lambda: house.state(message)["resend"] == 2)

    assert house.state(message)["status"] == "submitted"
    assert (sent(two, "cheap"), sent(two, "dear")) == (1, 1)


async def test_news_of_the_first_hand_over_leaves_the_second_in_the_journal(house: House, two: Machine):
    cheap, dear = two.connector("cheap"), two.connector("dear")
    dear.script = lambda message, part: None
    message = alert(house)
    await two.settled(message)
    await cheap.receipt(message.id, **FAILED)
    await two.until(lambda: dear.sent)
    assert two.engine.journal.unsettled == 1

    await cheap.receipt(message.id)
    await two.settled(message, status="delivered")
    await two.until(lambda: not two.engine.ledger.writing)

    assert two.engine.journal.unsettled == 1


@pytest.fixture
async def in_two_claims(house: House, two: Machine) -> tuple[MessageIn, MessageIn]:
    """An alert that leaves once more, held by an engine; the claim of its first hand-over holds another one still."""
    again, stays = [house.message(purpose="alert", text="Code", short_code=None) for _ in range(2)]
    two.connector("cheap").script = lambda message, part: Accepted("1") if message.message_id == again.id else None
    house.submit(again, stays)
    await two.settled(again)
    two.connector("dear").script = lambda message, part: None
    await two.connector("cheap").receipt(again.id, **FAILED)
    await two.until(lambda: sent(two, "dear"))
    return again, stays


async def test_what_leaves_once_more_is_held_by_its_second_claim_alone(
    house: House, two: Machine, in_two_claims: tuple[MessageIn, MessageIn]
):
    again, stays = in_two_claims
    rows = house.conn.execute(sql("held_by"), {"instance": two.engine.instance}).fetchall()
    house.conn.execute("UPDATE engine_claim SET lease_until = '-infinity'")
    late = house.conn.execute(sql("dead_leases")).fetchall()

    assert len(rows) == 2
    assert {row[1] for row in rows} == {again.id, stays.id}
    assert len({row[2] for row in rows}) == 2
    assert sorted(row[2] for row in late) == sorted([[again.id], [stays.id]])


async def test_killed_without_an_answer_to_the_second_hand_over_nothing_leaves_a_third_time(
    house: House, two: Machine, start: Any, in_two_claims: tuple[MessageIn, MessageIn]
):
    again, stays = in_two_claims
    await kill(two)

    second: Machine = await start()
    await second.until(lambda: house.state(stays)["status"] == "submitted")

    assert house.state(again)["status"] == "unknown"
    assert again.id not in [one.message_id for code in ("cheap", "dear") for one in second.connector(code).sent]


async def test_delivered_by_the_first_route_after_all_it_stays_so_when_its_engine_vanishes(house: House, two: Machine):
    dear = two.connector("dear")
    dear.waits = True
    message = alert(house)
    await two.settled(message)
    await two.connector("cheap").receipt(message.id, **FAILED)
    await two.until(lambda: dear.waiting)
    await two.connector("cheap").receipt(message.id)
    await two.settled(message, status="delivered")

    values = {"client": house.client, "now": clock.now(), "messages": [message.id]}
    house.conn.execute(sql("give_up"), values)

    assert (house.state(message)["status"], house.state(message)["resend"]) == ("delivered", 2)
    assert "unknown" not in house.events(message)
