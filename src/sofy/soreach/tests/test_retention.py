"""What campaigns keep about people goes when its declared time is over, or when the person is erased."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from sofy.audience.models import Contact
from sofy.kernel import clock
from sofy.kit import jobs, personal_data
from sofy.kit.rls import client_scope
from sofy.soreach import report
from sofy.soreach.models import CampaignExclusion, Click, ShortLink
from sofy.soreach.services import retention
from sofy.soreach.tasks import expire_campaigns
from sofy.soreach.tests import factories

pytestmark = pytest.mark.clause("DPA 12")
PERSON = {
    "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1",
    "accept-language": "fr-FR",
}


@pytest.fixture
def campaign(world: Any) -> Any:
    """Twelve people with a link each, one of them clicked; one was left out."""
    made = world.sent()
    with client_scope(world.client.pk):
        codes = list(ShortLink.objects.values_list("code", flat=True))
        made.finished_at = clock.now()
        made.save(update_fields=["finished_at"])
    Browser(headers=PERSON).get(f"/l/{codes[0]}")
    return made


def kept(world: Any) -> tuple[int, int, int]:
    with client_scope(world.client.pk):
        return tuple(model.objects.count() for model in (ShortLink, Click, CampaignExclusion))  # type: ignore[return-value]


def test_nothing_goes_before_its_time(world, campaign, at):
    assert retention.expire(world.client.pk) == 0
    at(clock.now() + timedelta(days=364))

    assert retention.expire_all() == 0
    assert kept(world) == (12, 1, 1)


def test_links_go_after_a_year_and_what_people_did_after_three(world, campaign, at):
    began = clock.now()
    counts = campaign.counts
    at(began + timedelta(days=366))
    assert retention.expire_all() == 12
    assert kept(world) == (0, 1, 1)
    at(began + timedelta(days=3 * 365 - 1))
    assert retention.expire_all() == 0
    at(began + timedelta(days=3 * 365 + 1))

    assert retention.expire_all() == 2

    assert kept(world) == (0, 0, 0)
    again = world.reload(campaign)
    assert again.counts == counts
    with client_scope(world.client.pk):
        assert report.progress(again).recipients == 12


def test_who_is_erased_leaves_no_click_behind(world, campaign):
    with client_scope(world.client.pk):
        who = Click.objects.get().contact_id
        assert who
        Contact.objects.filter(client_id=world.client.pk, id=who).delete()

    assert retention.expire(world.client.pk) == 2  # the click and the person's own link
    assert kept(world) == (11, 0, 1)


def test_another_clients_rows_stay(world, campaign, at):
    other = factories.make_client("Autre")
    at(clock.now() + timedelta(days=4000))

    assert retention.expire(other.pk) == 0
    assert kept(world) == (12, 1, 1)


def test_the_worker_does_it_and_the_register_says_so():
    assert expire_campaigns in jobs.chores()
    declared = {column.table: column.retention for column in personal_data.REGISTER.values()}
    assert "one year" in declared["soreach_shortlink"]
    assert "three years" in declared["soreach_click"]
    assert "three years" in declared["soreach_exclusion"]
