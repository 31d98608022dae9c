"""The home page of a client: today, what runs, what waits."""

from datetime import timedelta
from typing import Any

import pytest

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import queries
from sofy.soreach.models import Campaign
from sofy.soreach.tests import factories
from sofy.soreach.tests.conftest import World


def test_today_counts_what_left_since_midnight_and_tells_what_is_still_to_leave(world: World) -> None:
    world.sent(3)
    now = clock.now()
    with client_scope(world.client.pk):
        later: dict[str, Any] = {"status": "scheduled", "starts_at": now + timedelta(minutes=30)}
        factories.make_campaign(world.client, world.route_id, name="Ce soir", **later)
        later = {"status": "scheduled", "starts_at": now + timedelta(days=1)}
        factories.make_campaign(world.client, world.route_id, name="Demain", **later)
        before: dict[str, Any] = {"status": "finished", "launched_at": now - timedelta(days=1)}
        factories.make_campaign(world.client, world.route_id, name="Hier", **before)
        today, week = queries.today(world.client.pk), queries.week(world.client.pk)

    assert today.left is not None
    assert week is not None
    assert (today.left.campaigns, today.left.recipients) == (1, 3)
    assert week.campaigns == 2
    assert [campaign.name for campaign in today.planned] == ["Ce soir"]

    page = world.browser().get(f"/c/{world.client.slug}/").text
    assert "Campaigns that left" in page
    assert "Ce soir" in page
    assert "Demain" not in page


@pytest.mark.parametrize(
    ("_case", "columns", "counted"),
    [
        ("planned for tomorrow, confirmed now", {"status": "scheduled", "starts": 24}, False),
        ("planned for a moment ago, and not begun yet", {"status": "scheduled", "starts": 0}, False),
        ("written beforehand for other time zones", {"status": "running", "starts": 12, "local_time": True}, False),
        ("cancelled before its moment", {"status": "cancelled", "starts": 24, "finished": 0}, False),
        ("stopped by a check at its moment", {"status": "refused", "starts": 0}, False),
        ("its moment is now", {"status": "expanding", "starts": 0}, True),
        ("cancelled on its way", {"status": "cancelled", "starts": -1, "finished": 0}, True),
        ("confirmed ten days ago for an hour ago", {"status": "running", "starts": -1, "launched": -240}, True),
        ("confirmed and left ten days ago", {"status": "finished", "starts": -240, "launched": -240}, False),
    ],
)
def test_a_campaign_has_left_once_its_first_message_may(
    _case: str, columns: dict[str, Any], counted: bool, world: World
) -> None:
    now = clock.now()
    moments = {
        f"{name}_at": now + timedelta(hours=hours) for name, hours in columns.items() if name in ("starts", "finished")
    }
    others = {name: value for name, value in columns.items() if name not in ("starts", "finished", "launched")}
    launched = now + timedelta(hours=columns.get("launched", -2))
    with client_scope(world.client.pk):
        factories.make_campaign(world.client, world.route_id, launched_at=launched, **(moments | others))
        left = (queries.today(world.client.pk).left, queries.week(world.client.pk))

    assert [one.campaigns if one else 0 for one in left] == ([1, 1] if counted else [0, 0])
    assert {one.last_at for one in left if one} <= {max(launched, moments["starts_at"])}


def test_by_local_time_a_campaign_has_left_once_somebody_was_written_to(world: World) -> None:
    campaign = world.sent(3, local_time=True)
    with client_scope(world.client.pk):
        Campaign.objects.filter(id=campaign.id).update(status="running", starts_at=clock.now() + timedelta(hours=3))
        left = queries.today(world.client.pk).left

    assert left is not None
    assert (left.campaigns, left.received) == (1, 3)


def test_a_day_with_nothing_says_so(world: World) -> None:
    page = world.browser(language="fr").get(f"/c/{world.client.slug}/").text

    assert "Aucune campagne n’est partie aujourd’hui." in page
    assert "Rien d’autre n’est prévu aujourd’hui." in page
    assert "Rien n’attend de décision." in page


def test_a_new_client_is_told_its_first_steps_one_at_a_time(world: World) -> None:
    owner, reader = world.browser(language="fr"), world.browser(language="fr", role="auditor")
    home = f"/c/{world.client.slug}/"
    empty, read_only = owner.get(home).text, reader.get(home).text
    with client_scope(world.client.pk):
        factories.make_contact(world.client, 1)
    with_contacts = owner.get(home).text
    with client_scope(world.client.pk):
        factories.make_campaign(world.client, world.route_id)
    with_campaign = owner.get(home).text

    first, second = "Aucun contact pour l’instant", "Écrivez à vos clients"
    assert [first in page for page in (empty, read_only, with_contacts, with_campaign)] == [True, False, False, False]
    assert [second in page for page in (empty, read_only, with_contacts, with_campaign)] == [False, False, True, False]
