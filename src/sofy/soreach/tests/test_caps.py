"""Who has had their share: counted before the launch, left out at it, whoever edits the campaign."""

from datetime import timedelta

import pytest

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import people, rules
from sofy.soreach.models import CampaignExclusion
from sofy.soreach.rules import Cap
from sofy.soreach.services import caps, checks, estimate, lifecycle
from sofy.soreach.services.expand import expand
from sofy.soreach.tests import factories
from sofy.soreach.views.who import START

WEEK = Cap(1, 7)


@pytest.mark.parametrize(
    ("_case", "of_client", "of_campaign", "in_force"),
    [
        ("none", Cap(0, 7), Cap(0, 7), []),
        ("the client's", WEEK, Cap(0, 7), [WEEK]),
        ("the campaign's", Cap(0, 7), WEEK, [WEEK]),
        ("the same", WEEK, WEEK, [WEEK]),
        ("looser does nothing", WEEK, Cap(5, 7), [WEEK]),
        ("stricter counts alone", Cap(5, 7), WEEK, [WEEK]),
        ("each in its way", WEEK, Cap(2, 30), [WEEK, Cap(2, 30)]),
    ],
)
def test_caps_in_force(_case, of_client, of_campaign, in_force):
    assert rules.caps_in_force(of_client, of_campaign) == in_force


@pytest.fixture
def limited(world):
    """A client that allows one message in seven days, whose three contacts who agreed had one, and a newcomer."""
    first = world.draft(status="expanding", launched_at=clock.now(), starts_at=clock.now())
    expand(world.client.pk, first.id)
    with client_scope(world.client.pk):
        world.client.cap_messages, world.client.cap_days = 1, 7
        world.client.save()
        factories.make_contact(world.client, 50)
    return world


def reach(world, campaign):
    with client_scope(world.client.pk):
        return estimate.reach(campaign)


def test_the_limit_of_the_client_counts_whatever_the_campaign_says(limited):
    second = limited.draft(status="expanding", launched_at=clock.now(), starts_at=clock.now(), cap_messages=0)

    total = expand(limited.client.pk, second.id)

    assert (total.added, total.excluded["capped"]) == (1, 3)
    with client_scope(limited.client.pk):
        assert CampaignExclusion.objects.filter(campaign_id=second.id, reason="capped").count() == 3


def test_whoever_had_their_share_is_counted_before_the_launch(limited, at):
    draft = limited.draft(name="Encore")

    today = reach(limited, draft)
    with client_scope(limited.client.pk):
        found, estimated = checks.run_checks(limited.client, draft)
    at(clock.DEMO_START + timedelta(days=8))

    assert (today["reachable"], today["capped"], today["no_consent"]) == (1, 3, 1)
    assert (estimated.reachable, estimated.parts) == (1, 1)
    assert ("cap", {"messages": 1, "days": 7}) in [(check.code, check.facts) for check in found]
    assert reach(limited, draft) == today | {"reachable": 4, "capped": 0}


def test_nobody_is_left_when_everybody_had_their_share(limited):
    with client_scope(limited.client.pk):
        newcomer = factories.Contact.objects.order_by("-id").values_list("id", flat=True)[0]
        factories.Contact.objects.filter(client_id=limited.client.pk, id=newcomer).update(deleted_at=clock.now())
        draft = factories.make_campaign(limited.client, limited.route_id)

        found, estimated = checks.run_checks(limited.client, draft)

    assert estimated.reachable == 0
    assert "nobody_reachable" in [check.code for check in found]


def test_the_count_to_type_is_net_of_them(limited, monkeypatch):
    monkeypatch.setattr(rules, "TYPED_COUNT_FROM", 1)
    draft = limited.draft(name="Encore")

    with client_scope(limited.client.pk):
        launched = lifecycle.launch(limited.client, draft, actor="user:owner", typed_count=1)

    assert launched.confirmed_count == 1


def test_each_figure_of_an_audience_leads_to_its_people(limited):
    draft = limited.draft(name="Encore")
    browser = limited.browser()

    page = browser.get(limited.url(draft, "audience")).text
    lists = {state: browser.get(limited.url(draft, f"audience/people?state={state}")) for state in people.REACH}

    for state in people.REACH:
        assert f'audience/people?state={state}"' in page
        assert lists[state].status_code == 200
    assert "Prénom50 Nom50" in lists["reachable"].text
    assert "Prénom1 Nom1" not in lists["reachable"].text
    assert "Prénom1 Nom1" in lists["capped"].text
    assert "Prénom9000 Nom9000" in lists["no_consent"].text
    assert "Nobody is behind this figure" in lists["invalid"].text
    assert browser.get(limited.url(draft, "audience/people?state=none")).status_code == 404


def test_a_list_goes_on_where_it_stopped(limited, monkeypatch):
    monkeypatch.setattr("sofy.soreach.views.who.PER_PAGE", 2)
    draft = limited.draft(name="Encore")
    with client_scope(limited.client.pk):
        numbers = caps.capped_numbers(draft)
        ids = people.of_state(draft, "capped", numbers, after=START, limit=9)
    browser = limited.browser()

    first = browser.get(limited.url(draft, "audience/people?state=capped"))
    second = browser.get(limited.url(draft, f"audience/people?state=capped&after={ids[1]}"))

    assert f"after={ids[1]}" in first.text
    assert str(ids[2]) in second.text
    assert str(ids[0]) not in second.text


def test_a_store_manager_is_led_to_the_people_of_their_shops(limited):
    answer = limited.browser("store_manager").get(limited.url(limited.draft(), "audience/people?state=capped"))

    assert "Nobody is behind this figure" in answer.text
    assert "Nom1" not in answer.text
