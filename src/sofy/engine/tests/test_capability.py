"""What suppliers said of phones: asked for a campaign together, noted from answers, shared by engines, forgotten."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, Outgoing, Reach, Refused
from sofy.engine import route_config
from sofy.engine.intake import MessageIn
from sofy.engine.tests.conftest import FakeConnector, House, Machine
from sofy.kernel import clock, ids

AGENT = "fournil-agent"


class Asked(FakeConnector):
    """A supplier that can be asked about phones; those in `without` do not have the channel."""

    code: ClassVar[str] = "asked"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="rcs", encodings=frozenset({"utf8"}), receipts=True, inbound=True, max_parts=1
    )
    capability_age_s = 3600.0
    without: ClassVar[set[str]] = set()
    silent: ClassVar[bool] = False
    questions: ClassVar[list[list[str]]] = []

    async def look_up(self, addresses: Collection[str]) -> dict[str, Reach]:
        Asked.questions.append(sorted(addresses))
        return {} if Asked.silent else {one: Reach(one not in Asked.without) for one in addresses}

    def submit(self, messages: list[Outgoing]) -> None:
        self.script = lambda message, part: (
            Refused("not_rcs", Action.PERMANENT)
            if message.absent or message.to in Asked.without
            else Accepted(f"{len(self.supplier_ids) + 1:x}")
        )
        super().submit(messages)


@pytest.fixture
async def machine(house: House, fake_connectors: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    """An engine with a route by RCS; the supplier has heard no question yet."""
    monkeypatch.setattr(route_config, "discover", lambda: {"asked": Asked})
    monkeypatch.setattr(Asked, "without", set())
    monkeypatch.setattr(Asked, "questions", [])
    house.add_route("rcs", "0.05", channel="rcs", connector="asked", short_code=AGENT, encodings=["utf8"])
    made = Machine(house)
    await made.engine.start()
    yield made
    await made.engine.stop(0.5)


def by_rcs(house: House, **fields: Any) -> MessageIn:
    return house.message(**{"channel": "rcs", "short_code": AGENT, "text": "Promo STOP", **fields})


def known(house: House) -> dict[tuple[UUID, bytes], bool]:
    rows = house.conn.execute("SELECT client_id, recipient_index, capable FROM engine_capability").fetchall()
    return {(client, bytes(index)): capable for client, index, capable in rows}


async def test_a_campaign_is_asked_about_in_one_question_before_it_leaves(house: House, machine: Machine):
    campaign = ids.uuid7()
    messages = [by_rcs(house, campaign_id=campaign) for _ in range(30)]
    Asked.without |= {message.to for message in messages[:10]}

    house.submit(*messages)
    await machine.settled(*messages[10:])
    await machine.settled(*messages[:10], status="failed")

    assert Asked.questions == [sorted(message.to for message in messages)]
    assert sum(known(house).values()) == 20
    assert {one.to for one in machine.connector("rcs").sent if one.absent} == Asked.without


async def test_those_behind_in_the_queue_are_asked_about_with_those_that_leave(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    campaign, soon = ids.uuid7(), clock.now() + timedelta(minutes=20)
    now, later = by_rcs(house, campaign_id=campaign), by_rcs(house, campaign_id=campaign, due_at=soon)
    alone = by_rcs(house, due_at=soon)

    house.submit(later, alone)
    house.submit(now)
    await machine.settled(now)

    assert Asked.questions == [sorted([now.to, later.to])]


async def test_what_another_engine_was_told_is_not_asked_again(house: House, machine: Machine):
    campaign = ids.uuid7()
    first, second = by_rcs(house, campaign_id=campaign), by_rcs(house, campaign_id=ids.uuid7())
    second.to = first.to
    Asked.without.add(first.to)
    house.submit(first)
    await machine.settled(first, status="failed")
    other = Machine(house)
    await machine.engine.stop(0.5)
    await other.engine.start()

    house.submit(second)
    await other.settled(second, status="failed")
    sent = other.connector("rcs").sent
    await other.engine.stop(0.5)

    assert len(Asked.questions) == 1
    assert [one.absent for one in sent] == [True]


async def test_a_single_message_is_preceded_by_no_question_and_its_answer_is_noted(house: House, machine: Machine):
    there, gone = by_rcs(house, purpose="alert"), by_rcs(house)
    Asked.without.add(gone.to)

    house.submit(there, gone)
    await machine.settled(there)
    await machine.settled(gone, status="failed")
    await machine.until(lambda: len(known(house)) == 2)

    assert Asked.questions == []
    index = house.keys().index
    assert known(house) == {
        (house.client, index("phone", there.to)): True, (house.client, index("phone", gone.to)): False
    }  # fmt: skip


async def test_what_is_known_grows_old_however_often_it_is_used(house: House, machine: Machine):
    gone = by_rcs(house, campaign_id=ids.uuid7())
    Asked.without.add(gone.to)
    house.submit(gone)
    await machine.settled(gone, status="failed")

    clock.install(lambda: clock.DEMO_START + timedelta(minutes=50))
    used = by_rcs(house, to=gone.to)
    house.submit(used)
    await machine.settled(used, status="failed")
    clock.install(lambda: clock.DEMO_START + timedelta(minutes=70))
    Asked.without.clear()
    (after,) = house.submit(by_rcs(house, to=gone.to))
    await machine.settled(after)

    assert len(Asked.questions) == 1
    await machine.until(lambda: list(known(house).values()) == [True])


async def test_a_supplier_that_says_nothing_holds_nothing_up(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Asked, "silent", True)

    first, second = by_rcs(house, campaign_id=ids.uuid7()), by_rcs(house, campaign_id=ids.uuid7())
    house.submit(first)
    await machine.settled(first)
    house.submit(second)
    await machine.settled(second)

    assert len(Asked.questions) == 1


async def test_what_is_too_old_is_forgotten(house: House, machine: Machine):
    message = by_rcs(house, campaign_id=ids.uuid7())
    house.submit(message)
    await machine.settled(message)

    clock.install(lambda: clock.DEMO_START + timedelta(minutes=59))
    await machine.engine.sweepers._forget()
    kept = known(house)
    clock.install(lambda: clock.DEMO_START + timedelta(minutes=61))
    await machine.engine.sweepers._forget()

    assert len(kept) == 1
    assert known(house) == {}


async def test_a_client_neither_reads_nor_writes_what_another_one_knows(house: House, machine: Machine):
    other, to = house.new_client(), house.number()
    mine = by_rcs(house, campaign_id=ids.uuid7(), to=to)
    Asked.without.add(to)
    house.submit(mine)
    await machine.settled(mine, status="failed")

    theirs = by_rcs(house, campaign_id=ids.uuid7(), to=to)
    house.submit(theirs, client=other)
    await machine.settled(theirs, status="failed")

    assert Asked.questions == [[to], [to]]
    assert len(known(house)) == 2
    with psycopg.connect(house.web_url) as web:
        web.execute("SELECT set_config('sofy.client_id', %s, true)", [str(other)])
        assert web.execute("SELECT DISTINCT client_id FROM engine_capability").fetchall() == [(other,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("UPDATE engine_capability SET capable = true")
