"""The page of usage: what left, what it costs, what costs nothing and why; nobody else sees it."""

from datetime import UTC, date, datetime
from html import unescape

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.billing import usage_queries
from sofy.billing.services import counting, runs
from sofy.billing.tests.ledger import wrote
from sofy.billing.tests.signed import Content, bought, signed
from sofy.clients.models import Establishment
from sofy.clients.tests.factories import make_client
from sofy.contracts.rules.values import PARIS
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock, ids
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope

NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
APRIL = date(2026, 4, 1)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
PRICES = [{"channel": "sms", "unit_price_eur": "0.05"}, {"channel": "rcs", "unit_price_eur": "0.07"}]


def at(day: int) -> datetime:
    return datetime(2026, 4, day, 12, tzinfo=PARIS)


@pytest.fixture
def entity(engine_db):
    clock.install(lambda: NOW)
    return make_entity()


@pytest.fixture
def shop(entity, engine_db):
    client = make_client("Boulangerie Martin")
    signed(client, entity, items=bought(onboarding=False), usage_prices=PRICES)
    with client_scope(client.pk):
        site = Establishment.objects.create(client_id=client.pk, name="=Quai Sud")
    for day in (2, 2, 3):
        wrote(engine_db, client.pk, at(day), parts=2, establishment=site.pk)
    wrote(engine_db, client.pk, at(4), channel="rcs")
    wrote(engine_db, client.pk, at(5), "failed", channel="rcs")
    wrote(engine_db, client.pk, at(5), channel="whatsapp")
    wrote(engine_db, client.pk, at(5), channel="whatsapp", answers=ids.uuid7())
    wrote(engine_db, client.pk, at(6), "withheld", reason="no_permission")
    counting.count(client.pk, APRIL)
    return client


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def seen(answer):
    return unescape(answer.text).replace("\xa0", " ").replace("\u202f", " ")


def address(client, name="usage", month="2026-04"):
    return f"{reverse(f'billing:{name}', args=[client.slug])}?month={month}"


@pytest.mark.clause("CGVU 3.4")
@pytest.mark.clause("CGVU 15")
@LANGUAGES
def test_a_month_says_what_left_what_it_costs_and_what_costs_nothing(shop, language):
    page = seen(browser(make_user(client=shop), language).get(address(shop)))

    assert {"fr": "0,37 € hors taxes", "en": "€0.37 before VAT"}[language] in page
    assert {"fr": "Réponse dans une conversation", "en": "Answer within a conversation"}[language] in page
    assert {"fr": "Il n’est pas arrivé", "en": "It did not arrive"}[language] in page
    assert {"fr": "Les messages sans prix n’y sont pas", "en": "Messages without a price are not in it"}[
        language
    ] in page
    assert "=Quai Sud" in page


@LANGUAGES
def test_a_month_without_messages_says_so(shop, language):
    page = seen(browser(make_user(client=shop), language).get(address(shop, month="2026-05")))

    assert {"fr": "Aucun message ce mois-ci", "en": "No message this month"}[language] in page


@pytest.mark.parametrize("month", ["2026-13", "april", "../x"])
def test_what_is_no_month_is_not_there(shop, month):
    assert browser(make_user(client=shop)).get(address(shop, month=month)).status_code == 404


@LANGUAGES
def test_the_file_has_every_kind_and_no_formula(shop, language):
    answer = browser(make_user(client=shop), language).get(address(shop, "usage-export"))
    rows = [row.split(";") for row in answer.content.decode("utf-8-sig").splitlines()]

    assert answer["Content-Disposition"] == 'attachment; filename="usage-2026-04.csv"'
    assert len({len(row) for row in rows}) == 1
    assert any("'=Quai Sud" in row for row in rows)
    assert [row[8:10] for row in rows[1:3]] == [["2", "4"], ["1", "2"]]
    assert rows[1][10:] == {"fr": ["0,05", "0,20"], "en": ["0.05", "0.20"]}[language]


def test_the_page_agrees_with_the_invoice(shop, entity):
    with client_scope(shop.pk):
        told = usage_queries.used(shop.pk, APRIL)
    assert [(line.channel, line.units, f"{line.net_eur}") for line in told.lines if line.price_eur is not None] == [
        ("rcs", 1, "0.07"), ("sms", 6, "0.30"),
    ]  # fmt: skip


def test_a_line_of_an_invoice_leads_to_its_month(engine_db, entity):
    client = make_client()
    signed(client, entity, items=bought(onboarding=False), usage_prices=PRICES)
    wrote(engine_db, client.pk, at(2))
    runs.run(entity.pk, date(2026, 5, 1), actor=ACTOR, validator=Content())
    user = browser(make_user(client=client))
    listed = user.get(reverse("billing:invoices", args=[client.slug])).text
    found = next(part.split('"')[0] for part in listed.split('href="')[1:] if "/invoices/" in part and "-7" in part)

    assert f"{reverse('billing:usage', args=[client.slug])}?month=2026-04" in user.get(found).text


def test_nobody_else_sees_it(shop):
    hostile = browser(make_user(client=make_client()))
    seller = browser(make_user(client=shop, role="marketer"))

    for name in ("usage", "usage-export", "usage-staff", "usage-staff-export"):
        assert hostile.get(address(shop, name)).status_code == 404
    assert seller.get(address(shop)).status_code in (403, 404)


@LANGUAGES
def test_staff_sees_the_same_and_the_client_knows(shop, language):
    user = browser(make_user(is_operator=True), language)

    page = seen(user.get(address(shop, "usage-staff")))
    file = user.get(address(shop, "usage-staff-export"))

    assert {"fr": "0,37 € hors taxes", "en": "€0.37 before VAT"}[language] in page
    assert b"Quai Sud" in file.content
    with client_scope(shop.pk):
        assert AuditEntry.objects.filter(client_id=shop.pk, action="staff.read").count() == 2
