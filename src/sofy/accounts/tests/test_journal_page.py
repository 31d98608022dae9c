"""The journal's page says what recomputing its chain found, in words, and leads to the place."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients import words
from sofy.clients.tests.factories import make_client
from sofy.kit import audit
from sofy.kit.audit import Verdict
from sofy.kit.rls import client_scope

pytestmark = [pytest.mark.django_db(databases=["default", "staff"]), pytest.mark.clause("DPA 2")]


@pytest.fixture
def client():
    return make_client()


@pytest.fixture
def browser(client):
    browser = Browser(headers={"accept-language": "en"})
    owner = make_user(client=client, role="owner")
    browser.force_login(owner, "allauth.account.auth_backends.AuthenticationBackend")
    return browser


def test_nothing_is_said_until_somebody_asks_then_that_the_chain_is_whole(browser, client):
    page = reverse("clients:journal", args=[client.slug])

    assert "recomputed" not in browser.get(page).text
    assert "The chain is whole" in browser.get(page, {"verify": 1}).text


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict(1, 2, "altered"), "Entry 2 was changed after it was written. The 1 entry before it is"),
        (Verdict(4, 5, "missing"), "Entry 5 is gone. The 4 entries before it are"),
        (Verdict(4, 5, "unlinked"), "Entry 5 does not follow from the one before it."),
        (Verdict(4, 5, "truncated"), "Entries are gone at the end: number 5"),
    ],
)
def test_a_broken_chain_is_told_in_words_with_a_way_to_the_place(browser, client, monkeypatch, verdict, said):
    with client_scope(client.pk):
        for _ in range(6):
            audit.append(client.pk, "settings.changed", "worker")
    monkeypatch.setattr(audit, "verify", lambda *_, **__: verdict)

    page = browser.get(reverse("clients:journal", args=[client.slug]), {"verify": 1}).text

    assert said in page
    assert verdict.reason not in page
    assert f"after={verdict.broken_at + 1}" in page
    assert page.count('class="table-danger"') == 1


def test_every_reason_has_its_words():
    assert set(words.BREAKS) == {"altered", "missing", "unlinked", "truncated"}
