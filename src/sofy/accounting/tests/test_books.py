"""The books of a company follow from its contracts to the cent, and the files are as the law wants them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounting import queries
from sofy.accounting.models import Booked
from sofy.accounting.rules import fec
from sofy.accounting.services import books, charts, entries, exports
from sofy.accounts.tests.factories import make_user
from sofy.billing.services import events, runs
from sofy.billing.tests.signed import Content, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries as contracts
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


@pytest.fixture
def client(entity):
    """Onboarding 1,500 and April 600 are invoiced; the onboarding is paid on 20 April."""
    made = make_client("Boulangerie Martin")
    form = signed(made, entity)
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    happened(made, form, {"type": "payment", "at": "2026-04-20", "amount_eur": "1800.00", "reference": "VIR 12"})
    return made


def happened(client, form, event):
    events.record(client.pk, form.pk, event, source="bank", source_key=str(event), actor=ACTOR)


def line_of(entity):
    return next(row for row in contracts.entities() if row.id == entity.pk)


def written(entity, first=YEAR[0], last=YEAR[1]):
    return b"".join(exports.fec_lines(line_of(entity), first, last))


def staff(language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(make_user(is_operator=True), "allauth.account.auth_backends.AuthenticationBackend")
    return made


@pytest.mark.clause("CGVU 9.2")
def test_vat_on_receipts_is_that_of_what_was_paid(entity, client):
    books.catch_up(entity.pk)

    rows = queries.vat(entity.pk, *YEAR)

    assert [(row.category, row.base_eur, row.vat_eur) for row in rows] == [("S", Decimal("1500.00"), Decimal("300.00"))]
    assert [piece.number for piece in queries.vat_pieces(entity.pk, *YEAR, "S", Decimal(20))] == ["OPT-FA-2026-000001"]
    assert queries.vat(entity.pk, date(2026, 5, 1), YEAR[1]) == []


@pytest.mark.clause("CGVU 9.2")
def test_vat_on_debits_is_that_of_what_was_issued():
    entity = make_entity(vat_on="debits")
    signed(make_client(), entity)
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    books.catch_up(entity.pk)

    rows = queries.vat(entity.pk, *YEAR)

    assert [(row.base_eur, row.vat_eur) for row in rows] == [(Decimal("2100.00"), Decimal("420.00"))]


def test_what_happens_later_is_in_the_books_as_soon_as_somebody_asks(entity, client):
    books.catch_up(entity.pk)
    form = contracts_of(client)
    happened(client, form, {"type": "payment", "at": "2026-05-20", "amount_eur": "360.00"})

    books.catch_up(entity.pk)

    # 47.36 of it pays the penalties of the onboarding; of 312.64 on 720.00, a sixth is VAT.
    assert sum(row.vat_eur for row in queries.vat(entity.pk, *YEAR)) == Decimal("352.11")
    with staff_scope():
        assert Booked.objects.using("staff").count() == 1


def contracts_of(client):
    with staff_scope():
        return contracts.order_forms(client.pk, drafts=False, using="staff")[0]


def test_what_has_not_changed_is_not_replayed_again(entity, client, monkeypatch):
    books.catch_up(entity.pk)
    monkeypatch.setattr(books, "work_out", None)

    assert books.catch_up(entity.pk) == 0


def test_a_page_works_out_a_few_contracts_and_leaves_the_rest_to_the_worker(entity, client, monkeypatch):
    monkeypatch.setattr(books, "IN_A_REQUEST", 0)

    with pytest.raises(Refused) as refused:
        books.need(entity.pk)

    assert (refused.value.code, refused.value.facts) == ("books_behind", {"contracts": 1})


def test_revenue_is_what_was_invoiced_before_vat(entity, client):
    books.catch_up(entity.pk)

    rows = queries.revenue(entity.pk, *YEAR)

    assert [(row.month, row.code, row.net_eur) for row in rows] == [
        (date(2026, 4, 1), "soview", Decimal("600.00")),
        (date(2026, 4, 1), "start", Decimal("1500.00")),
    ]
    assert [(row.name, row.net_eur) for row in queries.revenue_by_client(entity.pk, *YEAR)] == [
        ("Boulangerie Martin", Decimal("2100.00"))
    ]
    assert len(queries.sale_pieces(entity.pk, *YEAR, client=client.slug)) == 2
    assert queries.sale_pieces(entity.pk, *YEAR, client="nobody") == []


def test_the_file_of_entries_has_what_the_law_asks_for(entity, client):
    content = written(entity)
    rows = [line.split("\t") for line in content.decode("iso8859-15").split("\r\n")[1:-1]]

    assert fec.faults(content) == []
    assert content.startswith(b"JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\t")
    assert [(row[2], row[3], row[4], row[8], row[11], row[12]) for row in rows] == [
        ("VE0000001", "20260401", "411000", "OPT-FA-2026-000001", "1800,00", "0,00"),
        ("VE0000001", "20260401", "706000", "OPT-FA-2026-000001", "0,00", "1500,00"),
        ("VE0000001", "20260401", "445800", "OPT-FA-2026-000001", "0,00", "300,00"),
        ("VE0000002", "20260401", "411000", "OPT-FA-2026-000002", "720,00", "0,00"),
        ("VE0000002", "20260401", "706000", "OPT-FA-2026-000002", "0,00", "600,00"),
        ("VE0000002", "20260401", "445800", "OPT-FA-2026-000002", "0,00", "120,00"),
        ("BQ0000001", "20260420", "512000", "VIR 12", "1800,00", "0,00"),
        ("BQ0000001", "20260420", "411000", "VIR 12", "0,00", "1800,00"),
        ("OD0000001", "20260420", "445800", "OPT-FA-2026-000001", "300,00", "0,00"),
        ("OD0000001", "20260420", "445710", "OPT-FA-2026-000001", "0,00", "300,00"),
    ]
    assert exports.fec_name(line_of(entity), YEAR[1]) == "919288548FEC20261231.txt"


def test_vat_owed_is_the_same_in_the_file_and_in_the_report(entity, client):
    form = contracts_of(client)
    happened(client, form, {"type": "payment", "at": "2026-05-20", "amount_eur": "360.00"})
    rows = [line.split("\t") for line in written(entity).decode("iso8859-15").split("\r\n")[1:-1]]

    owed = sum(Decimal(row[12].replace(",", ".")) for row in rows if row[4] == "445710")

    assert owed == sum(row.vat_eur for row in queries.vat(entity.pk, *YEAR)) == Decimal("352.11")


def test_a_debit_that_came_back_is_booked_with_what_had_been_collected(entity, client):
    form = contracts_of(client)
    happened(client, form, {"type": "sepa_return", "at": "2026-05-02", "invoice": "OPT-FA-2026-000001"})
    content = written(entity)

    assert fec.faults(content) == []
    assert "Rejet de prélèvement OPT-FA-2026-000001" in content.decode("iso8859-15")
    assert sum(row.vat_eur for row in queries.vat(entity.pk, *YEAR)) == 0


def test_a_month_has_the_numbers_it_has_in_the_file_of_the_year(entity, client):
    runs.run(entity.pk, date(2026, 5, 1), actor=ACTOR, validator=Content())
    year, may = written(entity), written(entity, date(2026, 5, 1), date(2026, 5, 31))

    assert fec.faults(may) == []
    assert set(may.split(b"\r\n")) <= set(year.split(b"\r\n"))
    assert b"VE0000001" not in may


def test_no_file_over_two_financial_years(entity, client):
    charts.keep(entity.pk, {"year_begins": 5}, actor=ACTOR)

    with pytest.raises(Refused) as refused:
        exports.fec_lines(line_of(entity), *YEAR)

    assert refused.value.code == "two_years"
    assert exports.fec_name(line_of(entity), date(2026, 4, 30)) == "919288548FEC20260430.txt"


def test_no_file_while_a_contract_cannot_be_worked_out(entity, client):
    books.catch_up(entity.pk)
    with staff_scope():
        Booked.objects.using("staff").update(problem="contract_unreadable")

    with pytest.raises(Refused) as refused:
        exports.fec_lines(line_of(entity), *YEAR)

    assert refused.value.code == "books_unreadable"


def test_entries_go_to_the_accounts_that_were_set(entity, client):
    charts.keep(entity.pk, {"sales": "706100", "bank": "512100"}, actor=ACTOR)

    accounts = {row.split("\t")[4] for row in written(entity).decode("iso8859-15").split("\r\n")[1:-1]}

    assert accounts == {"411000", "706100", "445800", "512100", "445710"}


@pytest.mark.parametrize("given", [{"bank": "banque"}, {"bank": "9"}, {"year_begins": 13}, {"unknown": "1"}])
def test_accounts_that_are_none_are_refused(entity, given):
    with pytest.raises(Refused) as refused:
        charts.keep(entity.pk, given, actor=ACTOR)

    assert refused.value.code == "account_unreadable"


def test_entries_come_in_batches_in_the_order_they_were_recorded(entity, client, monkeypatch):
    whole = written(entity)
    monkeypatch.setattr(entries, "_BATCH", 1)

    assert written(entity) == whole


def test_lines_of_documents_as_csv(entity, client):
    rows = list(exports.rows_of_documents(entity.pk, *YEAR, by_line=True))

    assert len(rows) == 3
    assert rows[1][0] == "OPT-FA-2026-000001"
    assert rows[2][rows[0].index("line_net_eur")] == Decimal("600.00")


@pytest.mark.clause("CGVU 9.2")
@LANGUAGES
def test_the_page_shows_vat_revenue_and_files(entity, client, language):
    asked = {"entity": "optima", "from": "2026-04-01", "to": "2026-04-30"}

    page = staff(language).get(reverse("accounting:books"), asked).text
    behind = staff(language).get(reverse("accounting:pieces"), {**asked, "of": "vat", "category": "S", "rate": "20"})

    assert {"fr": "300,00", "en": "300.00"}[language] in page
    assert {"fr": "TVA exigible", "en": "VAT that fell due"}[language] in page
    assert {"fr": "Chiffre d’affaires par produit", "en": "Revenue by product"}[language] in page
    assert "OPT-FA-2026-000001" in behind.text
    assert "OPT-FA-2026-000002" not in behind.text


@pytest.mark.parametrize("kind", ["fec", "documents", "lines", "vat", "revenue"])
def test_every_file_of_a_period_comes_down(entity, client, kind):
    asked = {"entity": "optima", "from": "2026-04-01", "to": "2026-04-30"}

    answer = staff().get(reverse("accounting:file", args=[kind]), asked)

    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert b"".join(answer.streaming_content).count(b"\r\n") > 1


@LANGUAGES
def test_accounts_are_set_on_their_page(entity, language):
    page = reverse("accounting:accounts", args=["optima"])
    given = {name: getattr(charts.of(entity.pk), name) for name in charts.of(entity.pk).__struct_fields__}

    kept = staff(language).post(page, {**given, "bank": "512300"})
    refused = staff(language).post(page, {**given, "bank": "bank"})

    assert kept.status_code == 302
    assert charts.of(entity.pk).bank == "512300"
    assert refused.status_code == 422


@pytest.mark.parametrize(
    "asked",
    [{"entity": "nobody"}, {"from": "2026-05-01", "to": "2026-04-01"}, {"from": "x"}, {"from": "0001-01-01"}],
)
def test_what_cannot_be_shown_is_said(entity, asked):
    assert staff().get(reverse("accounting:books"), asked).status_code == 422
    assert staff().get(reverse("accounting:pieces"), asked).status_code == 302
    assert staff().get(reverse("accounting:file", args=["fec"]), asked).status_code == 302


def test_books_are_for_staff_only(entity, client):
    reader = Browser()
    reader.force_login(make_user(client=client), "allauth.account.auth_backends.AuthenticationBackend")

    for name, arguments in (("books", []), ("pieces", []), ("file", ["fec"]), ("accounts", ["optima"])):
        assert reader.get(reverse(f"accounting:{name}", args=arguments)).status_code == 404
    assert staff().get(reverse("accounting:file", args=["nothing"])).status_code == 404
