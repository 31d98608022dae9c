"""The pages of invoices: a client sees its own and why each line is there, staff runs a month."""

from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.billing import queries, tasks
from sofy.billing.einvoice import facturx
from sofy.billing.models import Run
from sofy.billing.services import events, freezing, runs, tables
from sofy.billing.tests.signed import Content, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import OrderForm
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


@pytest.fixture
def client(entity):
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


def shown(answer):
    return unescape(answer.text).replace("\xa0", " ")


def lines_of(client):
    with client_scope(client.pk):
        return queries.invoices(client.pk)


@pytest.mark.clause("CGVU 10.2")
@LANGUAGES
def test_a_client_sees_what_is_open_and_what_is_paid(client, language):
    page = browser(make_user(client=client), language).get(reverse("billing:invoices", args=[client.slug])).text

    assert "OPT-FA-2026-000001" in page
    assert {"fr": "Payée", "en": "Paid"}[language] in page
    assert {"fr": "En retard", "en": "Overdue"}[language] in page
    assert {"fr": "720,00", "en": "720.00"}[language] in page


@pytest.mark.clause("CGVU 5.1")
@LANGUAGES
def test_each_line_says_why_it_is_there(client, language):
    line = lines_of(client)[-1]

    page = browser(make_user(client=client), language).get(reverse("billing:invoice", args=[client.slug, line.id])).text

    assert "CGVU 5.1" in page
    assert line.document.lines[0].because.sentence[:40] in page
    assert {"fr": "Pourquoi cette ligne", "en": "Why this line?"}[language] in page


@pytest.mark.clause("CGVU 9.2", "CGVU 10.2")
def test_an_invoice_says_its_vat_and_what_is_paid_when_it_is_paid_early(client):
    line = next(one for one in lines_of(client) if one.net_eur == 600)

    page = shown(browser(make_user(client=client)).get(reverse("billing:invoice", args=[client.slug, line.id])))

    assert "<dt>VAT 20 %</dt><dd>€120.00</dd>" in page
    assert ">9 April 2026</time>" in page.partition("<dt>Paid early</dt><dd>€712.80 until")[2][:90]


@pytest.mark.clause("CGVU 7.1")
def test_penalties_say_the_sentence_they_follow_from(client, entity):
    runs.run(entity.pk, date(2026, 5, 1), actor=ACTOR, validator=Content())
    note = next(one for one in lines_of(client) if one.kind == "debit_note")

    page = shown(browser(make_user(client=client)).get(reverse("billing:invoice", args=[client.slug, note.id])))

    assert "CGVU 7.1" in page
    assert "3 fois le taux d'intérêt légal et d'une indemnité forfaitaire de 40 €" in page


@pytest.mark.clause("CGVU 9.3")
def test_what_somebody_else_asks_is_passed_on_at_cost_and_says_so(client, entity):
    with staff_scope():
        (form,) = OrderForm.objects.using("staff").filter(client_id=client.pk)
    fee = {"type": "usage", "at": "2026-04-11", "channel": "whatsapp", "quantity": 1000, "cost_eur": "0.07853"}
    events.record(client.pk, form.pk, fee, source="meta", source_key="2026-04", actor=ACTOR)
    runs.run(entity.pk, date(2026, 5, 1), actor=ACTOR, validator=Content())
    line = next(one for one in lines_of(client) if any(row.net_eur == Decimal("78.53") for row in one.document.lines))

    page = shown(browser(make_user(client=client)).get(reverse("billing:invoice", args=[client.slug, line.id])))

    assert "€78.53" in page
    assert "CGVU 9.3" in page


@pytest.mark.clause("CGVU 9.1")
def test_a_revised_price_says_the_sentence_it_follows_from(entity):
    made = make_client()
    form = signed(made, entity, term_months=24, revision={"confirmed": True, "base_month": "2025-12"})
    for month, value, published in (("2025-12", "310.5", "2026-02-27"), ("2026-12", "315.2", "2027-02-26")):
        row = {"month": month, "value": value, "published_on": published, "source": "Journal officiel"}
        tables.record("index", row, actor=ACTOR)
    clock.install(lambda: datetime(2027, 4, 15, 8, 0, tzinfo=UTC))
    freezing.catch_up(made.pk, form.pk, as_of=date(2027, 4, 2), validator=Content())
    line = lines_of(made)[0]

    page = shown(browser(make_user(client=made)).get(reverse("billing:invoice", args=[made.slug, line.id])))

    assert (line.issued_on, line.net_eur) == (date(2027, 4, 1), Decimal("609.00"))
    assert "€30.45" in page
    assert "CGVU 9.1" in page


@LANGUAGES
def test_a_part_of_a_month_says_how_many_of_its_days(entity, language):
    made = make_client()
    form = signed(made, entity, starts_on="2026-04-16")
    freezing.catch_up(made.pk, form.pk, as_of=date(2026, 4, 16), validator=Content())
    line = next(one for one in lines_of(made) if one.net_eur == 300)

    page = shown(browser(make_user(client=made), language).get(reverse("billing:invoice", args=[made.slug, line.id])))

    assert {"fr": "15 jours sur 30", "en": "15 days of 30"}[language] in page


def test_files_are_the_same_at_every_download(client):
    line, reader = lines_of(client)[0], browser(make_user(client=client))

    first, again, xml = (
        reader.get(reverse(f"billing:{kind}", args=[client.slug, line.id])) for kind in ("pdf", "pdf", "xml")
    )

    assert first.content == again.content
    assert facturx.xml_of(first.content) == xml.content
    assert first["Content-Disposition"] == f'attachment; filename="{line.number}.pdf"'


def test_nobody_sees_the_invoice_of_another_client(client):
    line, other = lines_of(client)[0], make_client()
    hostile = browser(make_user(client=other))

    for name in ("invoice", "pdf", "xml"):
        for slug in (client.slug, other.slug):
            assert hostile.get(reverse(f"billing:{name}", args=[slug, line.id])).status_code == 404
    for name in ("runs", "preview"):
        assert hostile.get(reverse(f"billing:{name}")).status_code == 404
    assert hostile.post(reverse("billing:start")).status_code == 404


@pytest.mark.clause("CGVU 9.2")
@LANGUAGES
def test_staff_previews_a_month(client, entity, language):
    staff = browser(make_user(is_operator=True), language)

    page = staff.get(reverse("billing:preview"), {"month": "2026-05", "entity": "optima"}).text
    listed = staff.get(reverse("billing:runs")).text

    assert "Boulangerie Martin" in page
    assert {"fr": "647,36", "en": "647.36"}[language] in page  # the month, and the penalties of what was paid late
    assert "2026-04" in listed
    assert len(lines_of(client)) == 2


def test_staff_starts_a_month_and_the_worker_issues_it(client, entity, monkeypatch):
    staff = browser(make_user(is_operator=True))
    asked = []
    monkeypatch.setattr(tasks.run_month, "defer", lambda **facts: asked.append(facts))

    answer = staff.post(reverse("billing:start"), {"month": "2026-05", "entity": "optima"})

    assert answer.status_code == 302
    assert [(facts["entity_id"], facts["month"]) for facts in asked] == [(str(entity.pk), "2026-05")]


@pytest.mark.parametrize("asked", [{"month": "2026-13", "entity": "optima"}, {"month": "2026-05", "entity": "x"}, {}])
def test_what_cannot_be_run_is_said(entity, asked):
    staff = browser(make_user(is_operator=True))

    for answer in (
        staff.get(reverse("billing:preview"), asked, follow=True),
        staff.post(reverse("billing:start"), asked, follow=True),
    ):
        assert answer.status_code == 200
        assert "alert" in answer.text


@LANGUAGES
def test_a_preview_says_what_differs_line_by_line(client, entity, language):
    page = browser(make_user(is_operator=True), language).get(
        reverse("billing:preview"), {"month": "2026-05", "entity": "optima"}
    )

    assert {"fr": "disparue", "en": "gone"}[language] in page.text  # the onboarding of April
    assert {"fr": "nouvelle ligne", "en": "new line"}[language] in page.text  # the penalties


def test_a_run_under_way_is_followed_by_its_page(client, entity):
    staff = browser(make_user(is_operator=True))
    still = staff.get(reverse("billing:runs")).text
    with staff_scope():
        Run.objects.using("staff").update(finished_at=None, done=3, total=10)

    under_way = staff.get(reverse("billing:runs")).text
    fragment = staff.get(reverse("billing:runs"), headers={"HX-Request": "true"}).text

    assert "data-stream" not in still
    assert "data-stream" in under_way
    assert "<progress" in fragment
    assert "<html" not in fragment
