"""What a killed engine leaves, and what the next one makes of it."""

import asyncio
import os
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, Refused, Throttled
from sofy.engine import handover, intake, route_config
from sofy.engine.journal import Answered, Heard, Journal, Received, read
from sofy.engine.rungs import Rung
from sofy.engine.tests.conftest import MENTION, FakeConnector, House, Machine, kill
from sofy.kernel import clock

ROUTE = uuid4()


class Dead:
    """An engine that claimed messages, wrote some of its journal, and is gone."""

    def __init__(self, house: House, *messages: intake.MessageIn) -> None:
        self.house = house
        self.instance = uuid4()
        self.journal = Journal(house.folder / "spool", self.instance)
        house.submit(*messages)
        house.claim(self.instance)

    def key(self, message: intake.MessageIn, client: UUID | None = None) -> bytes:
        assert message.id is not None
        return (client or self.house.client).bytes + message.id.bytes

    def hands_over(self, message: intake.MessageIn, parts: int = 1, client: UUID | None = None) -> None:
        self.journal.handing_over(1, ROUTE.bytes, [self.key(message, client)] * parts, list(range(parts)))

    def hears(
        self,
        message: intake.MessageIn,
        kind: str,
        value: str = "",
        action: str = "",
        part: int = 0,
        client: UUID | None = None,
    ) -> None:
        answer = (self.key(message, client), part, kind, value, action)
        self.journal.answered(Answered(2, ROUTE.bytes, [answer]))

    def dies(self) -> None:
        os.close(self.journal._lock)


async def test_not_handed_over_leaves_now(house: House, start: Any):
    message = house.message()
    Dead(house, message).dies()
    house.add_route()

    machine = await start()

    await machine.settled(message)
    assert len(machine.connector().sent) == 1


async def test_killed_in_the_middle_of_a_recovery_sends_nothing_twice(house: House, start: Any):
    message = house.message()
    first = Dead(house, message)
    first.hands_over(message)
    first.dies()
    second = Dead(house)  # it had taken the row of the first over when it died; its own journal knows nothing of it
    second.dies()
    house.add_route()

    machine = await start()

    await machine.settled(message, status="unknown")
    assert machine.connector().sent == []


@pytest.mark.parametrize(
    ("_case", "fields", "kind", "value", "action", "status"),
    [
        ("no answer", {}, None, "", "", "unknown"),
        ("accepted", {}, "A", "77", "", "submitted"),
        ("refused", {}, "R", "0x0b", "suppress", "failed"),
        ("given back", {}, "N", "stopping", "", "queued"),
        ("not taken now", {}, "T", "0x58", "", "queued"),
        ("to be tried again", {}, "R", "0x64", "retry", "queued"),
        ("an alert without answer", {"purpose": "alert", "text": "Code", "short_code": None}, None, "", "", "queued"),
    ],
)
async def test_handed_over(
    _case: str, fields: dict[str, Any], kind: str | None, value: str, action: str, status: str, house: House, start: Any
):
    message = house.message(**fields)
    dead = Dead(house, message)
    dead.hands_over(message)
    if kind:
        dead.hears(message, kind, value, action)
    dead.dies()

    await start()

    assert house.state(message)["status"] in {status, "accepted" if status == "queued" else status}
    assert len(house.queue()) == (1 if status == "queued" else 0)
    keys = house.conn.execute("SELECT supplier_id FROM receipt_key").fetchall()
    assert keys == ([("77",)] if kind == "A" else [])
    assert not dead.journal.folder.exists()


async def test_a_receipt_in_the_journal_is_not_lost(house: House, start: Any):
    message = house.message()
    dead = Dead(house, message)
    dead.hands_over(message)
    dead.hears(message, "A", "77")
    told = [Heard(("77",), "delivered", "", 3)]
    dead.journal.received(Received(3, ROUTE.bytes, told), b"t")
    dead.dies()

    await start()

    assert house.state(message)["status"] == "delivered"


async def test_a_receipt_whose_message_heard_all_does_not_wait_for_another(
    house: House, start: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sofy.engine.outcomes.FLUSH_EVERY_S", 1.0)  # both steps are written together
    house.add_route()
    first: Machine = await start()
    connector = first.connector()

    def answer(message: base.Outgoing, part: int) -> Accepted:
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(connector.receipt(message.message_id)))
        return Accepted("77")

    connector.script = answer
    (message,) = house.submit(house.message())
    await first.settled(message, status="delivered")
    await kill(first)

    await start()

    assert house.conn.execute("SELECT count(*) FROM receipt_key").fetchone() == (0,)
    assert house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (0,)


async def test_a_message_handed_over_twice_counts_its_last_answer_only(house: House, start: Any):
    message = house.message()
    dead = Dead(house, message)
    dead.hands_over(message)
    dead.hears(message, "R", "0x64", "retry")
    dead.hands_over(message)
    dead.dies()

    await start()

    assert house.state(message)["status"] == "unknown"


async def test_parts_that_were_not_written_or_not_taken_make_nothing_unknown(house: House, start: Any):
    message = house.message(text="x" * 400 + MENTION)
    dead = Dead(house, message)
    dead.hands_over(message)
    dead.hears(message, "T", "0x58")
    dead.dies()

    await start()

    assert house.state(message)["status"] == "accepted"
    assert [row[3] for row in house.queue()] == [None]


async def test_a_part_that_was_not_taken_now_is_in_the_journal(house: House, start: Any):
    house.add_route()
    machine = await start()
    machine.connector().script = lambda message, part: Throttled("0x58")
    (message,) = house.submit(house.message())
    await machine.until(lambda: machine.connector().sent)

    answers = [record.answers for record in read(machine.engine.journal.folder) if isinstance(record, Answered)]

    assert answers == [[(house.client.bytes + message.id.bytes, 0, "T", "0x58", "")]]


async def test_after_a_restart_of_the_machine_silence_proves_nothing(house: House, start: Any):
    message = house.message()
    dead = Dead(house, message)
    dead.dies()
    (dead.journal.folder / "lock").write_text("another boot")

    await start()

    assert house.state(message)["status"] == "unknown"


async def test_rows_of_an_engine_that_vanished_with_its_journal_are_not_sent_again(house: House, start: Any):
    message = house.message()
    house.submit(message)
    house.claim(uuid4(), lease_until="2020-01-01")
    machine = await start()

    await machine.engine.sweepers._leases()

    assert house.state(message)["status"] == "unknown"
    assert house.state(message)["reason"] == "engine_lost"


async def test_a_claim_whose_answer_was_lost_is_released(house: House, start: Any):
    house.add_route()
    machine = await start()
    later = house.message(due_at=clock.now().replace(year=2027))
    house.submit(later)
    house.claim(machine.engine.instance)

    await machine.engine.sweepers._orphans()

    assert [row[3] for row in house.queue()] == [None]
    assert isinstance(house.queue()[0][0], UUID)


async def test_a_claim_whose_answer_is_on_its_way_is_not_released(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    machine.connector().room = 0
    claims, answered = machine.engine.claims["marketing"], asyncio.Event()
    refresh = claims.refresh

    async def slow(batch: Any) -> None:
        await answered.wait()
        await refresh(batch)

    monkeypatch.setattr(claims, "refresh", slow)
    house.submit(house.message())
    await machine.until(lambda: [row[3] for row in house.queue()] == [machine.engine.instance])
    look = asyncio.create_task(machine.engine.sweepers._orphans())
    await asyncio.sleep(0.1)

    answered.set()
    await look

    assert [row[3] for row in house.queue()] == [machine.engine.instance]


async def test_an_outcome_that_cannot_be_written_is_unknown_and_never_sent_again(house: House, machine: Machine):
    good, bad = house.message(), house.message()
    machine.connector().script = lambda message, part: (
        Refused("\0", Action.PERMANENT) if message.message_id == bad.id else Accepted("1")
    )
    house.submit(good, bad)
    await machine.settled(good)
    await machine.settled(bad, status="unknown")

    await machine.engine.sweepers._orphans()

    assert house.queue() == []
    assert len(machine.connector().sent) == 2


# suppliers that take a message id once


class Idempotent(FakeConnector):
    """A channel whose supplier knows its messages by our ids."""

    code: ClassVar[str] = "idempotent"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="rcs", encodings=frozenset({"utf8"}), receipts=True, inbound=True, max_parts=1, idempotent=True
    )


@pytest.fixture
def by_id(house: House, fake_connectors: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector, "idempotent": Idempotent})
    monkeypatch.setattr(handover, "RETRY_AFTER_S", (0, 0, 0))
    house.add_route("rcs", id=ROUTE, channel="rcs", connector="idempotent", short_code="agent", encodings=["utf8"])


def marketing_by_rcs(house: House, **fields: Any) -> intake.MessageIn:
    return house.message(channel="rcs", text="Promo STOP", short_code="agent", **fields)


async def test_marketing_leaves_again_under_the_same_id_where_the_supplier_takes_it_once(
    house: House, by_id: None, start: Any
):
    message = marketing_by_rcs(house)
    dead = Dead(house, message)
    dead.hands_over(message)
    dead.dies()

    machine = await start()

    await machine.settled(message)
    assert [one.message_id for one in machine.connector("rcs").sent] == [message.id]


async def test_what_is_silent_again_and_again_is_unknown_in_the_end(house: House, by_id: None, start: Any):
    machine = await start()
    machine.connector("rcs").script = lambda message, part: base.Unknown("timeout")

    (message,) = house.submit(marketing_by_rcs(house))

    await machine.settled(message, status="unknown")
    assert len(machine.connector("rcs").sent) == 1 + len(handover.RETRY_AFTER_S)


async def test_what_may_have_left_is_unknown_when_it_may_not_leave_again(house: House, by_id: None, start: Any):
    message = marketing_by_rcs(house)
    dead = Dead(house, message)
    dead.hands_over(message)
    dead.dies()
    house.consent(message.to, "withdrawn")

    machine = await start()

    await machine.settled(message, status="unknown")
    assert machine.connector("rcs").sent == []


async def test_no_other_channel_follows_what_may_have_left_at_its_deadline(house: House, by_id: None, start: Any):
    house.add_route()
    message = marketing_by_rcs(house, expires_at=clock.now() + timedelta(seconds=60))
    message.ladder = [
        Rung(channel="rcs", to=message.to, sender="", text=message.text, short_code="agent", after_s=60),
        Rung(channel="sms", to=message.to, sender="MARTIN", text="Promo" + MENTION, short_code="36123", parts=1,
             encoding="gsm7"),
    ]  # fmt: skip
    dead = Dead(house, message)
    dead.hands_over(message)
    dead.dies()
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=61))

    machine = await start()

    await machine.settled(message, status="unknown")
    assert machine.connector("fake").sent == []
    assert house.conn.execute("SELECT count(*) FROM engine_ladder_step").fetchone() == (0,)
