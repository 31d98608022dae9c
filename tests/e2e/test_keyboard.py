"""The keyboard alone, and where things stand: what is asked twice, what closes again, what stays on one line."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NO_BROWSER, person
from tests.e2e.conftest import Up
from tests.e2e.pages import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(NO_BROWSER, reason="SOFY_NO_BROWSER=1"),
]


def test_what_nobody_brings_back_is_asked_twice_and_escape_takes_it_back(browser: Browser, up: Up, owner: Any):
    state, client = owner
    up.demo.run("apikey", "create", "Caisse 9", "--client", client, "--scope", "messages:read", "--json")
    page = page_in_french(browser, up, state, client, "keys/")
    row = page.locator("tr", has_text="Caisse 9")
    asks, does = row.locator("summary"), row.locator("form button")

    walk_to(page, asks)
    page.keyboard.press("Enter")
    expect(does).to_be_visible()
    page.keyboard.press("Escape")
    expect(does).to_be_hidden()
    expect(asks).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(does).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".alert, .notice").first).to_contain_text("révoquée")
    expect(row.locator("summary")).to_have_count(0)
    page.context.close()


def page_in_french(browser: Browser, up: Up, state: Any, client: str, path: str) -> Page:
    """A page of the owner's, who may have chosen English in a test before this one."""
    visitor = Visitor(person(browser, language="fr", state=state).new_page(), up.url, client=client)
    visitor.open(path)
    visitor.speak("fr")
    return visitor.page


def walk_to(page: Page, place: Any) -> None:
    """Press Tab until the place has the focus."""
    for _press in range(150):
        page.keyboard.press("Tab")
        if place.evaluate("it => it === document.activeElement"):
            return
    raise AssertionError(f"{place} is not reached by Tab")


def test_the_words_of_a_condition_stay_together_on_a_desk(browser: Browser, up: Up, owner: Any):
    state, client = owner
    page = page_in_french(browser, up, state, client, "segments/new")

    tops = [box["y"] for part in page.locator(".builder-part").all()[-2:] if (box := part.bounding_box())]
    page.context.close()

    assert len(tops) == 2
    assert abs(tops[0] - tops[1]) < 5, "by SMS, for marketing"
