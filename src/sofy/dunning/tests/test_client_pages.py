"""What a late client sees: why its access is closed, how to pay, what stays open; and what it contests."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.billing.models import Invoice
from sofy.clients.tests.factories import make_client
from sofy.contracts.tests.factories import ACTOR
from sofy.dunning.services import access, disputes, standings
from sofy.dunning.tests.late import at, late_client
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture
def late(engine_db):
    return late_client()


@pytest.fixture
def suspended(late):
    late.noticed()
    late.on("2026-05-12T00:00")
    return late


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def page(late, language="en", role="owner"):
    return browser(make_user(client=late.client, role=role), language).get(
        reverse("dunning:due", args=[late.client.slug])
    )


def invoice_id(late, place=0):
    with staff_scope():
        return Invoice.objects.using("staff").get(client_id=late.client.pk, number=late.numbers[place]).pk


@pytest.mark.clause("CGVU 7.2", "CGVU 11")
@LANGUAGES
def test_a_suspended_client_reads_why_and_how_to_pay(suspended, language):
    text = page(suspended, language).text

    assert "CGVU 11" in text
    assert "La suspension intervient uniquement après respect de la procédure de mise en demeure" in text
    assert {"fr": f"Factures concernées\N{NO-BREAK SPACE}: {suspended.numbers[0]}",
            "en": f"Invoices concerned: {suspended.numbers[0]}"}[language] in text  # fmt: skip
    assert {"fr": "1\N{NARROW NO-BREAK SPACE}800,00", "en": "1,800.00"}[language] in text
    assert "FR76\N{NO-BREAK SPACE}3000" in text
    assert "data:image/svg+xml;base64," in text
    assert {"fr": "dès que l’argent est encaissé", "en": "as soon as the money is booked"}[language] in text


@LANGUAGES
def test_after_a_log_in_a_suspended_client_reads_that_first(suspended, language):
    user = make_user(client=suspended.client)
    reader = browser(user, language)

    first = reader.get("/", follow=True)
    team = reader.get(reverse("clients:team", args=[suspended.client.slug]))

    assert {"fr": "L’accès est suspendu", "en": "Access is suspended"}[language] in first.text
    assert reverse("dunning:due", args=[suspended.client.slug]) in team.text


@pytest.mark.clause("CGVU 30")
def test_what_a_suspended_client_owns_stays_open(suspended):
    reader, slug = browser(make_user(client=suspended.client)), suspended.client.slug
    addresses = [
        reverse("billing:invoices", args=[slug]),
        reverse("billing:invoice", args=[slug, invoice_id(suspended)]),
        reverse("contracts:contract", args=[slug]),
        reverse("audience:contacts", args=[slug]),
        reverse("messaging:messages", args=[slug]),
        reverse("dunning:due", args=[slug]),
    ]

    assert [reader.get(one).status_code for one in addresses] == [200] * len(addresses)
    exported = reader.post(reverse("audience:contact-export", args=[slug]), {"format": "csv"}, follow=True)
    assert exported.status_code == 200
    assert reader.post(reverse("messaging:messages-export", args=[slug]), {}, follow=True).status_code == 200


@LANGUAGES
def test_the_days_of_a_notice_are_shown_one_by_one(late, language):
    late.noticed()
    at("2026-05-04T09:00")

    text = page(late, language).text

    assert {"fr": "jour ouvré 5", "en": "business day 5"}[language] in text
    assert text.count({"fr": "jour férié", "en": "public holiday"}[language]) == 2
    assert {"fr": "12 mai 2026", "en": "12 May 2026"}[language] in text


def test_somebody_who_may_not_see_the_contract_sees_no_amount(suspended):
    text = page(suspended, role="marketer").text

    assert "An owner of your company sees here" in text
    assert "1,800.00" not in text


def test_a_contract_that_cannot_be_worked_out_still_has_a_page(suspended, monkeypatch):
    monkeypatch.setattr(standings, "work_out", lambda *_, **__: (_ for _ in ()).throw(Refused("contract_unreadable")))

    assert "cannot be worked out at the moment" in page(suspended).text


def test_nobody_sees_what_another_client_has_to_pay(late):
    hostile = browser(make_user(client=make_client()))

    assert hostile.get(reverse("dunning:due", args=[late.client.slug])).status_code == 404


# --- contested --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("CGVU 15")
def test_a_client_contests_an_invoice_once_until_it_is_answered(late):
    at("2026-05-04T09:00")
    reader = browser(make_user(client=late.client))
    address = reverse("dunning:contest", args=[late.client.slug, invoice_id(late)])

    empty = reader.post(address, {"reason": " "}, follow=True).text
    done = reader.post(address, {"reason": "We ordered 10, not 20."}, follow=True).text
    again = reader.post(address, {"reason": "We ordered 10, not 20."}, follow=True).text

    assert "Say why you contest it." in empty
    assert "You contest this invoice." in done
    assert "contested already" in again
    with staff_scope():
        found = standings.work_out(late.client.pk, late.form.pk).position
    assert [one.number for one in found.demandable] == late.numbers[1:]

    at("2026-05-06T09:00")
    disputes.answer(late.client.pk, invoice_id(late), platform_flaw=False, actor=ACTOR)
    with staff_scope():
        found = standings.work_out(late.client.pk, late.form.pk).position
    assert [one.number for one in found.demandable] == late.numbers
    with pytest.raises(Refused, match="dispute_none"):
        disputes.answer(late.client.pk, invoice_id(late), platform_flaw=False, actor=ACTOR)


def test_nobody_contests_the_invoice_of_another_client(late):
    other = make_client()
    hostile = browser(make_user(client=other))

    for slug in (late.client.slug, other.slug):
        address = reverse("dunning:contest", args=[slug, invoice_id(late)])
        assert hostile.post(address, {"reason": "x"}).status_code == 404
        assert hostile.post(address).status_code == 404


def test_a_cause_that_people_gave_is_said_to_the_client(late):
    access.suspend(late.client.pk, cause="missing_stop", reason="t", actor=ACTOR)

    text = page(late).text

    assert "Marketing left without the STOP mention." in text
    assert "Write to your contact at Sofy" in text
