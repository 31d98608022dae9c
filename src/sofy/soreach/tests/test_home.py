"""The home page of a client: today, what runs, what waits."""

from datetime import timedelta
from typing import Any

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import queries
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
