"""What a client and staff do with invoices: the filter, the lines as CSV, UBL, how to pay; nobody else may."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse
from lxml import etree

from sofy.accounts.tests.factories import make_user
from sofy.billing import queries
from sofy.billing.services import events, runs
from sofy.billing.tests.signed import Content, signed
from sofy.billing.views import papers
from sofy.clients.tests.factories import make_client
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kit.rls import client_scope

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def client():
    """The onboarding is paid, April is overdue."""
    entity = make_entity(code="optima", series="OPT")
    made = make_client("Boulangerie Martin")
    form = signed(made, entity)
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    payment = {"type": "payment", "at": "2026-04-20", "amount_eur": "1800.00"}
    events.record(made.pk, form.pk, payment, source="bank", source_key="1", actor=ACTOR)
    return made


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


def lines_of(client):
    with client_scope(client.pk):
        return {line.status: line for line in queries.invoices(client.pk)}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, {"paid", "open"}), ({"state": "late"}, {"open"}), ({"state": "paid"}, {"paid"}),
        ({"year": "2026"}, {"paid", "open"}), ({"state": "nothing", "year": "9999999999"}, {"paid", "open"}),
    ],
)  # fmt: skip
def test_invoices_are_found_by_state_and_year(client, asked, shown):
    found = lines_of(client)

    page = browser(make_user(client=client)).get(reverse("billing:invoices", args=[client.slug]), asked).text

    assert {status for status, line in found.items() if f">{line.number}</a>" in page} == shown


def test_lines_of_what_is_shown_come_as_csv(client):
    answer = browser(make_user(client=client)).get(reverse("billing:lines", args=[client.slug]), {"state": "paid"})

    rows = answer.content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("number;kind;issued_on;")
    assert [row.split(";")[-1] for row in rows[1:]] == ["paid"]


@LANGUAGES
def test_an_open_transfer_says_how_it_is_paid(client, language):
    found, reader = lines_of(client), browser(make_user(client=client), language)

    open_page, paid_page = (
        reader.get(reverse("billing:invoice", args=[client.slug, found[status].id])).text for status in ("open", "paid")
    )

    assert "FR76\u00a03000" in open_page
    assert found["open"].document.payment.reference in open_page
    assert "<svg" in open_page.partition("pay-code")[2]
    assert {"fr": "Payer par virement", "en": "Pay by transfer"}[language] in open_page
    assert "pay-code" not in paid_page


def test_the_ubl_is_the_same_document_and_was_checked(client, monkeypatch):
    asked = []

    class Agreeing(Content):
        def submit(self, xml, syntax):
            asked.append(syntax)
            return super().submit(xml, syntax)

    monkeypatch.setattr(papers, "Validator", Agreeing)
    line = lines_of(client)["open"]

    answer = browser(make_user(client=client)).get(reverse("billing:ubl", args=[client.slug, line.id]))

    assert asked == ["ubl"]
    root = etree.fromstring(answer.content)
    assert root.findtext("{*}ID") == line.number
    assert Decimal(root.findtext("{*}LegalMonetaryTotal/{*}TaxInclusiveAmount")) == line.gross_eur


@pytest.mark.parametrize("what", ["refuse", "broken"])
def test_a_ubl_that_is_not_valid_does_not_leave(client, monkeypatch, what):
    class Other(Content):
        def __init__(self):
            super().__init__()
            self.broken = what == "broken"
            self.refuse = lambda _xml: True

    monkeypatch.setattr(papers, "Validator", Other)
    line = lines_of(client)["open"]

    answer = browser(make_user(client=client)).get(reverse("billing:ubl", args=[client.slug, line.id]))

    assert answer.status_code in (409, 503)
    assert "Content-Disposition" not in answer


@LANGUAGES
def test_staff_see_the_invoices_of_a_client(client, language):
    line, staff = lines_of(client)["open"], browser(make_user(is_operator=True), language)

    listed = staff.get(reverse("billing:of-client", args=[client.slug])).text
    one = staff.get(reverse("billing:invoice-staff", args=[client.slug, line.id])).text
    pdf = staff.get(reverse("billing:pdf-staff", args=[client.slug, line.id]))

    assert line.number in listed
    assert {"fr": "dont en retard", "en": "overdue"}[language] in listed
    assert "CGVU" in one
    assert pdf.content.startswith(b"%PDF")


def test_nobody_else_gets_a_page_or_a_file(client):
    line, other = lines_of(client)["open"], make_client()
    hostile, staff = browser(make_user(client=other)), browser(make_user(is_operator=True))

    for name in ("of-client", "invoice-staff", "pdf-staff", "xml-staff", "ubl-staff"):
        arguments = [client.slug] if name == "of-client" else [client.slug, line.id]
        assert hostile.get(reverse(f"billing:{name}", args=arguments)).status_code == 404
    for name in ("invoice-staff", "pdf-staff"):
        assert staff.get(reverse(f"billing:{name}", args=[other.slug, line.id])).status_code == 404
    for slug in (client.slug, other.slug):
        assert hostile.get(reverse("billing:ubl", args=[slug, line.id])).status_code == 404
    assert hostile.get(reverse("billing:lines", args=[client.slug])).status_code == 404
    assert b"OPT-FA" not in hostile.get(reverse("billing:lines", args=[other.slug])).content
