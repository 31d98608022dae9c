"""Pages nobody looks for and everybody meets: an invitation, a forgotten password, and what says that something failed.

In the language of whoever reads them, with nothing of the machinery on them.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NO_BROWSER, PHONE, SHADES, Eyes, person
from tests.e2e.conftest import Up
from tests.e2e.pages import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(200),
    pytest.mark.skipif(NO_BROWSER, reason="SOFY_NO_BROWSER=1"),
]
PASSWORD = "une brioche, deux croissants 9"
NEXT_PASSWORD = "trois chouquettes, un flan 7"
MACHINERY = re.compile(r"Traceback|File \"|\.py\b|psycopg|django|Exception|SELECT ", re.IGNORECASE)
SAID = {
    "fr": {403: "Action non autorisée", 404: "Page introuvable", 500: "Une erreur est survenue"},
    "en": {403: "Not allowed", 404: "Page not found", 500: "Something went wrong"},
}


def mail_to(up: Up, address: str, after: float) -> str:
    """The newest mail to somebody, as the product's file of mails holds it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        files = sorted((up.demo.var / "mail").glob("*"), key=lambda path: path.stat().st_mtime)
        for path in reversed(files):
            text = path.read_text("utf-8", "replace")
            if path.stat().st_mtime >= after and address in text:
                return text.replace("=\n", "")
        time.sleep(0.2)
    raise AssertionError(f"no mail to {address}")


def link_in(mail: str, path: str) -> str:
    found = re.search(rf"http://[^\s\"]+{path}[^\s\"]+", mail)
    assert found, mail
    return found[0].replace("=3D", "=")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_somebody_is_invited_joins_and_forgets_the_password(browser: Browser, up: Up, owner: Any, language: str):
    state, client = owner
    address = f"nouvelle.{language}@example.org"
    inviting = person(browser, language="fr", state=state)
    host = Visitor(inviting.new_page(), up.url, client=client)
    began = time.time() - 1
    host.open("team/invite")
    host.page.fill("[name=email]", address)
    host.page.select_option("[name=role]", "marketer")
    host.press("main form button.btn-primary")
    inviting.close()
    invitation = link_in(mail_to(up, address, began), "/invitation/")

    eyes = Eyes(f"ways-in-{language}", SHADES[language])
    context = person(browser, language=language, width=PHONE)
    page = context.new_page()
    eyes.follow(page)
    visitor = Visitor(page, up.url)
    visitor.open(invitation.removeprefix(up.url))
    expect(page.locator("html")).to_have_attribute("lang", language)
    eyes.look(page, "invitation", closely=True)
    page.fill("[name=full_name]", "Nina Nouvelle")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    visitor.press("main form button.btn-primary")
    expect(page).to_have_url(re.compile(rf"/c/{client}/"))
    eyes.look(page, "first-home", closely=True)
    page.context.clear_cookies()

    began = time.time() - 1
    visitor.open("/account/password/reset/")
    eyes.look(page, "password-forgotten", closely=True)
    page.fill("[name=email]", address)
    visitor.press("main form button.btn-primary")
    eyes.look(page, "password-mail-sent", closely=True)
    visitor.open(link_in(mail_to(up, address, began), "/account/password/reset/key/").removeprefix(up.url))
    eyes.look(page, "password-new", closely=True)
    page.fill("[name=password1]", NEXT_PASSWORD)
    page.fill("[name=password2]", NEXT_PASSWORD)
    visitor.press("main form button.btn-primary")
    eyes.look(page, "password-kept", closely=True)
    visitor.open("/account/login/")
    page.fill("[name=login]", address)
    page.fill("[name=password]", NEXT_PASSWORD)
    visitor.press("main form button.btn-primary")
    expect(page).to_have_url(re.compile(rf"/c/{client}/"))

    assert eyes.problems == []
    refused = Eyes(f"errors-{language}")
    said_in_words(page, up.url + f"/c/{client}/team/invite", 403, language, refused)
    context.close()
    assert refused.problems == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_not_there_and_what_fails_is_said_in_words(browser: Browser, up: Up, owner: Any, language: str):
    state, client = owner
    eyes = Eyes(f"errors-{language}", SHADES[language])
    context = person(browser, language=language, state=state)
    page = context.new_page()
    visitor = Visitor(page, up.url, client=client)
    visitor.open("")
    visitor.speak(language)
    stranger = person(browser, language=language).new_page()

    said_in_words(page, f"{up.url}/nowhere", 404, language, eyes)
    said_in_words(page, f"{up.url}/c/nobody/", 404, language, eyes)
    said_in_words(page, f"{up.url}/c/{client}/nowhere", 404, language, eyes)
    said_in_words(page, f"{up.url}/op/clients/", 404, language, eyes)
    said_in_words(stranger, f"{up.url}/invitation/forged", 404, language, eyes)
    with broken(up, "accounts_api_key"):
        said_in_words(page, f"{up.url}/c/{client}/keys/", 500, language, eyes)
    visitor.open("keys/")
    stranger.context.close()
    context.close()

    assert eyes.problems == []


def said_in_words(page: Page, address: str, status: int, language: str, eyes: Eyes) -> None:
    """One page that says no: the right status, in the reader's language, nothing of the machinery, good to look at."""
    answer = page.goto(address)
    assert answer
    assert answer.status == status, address
    assert answer.headers["content-type"].startswith("text/html")
    expect(page.locator("html")).to_have_attribute("lang", language)
    text = page.locator("body").inner_text()
    if "invitation" not in address:
        expect(page.locator("h1")).to_contain_text(SAID[language][status])
    assert not MACHINERY.search(text), text
    eyes.look(page, f"{status}-{Path(address).name or 'client'}", closely=True)


@contextmanager
def broken(up: Up, table: str) -> Iterator[None]:
    """A table that is not where the product looks for it."""
    with up.demo.admin() as admin:
        admin.execute(f"alter table {table} rename to {table}_away")
    try:
        yield
    finally:
        with up.demo.admin() as admin:
            admin.execute(f"alter table {table}_away rename to {table}")


def test_what_keeps_books_gives_way_to_what_hands_messages_over(up: Up):
    rows = json.loads(up.demo.run("status", "--json"))["processes"]

    gives_way = {row["name"]: os.getpriority(os.PRIO_PROCESS, row["pid"]) > 0 for row in rows if row["pid"]}
    assert {name for name, gives in gives_way.items() if gives} == {"worker", "notify"}
    assert {"engine", "ingest", "web"} <= set(gives_way)
