"""The operator's pages: they open clients, suspend them, and leave their trace."""

import re

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients import queries
from sofy.clients.models import State
from sofy.clients.services import set_state
from sofy.clients.tests.factories import make_client
from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit import audit
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope

pytestmark = pytest.mark.django_db(databases=["default", "staff"], transaction=False)


@pytest.fixture
def staff():
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(make_user(is_operator=True), "allauth.account.auth_backends.AuthenticationBackend")
    return browser


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pages_open_in_both_languages(staff, language):
    for name in ("clients", "client-new", "find", "journal"):
        answer = staff.get(reverse(f"backoffice:{name}"), headers={"accept-language": language})

        assert answer.status_code == 200
        assert f'lang="{language}"' in answer.text
        assert 'data-area="op"' in answer.text


@pytest.mark.parametrize("value", ["²", "9" * 5000])
def test_a_place_in_the_journal_that_is_none_is_its_beginning(staff, value):
    assert staff.get(reverse("backoffice:journal"), {"after": value}).status_code == 200


def test_the_platforms_own_chain_is_verified_on_its_page(staff, monkeypatch):
    staff.get(reverse("backoffice:clients"))  # leaves an entry
    page = reverse("backoffice:journal")

    assert "The chain is whole" in staff.get(page, {"verify": 1}).text
    monkeypatch.setattr(audit, "verify", lambda *_, **__: audit.Verdict(0, 1, "altered"))
    assert "Entry 1 was changed" in staff.get(page, {"verify": 1}).text


def test_reading_the_list_of_clients_is_in_the_platforms_chain(staff):
    staff.get(reverse("backoffice:clients"))

    with staff_scope():
        entries = AuditEntry.objects.using("staff").filter(client_id=audit.PLATFORM, action="staff.read")
        assert entries.count() == 1


def test_staff_open_a_client_and_its_owner_is_invited(staff, mailoutbox):
    data = {"name": "Fleuriste Rive Gauche", "timezone": "Europe/Paris", "owner_email": "owner@example.test"}

    answer = staff.post(reverse("backoffice:client-new"), data)

    assert answer.status_code == 302
    assert mailoutbox[0].to == ["owner@example.test"]
    assert re.search(r"/invitation/\S+", mailoutbox[0].body)


def test_a_line_break_in_a_name_breaks_no_invitation(staff, mailoutbox):
    data = {"name": "Boul\r\nBcc: x@y.test", "timezone": "Europe/Paris", "owner_email": "owner@example.test"}

    answer = staff.post(reverse("backoffice:client-new"), data)

    assert answer.status_code == 302
    assert "Boul Bcc: x@y.test" in mailoutbox[0].subject
    assert mailoutbox[0].recipients() == ["owner@example.test"]


def test_a_client_without_a_name_is_refused_in_words(staff):
    answer = staff.post(reverse("backoffice:client-new"), {"name": "", "timezone": "Nowhere", "owner_email": "x"})

    assert answer.status_code == 422
    assert "Enter a valid email address." in answer.text


def test_somebody_who_is_not_staff_cannot_suspend():
    client = make_client()
    browser = Browser()
    browser.force_login(make_user(client=client), "allauth.account.auth_backends.AuthenticationBackend")

    answer = browser.post(reverse("backoffice:client", args=[client.slug]), {"reason": "x"})

    assert answer.status_code == 404


def test_staff_without_a_membership_do_not_enter_a_workspace(staff):
    client = make_client()

    assert staff.get(reverse("clients:home", args=[client.slug])).status_code == 404


@pytest.mark.parametrize("reason", ["", "x" * 201])
def test_a_suspension_needs_a_reason(staff, reason, monkeypatch):
    client = make_client()
    monkeypatch.setattr(queries, "find_client", lambda slug: client)

    answer = staff.post(reverse("backoffice:client", args=[client.slug]), {"reason": reason})

    assert answer.status_code == 422


def test_a_suspension_is_in_the_clients_chain(staff, monkeypatch):
    client = make_client()
    # The staff login does not see what this test's own transaction has not committed.
    monkeypatch.setattr(queries, "find_client", lambda slug: client)

    staff.post(reverse("backoffice:client", args=[client.slug]), {"reason": "CGVU 17"})

    with client_scope(client.pk):
        client.refresh_from_db()
        assert client.state == "suspended"
        assert AuditEntry.objects.filter(client_id=client.pk, action="client.suspended").count() == 1


def test_the_page_of_a_client_says_since_when_and_why_it_is_suspended(staff, monkeypatch):
    client, page = make_client(), reverse("backoffice:client", args=["any"])
    monkeypatch.setattr(queries, "find_client", lambda slug: client)

    before = staff.get(page).text
    set_state(client.pk, State.SUSPENDED, actor="user:staff", reason="An older ticket")
    set_state(client.pk, State.ACTIVE, actor="user:staff", reason="Answered")
    set_state(client.pk, State.SUSPENDED, actor="user:staff", reason="CGVU 17, ticket 812")
    with client_scope(client.pk):
        client.refresh_from_db()
        since = AuditEntry.objects.filter(client_id=client.pk, action="client.suspended").latest("seq").at
    suspended = staff.get(page).text

    assert "Suspended since" not in before
    assert f'<dt>Suspended since</dt><dd><time datetime="{since.isoformat()}"' in suspended
    assert "<dd>CGVU 17, ticket 812</dd>" in suspended
    assert "An older ticket" not in suspended


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_switch_says_what_it_would_do_and_not_that_it_is_done(staff, language, monkeypatch):
    client, page = make_client(), reverse("backoffice:client", args=["any"])
    monkeypatch.setattr(queries, "find_client", lambda slug: client)

    active = staff.get(page, headers={"accept-language": language}).text
    client.state = State.SUSPENDED
    suspended = staff.get(page, headers={"accept-language": language}).text

    would = {
        "en": ("Once it is suspended, its messages are withheld", "Once it is resumed, new messages leave."),
        "fr": ("Une fois le client suspendu, ses messages sont", "Une fois le client rétabli, les nouveaux messages"),
    }[language]
    assert [one in active for one in would] == [True, False]
    assert [one in suspended for one in would] == [False, True]
    assert f'<a href="{reverse("backoffice:clients")}">Clients</a>' in active.split("<h1")[0].split("<main")[1]


def test_an_address_of_no_client_is_404(staff):
    assert staff.get(reverse("backoffice:client", args=["nobody"])).status_code == 404


def test_one_odd_row_does_not_close_the_list_of_clients(staff, monkeypatch):
    lines = [
        queries.ClientLine(uuid7(), slug, name, "active", 0, 0, clock.now())
        for slug, name in (("Bad Slug!/..", "Odd one"), ("fine", "Fine one"))
    ]
    monkeypatch.setattr(queries, "all_clients", lambda search="": lines)

    answer = staff.get(reverse("backoffice:clients"))

    assert answer.status_code == 200
    assert "Odd one" in answer.text
    assert reverse("backoffice:client", args=["fine"]) in answer.text


@pytest.mark.parametrize(
    ("language", "nothing"), [("en", "a client is found by its name"), ("fr", "un client se trouve par son nom")]
)
def test_the_command_bar_of_staff_finds_clients(staff, monkeypatch, language, nothing):
    line = queries.ClientLine(uuid7(), "zephyr", "Boulangeries Zéphyr", "active", 0, 0, clock.now())
    monkeypatch.setattr(queries, "all_clients", lambda search="": [line] if search == "zéphyr" else [])
    staff.post(reverse("ui:preferences"), {"language": language})

    found = staff.post("/op/find", {"q": "zéphyr"}).text
    none = staff.post("/op/find", {"q": "nowhere"}).text

    assert 'href="/op/clients/zephyr"' in found
    assert nothing in none.replace("\u00a0", " ")
