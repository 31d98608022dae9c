"""Messages, what became of them and what was answered go after three years; figures of campaigns then name nobody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sofy.engine import sweepers
from sofy.engine.tests.conftest import House, Machine
from sofy.kernel import clock, ids

pytestmark = pytest.mark.clause("DPA 12")
CAMPAIGN = UUID(int=77)
TABLES = ("engine_message", "engine_state", "engine_event", "engine_queue", "engine_inbound", "mo_lookup")


@pytest.fixture(autouse=True)
def _ids_of_this_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids never go back within a process, and other tests may have been far ahead."""
    monkeypatch.setattr(ids, "_last", 0)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweepers, "FORGET_EVERY_S", 0.1)


def rows(house: House) -> dict[str, int]:
    counted = {}
    for table in TABLES:
        found = house.conn.execute(f"SELECT count(*) FROM {table}").fetchone()
        counted[table] = found[0] if found else 0
    return counted


def answered(house: House, at: Any) -> None:
    """Somebody sent something back, and was noted without a message."""
    house.conn.execute(
        "INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, payload, at)"
        " VALUES (%s, %s, %s, '\\x01', '\\x02', %s)",
        [house.client, ids.uuid7(), ids.uuid7(), at],
    )
    house.conn.execute("INSERT INTO engine_event (client_id, kind, at) VALUES (%s, 'stop', %s)", [house.client, at])


async def sent(house: House, machine: Machine) -> tuple[Any, Any]:
    """One message of a campaign to a contact, one alert; both submitted."""
    campaign = house.message(campaign_id=CAMPAIGN, contact_id=ids.uuid7())
    alert = house.message(purpose="alert", text="Code 1234", short_code=None)
    house.submit(campaign, alert)
    await machine.settled(campaign, alert)
    return campaign, alert


async def swept(machine: Machine) -> None:
    await machine.engine.sweepers._forget_people()


async def test_nothing_goes_before_its_time(house: House, machine: Machine):
    await sent(house, machine)
    answered(house, clock.now())
    before = rows(house)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT - timedelta(days=1))

    await swept(machine)

    assert rows(house) == before
    assert before["engine_event"] > 1


async def test_after_three_years_only_figures_are_left(house: House, machine: Machine):
    campaign, _alert = await sent(house, machine)
    answered(house, clock.now())
    state = house.state(campaign)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT + timedelta(days=1))

    await swept(machine)

    left = rows(house)
    assert {table: left[table] for table in TABLES if left[table]} == {"engine_state": 1, "mo_lookup": 1}
    anonymous = house.state(campaign)
    assert (anonymous["contact_id"], bytes(anonymous["recipient_index"])) == (None, anonymous["message_id"].bytes)
    for column in ("campaign_id", "status", "parts", "submitted_at", "variant"):
        assert anonymous[column] == state[column]


async def test_what_is_younger_stays(house: House, machine: Machine):
    await sent(house, machine)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT)
    await sent(house, machine)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT + timedelta(days=1))

    await swept(machine)

    assert rows(house)["engine_message"] == 2
    assert rows(house)["engine_state"] == 3


async def test_it_goes_on_until_nothing_old_is_left(house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweepers, "_FORGET_MESSAGES", 1)
    await sent(house, machine)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT + timedelta(days=1))

    await swept(machine)
    await swept(machine)

    assert rows(house)["engine_message"] == 0


async def test_whose_an_answer_would_be_is_forgotten_as_late(house: House, machine: Machine):
    await sent(house, machine)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT + timedelta(days=1))

    await machine.engine.sweepers._forget()

    assert rows(house)["mo_lookup"] == 0


async def test_an_engine_does_it_by_itself(quickly: None, house: House, start: Any):
    house.add_route()
    machine = await start()
    await sent(house, machine)
    clock.install(lambda: clock.DEMO_START + sweepers.KEPT + timedelta(days=1))

    await machine.until(lambda: rows(house)["engine_message"] == 0)


async def test_an_answer_to_a_named_request_is_kept_for_a_day(house: House, machine: Machine):
    for name, age in ((b"young", sweepers.ANSWERS_KEPT - timedelta(seconds=1)), (b"old", sweepers.ANSWERS_KEPT * 1.01)):
        house.conn.execute(
            "INSERT INTO engine_request VALUES (%s, %s, %s, '\\x01', 202, '{}', %s)",
            [house.client, ids.uuid7(), name, clock.now() - age],
        )

    await machine.engine.sweepers._forget()

    assert house.conn.execute("SELECT name FROM engine_request").fetchall() == [(b"young",)]
