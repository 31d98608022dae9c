"""Whose an answer is, when two clients write to one number from one short code."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sofy.connectors.base import Accepted, Action, Inbound, Refused
from sofy.engine import permissions
from sofy.engine.intake import MessageIn
from sofy.engine.tests.conftest import SHORT_CODE, House, Machine
from sofy.engine.tests.test_recovery import Dead
from sofy.kernel import clock

pytestmark = pytest.mark.clause("CGVU 14.1", "DPA 6")


class Two:
    """A person two clients write to: the first one's message arrived, the second one's is on its way."""

    def __init__(self, house: House, machine: Machine) -> None:
        self.house, self.machine = house, machine
        self.other = house.new_client()
        self.first = house.message()
        self.second = house.message(to=self.first.to)

    async def first_arrives(self) -> None:
        self.house.submit(self.first)
        await self.machine.settled(self.first)

    async def answers(self, text: str = "STOP") -> None:
        inbound = Inbound(sender=self.first.to, recipient=SHORT_CODE, text=text)
        await self.machine.connector().events.on_inbound([inbound])

    def heard(self) -> set[UUID]:
        return {row[0] for row in self.house.conn.execute("SELECT client_id FROM engine_inbound")}


@pytest.fixture
async def two(house: House, machine: Machine) -> Two:
    made = Two(house, machine)
    await made.first_arrives()
    return made


async def test_a_stop_that_comes_before_the_second_message_left_counts_for_both(two: Two):
    connector = two.machine.connector()
    connector.waits = True
    two.house.submit(two.second, client=two.other)
    await two.machine.until(lambda: connector.waiting)  # announced, and not on any wire yet

    await two.answers()

    assert two.house.opposed() == {two.house.client, two.other}
    assert connector.waiting == []
    await two.machine.settled(two.second, status="cancelled")
    assert len(two.house.outbox("sms.stop")) == 2


@pytest.mark.clause("CGVU 11")
async def test_people_are_heard_while_the_client_is_suspended(two: Two):
    permissions.write_client(two.house.conn, two.house.client, state="suspended")

    await two.answers()

    assert two.heard() == {two.house.client}
    assert two.house.opposed() == {two.house.client}


@pytest.mark.parametrize(
    ("_case", "later", "both"),
    [("crossing", timedelta(seconds=4), True), ("in answer to the second", timedelta(seconds=6), False)],
)
async def test_nobody_answers_before_they_could_read(_case: str, later: timedelta, both: bool, two: Two):
    two.house.submit(two.second, client=two.other)
    await two.machine.settled(two.second)
    clock.install(lambda: clock.DEMO_START + later)

    await two.answers()

    assert two.house.opposed() == ({two.house.client, two.other} if both else {two.other})


async def test_words_are_one_clients_only(two: Two):
    two.house.submit(two.second, client=two.other)
    await two.machine.settled(two.second)

    await two.answers("Oui")

    assert two.heard() == {two.other}


async def test_words_answer_the_message_that_left_last(two: Two):
    await two.answers("Oui")
    two.house.submit(two.second)
    await two.machine.settled(two.second)

    for _ in range(2):  # the operator tells it twice
        await two.answers("Oui")

    answered = two.house.conn.execute("SELECT message_id FROM engine_inbound ORDER BY at, id").fetchall()
    assert answered == [(two.first.id,), (two.second.id,)]


async def test_words_written_anew_are_heard_again(two: Two):
    for anew in (False, True):
        inbound = Inbound(sender=two.first.to, recipient=SHORT_CODE, text="Oui", anew=anew)
        await two.machine.connector().events.on_inbound([inbound])

    assert two.house.conn.execute("SELECT count(*) FROM engine_inbound").fetchone() == (2,)


async def test_what_the_operator_did_not_take_gives_the_answers_back(two: Two):
    two.machine.connector().script = lambda message, part: Refused("0x45", Action.PERMANENT)
    two.house.submit(two.second, client=two.other)
    await two.machine.settled(two.second, status="failed")

    await two.answers("Oui")
    await two.answers()

    assert two.heard() == {two.house.client}
    assert two.house.opposed() == {two.house.client}


async def test_two_clients_in_one_group_are_noted_one_after_the_other(house: House, machine: Machine):
    two = Two(house, machine)
    machine.connector().room = 0
    house.submit(two.first)
    house.submit(two.second, client=two.other)
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 2)
    machine.connector().script = lambda message, part: (
        Accepted("1") if message.client_id == house.client else Refused("0x45", Action.PERMANENT)
    )
    machine.connector().room = 10
    machine.connector().events.on_capacity()
    await machine.settled(two.first)
    await machine.settled(two.second, status="failed")

    await two.answers("Oui")

    assert two.heard() == {house.client}


@pytest.mark.parametrize(
    ("_case", "kind", "value", "action", "owner"),
    [
        ("refused", "R", "0x0b", "suppress", "first"),
        ("given back", "N", "stopping", "", "first"),
        ("taken", "A", "77", "", "second"),
        ("no answer", None, "", "", "second"),
    ],
)
async def test_a_killed_engine_takes_no_answers_for_what_nobody_got(
    _case: str, kind: str | None, value: str, action: str, owner: str, house: House, start: Any
):
    house.add_route()
    before = await start()
    two = Two(house, before)
    await two.first_arrives()
    await before.engine.stop(1)
    dead = Dead(house)
    _announced_by(dead, two, two.second)
    dead.hands_over(two.second, client=two.other)
    if kind:
        dead.hears(two.second, kind, value, action, client=two.other)
    house.conn.execute("UPDATE engine_queue SET due_at = %s", (clock.now() + timedelta(days=1),))
    dead.dies()

    two.machine = await start()
    await two.answers("Oui")

    assert two.heard() == ({house.client} if owner == "first" else {two.other})


def _announced_by(dead: Dead, two: Two, message: MessageIn) -> None:
    """Claimed, and its sender noted."""
    house = two.house
    house.submit(message, client=two.other)
    house.claim(dead.instance)
    house.conn.execute(
        "UPDATE mo_lookup SET before_client_id = client_id, before_message_id = message_id,"
        " before_recipient_index = recipient_index, before_at = at, displaced_by = %(message)s,"
        " message_id = %(message)s, client_id = %(client)s, recipient_index = %(recipient)s",
        {"message": message.id, "client": two.other, "recipient": message.recipient_index},
    )
