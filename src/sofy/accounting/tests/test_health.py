"""How clients stand: who needs somebody comes first, of ten thousand, too; one client; its contract on any day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from sofy.accounting import queries, timeline
from sofy.accounting.models import Health
from sofy.accounting.services import health
from sofy.accounts.tests.factories import make_user
from sofy.billing.services import cases, events, runs
from sofy.billing.tests.signed import Content, signed
from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import InsuranceCertificate
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.dunning.services import standings
from sofy.kernel import clock, ids
from sofy.kit.rls import staff_scope

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def entity():
    return make_entity(code="optima", series="OPT")


@pytest.fixture
def late(entity):
    """Onboarding is paid on 20 April, April itself (720.00, due on 1 May) never."""
    made = make_client("Boulangerie Martin")
    form = signed(made, entity)
    runs.run(entity.pk, date(2026, 4, 1), actor=ACTOR, validator=Content())
    payment = {"type": "payment", "at": "2026-04-20", "amount_eur": "1800.00"}
    events.record(made.pk, form.pk, payment, source="bank", source_key="1", actor=ACTOR)
    with staff_scope():
        standings.refresh(form)
    return made, form


def staff(language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(make_user(is_operator=True), "allauth.account.auth_backends.AuthenticationBackend")
    return made


def of(client):
    with staff_scope():
        return queries.health_of(client.pk)


def listed(search="", only=""):
    with staff_scope():
        return [client.name for client, _health in queries.named(queries.healths(search, only))]


def test_who_needs_somebody_is_first(late):
    make_client("Aaa")

    health.refresh()

    assert listed()[:2] == ["Boulangerie Martin", "Aaa"]
    assert listed(search="aa") == ["Aaa"]
    assert listed(only="overdue") == ["Boulangerie Martin"]
    assert listed(only="suspended") == []


def test_what_the_list_says_of_a_client(late):
    client, _form = late
    with staff_scope():
        InsuranceCertificate(
            client_id=client.pk, entity_id=late[1].entity_id, insurer="MMA", policy="1", expires_on=date(2026, 6, 30),
            actor=ACTOR,
        ).save(using="staff")  # fmt: skip

    health.refresh()
    row = of(client)

    # April, and May which nobody issued yet
    assert row.overdue_eur >= Decimal("720.00")
    assert (row.oldest_due_on, row.licensed, row.access) == (date(2026, 5, 1), 20, "active")
    assert (row.deadline, row.deadline_on) == ("nonrenewal", date(2027, 2, 15))
    assert row.insured_until == date(2026, 6, 30)
    assert row.rank & health.OVERDUE
    assert row.rank & health.RUNS_OUT
    assert not row.rank & health.OVER_QUOTA


def test_more_points_of_sale_than_ordered_ask_for_somebody(entity):
    client = make_client()
    form = signed(client, entity, items=[
        {"code": "soview", "product": "soview", "label": "SoView", "per": "poi", "quantity": 1,
         "unit_price_eur": "30.00", "list_price_eur": "32.00"},
    ])  # fmt: skip
    assert form.poi == 1
    create_establishment(client, name="Quai Nord")
    create_establishment(client, name="Quai Sud")

    health.refresh()

    assert (of(client).active, of(client).licensed) == (2, 1)
    assert of(client).rank & health.OVER_QUOTA


def test_counting_again_changes_what_changed_and_keeps_one_row_each(late):
    client, form = late
    health.refresh()
    payment = {"type": "payment", "at": "2026-06-14", "amount_eur": "2000.00"}
    events.record(client.pk, form.pk, payment, source="bank", source_key="2", actor=ACTOR)
    with staff_scope():
        standings.refresh(form)

    health.refresh()

    assert of(client).overdue_eur == 0
    assert not of(client).rank & health.OVERDUE
    with staff_scope():
        assert Health.objects.using("staff").filter(client_id=client.pk).count() == 1


def test_deadlines_are_worked_out_once_a_day(late, monkeypatch):
    assert health.refresh() == 1
    assert health.refresh() == 0

    clock.install(lambda: NOW + timedelta(days=1))

    assert health.refresh() == 1


def test_ten_thousand_clients_are_one_look_at_one_small_table(engine_db):
    with staff_scope():
        Health.objects.using("staff").bulk_create(
            [Health(client_id=ids.uuid7(), rank=number % 30, overdue_eur=number % 700) for number in range(10_000)],
            batch_size=2_000,
        )
    with engine_db.connect("admin") as admin:
        admin.execute("analyze accounting_health")
    with staff_scope(), connections["staff"].cursor() as cursor:
        sql, values = queries.healths("", "")[:50].query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert plan.startswith("Limit")
    assert plan.count("Scan") == plan.count("Scan on accounting_health") == 1


@LANGUAGES
def test_the_list_and_the_page_of_a_client(late, language):
    client, _form = late
    health.refresh()

    shown = staff(language).get(reverse("accounting:health")).text
    one = staff(language).get(reverse("accounting:client", args=[client.slug])).text
    panel = staff(language).get(reverse("backoffice:client", args=[client.slug])).text

    assert {"fr": "720,00", "en": "720.00"}[language] in shown
    assert "OPT-FA-2026-000002" in one
    assert {"fr": "Chronologie", "en": "Line of time"}[language] in one
    assert reverse("accounting:client", args=[client.slug]) in panel


def line_of(late, day):
    client, form = late
    with staff_scope(), translation.override("en"):
        return timeline.of(cases.load(client.pk, form.pk), day)


def test_the_line_tells_what_happened_with_its_article(late):
    line = line_of(late, date(2026, 6, 15))

    payment = next(one for one in line.past if one.title == "Payment booked")
    assert payment.day == date(2026, 4, 20)
    assert payment.because.article == "CGVU 22"
    assert [one.day for one in line.past] == sorted((one.day for one in line.past), reverse=True)
    assert any("OPT-FA-2026-000001" in one.title for one in line.past)


def test_the_line_tells_what_is_to_come(late):
    line = line_of(late, date(2026, 6, 15))

    assert all(one.day > date(2026, 6, 15) for one in line.coming)
    assert any(one.title == "Invoice to be issued" and one.day == date(2026, 7, 1) for one in line.coming)
    assert all(one.because is not None for one in line.coming)


def test_the_line_of_an_earlier_day_knows_nothing_of_what_came_after(late):
    line = line_of(late, date(2026, 4, 10))

    assert not any(one.title == "Payment booked" for one in line.past)
    assert line.owed_eur == Decimal("2520.00")
    assert any(one.title == "Due date" and one.day == date(2026, 5, 1) for one in line.coming)


@pytest.mark.clause("CGVU 7.2", "CGVU 8.2", "CGVU 10.2")
@LANGUAGES
def test_the_page_of_the_line_goes_to_any_day(late, language):
    client, form = late
    page = reverse("accounting:line", args=[client.slug, form.pk])

    today, then = staff(language).get(page).text, staff(language).get(page, {"on": "2026-04-10"}).text

    title = {"fr": "Paiement enregistré", "en": "Payment booked"}[language]
    assert title in today
    assert title not in then
    for odd in ("x", "0001-01-01", "9999-12-31"):
        assert staff(language).get(page, {"on": odd}).status_code == 200


def test_only_staff_sees_how_clients_stand(late):
    client, form = late
    other = make_client()
    reader = Browser()
    reader.force_login(make_user(client=client), "allauth.account.auth_backends.AuthenticationBackend")

    for name, arguments in (("health", []), ("client", [client.slug]), ("line", [client.slug, form.pk])):
        assert reader.get(reverse(f"accounting:{name}", args=arguments)).status_code == 404
    assert staff().get(reverse("accounting:line", args=[other.slug, form.pk])).status_code == 404
    assert staff().get(reverse("accounting:client", args=["nobody"])).status_code == 404
