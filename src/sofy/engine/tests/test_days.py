"""Messages that are wanted on their day only."""

from datetime import timedelta

import pytest

from sofy.connectors.base import NotSent
from sofy.engine import intake, permissions
from sofy.engine.tests.conftest import House, Machine
from sofy.kernel import clock, ids


@pytest.mark.clause("DPA 6")
@pytest.mark.parametrize("way", ["submit", "bulk"])
async def test_what_could_not_leave_on_its_day_never_leaves(way: str, house: House, machine: Machine):
    evening = clock.DEMO_START.replace(hour=19)
    machine.connector().room = 0
    campaign = ids.uuid7()
    late, patient = (
        house.message(campaign_id=campaign, expires_at=evening),
        house.message(campaign_id=campaign),
    )
    for one in (late, patient):
        house.consent(one.to)
    if way == "submit":
        house.submit(late, patient)
    else:
        list(intake.bulk([house.conn], house.client, [[late, patient]], keys=house.keys(), campaign_id=campaign))
    await machine.until(lambda: machine.engine.dispatcher.waiting("marketing") == 2)
    await machine.engine.table.close(0)  # no way out all afternoon
    clock.install(lambda: evening + timedelta(hours=13))
    machine.engine._spawn("routes", machine.engine.table.reload(machine.engine._events))

    await machine.settled(patient)
    await machine.settled(late, status="withheld")

    assert (house.state(late)["reason"], house.state(late)["article"]) == ("too_late", "DPA 6")
    assert [one.to for one in machine.connector().sent] == [patient.to]
    assert house.state(late)["submitted_at"] is None
    assert house.queue() == []


@pytest.mark.clause("DPA 6")
async def test_what_waited_in_its_connector_past_its_day_never_leaves(house: House, machine: Machine):
    ends = clock.DEMO_START + timedelta(hours=1)
    machine.connector().script = lambda message, part: NotSent("too_late")
    (message,) = house.submit(house.message(expires_at=ends))
    await machine.until(lambda: machine.connector().sent)

    clock.install(lambda: ends)

    await machine.settled(message, status="withheld")
    assert machine.connector().sent[0].validity_until == ends
    assert house.state(message)["reason"] == "too_late"


def test_what_no_engine_asks_about_is_dropped_by_its_campaign(house: House):
    campaign = ids.uuid7()
    late, later, patient = house.submit(
        house.message(campaign_id=campaign, expires_at=clock.now()),
        house.message(campaign_id=campaign, expires_at=clock.now() + timedelta(hours=1)),
        house.message(campaign_id=campaign),
    )

    assert permissions.drop_late(house.conn, house.client, campaign) == 1

    assert (house.state(late)["status"], house.state(late)["reason"]) == ("withheld", "too_late")
    assert {row[0] for row in house.queue()} == {later.id, patient.id}
    assert house.events(late) == ["withheld"]
