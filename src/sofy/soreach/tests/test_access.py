"""Who reads names: whoever may see contacts; others read figures."""

import pytest

from sofy.accounts.tests.factories import make_user
from sofy.kit.rls import client_scope
from sofy.soreach.tests import factories
from sofy.soreach.tests.conftest import World


def test_somebody_who_may_not_see_contacts_reads_figures_and_no_names(world: World) -> None:
    campaign = world.sent()
    developer = world.browser("developer")

    report = developer.get(world.url(campaign, "report"))
    people = developer.get(world.url(campaign, "report/people?figure=recipients"))

    assert report.status_code == 200
    assert "report/people" not in report.text
    assert people.status_code == 403
    assert "Prénom" not in report.text + people.text


@pytest.mark.parametrize("role", ["owner", "marketer", "auditor"])
def test_figures_lead_to_the_people_for_whoever_may_see_contacts(role: str, world: World) -> None:
    campaign = world.sent()
    browser = world.browser(role)

    report = browser.get(world.url(campaign, "report")).text
    people = browser.get(world.url(campaign, "report/people?figure=recipients")).text

    assert "report/people?figure=recipients" in report
    assert "Prénom3" in people


@pytest.mark.parametrize(("role", "offered"), [("owner", True), ("store_manager", True), ("auditor", False)])
def test_a_report_has_a_menu_for_whoever_finds_something_in_it(role: str, offered: bool, world: World) -> None:
    page = world.browser(role).get(world.url(world.sent(), "report")).text

    assert ('<details class="menu">' in main_of(page)) is offered
    assert ("duplicate" in page) is offered


def main_of(page: str) -> str:
    """A page without what surrounds it everywhere."""
    return page.partition("<main")[2]


def test_the_wizard_tells_a_store_manager_whom_they_count(world: World) -> None:
    campaign = world.draft()
    with client_scope(world.client.pk):
        shop = world.shops()[0]
        factories.make_contact(world.client, 7001, establishment_id=shop)
    user = make_user(client=world.client, role="store_manager", establishments=[shop])
    manager, owner = world.browser(user=user), world.browser()

    theirs, whole = (browser.get(world.url(campaign, "audience")).text for browser in (manager, owner))

    assert 'reach-total">1<' in theirs
    assert 'reach-total">4<' in whole
    assert "contacts of your points of sale" in theirs
    assert "contacts of your points of sale" not in whole
