"""What a client reads while its account is suspended: nothing leaves, and what becomes of each campaign."""

from datetime import timedelta
from typing import Any

import pytest

from sofy.clients.models import State
from sofy.clients.services import set_state
from sofy.kernel import clock
from sofy.soreach.models import Campaign
from sofy.soreach.services import tick
from sofy.soreach.tests.conftest import World

pytestmark = pytest.mark.clause("CGVU 11")
NOTHING_LEAVES = "Votre compte est suspendu\N{NO-BREAK SPACE}: rien ne part"


def planned(world: World, status: str = "scheduled") -> Campaign:
    """A campaign that was confirmed for tomorrow before the suspension."""
    moments: dict[str, Any] = {"timing": "at", "starts_at": clock.now() + timedelta(days=1), "launched_at": clock.now()}
    return world.draft(status=status, confirmed_count=3, **moments)


def suspend(world: World) -> None:
    """The operator suspends the client."""
    set_state(world.client.pk, State.SUSPENDED, actor="user:staff", reason="CGVU 17")


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("scheduled", "la campagne est refusée"),
        ("awaiting_approval", "cette campagne ne peut pas être approuvée"),
        ("running", "est retenu quand vient son tour"),
        ("paused", "est retenu quand vient son tour"),
        ("finished", ""),
    ],
)
def test_the_page_of_a_campaign_says_what_becomes_of_it(status: str, becomes: str, world: World) -> None:
    campaign, browser = planned(world, status), world.browser(language="fr")
    before = browser.get(world.url(campaign, "progress")).text
    suspend(world)

    page = browser.get(world.url(campaign, "progress")).text

    assert NOTHING_LEAVES not in before
    assert (NOTHING_LEAVES in page) == bool(becomes)
    assert becomes in page
    assert "Elle partira" not in page


def test_what_the_page_says_of_a_scheduled_campaign_is_what_happens(world: World) -> None:
    campaign = planned(world)
    suspend(world)
    clock.install(lambda: clock.DEMO_START + timedelta(days=1))

    tick.tick_client(world.client.pk)

    assert world.reload(campaign).status == "refused"
    assert [one["code"] for one in campaign.refused_because] == ["client_suspended"]


def test_the_list_of_campaigns_says_it(world: World) -> None:
    planned(world)
    browser = world.browser(language="fr")
    before = browser.get(world.url()).text
    suspend(world)

    page = browser.get(world.url()).text

    assert NOTHING_LEAVES not in before
    assert NOTHING_LEAVES in page
    assert "une campagne dont le moment arrive est refusée" in page


@pytest.mark.parametrize("role", ["owner", "auditor", "store_manager", "developer"])
def test_home_asks_for_attention_whoever_reads_it(role: str, world: World) -> None:
    browser = world.browser(role, language="fr")
    before = browser.get(f"/c/{world.client.slug}/").text
    suspend(world)

    page = browser.get(f"/c/{world.client.slug}/").text

    assert NOTHING_LEAVES not in before
    attention = page[page.index("À traiter") :].split("</section>")[0]
    assert NOTHING_LEAVES in attention
    assert "Rien n’attend de décision." not in page
