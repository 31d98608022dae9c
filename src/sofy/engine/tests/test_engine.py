"""Messages through a whole engine: database, gate, lanes, receipts, ledger."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sofy.connectors.base import Accepted, Action, HandOver, Inbound, NotOurs, NotSent, Receipt, Refused, Unknown
from sofy.engine import permissions
from sofy.engine.announce import announce
from sofy.engine.journal import read
from sofy.engine.tests.conftest import MENTION, SHORT_CODE, FakeConnector, House, Machine
from sofy.kernel import clock, ids
from sofy.kernel.hours import HoursPolicy


async def test_a_message_goes_from_intake_to_delivered(house: House, machine: Machine):
    (message,) = house.submit(house.message(unit_price_eur=Decimal("0.045"), contact_id=ids.uuid7()))

    await machine.settled(message)
    sent = machine.connector().sent[0]
    await machine.connector().receipt(message.id)
    await machine.settled(message, status="delivered")

    assert (sent.to, sent.text, sent.sender) == (message.to, message.text, "MARTIN")
    assert sorted(house.events(message)) == ["delivered", "submitted"]
    assert house.queue() == []
    state = house.state(message)
    assert state["article"] == "CGVU 14.1"
    assert state["final_at"] is not None
    assert state["submitted_at"] is not None
    assert state["parts_done"] == 1
    spent = house.conn.execute("SELECT spent_eur FROM gate_client WHERE client_id = %s", (house.client,)).fetchone()
    assert spent == (Decimal("0.045"),)


async def test_a_receipt_that_comes_before_anything_is_written_makes_one_event(
    house: House, start: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sofy.engine.outcomes.FLUSH_EVERY_S", 30)
    house.add_route()
    machine = await start()
    (message,) = house.submit(house.message(unit_price_eur=Decimal("0.045"), contact_id=ids.uuid7()))
    await machine.until(lambda: bool(machine.connector().sent) and machine.engine.ledger.waiting == 1)

    await machine.connector().receipt(message.id)
    machine.engine.ledger.hurry()
    await machine.settled(message, status="delivered")

    state = house.state(message)
    events = house.conn.execute("SELECT kind, submitted_at, at FROM engine_event").fetchall()
    assert events == [("delivered", state["submitted_at"], state["final_at"])]
    assert state["submitted_at"] is not None
    spent = house.conn.execute("SELECT spent_eur FROM gate_client WHERE client_id = %s", (house.client,)).fetchone()
    assert spent == (Decimal("0.045"),)


@pytest.mark.clause("CGVU 14.1")
async def test_marketing_at_night_waits_for_the_morning_and_alerts_leave(house: House, machine: Machine):
    clock.install(lambda: clock.DEMO_START.replace(hour=21))

    marketing, alert = house.submit(house.message(), house.message(purpose="alert", text="Code 1234", short_code=None))
    await machine.settled(alert)
    await machine.settled(marketing, status="deferred")

    morning = (clock.DEMO_START + timedelta(days=1)).astimezone(clock.PARIS).replace(hour=8, minute=0)
    assert house.state(marketing)["not_before"] == morning
    assert [one.to for one in machine.connector().sent] == [alert.to]
    clock.install(lambda: morning)
    await machine.settled(marketing)
    assert machine.connector().sent[1].validity_until == morning.replace(hour=20)
    assert verdicts(house) == [("deferred", {"reason": "outside_hours", "article": "CGVU 14.1"})]


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize(
    ("_case", "state", "reason"),
    [
        ("never asked", None, "no_consent"),
        ("said no", "opposed", "opposed"),
        ("took it back", "withdrawn", "withdrawn"),
    ],
)
async def test_no_consent_no_marketing(_case: str, state: Any, reason: str, house: House, machine: Machine):
    message = house.message()
    if state:
        house.consent(message.to, state)

    house.submit(message, consent=False)
    await machine.settled(message, status="withheld")

    assert (house.state(message)["reason"], house.state(message)["article"]) == (reason, "CGVU 17")
    assert verdicts(house) == [("withheld", {"reason": reason, "article": "CGVU 17"})]
    assert machine.connector().sent == []
    assert house.queue() == []


def verdicts(house: House) -> list[tuple[str, dict[str, str]]]:
    """What the events say of verdicts, in order."""
    rows = house.conn.execute(
        "SELECT kind, detail FROM engine_event WHERE kind IN ('withheld', 'deferred', 'cancelled') ORDER BY at"
    ).fetchall()
    return [(kind, detail) for kind, detail in rows]


async def test_a_number_of_the_platform_list_gets_nothing(house: House, machine: Machine):
    message = house.message(purpose="alert", text="Code 1234", short_code=None)
    index = house.keystore.platform().index("phone", message.to)
    house.conn.execute("INSERT INTO platform_suppression VALUES (%s, 'all', %s)", (index, clock.now()))

    house.submit(message)
    await machine.settled(message, status="withheld")

    assert house.state(message)["reason"] == "platform_suppressed"


@pytest.mark.clause("CGVU 11")
async def test_a_suspended_client_sends_nothing(house: House, machine: Machine):
    permissions.write_client(house.conn, house.client, state="suspended")

    (message,) = house.submit(house.message())
    await machine.settled(message, status="withheld")

    assert house.state(message)["article"] == "CGVU 11"


async def test_a_spent_budget_holds_marketing_until_it_is_raised(house: House, machine: Machine):
    permissions.write_client(house.conn, house.client, budget_eur=Decimal("0.10"))
    messages = [house.message(unit_price_eur=Decimal("0.06")) for _ in range(3)]

    house.submit(*messages)
    await machine.until(lambda: sorted(house.state(m)["status"] for m in messages) == ["held", "held", "submitted"])
    permissions.write_client(house.conn, house.client, budget_eur=Decimal(10))
    clock.install(lambda: clock.DEMO_START + timedelta(minutes=11))

    await machine.settled(*messages)


async def test_a_client_may_close_earlier(house: House, machine: Machine):
    hours = HoursPolicy(opens="09:00", closes="12:00")
    permissions.write_client(house.conn, house.client, hours={"opens": hours.opens, "closes": hours.closes})

    (message,) = house.submit(house.message())
    await machine.settled(message, status="deferred")

    assert house.state(message)["not_before"].astimezone(clock.PARIS).hour == 9


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize("hours", [{"opens": "07:00"}, {"opens": "soon"}, {"shuts": "12:00"}, [], {"days": []}])
async def test_hours_that_cannot_be_read_hold_marketing_until_they_can(hours: Any, house: House, machine: Machine):
    permissions.write_client(house.conn, house.client, hours=hours)

    message, alert = house.submit(house.message(), house.message(purpose="alert", text="Code", short_code=None))
    await machine.settled(alert)
    await machine.settled(message, status="held")

    assert (house.state(message)["reason"], house.state(message)["article"]) == ("hours_unreadable", "CGVU 14.1")
    permissions.write_client(house.conn, house.client, hours=None)
    clock.install(lambda: clock.DEMO_START + timedelta(minutes=11))
    await machine.settled(message)


@pytest.mark.clause("CGVU 14.1", "CGVU 17")
@pytest.mark.parametrize("text", ["STOP", "Arrêt svp", "stop."])
async def test_stop_ends_marketing_of_that_client_to_that_number(text: str, house: House, machine: Machine):
    first = house.message()
    other_client = house.new_client()
    house.submit(first)
    await machine.settled(first)
    machine.connector().room = 0
    later = house.message(to=first.to, due_at=clock.now() + timedelta(hours=1))
    alert = house.message(to=first.to, purpose="alert", text="Code", due_at=clock.now() + timedelta(hours=1))
    foreign = house.message(to=first.to, due_at=clock.now() + timedelta(hours=1))
    house.submit(later, alert)
    house.submit(foreign, client=other_client)

    await machine.connector().events.on_inbound([Inbound(sender=first.to, recipient=SHORT_CODE, text=text)])

    assert house.state(later)["status"] == "cancelled"
    assert house.state(later)["reason"] == "stop"
    assert house.state(alert)["status"] == "accepted"
    assert house.state(foreign)["status"] == "accepted"
    permission = house.conn.execute(
        "SELECT state FROM gate_permission WHERE client_id = %s AND purpose = 'marketing'", (house.client,)
    ).fetchall()
    assert permission == [("opposed",)]
    (news,) = house.outbox("sms.stop")
    assert news["message_id"] == str(first.id)
    assert "36" not in news.get("to", "")
    assert "stop" in house.events(first)


async def test_a_stop_between_claim_and_hand_over_is_obeyed(house: House, machine: Machine):
    first = house.message()
    house.submit(first)
    await machine.settled(first)
    machine.connector().room = 0
    second = house.message(to=first.to)
    house.submit(second)
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 1)

    await machine.connector().events.on_inbound([Inbound(sender=first.to, recipient=SHORT_CODE, text="STOP")])
    machine.connector().room = 10
    machine.connector().events.on_capacity()
    await machine.settled(second, status="withheld")

    assert [one.message_id for one in machine.connector().sent] == [first.id]
    assert house.state(second)["reason"] == "opposed"


@pytest.mark.clause("CGVU 14.1", "CGVU 17")
@pytest.mark.parametrize(("_case", "reason"), [("a STOP here", "stop"), ("a refusal elsewhere", "opposed")])
async def test_a_refusal_calls_back_what_waits_in_a_connector(_case: str, reason: str, house: House, machine: Machine):
    first, other = house.message(), house.message()
    house.submit(first)
    await machine.settled(first)
    connector = machine.connector()
    connector.waits = True
    second = house.message(to=first.to)
    house.submit(second, other)
    await machine.until(lambda: len(connector.waiting) == 2)

    if reason == "stop":
        await connector.events.on_inbound([Inbound(sender=first.to, recipient=SHORT_CODE, text="STOP")])
    else:
        house.consent(first.to, "withdrawn")
    await machine.settled(second, status="cancelled")
    connector.let_go()
    await machine.settled(other)

    assert house.state(second)["reason"] == reason
    assert second.id not in {one.message_id for one in connector.sent}
    assert house.queue() == []


@pytest.mark.clause("CGVU 14.1", "DPA 6")
@pytest.mark.parametrize("desk", ["the same engine", "another engine"])
async def test_a_stop_before_the_outcome_belongs_to_whom_it_answers(desk: str, house: House, start: Any):
    house.add_route()
    machine = await start()
    first, other_client = house.message(), house.new_client()
    house.submit(first)
    await machine.settled(first)
    if desk == "another engine":
        await start()
    connectors = [one for one in FakeConnector.made if one.config.name == "fake"]
    for connector in connectors:
        connector.script = lambda message, part: None
    second = house.message(to=first.to)

    house.submit(second, client=other_client)
    await machine.until(lambda: any(one.sent[-1:] and one.sent[-1].to == second.to and one.sent[-1].message_id
                                    == second.id for one in connectors))  # fmt: skip
    hearing = next(one for one in connectors if desk == "the same engine" or one.sent[-1:] == [] or
                   one.sent[-1].message_id != second.id)  # fmt: skip
    await hearing.events.on_inbound([Inbound(sender=first.to, recipient=SHORT_CODE, text="STOP")])

    assert house.opposed() == {other_client, house.client}  # nobody reads and answers so soon: it may be for either
    assert house.state(second)["status"] == "accepted"


@pytest.mark.clause("CGVU 14.1", "DPA 6")
async def test_a_stop_after_a_message_nobody_got_belongs_to_who_wrote_before(house: House, machine: Machine):
    first, other_client = house.message(), house.new_client()
    house.submit(first)
    await machine.settled(first)
    machine.connector().script = lambda message, part: Refused("0x45", Action.PERMANENT)
    (second,) = house.submit(house.message(to=first.to), client=other_client)
    await machine.settled(second, status="failed")

    await machine.connector().events.on_inbound([Inbound(sender=first.to, recipient=SHORT_CODE, text="STOP")])

    assert house.opposed() == {house.client}


async def test_what_was_announced_for_too_long_is_judged_again(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    may_go, asked = asyncio.Event(), asyncio.Event()

    async def slowly(link: Any, items: Any) -> None:
        asked.set()
        await may_go.wait()
        await announce(link, items)

    monkeypatch.setattr("sofy.engine.loop.announce", slowly)
    withdrawn, kept = house.submit(house.message(), house.message())
    await asked.wait()
    index = house.keys().index("phone", withdrawn.to)
    house.conn.execute("UPDATE gate_permission SET state = 'withdrawn' WHERE recipient_index = %s", (index,))
    monkeypatch.setattr("sofy.engine.dispatch.FACTS_AGE_S", 60)
    machine.engine.dispatcher.leaving["marketing"] = [
        one._replace(read_at=one.read_at - 61) for one in machine.engine.dispatcher.leaving["marketing"]
    ]

    may_go.set()
    await machine.settled(kept)
    await machine.settled(withdrawn, status="withheld")

    assert [one.message_id for one in machine.connector().sent] == [kept.id]


async def test_a_deferred_message_takes_no_answers(house: House, machine: Machine):
    first, other_client = house.message(), house.new_client()
    house.submit(first)
    await machine.settled(first)
    clock.install(lambda: clock.DEMO_START.replace(hour=21))
    (second,) = house.submit(house.message(to=first.to), client=other_client)
    await machine.settled(second, status="deferred")

    await machine.connector().events.on_inbound([Inbound(sender=first.to, recipient=SHORT_CODE, text="STOP")])

    assert house.opposed() == {house.client}


async def test_a_refusal_written_elsewhere_reaches_a_claimed_message(house: House, machine: Machine):
    machine.connector().room = 0
    (message,) = house.submit(house.message())
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 1)

    house.consent(message.to, "withdrawn")
    await asyncio.sleep(0.3)
    machine.connector().room = 10
    machine.connector().events.on_capacity()

    await machine.settled(message, status="withheld")


def _take_back(house: House, message: Any, client: Any = None) -> None:
    payload = f"{(client or house.client).hex}:{message.id.hex}"
    house.conn.execute("SELECT pg_notify(%s, %s)", (permissions.CANCEL_CHANNEL, payload))


@pytest.mark.clause("DPA 6")
async def test_what_waits_for_room_is_taken_back(house: House, machine: Machine):
    machine.connector().room = 0
    message, other = house.submit(house.message(purpose="alert"), house.message(purpose="alert"))
    await machine.until(lambda: machine.engine.dispatcher.waiting("alert") == 2)

    _take_back(house, message)
    await machine.settled(message, status="cancelled")
    machine.connector().room = 10
    machine.connector().events.on_capacity()
    await machine.settled(other)

    state = house.state(message)
    assert (state["reason"], state["article"]) == ("client_cancelled", "DPA 6")
    assert [one.message_id for one in machine.connector().sent] == [other.id]


@pytest.mark.clause("DPA 6")
async def test_what_waits_in_a_connector_is_taken_back_by_its_own_client_only(house: House, machine: Machine):
    machine.connector().waits = True
    message, other = house.submit(house.message(purpose="alert"), house.message(purpose="alert"))
    await machine.until(lambda: len(machine.connector().waiting) == 2)

    _take_back(house, other, client=house.new_client())
    _take_back(house, message)
    await machine.settled(message, status="cancelled")
    machine.connector().let_go()
    await machine.settled(other)
    _take_back(house, other)

    assert [one.message_id for one in machine.connector().sent] == [other.id]
    assert house.state(other)["status"] == "submitted"


async def test_contact_is_answered_with_an_alert(house: House, machine: Machine):
    permissions.write_client(house.conn, house.client, contact_answer="Martin, 01 99 00 00 00")
    (message,) = house.submit(house.message())
    await machine.settled(message)

    await machine.connector().events.on_inbound([Inbound(sender=message.to, recipient=SHORT_CODE, text="Contact")])
    await machine.until(lambda: len(machine.connector().sent) == 2)

    answer = machine.connector().sent[1]
    assert (answer.to, answer.text, answer.purpose) == (message.to, "Martin, 01 99 00 00 00", "alert")


async def test_an_inbound_text_is_kept_sealed_for_its_client(house: House, machine: Machine):
    (message,) = house.submit(house.message())
    await machine.settled(message)

    await machine.connector().events.on_inbound([Inbound(sender=message.to, recipient=SHORT_CODE, text="Merci !")])

    (row,) = house.conn.execute("SELECT id, payload, keyword FROM engine_inbound").fetchall()
    assert b"Merci" not in row[1]
    assert "Merci !" in house.keys().unseal("engine_inbound", "payload", row[0], row[1])
    assert len(house.outbox("sms.inbound")) == 1


async def test_what_the_operator_sends_again_is_recorded_once(house: House, machine: Machine):
    (message,) = house.submit(house.message())
    await machine.settled(message)
    heard = machine.connector().events.on_inbound
    same = Inbound(sender=message.to, recipient=SHORT_CODE, text="Oui")

    await asyncio.gather(heard([same]), heard([same]))
    await heard([same])
    await heard([Inbound(sender=message.to, recipient=SHORT_CODE, text="Non")])

    assert len(house.inbound()) == 2
    assert house.events(message).count("replied") == 2
    assert len(house.outbox("sms.inbound")) == 2
    (later,) = house.submit(house.message(to=message.to, campaign_id=ids.uuid7()))
    await machine.settled(later)
    await heard([same])
    assert len(house.inbound()) == 3
    clock.install(lambda: clock.DEMO_START + timedelta(hours=5))
    await heard([same])
    assert len(house.inbound()) == 4


async def test_two_engines_record_the_same_delivery_once(house: House, start: Any):
    house.add_route()
    machine = await start()
    (message,) = house.submit(house.message())
    await machine.settled(message)
    await start()
    same = Inbound(sender=message.to, recipient=SHORT_CODE, text="Oui")

    await asyncio.gather(*(one.events.on_inbound([same]) for one in FakeConnector.made))

    assert len(FakeConnector.made) == 2
    assert len(house.inbound()) == 1


@pytest.mark.clause("CGVU 17")
async def test_a_stop_said_again_after_a_new_consent_counts(house: House, machine: Machine):
    (message,) = house.submit(house.message())
    await machine.settled(message)
    stop = Inbound(sender=message.to, recipient=SHORT_CODE, text="STOP")
    await machine.connector().events.on_inbound([stop])
    await machine.connector().events.on_inbound([stop])
    assert len(house.outbox("sms.stop")) == 1
    house.consent(message.to)
    assert house.opposed() == set()

    await machine.connector().events.on_inbound([stop])

    assert house.opposed() == {house.client}
    assert len(house.outbox("sms.stop")) == 2


async def test_a_receipt_before_its_answer_waits_for_it(house: House, machine: Machine):
    connector = machine.connector()
    connector.script = lambda message, part: None
    (message,) = house.submit(house.message())
    await machine.until(lambda: connector.sent)

    await connector.events.on_receipts([Receipt(keys=("abc",), status="delivered")])
    await asyncio.sleep(0.5)
    connector.answer(message.id, Accepted("abc"))

    await machine.settled(message, status="delivered")


async def test_a_receipt_parked_in_the_database_finds_its_message_later(house: House, machine: Machine):
    connector = machine.connector()
    connector.script = lambda message, part: None
    (message,) = house.submit(house.message())
    await machine.until(lambda: connector.sent)

    await connector.events.on_receipts([Receipt(keys=("zzz", "abc"), status="delivered")])
    await machine.until(lambda: house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (1,))
    connector.answer(message.id, Accepted("abc"))

    await machine.settled(message, status="delivered")
    await machine.until(lambda: house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (0,))


@pytest.mark.parametrize("told", [("failed", "delivered"), ("delivered", "failed")])
async def test_of_two_receipts_of_one_message_found_together_the_higher_stands(
    told: tuple[Any, ...], house: House, machine: Machine
):
    (message,) = house.submit(house.message())
    await machine.settled(message)
    connector = machine.connector()
    assert message.id is not None
    supplier_id = connector.supplier_ids[message.id, 0]
    for remembered in (machine.engine.recent._young, machine.engine.recent._old):
        remembered.clear()

    await connector.events.on_receipts([Receipt(keys=(supplier_id,), status=status) for status in told])
    await machine.until(lambda: not machine.engine.journal.unsettled)

    assert house.state(message)["status"] == "delivered"


@pytest.mark.parametrize("odd", [{"keys": ("a\0b",)}, {"keys": ("nobody",), "code": "1\0"}])
async def test_a_receipt_that_no_database_holds_stops_nothing(house: House, machine: Machine, odd: dict[str, Any]):
    (message,) = house.submit(house.message())
    await machine.settled(message)
    connector = machine.connector()
    assert message.id is not None
    supplier_id = connector.supplier_ids[message.id, 0]
    for remembered in (machine.engine.receipts._recent._young, machine.engine.receipts._recent._old):
        remembered.clear()
    more = {"status": "failed", **odd}

    await connector.events.on_receipts([Receipt(**more), Receipt(keys=(supplier_id,), status="delivered")])

    await machine.settled(message, status="delivered")
    await machine.until(lambda: machine.engine.receipts.dropped == 1)


async def test_a_receipt_for_an_old_message_is_found_by_its_key(house: House, start: Any):
    house.add_route()
    first = await start()
    (message,) = house.submit(house.message())
    await first.settled(message)
    supplier_id = first.connector().supplier_ids[message.id, 0]
    await first.engine.stop(0.5)
    second = await start()

    await second.connector().events.on_receipts([Receipt(keys=("other", supplier_id), status="failed", code="27")])

    await second.settled(message, status="failed")
    assert house.state(message)["supplier_code"] == "27"
    await second.connector().events.on_receipts([Receipt(keys=(supplier_id,), status="delivered")])
    await second.settled(message, status="delivered")
    await second.connector().events.on_receipts([Receipt(keys=(supplier_id,), status="failed")])
    await asyncio.sleep(0.4)
    assert house.state(message)["status"] == "delivered"


async def test_only_a_route_that_takes_its_alphabet_carries_a_message(house: House, start: Any):
    house.add_route("latin", price="0.03", encodings="{gsm7,latin1,ucs2}")
    (message,) = house.submit(house.message(text="ê" * 60 + MENTION))
    house.add_route("usual", price="0.01")

    machine = await start()
    await machine.settled(message)

    (sent,) = machine.connector("latin").sent
    assert (sent.encoding, sent.parts, house.state(message)["parts"]) == ("latin1", 1, 1)
    assert machine.connector("usual").sent == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_all_parts_make_a_delivery(restarted: bool, house: House, start: Any):
    house.add_route()
    machine = await start()
    text = "x" * 400 + MENTION
    (message,) = house.submit(house.message(text=text))
    await machine.settled(message)
    known = machine.connector().supplier_ids
    await machine.connector().receipt(message.id, part=0)
    await asyncio.sleep(0.3)
    if restarted:
        await machine.engine.stop(0.5)
        machine = await start()
        machine.connector().supplier_ids = known

    await machine.connector().receipt(message.id, part=2)
    await asyncio.sleep(0.5)
    assert house.state(message)["status"] == "submitted"
    await machine.connector().receipt(message.id, part=1)

    await machine.settled(message, status="delivered")


@pytest.mark.parametrize(
    ("_case", "outcome", "status", "reason"),
    [
        ("dead number", Refused("0x0b", Action.SUPPRESS), "failed", "refused_suppress"),
        ("refused for good", Refused("0x65", Action.PERMANENT), "failed", "refused_permanent"),
        ("our settings", Refused("0x0a", Action.CONFIGURATION), "failed", "refused_configuration"),
        ("no answer", Unknown("timeout"), "unknown", "no_answer"),
    ],
)
async def test_what_a_refusal_means(_case: str, outcome: Any, status: str, reason: str, house: House, machine: Machine):
    machine.connector().script = lambda message, part: outcome

    (message,) = house.submit(house.message())
    await machine.settled(message, status=status)

    assert house.state(message)["reason"] == reason
    assert len(machine.connector().sent) == 1
    dead = [{"message_id": str(message.id), "channel": "sms"}] if _case == "dead number" else []
    assert house.outbox("recipient.unreachable") == dead


async def test_a_temporary_refusal_is_tried_again_later(house: House, machine: Machine):
    machine.connector().script = lambda message, part: Refused("0x64", Action.RETRY)
    (message,) = house.submit(house.message())
    await machine.until(lambda: house.queue() and house.queue()[0][2] == 1)

    machine.connector().script = None
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=31))

    await machine.settled(message)
    assert house.queue() == []


@pytest.mark.clause("CGVU 3.4")
async def test_another_route_takes_what_one_refused(house: House, start: Any):
    house.add_route("cheap", "0.01")
    house.add_route("dear", "0.05")
    machine = await start()
    machine.connector("cheap").script = lambda message, part: Refused("0x08", Action.OTHER_ROUTE)

    (message,) = house.submit(house.message())
    await machine.settled(message)

    assert len(machine.connector("cheap").sent) == 1
    assert len(machine.connector("dear").sent) == 1


async def test_an_alert_without_answer_is_sent_again_and_marketing_never(house: House, machine: Machine):
    machine.connector().script = lambda message, part: Unknown("timeout")
    alert, marketing = house.submit(house.message(purpose="alert", text="Code"), house.message())
    await machine.settled(marketing, status="unknown")
    machine.connector().script = None

    await machine.settled(alert)

    to_whom = [one.to for one in machine.connector().sent]
    assert to_whom.count(marketing.to) == 1
    assert to_whom.count(alert.to) >= 2


async def test_a_late_answer_lets_the_receipt_resolve_an_unknown(house: House, machine: Machine):
    connector = machine.connector()
    connector.script = lambda message, part: None
    (message,) = house.submit(house.message())
    await machine.until(lambda: connector.sent)
    connector.answer(message.id, Unknown("timeout"))
    await machine.settled(message, status="unknown")

    connector.answer(message.id, Accepted("late"))
    await connector.events.on_receipts([Receipt(keys=("late",), status="delivered")])

    await machine.settled(message, status="delivered")


async def test_a_message_nobody_holds_is_not_journaled_and_not_written(house: House, machine: Machine):
    stranger = HandOver(ids.uuid7(), 0, 1, 0, 1)

    with pytest.raises(NotOurs) as raised:
        machine.connector().events.on_before_write([stranger])

    assert raised.value.message_ids == {stranger.message_id}
    assert list(read(machine.engine.journal.folder)) == []


async def test_too_late_goes_back_to_the_gate(house: House, machine: Machine):
    machine.connector().script = lambda message, part: NotSent("too_late")
    (message,) = house.submit(house.message())
    await machine.until(lambda: len(machine.connector().sent) >= 1)
    clock.install(lambda: clock.DEMO_START.replace(hour=22))

    await machine.settled(message, status="deferred")


async def test_an_alert_leaves_by_a_route_that_has_no_room_for_marketing(house: House, machine: Machine):
    machine.connector().room, machine.connector().alert_room = 0, 1

    marketing, alert = house.submit(house.message(), house.message(purpose="alert", text="Code", short_code=None))
    await machine.settled(alert)

    assert house.state(marketing)["status"] == "accepted"


async def test_alerts_pass_a_full_marketing_lane_and_clients_take_turns(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "sofy.engine.dispatch.FACTS_AGE_S", 60
    )  # on a busy machine, too, nothing waits to be read again
    machine.connector().room = 0
    small = house.new_client()
    house.submit(*[house.message() for _ in range(400)])
    house.submit(*[house.message() for _ in range(20)], client=small)
    (alert,) = house.submit(house.message(purpose="alert", text="Code", short_code=None))
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") >= 420)
    await machine.until(lambda: machine.engine.dispatcher.waiting("alert") == 1)

    machine.connector().room = 150
    machine.engine.dispatcher.run()

    sent = machine.connector().sent
    await machine.until(lambda: len(sent) > 150)
    assert sent[0].message_id == alert.id
    assert sum(one.client_id == small for one in sent[:151]) == 20


async def test_who_comes_when_another_fills_the_buffer_is_let_in_before_it(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sofy.engine.loop._BUFFER_ROWS", 300)
    machine.connector().room = machine.connector().alert_room = 0
    flood = [house.message(purpose="alert", text="Code", short_code=None) for _ in range(400)]
    house.submit(*flood)
    await machine.until(lambda: machine.engine.dispatcher.waiting("alert") >= 300)
    late = house.new_client()

    house.submit(house.message(purpose="alert", text="Code", short_code=None), client=late)

    await machine.until(lambda: machine.engine.dispatcher.ready["alert"][0].client == late.bytes)
    assert machine.engine._full["alert"]


async def test_pause_resume_cancel(house: House, machine: Machine):
    campaign = ids.uuid7()
    permissions.start_campaign(house.conn, house.client, campaign)
    machine.connector().room = 0
    messages = house.submit(*[house.message(campaign_id=campaign) for _ in range(5)])
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 5)

    permissions.pause_campaign(house.conn, house.client, campaign)
    await asyncio.sleep(0.7)  # what the gate knows is older than its limit now, and read again
    machine.connector().room = 10
    machine.connector().events.on_capacity()
    await machine.settled(*messages, status="held")
    assert machine.connector().sent == []
    machine.connector().room = 2
    permissions.resume_campaign(house.conn, house.client, campaign)
    await machine.until(lambda: len(machine.connector().sent) >= 2)
    machine.connector().room = 0
    await asyncio.sleep(0.3)
    permissions.cancel_campaign(house.conn, house.client, campaign)
    await asyncio.sleep(0.7)
    machine.connector().room = 10
    machine.connector().events.on_capacity()

    await machine.settled(*messages, status=["submitted", "cancelled", "withheld"])
    assert house.queue() == []


async def test_a_finished_campaign_is_published_once(house: House, machine: Machine):
    campaign = ids.uuid7()
    permissions.start_campaign(house.conn, house.client, campaign)
    messages = house.submit(*[house.message(campaign_id=campaign) for _ in range(5)])
    await machine.settled(*messages)
    await asyncio.sleep(0.5)
    assert house.outbox("campaign.finished") == []

    permissions.campaign_expanded(house.conn, house.client, campaign)
    await machine.until(lambda: house.outbox("campaign.finished"))
    await asyncio.sleep(0.5)

    assert house.outbox("campaign.finished") == [{"campaign_id": str(campaign)}]


async def test_a_campaign_of_which_something_waits_is_not_finished(house: House, machine: Machine):
    campaign = ids.uuid7()
    permissions.start_campaign(house.conn, house.client, campaign)
    later = clock.now() + timedelta(hours=1)
    waiting = house.submit(*[house.message(campaign_id=campaign, due_at=later) for _ in range(3)])
    permissions.campaign_expanded(house.conn, house.client, campaign)
    await asyncio.sleep(0.5)
    for message in waiting[::-1]:  # the youngest first: the one that is known to wait goes each time
        assert house.outbox("campaign.finished") == []
        house.conn.execute("DELETE FROM engine_queue WHERE message_id = %s", [message.id])
        house.conn.execute(
            "UPDATE engine_state SET status = 'cancelled', rank = 90 WHERE message_id = %s", [message.id]
        )
        await asyncio.sleep(0.3)

    await machine.until(lambda: house.outbox("campaign.finished"))


async def test_no_receipt_by_the_horizon_is_unknown(house: House, start: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.engine.sweepers.HORIZON_EVERY_S", 0.2)
    house.add_route(receipt_horizon_s=3600)
    machine = await start()
    (message,) = house.submit(house.message())
    await machine.settled(message)

    clock.install(lambda: clock.DEMO_START + timedelta(hours=2))
    await machine.settled(message, status="unknown")
    await machine.connector().receipt(message.id)

    await machine.settled(message, status="delivered")


async def test_silence_says_nothing_where_suppliers_send_no_receipts(
    house: House, start: Any, monkeypatch: pytest.MonkeyPatch
):
    quiet = msgspec.structs.replace(FakeConnector.capabilities, receipts=False)
    monkeypatch.setattr(FakeConnector, "capabilities", quiet)
    house.add_route(receipt_horizon_s=3600)
    machine = await start()
    (message,) = house.submit(house.message())
    await machine.settled(message)
    clock.install(lambda: clock.DEMO_START + timedelta(hours=2))

    await machine.engine.sweepers._horizon()

    assert house.state(message)["status"] == "submitted"


async def test_the_horizon_reaches_what_it_passed_while_no_engine_ran(house: House, start: Any):
    house.add_route(receipt_horizon_s=3600)
    machine = await start()
    (message,) = house.submit(house.message())
    await machine.settled(message)
    await machine.engine.stop()

    clock.install(lambda: clock.DEMO_START + timedelta(days=5))
    machine = await start()
    await machine.engine.sweepers._horizon()

    assert (house.state(message)["status"], house.state(message)["reason"]) == ("unknown", "no_receipt")


async def test_the_horizon_of_a_paused_route_passes_too(house: House, machine: Machine):
    (message,) = house.submit(house.message())
    await machine.settled(message)
    house.conn.execute("UPDATE engine_route SET state = 'paused'")
    await machine.until(lambda: not machine.engine.table.running)

    clock.install(lambda: clock.DEMO_START + timedelta(days=2, hours=1))
    await machine.engine.sweepers._horizon()

    assert house.state(message)["status"] == "unknown"


async def test_what_has_no_receipt_when_its_key_is_forgotten_is_unknown(house: House, start: Any):
    house.add_route(receipt_horizon_s=30 * 86_400)
    machine = await start()
    (message,) = house.submit(house.message(text="x" * 200 + MENTION))
    await machine.settled(message)

    clock.install(lambda: clock.DEMO_START + timedelta(days=7, hours=23))
    await machine.engine.sweepers._forget()
    before = house.state(message)["status"]
    clock.install(lambda: clock.DEMO_START + timedelta(days=8, hours=1))
    await machine.engine.sweepers._forget()

    assert before == "submitted"
    assert house.state(message)["status"] == "unknown"
    assert house.events(message) == ["submitted", "unknown"]


async def test_a_destroyed_key_withholds_what_it_sealed(house: House, machine: Machine):
    machine.connector().room = 0
    messages = house.submit(house.message(due_at=clock.now() + timedelta(hours=1)))
    house.keystore.destroy(house.client)
    clock.install(lambda: clock.DEMO_START + timedelta(hours=2))

    await machine.settled(*messages, status="withheld")

    assert house.state(messages[0])["article"] == "DPA 13"


async def test_an_orderly_end_gives_back_what_was_not_sent(house: House, start: Any):
    house.add_route()
    machine = await start()
    machine.connector().room = 0
    house.submit(*[house.message() for _ in range(10)])
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 10)

    await machine.engine.stop(1)

    assert [row[3] for row in house.queue()] == [None] * 10
    assert [path for path in (house.folder / "spool").iterdir() if path.is_dir()] == []
