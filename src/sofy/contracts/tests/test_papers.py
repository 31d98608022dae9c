"""An order form as PDF, and whom to write to at a client; nobody sees those of another client."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries
from sofy.contracts.tests.factories import signed_on_paper
from sofy.kernel import clock
from sofy.kit.rls import client_scope

NOW = datetime(2026, 4, 15, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
GIVEN = {"name": "Claire Martin", "email": "compta@example.org", "phone": "06 39 98 00 01"}


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


@LANGUAGES
@pytest.mark.clause("CGVU 2")
def test_both_sides_have_the_order_form_on_paper(language):
    client = make_client()
    form = signed_on_paper(client, date(2026, 4, 1))

    ours = browser(make_user(is_operator=True), language).get(reverse("contracts:pdf-staff", args=[client.pk, form.pk]))
    theirs = browser(make_user(client=client), language).get(reverse("contracts:pdf", args=[client.slug, form.pk]))

    for answer in (ours, theirs):
        assert answer.content.startswith(b"%PDF")
        assert form.number in answer["Content-Disposition"]
    assert ours.content == theirs.content


def test_nobody_has_the_order_form_of_another_client():
    client, other = make_client(), make_client()
    form = signed_on_paper(client, date(2026, 4, 1))
    hostile = browser(make_user(client=other))

    for slug in (client.slug, other.slug):
        assert hostile.get(reverse("contracts:pdf", args=[slug, form.pk])).status_code == 404
    assert hostile.get(reverse("contracts:pdf-staff", args=[client.pk, form.pk])).status_code == 404


@LANGUAGES
def test_an_owner_names_whom_to_write_to(language):
    client = make_client()
    owner = browser(make_user(client=client, role="owner"), language)
    page = reverse("contracts:contacts", args=[client.slug])

    kept = owner.post(page, {"kind": "billing", **GIVEN})
    again = owner.post(page, {"kind": "billing", **GIVEN, "name": "Paul Petit"})
    wrong = owner.post(page, {"kind": "security", **GIVEN, "email": "nobody"})

    assert (kept.status_code, again.status_code, wrong.status_code) == (302, 302, 422)
    with client_scope(client.pk):
        found = queries.contacts(client.pk)
        assert {kind: row.name for kind, row in found.items()} == {"billing": "Paul Petit"}
    assert "compta@example.org" in owner.get(page).text


def test_who_does_not_sign_reads_and_changes_nothing():
    client, other = make_client(), make_client()
    reader = browser(make_user(client=client, role="marketer"))
    page = reverse("contracts:contacts", args=[client.slug])

    answer = reader.post(page, {"kind": "billing", **GIVEN})

    assert answer.status_code in (200, 403)
    with client_scope(client.pk):
        assert queries.contacts(client.pk) == {}
    assert browser(make_user(client=other)).get(page).status_code == 404
