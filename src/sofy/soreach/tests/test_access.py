"""Who reads names: whoever may see contacts; others read figures. Who may not do a thing is not offered it."""

import re

import pytest

from sofy.accounts.tests.factories import make_user
from sofy.audience.segments.models import Segment
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


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        ("owner", ["audience", "content", "schedule", "checks", "confirm"]),
        ("marketer", ["audience", "content", "schedule", "checks", "confirm"]),
        ("store_manager", ["audience", "content", "schedule", "checks"]),
        ("auditor", ["checks"]),
    ],
)
def test_the_wizard_leads_to_the_steps_somebody_may_open(role: str, steps: list[str], world: World) -> None:
    campaign, browser = world.draft(), world.browser(role)

    page = browser.get(world.url(campaign, "checks")).text
    bar = page.partition('class="steps-bar"')[2].partition("</ol>")[0]
    linked = re.findall(r'href="([^"]+)"', bar)

    assert linked == [world.url(campaign, step) for step in steps]
    assert bar.count("<li>") == 5
    assert [browser.get(href).status_code for href in linked] == [200] * len(steps)
    assert ("A marketer or an owner of the account" in page) is ("confirm" not in steps)


def test_a_draft_offers_an_auditor_nothing_to_press(world: World) -> None:
    campaign, auditor = world.draft(editorial={"violent": True, "racist": False}), world.browser("auditor")

    page = main_of(auditor.get(world.url(campaign, "checks")).text)
    auditor.post(world.url(campaign, "checks"), {"topics": ["racist"]})

    boxes = re.findall(r'<input type="checkbox"[^>]*>', page)
    assert (len(boxes), sum("checked" in box for box in boxes)) == (5, 1)
    assert all("disabled" in box for box in boxes)
    assert not re.findall("<button|<form|<details", page)
    assert "You stated" not in page
    assert "You are the publisher" not in page
    assert world.reload(campaign).editorial == {"violent": True, "racist": False}


def test_a_store_manager_answers_for_the_content_and_another_person_launches(world: World) -> None:
    campaign, manager, owner = world.draft(editorial={}), world.browser("store_manager"), world.browser()
    here = world.url(campaign, "checks")

    page = manager.get(here).text
    answered = manager.post(here, {"topics": ["violent"]}, follow=True)
    onward = owner.post(here, {"topics": ["violent"]})

    assert "Nobody has said whether the content holds something forbidden." in page
    assert "Keep this answer" in page
    assert "Confirm and go on" not in page
    assert answered.redirect_chain == [(here, 302)]
    assert "The answer is kept." in answered.text
    assert world.reload(campaign).editorial["violent"] is True
    assert onward.url == world.url(campaign, "confirm")


def test_a_segment_is_made_by_whoever_may_make_one(world: World) -> None:
    campaign = world.draft()
    with client_scope(world.client.pk):
        Segment.objects.all().delete()

    manager, owner = (
        world.browser(role).get(world.url(campaign, "audience")).text for role in ("store_manager", "owner")
    )

    assert "No segment yet" in manager
    assert "segments/new" not in main_of(manager)
    assert "segments/new" in main_of(owner)


@pytest.mark.parametrize("role", ["owner", "store_manager", "auditor", "developer"])
def test_a_report_leads_nowhere_somebody_may_not_go(role: str, world: World) -> None:
    campaign, browser = world.sent(), world.browser(role)

    page = main_of(browser.get(world.url(campaign, "report")).text)
    linked = {href for href in re.findall(r'href="([^"#]+)"', page) if "/campaigns/" in href}

    assert (world.url(campaign, "progress") in linked) is (role != "developer")
    assert {href: browser.get(href).status_code for href in linked} == dict.fromkeys(linked, 200)


def main_of(page: str) -> str:
    """A page without what is on every page."""
    return page.partition("<main")[2].partition("</main>")[0]


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
