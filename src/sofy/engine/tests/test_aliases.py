"""People whom a channel names by a number and by an identity of its own: a STOP under one name counts for both."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from sofy.connectors import base
from sofy.connectors.base import Action, Heard, Inbound, Receipt, Refused, Renamed, Rest
from sofy.engine import permissions, route_config
from sofy.engine.intake import MessageIn
from sofy.engine.tests.conftest import FakeConnector, House, Machine
from sofy.engine.tests.test_channels import FakeAgent, call_back, route_id
from sofy.kernel import clock
from sofy.kernel.content import Content, Template

pytestmark = pytest.mark.clause("CGVU 17")
NUMBER_ID = "106540352242922"
PERSON = "FR.1A2b3C4d5E"


class FakeWhatsApp(FakeAgent):
    """The channel whose people may have no number."""

    code: ClassVar[str] = "whatsapp"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="whatsapp", encodings=frozenset({"utf8"}), receipts=True, inbound=True, max_parts=1
    )

    @classmethod
    def read_callback(cls, config: Any, body: bytes) -> Heard:
        return FakeAgent.read_callback(config, body)


@pytest.fixture(name="shared")
def shared_number(house: House, fake_connectors: None, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A number of the platform that several clients write from."""
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector, "whatsapp": FakeWhatsApp})
    monkeypatch.setattr("sofy.engine.callbacks._LOOK_EVERY_S", 0.02)
    return add_number(house)


def add_number(house: House, **columns: Any) -> UUID:
    values = {"channel": "whatsapp", "connector": "whatsapp", "short_code": NUMBER_ID, "encodings": ["utf8"], **columns}
    return house.add_route("whatsapp", "0.05", **values)


def templated(house: House, **fields: Any) -> MessageIn:
    content = Content(text="Promo STOP", template=Template(name="promo"))
    values = {"channel": "whatsapp", "short_code": NUMBER_ID, "text": "", "content": content, **fields}
    return house.message(**values)


def consent(house: House, to: str, client: UUID | None = None) -> None:
    kind = "phone" if to.startswith("+") else "channel"
    index = house.keys(client).index(kind, to)
    rows = [permissions.Permission(index, "whatsapp", "marketing", "granted", clock.now())]
    permissions.write_permissions(house.conn, client or house.client, rows)


async def sent(house: House, machine: Machine, to: str, client: UUID | None = None) -> MessageIn:
    consent(house, to, client)
    (message,) = house.submit(templated(house, to=to), client=client, consent=False)
    await machine.settled(message)
    return message


async def named(house: House, machine: Machine, message: MessageIn, client: UUID | None = None) -> None:
    """The supplier tells, with a receipt, which identity the number of a message has."""
    key = machine.connector("whatsapp").supplier_ids[message.id, 0]  # type: ignore[index]
    receipt = Receipt(keys=(key,), status="delivered", phones=(message.to[1:],), identity=PERSON)
    call_back(house, Heard(receipts=[receipt]), route_id(house, "whatsapp"))
    await machine.settled(message, status="delivered")
    client = client or house.client
    known = "SELECT count(*) FROM engine_alias WHERE client_id = %s"
    await machine.until(lambda: house.conn.execute(known, [client]).fetchone() == (1,))


def opposed(house: House, client: UUID | None = None) -> set[bytes]:
    rows = house.conn.execute(
        "SELECT recipient_index FROM gate_permission WHERE client_id = %s AND state = 'opposed'",
        [client or house.client],
    )
    return {bytes(row[0]) for row in rows}


def names(house: House, number: str, client: UUID | None = None) -> set[bytes]:
    keys = house.keys(client)
    return {keys.index("phone", number), keys.index("channel", PERSON)}


def said(sender: str, text: str = "STOP", **more: Any) -> Inbound:
    return Inbound(sender=sender, recipient=NUMBER_ID, text=text, supplier_id=f"wamid.{text}{sender}", **more)


async def test_a_stop_without_a_number_counts_for_the_number_too(house: House, shared: UUID, start: Callable[..., Any]):
    machine = await start()
    message = await sent(house, machine, house.number())
    await named(house, machine, message)

    await machine.connector("whatsapp").events.on_inbound([said(PERSON)])

    assert opposed(house) == names(house, message.to)
    (late,) = house.submit(templated(house, to=message.to), consent=False)
    await machine.settled(late, status="withheld")


async def test_a_stop_from_the_number_counts_for_the_identity_and_ends_what_waits_for_both(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()
    message = await sent(house, machine, house.number())
    await named(house, machine, message)
    consent(house, PERSON)
    later = clock.now() + timedelta(hours=1)
    waiting = [templated(house, to=to, due_at=later) for to in (message.to, PERSON)]
    house.submit(*waiting, consent=False)

    await machine.connector("whatsapp").events.on_inbound([said(message.to)])

    await machine.settled(*waiting, status="cancelled")
    assert opposed(house) == names(house, message.to)


async def test_a_message_that_carries_both_names_is_enough(house: House, shared: UUID, start: Callable[..., Any]):
    machine = await start()
    message = await sent(house, machine, house.number())

    await machine.connector("whatsapp").events.on_inbound([said(message.to, "Bonjour", identity=PERSON)])
    await machine.connector("whatsapp").events.on_inbound([said(PERSON)])

    assert opposed(house) == names(house, message.to)


async def test_whoever_said_no_before_the_names_were_told_has_said_it_under_both(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()
    message = await sent(house, machine, house.number())
    await machine.connector("whatsapp").events.on_inbound([said(message.to)])
    assert len(opposed(house)) == 1

    await named(house, machine, message)

    assert opposed(house) == names(house, message.to)


async def test_an_answer_to_a_message_finds_its_client_when_nobody_told_the_number(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()
    message = await sent(house, machine, house.number())
    key = machine.connector("whatsapp").supplier_ids[message.id, 0]
    await machine.until(lambda: house.conn.execute("SELECT count(*) FROM receipt_key").fetchone() == (1,))

    await machine.connector("whatsapp").events.on_inbound([said(PERSON, answers=key)])

    assert opposed(house) == names(house, message.to)
    assert house.inbound()[0][1] == message.id


async def test_a_stop_without_a_number_reaches_no_client_who_did_not_write(
    house: House, shared: UUID, start: Callable[..., Any]
):
    other = house.new_client()
    machine = await start()
    message = await sent(house, machine, house.number())
    foreign = await sent(house, machine, house.number(), client=other)
    consent(house, message.to, other)
    consent(house, PERSON, other)
    await named(house, machine, message)

    await machine.connector("whatsapp").events.on_inbound([said(PERSON)])

    assert opposed(house) == names(house, message.to)
    assert opposed(house, other) == set()
    assert house.state(foreign)["status"] == "submitted"
    rows = house.conn.execute("SELECT DISTINCT client_id FROM engine_alias").fetchall()
    assert rows == [(house.client,)]


async def test_an_answer_that_names_anothers_message_is_not_the_owners_of_the_number(
    house: House, fake_connectors: None, monkeypatch: pytest.MonkeyPatch, start: Callable[..., Any]
):
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector, "whatsapp": FakeWhatsApp})
    other = house.new_client()
    add_number(house, client_id=house.client)
    machine = await start()
    message = await sent(house, machine, house.number())
    key = machine.connector("whatsapp").supplier_ids[message.id, 0]
    await machine.until(lambda: house.conn.execute("SELECT count(*) FROM receipt_key").fetchone() == (1,))
    house.conn.execute("UPDATE engine_route SET client_id = %s", [other])
    machine.engine.table.routes[route_id(house, "whatsapp").bytes] = machine.engine.table.routes[
        route_id(house, "whatsapp").bytes
    ]._replace(client=other.bytes)

    await machine.connector("whatsapp").events.on_inbound([said(PERSON, answers=key)])

    assert opposed(house) == set()
    assert opposed(house, other) == {house.keys(other).index("channel", PERSON)}


LATER = "FR.9Z8y7X6w5V"


async def test_whoever_said_no_has_said_it_under_the_name_they_have_now(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()
    message = await sent(house, machine, house.number())
    await named(house, machine, message)
    await machine.connector("whatsapp").events.on_inbound([said(PERSON)])

    call_back(house, Heard(renamed=[Renamed(names=(LATER, PERSON))]), shared)

    now = house.keys().index("channel", LATER)
    await machine.until(lambda: opposed(house) == names(house, message.to) | {now})


async def test_a_stop_under_a_name_that_changed_counts_for_the_number_that_was_written_to(
    house: House, shared: UUID, start: Callable[..., Any]
):
    other = house.new_client()
    machine = await start()
    message = await sent(house, machine, house.number())
    await sent(house, machine, house.number(), client=other)
    await named(house, machine, message)
    call_back(house, Heard(renamed=[Renamed(names=(LATER, PERSON))]), shared)
    known = "SELECT count(*) FROM engine_alias WHERE client_id = %s"
    await machine.until(lambda: house.conn.execute(known, [house.client]).fetchone() == (3,))

    await machine.connector("whatsapp").events.on_inbound([said(LATER)])

    assert opposed(house) >= names(house, message.to)
    assert house.conn.execute(known, [other]).fetchone() == (0,)


async def test_marketing_leaves_alone_whom_the_supplier_wants_left_alone_and_alerts_go_on(
    house: House, shared: UUID, start: Callable[..., Any]
):
    other = house.new_client()
    machine = await start()
    message = await sent(house, machine, house.number())
    asked = "SELECT client_id, agent, until FROM engine_capability WHERE NOT capable"

    call_back(house, Heard(rests=[Rest(names=(message.to, PERSON), rest_s=86_400)]), shared)
    await machine.until(lambda: len(house.conn.execute(asked).fetchall()) == 2)
    for one in (templated(house, to=message.to), templated(house, to=message.to, purpose="alert")):
        await machine.settled(*house.submit(one, consent=False))
    foreign = await sent(house, machine, message.to, client=other)

    later = machine.connector("whatsapp").sent[1:]
    assert [(one.purpose, one.absent) for one in later] == [
        ("marketing", True), ("alert", False), ("marketing", False)
    ]  # fmt: skip
    assert foreign.to == message.to
    day = clock.now() + timedelta(seconds=86_400)
    for client, agent, until in house.conn.execute(asked).fetchall():
        assert (client, agent) == (house.client, NUMBER_ID)
        assert abs(until - day) < timedelta(minutes=1)


async def test_an_answer_that_wants_somebody_left_alone_is_kept_for_every_engine(
    house: House, shared: UUID, start: Callable[..., Any]
):
    machine = await start()
    machine.connector("whatsapp").script = lambda message, part: Refused("131049", Action.PERMANENT, 86_400.0)
    to = house.number()
    consent(house, to)

    (first,) = house.submit(templated(house, to=to), consent=False)
    await machine.settled(first, status="failed")
    kept = "SELECT recipient_index FROM engine_capability WHERE NOT capable"
    await machine.until(lambda: house.conn.execute(kept).fetchall() == [(house.keys().index("phone", to),)])
    (second,) = house.submit(templated(house, to=to), consent=False)
    await machine.settled(second, status="failed")

    assert [one.absent for one in machine.connector("whatsapp").sent] == [False, True]
