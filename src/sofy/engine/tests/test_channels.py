"""Other channels than SMS: the same way, lanes of their own, callbacks, and ladders of several channels."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from sofy.connectors import base
from sofy.connectors.base import Action, Heard, Inbound, Receipt, Refused, TemplateNews, Unknown
from sofy.engine import db, permissions, route_config
from sofy.engine.callbacks import seal_body
from sofy.engine.intake import MessageIn
from sofy.engine.rungs import Rung
from sofy.engine.tests.conftest import MENTION, FakeConnector, House, Machine
from sofy.kernel import clock, ids
from sofy.kernel.content import Content

AGENT = "fournil-agent"


class FakeAgent(FakeConnector):
    """A channel whose supplier calls back with what a test says."""

    code: ClassVar[str] = "agent"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="rcs", encodings=frozenset({"utf8"}), receipts=True, inbound=True, max_parts=1
    )

    @classmethod
    def read_callback(cls, config: Any, body: bytes) -> Heard:
        return msgspec.json.decode(body, type=Heard)


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch, fake_connectors: None) -> None:
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector, "agent": FakeAgent})
    monkeypatch.setattr("sofy.engine.sweepers.LADDERS_EVERY_S", 0.05)
    monkeypatch.setattr("sofy.engine.callbacks._LOOK_EVERY_S", 0.02)


@pytest.fixture
async def both(house: House, kinds: None) -> AsyncIterator[Machine]:
    """An engine with a route for SMS and one for RCS."""
    house.add_route()
    add_agent(house)
    machine = Machine(house)
    await machine.engine.start()
    yield machine
    await machine.engine.stop(0.5)


def add_agent(house: House, code: str = "rcs", **columns: Any) -> UUID:
    values = {"channel": "rcs", "connector": "agent", "short_code": AGENT, "encodings": ["utf8"], **columns}
    return house.add_route(code, "0.05", **values)


def by_rcs(house: House, **fields: Any) -> MessageIn:
    return house.message(**{"channel": "rcs", "short_code": AGENT, "purpose": "alert", "text": "Votre colis", **fields})


def laddered(house: House, after_s: int = 3600, insist: bool = False, **fields: Any) -> MessageIn:
    """A message by RCS, and by SMS when that leads nowhere."""
    message = by_rcs(house, **fields)
    text = message.text + (MENTION if message.purpose == "marketing" else "")
    message.ladder = [
        Rung(channel="rcs", to=message.to, sender="", text=message.text, after_s=after_s, insist=insist),
        Rung(channel="sms", to=message.to, sender="MARTIN", text=text, short_code="36123", parts=1, encoding="gsm7"),
    ]
    message.expires_at = clock.now() + timedelta(seconds=after_s)
    return message


def call_back(house: House, heard: Heard, route: UUID) -> None:
    row = uuid4()
    sealed = seal_body(house.keystore, row, msgspec.json.encode(heard))
    house.conn.execute(
        "INSERT INTO engine_callback (id, route_id, body, at) VALUES (%s, %s, %s, now())", [row, route, sealed]
    )


def route_id(house: House, code: str) -> UUID:
    row = house.conn.execute("SELECT id FROM engine_route WHERE code = %s", [code]).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def sms_to(machine: Machine, message: MessageIn) -> list[str]:
    return [one.text for one in machine.connector("fake").sent if one.to == message.to]


@pytest.mark.clause("CGVU 3.4")
async def test_a_message_leaves_by_its_channel_with_its_content(house: House, both: Machine):
    content = Content(text="Votre colis", cards=[])
    (message,) = house.submit(by_rcs(house, content=content))

    await both.settled(message)

    (sent,) = both.connector("rcs").sent
    assert (sent.to, sent.content, sent.encoding) == (message.to, content, "utf8")
    assert both.connector("fake").sent == []


async def test_a_receipt_that_it_was_read_comes_after_the_one_that_it_arrived(house: House, both: Machine):
    (message,) = house.submit(by_rcs(house))
    await both.settled(message)

    await both.connector("rcs").receipt(message.id, "delivered")
    await both.settled(message, status="delivered")
    await both.connector("rcs").receipt(message.id, "read")

    await both.settled(message, status="read")
    await both.connector("rcs").receipt(message.id, "delivered")
    assert house.state(message)["status"] == "read"


async def test_a_channel_without_room_holds_up_no_other(house: House, both: Machine):
    both.connector("rcs").room = 0
    stuck = house.submit(*(by_rcs(house) for _ in range(30)))

    (free,) = house.submit(house.message(purpose="alert", text="Code"))
    await both.settled(free)

    assert {house.state(each)["status"] for each in stuck} == {"accepted"}


@pytest.mark.clause("CGVU 17")
async def test_one_consent_holds_for_sms_and_rcs_and_a_stop_ends_both(house: House, both: Machine):
    to = house.number()
    house.consent(to)
    (message,) = house.submit(by_rcs(house, to=to, purpose="marketing", text="Promo STOP"), consent=False)
    await both.settled(message)

    await both.connector("rcs").events.on_inbound([Inbound(sender=to, recipient=AGENT, text="STOP", supplier_id="m1")])

    (late,) = house.submit(house.message(to=to), consent=False)
    await both.settled(late, status="withheld")
    assert house.outbox("sms.stop")[0]["channel"] == "sms"


@pytest.mark.clause("DPA 9")
async def test_nothing_leaves_by_a_channel_that_the_client_does_without(house: House, both: Machine):
    permissions.write_channels(house.conn, house.client, off=["rcs"], ladder=[])

    (message,) = house.submit(by_rcs(house))
    await both.settled(message, status="withheld")

    assert (house.state(message)["reason"], house.state(message)["article"]) == ("channel_off", "DPA 9")


async def test_a_route_of_one_client_carries_nobody_elses_messages(
    house: House, kinds: None, start: Callable[..., Any]
):
    owner = house.new_client()
    house.add_route()
    add_agent(house, client_id=owner)
    machine = await start()

    (foreign,) = house.submit(by_rcs(house))
    (own,) = house.submit(by_rcs(house), client=owner)
    await machine.settled(own)

    assert house.state(foreign)["status"] == "accepted"
    assert [one.message_id for one in machine.connector("rcs").sent] == [own.id]


async def test_what_is_written_to_the_agent_of_a_client_is_that_clients(
    house: House, kinds: None, start: Callable[..., Any]
):
    owner = house.new_client()
    add_agent(house, client_id=owner)
    machine = await start()
    said = Inbound(sender="+33639980077", recipient=AGENT, text="Bonjour", supplier_id="m1")

    await machine.connector("rcs").events.on_inbound([said])
    await machine.connector("rcs").events.on_inbound([said])

    rows = house.conn.execute("SELECT client_id, channel, message_id FROM engine_inbound").fetchall()
    assert rows == [(owner, "rcs", None)]


async def test_a_stored_callback_is_read_once_and_forgotten(house: House, both: Machine):
    (message,) = house.submit(by_rcs(house))
    await both.settled(message)
    key = both.connector("rcs").supplier_ids[message.id, 0]  # type: ignore[index]

    call_back(house, Heard(receipts=[Receipt(keys=(key,), status="delivered")]), route_id(house, "rcs"))

    await both.settled(message, status="delivered")
    await both.until(lambda: house.conn.execute("SELECT count(*) FROM engine_callback").fetchone() == (0,))


async def test_a_callback_that_nobody_can_read_stops_no_other(house: House, both: Machine):
    (message,) = house.submit(by_rcs(house))
    await both.settled(message)
    route = route_id(house, "rcs")
    row = uuid4()
    sealed = seal_body(house.keystore, row, b"{")
    house.conn.execute(
        "INSERT INTO engine_callback (id, route_id, body, at) VALUES (%s, %s, %s, now())", [row, route, sealed]
    )
    key = both.connector("rcs").supplier_ids[message.id, 0]  # type: ignore[index]

    call_back(house, Heard(receipts=[Receipt(keys=(key,), status="delivered")]), route)

    await both.settled(message, status="delivered")
    assert both.engine.callbacks.unread >= 1


async def test_a_callback_that_names_our_message_resolves_silence(house: House, both: Machine):
    both.connector("rcs").script = lambda message, part: Unknown("timeout")
    to = house.number()
    house.consent(to)
    (message,) = house.submit(by_rcs(house, to=to, purpose="marketing", text="Promo STOP"), consent=False)
    await both.settled(message, status="unknown")

    told = Receipt(keys=("wamid.1",), status="delivered", message_id=message.id)
    call_back(house, Heard(receipts=[told]), route_id(house, "rcs"))

    await both.settled(message, status="delivered")


@pytest.mark.parametrize("shared", [False, True])
async def test_news_of_a_template_are_told_to_the_rooms_above(
    house: House, kinds: None, start: Callable[..., Any], shared: bool
):
    owner = UUID(int=0) if shared else house.new_client()
    route = add_agent(house, client_id=None if shared else owner)
    machine = await start()

    call_back(house, Heard(templates=[TemplateNews(name="promo", language="fr", state="APPROVED")]), route)

    await machine.until(lambda: house.outbox("template.updated"))
    assert house.outbox("template.updated")[0]["name"] == "promo"
    with psycopg.connect(house.admin_url) as admin:
        told = admin.execute("SELECT client_id FROM kit_outbox WHERE topic = 'template.updated'").fetchall()
    assert told == [(owner,)]


# ladders


def http_fault(_message: Any, _part: int) -> Refused:
    return Refused("http_503", Action.RETRY, fault=True)


def arrival(message: MessageIn) -> Heard:
    """As RBM says it: the message by our name."""
    return Heard(receipts=[Receipt(keys=(str(message.id),), status="delivered", message_id=message.id)])


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize("arrived", [False, True])
async def test_what_a_supplier_only_fails_at_is_sent_by_the_next_unless_it_arrived_all_the_same(
    house: House, both: Machine, monkeypatch: pytest.MonkeyPatch, arrived: bool
):
    monkeypatch.setattr("sofy.engine.receipts._PARK_AFTER_S", 0.1)
    both.connector("rcs").script = http_fault
    (message,) = house.submit(laddered(house, after_s=60))
    await both.settled(message, status="queued")
    if arrived:
        call_back(house, arrival(message), route_id(house, "rcs"))
        await both.until(lambda: house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (1,))

    over = clock.now() + timedelta(seconds=61)
    clock.install(lambda: over)
    await both.settled(message, status="failed")
    if not arrived:
        await both.until(lambda: sms_to(both, message))
    await both.until(lambda: house.conn.execute("SELECT count(*) FROM engine_ladder_step").fetchone() == (0,))

    begun = house.conn.execute("SELECT message_id IS NOT NULL FROM engine_ladder ORDER BY rung").fetchall()
    assert begun == ([(True,)] if arrived else [(True,), (True,)])


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize("said", [1, 2])
async def test_what_a_supplier_failed_at_until_it_was_too_late_and_says_arrived_is_delivered_and_paid_once(
    house: House, both: Machine, said: int
):
    both.connector("rcs").script = http_fault
    (message,) = house.submit(
        by_rcs(house, expires_at=clock.now() + timedelta(seconds=20), unit_price_eur=Decimal("0.05"))
    )
    await both.settled(message, status="queued")
    clock.install(lambda: clock.DEMO_START + timedelta(minutes=2))
    await both.settled(message, status="failed")
    assert spent(house) == 0

    for _ in range(said):
        call_back(house, arrival(message), route_id(house, "rcs"))

    await both.settled(message, status="delivered")
    await both.until(lambda: house.conn.execute("SELECT count(*) FROM engine_callback").fetchone() == (0,))
    await both.until(lambda: not both.engine.receipts._lost)
    assert house.state(message)["submitted_at"] is not None
    assert spent(house) == Decimal("0.05")
    assert "delivered" in house.events(message)


@pytest.mark.parametrize(("attempt", "status"), [(0, "cancelled"), (26, "failed"), (51, "unknown")])
@pytest.mark.parametrize("way", ["campaign", "stop", "day"])
async def test_what_a_supplier_may_have_is_never_said_to_have_been_kept_back(
    house: House, way: str, attempt: int, status: str
):
    campaign = ids.uuid7()
    message = by_rcs(house, purpose="marketing", text="Promo STOP", campaign_id=campaign, expires_at=clock.now())
    house.submit(message)
    house.conn.execute("UPDATE engine_queue SET attempt = %s", [attempt])

    match way:
        case "campaign":
            permissions.cancel_campaign(house.conn, house.client, campaign)
        case "stop":
            values = {
                "client": house.client, "recipient": house.keys().index("phone", message.to), "now": clock.now(),
                "lanes": ["marketing.rcs"],
            }  # fmt: skip
            house.conn.execute(db.sql("cancel_waiting"), values)
        case "day":
            permissions.drop_late(house.conn, house.client, campaign)

    assert house.state(message)["status"] == ("withheld" if (way, attempt) == ("day", 0) else status)
    assert house.events(message)[-1] == house.state(message)["status"]


def spent(house: House) -> Decimal:
    row = house.conn.execute("SELECT spent_eur FROM gate_client WHERE client_id = %s", [house.client]).fetchone()
    assert row is not None
    return Decimal(row[0])


@pytest.mark.clause("CGVU 3.4")
async def test_what_a_channel_refuses_is_sent_by_the_next(house: House, both: Machine):
    both.connector("rcs").script = lambda message, part: Refused("not_rcs", Action.PERMANENT)
    (message,) = house.submit(laddered(house))

    await both.until(lambda: sms_to(both, message))

    await both.settled(message, status="failed")
    row = house.conn.execute("SELECT s.status, s.rung, m.head_id FROM engine_state s JOIN engine_message m"
                             " ON m.id = s.message_id WHERE m.channel = 'sms'").fetchone()  # fmt: skip
    assert row is not None
    assert (row[1], row[2]) == (1, message.id)
    assert house.state(message)["superseded"]
    assert house.conn.execute("SELECT count(*) FROM engine_ladder_step").fetchone() == (0,)


@pytest.mark.clause("DPA 9")
async def test_a_ladder_goes_on_past_a_channel_that_is_switched_off(house: House, both: Machine):
    permissions.write_channels(house.conn, house.client, off=["rcs"], ladder=[])
    (message,) = house.submit(laddered(house))

    await both.until(lambda: sms_to(both, message))

    await both.settled(message, status="withheld")
    assert (house.state(message)["reason"], house.state(message)["article"]) == ("channel_off", "DPA 9")
    assert both.connector("rcs").sent == []


@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize(("says_no", "by_mail"), [("", 1), ("before", 1), ("meanwhile", 0)])
async def test_who_says_no_to_a_promotion_does_not_get_it_by_another_channel(
    house: House, both: Machine, says_no: str, by_mail: int
):
    both.connector("rcs").script = lambda message, part: None
    promotion = laddered(house, purpose="marketing", text="Promo STOP")
    mail = Rung(channel="email", to="zoe@example.org", sender="a@fournil.example", text="Promo")
    promotion.ladder = [promotion.ladder[0], mail]
    (message,) = house.submit(promotion)
    await both.until(lambda: both.connector("rcs").sent)
    if says_no:  # an older opposition is to SMS and RCS only
        days = {"before": -1, "meanwhile": 0}[says_no]
        house.conn.execute(
            "UPDATE gate_permission SET state = 'opposed', since = %s WHERE channel = 'sms'",
            [clock.now() + timedelta(days=days)],
        )

    both.connector("rcs").answer(message.id, Refused("not_rcs", Action.PERMANENT))
    await both.settled(message, status="failed")
    await both.until(lambda: house.conn.execute("SELECT count(*) FROM engine_ladder_step").fetchone() == (0,))

    mails = house.conn.execute("SELECT count(*) FROM engine_message WHERE channel = 'email'").fetchone()
    assert mails == (by_mail,)


async def test_what_reached_the_person_is_followed_by_nothing(house: House, both: Machine):
    (message,) = house.submit(laddered(house))
    await both.settled(message)
    await both.connector("rcs").receipt(message.id, "delivered")
    await both.settled(message, status="delivered")

    clock.install(lambda: clock.DEMO_START + timedelta(hours=3))
    await both.engine.sweepers._ladders()

    assert sms_to(both, message) == []


async def test_what_was_called_back_unread_is_sent_by_the_next(house: House, both: Machine):
    (message,) = house.submit(laddered(house))
    await both.settled(message)

    await both.connector("rcs").receipt(message.id, "expired", code="ttl_revoked")

    await both.until(lambda: sms_to(both, message))


async def test_a_channel_that_never_takes_it_loses_its_turn_at_the_deadline(house: House, both: Machine):
    both.connector("rcs").up = both.connector("rcs").room = 0
    (message,) = house.submit(laddered(house, after_s=60))

    clock.install(lambda: clock.DEMO_START + timedelta(seconds=61))
    await both.until(lambda: sms_to(both, message))

    assert (house.state(message)["status"], house.state(message)["reason"]) == ("withheld", "too_late")


@pytest.mark.parametrize("insist", [False, True])
async def test_what_may_still_arrive_is_followed_only_where_twice_is_better_than_never(
    house: House, both: Machine, insist: bool
):
    (message,) = house.submit(laddered(house, after_s=60, insist=insist))
    await both.settled(message)

    clock.install(lambda: clock.DEMO_START + timedelta(seconds=61))
    await both.until(lambda: house.conn.execute("SELECT count(deadline_at) FROM engine_ladder").fetchone() == (0,))
    if insist:
        await both.until(lambda: sms_to(both, message))

    assert len(sms_to(both, message)) == (1 if insist else 0)


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.parametrize("arrived", [False, True])
async def test_silence_is_followed_a_minute_after_the_life_of_the_message_unless_it_arrived(
    house: House, both: Machine, arrived: bool
):
    both.connector("rcs").script = lambda _message, _part: Unknown("timeout")
    (message,) = house.submit(laddered(house, after_s=60))
    await both.settled(message, status="unknown")

    clock.install(lambda: clock.DEMO_START + timedelta(seconds=61))
    await both.until(lambda: looked_at(house) == clock.DEMO_START + timedelta(seconds=121))
    assert not sms_to(both, message)
    if arrived:
        call_back(house, arrival(message), route_id(house, "rcs"))
        await both.settled(message, status="delivered")
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=122))
    await both.until(lambda: looked_at(house) is None)

    await both.settled(message, status="delivered" if arrived else "failed")
    if not arrived:
        await both.until(lambda: sms_to(both, message))
        assert house.state(message)["reason"] == "no_answer"
        assert house.events(message)[-1] == "failed"
    assert len(sms_to(both, message)) == (0 if arrived else 1)


async def test_what_said_nothing_and_says_after_all_that_it_arrived_is_delivered(house: House, both: Machine):
    both.connector("rcs").script = lambda _message, _part: Unknown("timeout")
    (message,) = house.submit(laddered(house, after_s=60))
    await both.settled(message, status="unknown")
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=61))
    await both.until(lambda: looked_at(house) == clock.DEMO_START + timedelta(seconds=121))
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=122))
    await both.settled(message, status="failed")

    call_back(house, arrival(message), route_id(house, "rcs"))

    await both.settled(message, status="delivered")


def looked_at(house: House) -> Any:
    """When the rungs that were begun are looked at next; None when nothing of them is waited for."""
    row = house.conn.execute("SELECT max(deadline_at) FROM engine_ladder").fetchone()
    assert row is not None
    return row[0]


async def test_a_rung_is_begun_once_however_often_it_is_noted(house: House, both: Machine):
    both.connector("rcs").script = lambda message, part: Refused("not_rcs", Action.PERMANENT)
    (message,) = house.submit(laddered(house))
    await both.until(lambda: sms_to(both, message))

    values = [house.client, message.id]
    house.conn.execute("INSERT INTO engine_ladder_step VALUES (%s, %s, now()) ON CONFLICT DO NOTHING", values)
    await both.until(lambda: house.conn.execute("SELECT count(*) FROM engine_ladder_step").fetchone() == (0,))

    assert len(sms_to(both, message)) == 1


@pytest.mark.clause("CGVU 14.1")
async def test_each_rung_is_judged_by_itself(house: House, both: Machine):
    both.connector("rcs").script = lambda message, part: Refused("not_rcs", Action.PERMANENT)
    message = laddered(house, purpose="marketing", text="Promo STOP")
    message.ladder[1].text = "Promo"

    house.submit(message)

    last = "SELECT status, reason FROM engine_state WHERE rung = 1"
    await both.until(lambda: house.conn.execute(last).fetchone() == ("withheld", "stop_mention_missing"))
    assert sms_to(both, message) == []


@pytest.mark.clause("CGVU 17")
async def test_a_stop_ends_the_whole_ladder(house: House, both: Machine):
    both.connector("rcs").waits = True
    (message,) = house.submit(laddered(house, purpose="marketing", text="Promo STOP"))
    await both.until(lambda: both.connector("rcs").waiting)

    await both.connector("rcs").events.on_inbound([Inbound(sender=message.to, recipient=AGENT, text="STOP")])

    await both.settled(message, status="cancelled")
    assert house.conn.execute("SELECT count(*) FROM engine_ladder_step").fetchone() == (0,)
    assert house.conn.execute("SELECT count(*) FROM engine_message").fetchone() == (1,)
