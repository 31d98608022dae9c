"""Runs of a month: previewed, run again, killed in the middle, two at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connections

from sofy.billing import queries
from sofy.billing.models import Invoice, Problem, Run
from sofy.billing.services import events, runs
from sofy.billing.tests.signed import Content, bought, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


def numbers(entity):
    with staff_scope():
        rows = Invoice.objects.using("staff").filter(entity=entity, kind="invoice").order_by("number")
        return [(row.number[-6:], row.issued_on) for row in rows]


def test_a_month_issues_what_is_of_it_and_no_more():
    entity = make_entity()
    signed(make_client(), entity)

    april = runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())
    may = runs.run(entity.pk, MAY, actor=ACTOR, validator=Content())

    assert (april.issued, april.total, april.done) == (2, 2, 2)
    assert (may.issued, may.total) == (1, 1)
    assert numbers(entity) == [("000001", APRIL), ("000002", APRIL), ("000003", MAY)]
    assert may.finished_at == NOW


def test_days_go_forward_over_all_contracts():
    entity = make_entity()
    first, second = signed(make_client(), entity), signed(make_client(), entity)
    for form, day in ((first, "2026-04-20"), (second, "2026-04-10")):
        charge = {"type": "charge", "at": day, "label": "Formation", "amount_eur": "100.00"}
        events.record(form.client_id, form.pk, charge, source="test", source_key="1", actor=ACTOR)

    runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())

    days = [day for _number, day in numbers(entity)]
    assert days == [APRIL] * 4 + [date(2026, 4, 10), date(2026, 4, 20)]


def test_a_second_run_issues_nothing():
    entity = make_entity()
    signed(make_client(), entity)
    runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())

    again = runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())

    assert (again.total, again.issued) == (0, 0)
    assert len(numbers(entity)) == 2
    assert [row.entity_id for row in queries.runs()] == [entity.pk]


def test_a_run_that_stops_goes_on():
    entity = make_entity()
    for _number in range(4):
        signed(make_client(), entity, items=bought(onboarding=False))

    def stop(row: Run) -> None:
        if row.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content(), progress=stop)
    assert len(numbers(entity)) == 2
    rest = runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())

    assert rest.issued == 2
    assert [number for number, _day in numbers(entity)] == [f"{number:06d}" for number in range(1, 5)]


def test_two_runs_at_once_issue_everything_once():
    entity = make_entity()
    for _number in range(6):
        signed(make_client(), entity, items=bought(onboarding=False))

    def start(_place: int) -> int:
        try:
            return runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content()).issued
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        issued = list(pool.map(start, range(2)))

    assert sorted(issued) == [0, 6]
    assert [number for number, _day in numbers(entity)] == [f"{number:06d}" for number in range(1, 7)]


def test_a_preview_writes_nothing_and_compares_with_the_month_before():
    entity = make_entity()
    client = make_client()
    signed(client, entity)
    runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())

    (line,) = runs.preview(entity.pk, MAY)

    assert line.slug == client.slug
    assert [document.kind for document in line.documents] == ["invoice"]
    assert (line.new_eur, line.before_eur) == (Decimal("600.00"), Decimal("2100.00"))
    assert line.difference_eur == Decimal("-1500.00")
    assert len(numbers(entity)) == 2


def test_a_contract_that_cannot_be_worked_out_holds_nobody_up_until_it_can(engine_db):
    entity = make_entity()
    wrong = signed(make_client(), entity, usage_prices=[])
    usage = {"type": "usage", "at": "2026-04-02", "channel": "sms", "quantity": 10}
    events.record(wrong.client_id, wrong.pk, usage, source="test", source_key="1", actor=ACTOR)
    signed(make_client(), entity)

    row = runs.run(entity.pk, MAY, actor=ACTOR, validator=Content())

    assert (row.issued, row.refused) == (3, 1)
    with staff_scope():
        assert "price" in Problem.objects.using("staff").get(order_form=wrong).reasons


@pytest.mark.parametrize("month", ["2026-13", "2026", "", "202605", "2026-5", "05-2026"])
def test_what_is_no_month_is_said(month):
    with pytest.raises(Refused, match="month_unreadable"):
        runs.month_of(month)


def test_a_month_to_come_is_not_run():
    with pytest.raises(Refused, match="as_of_in_future"):
        runs.run(make_entity().pk, date(2026, 7, 1), actor=ACTOR, validator=Content())


@pytest.mark.clause("CGVU 10.2")
def test_a_client_sees_what_is_open_of_its_own_invoices():
    entity = make_entity()
    client, hostile = make_client(), make_client()
    form = signed(client, entity, items=bought(onboarding=False))
    runs.run(entity.pk, MAY, actor=ACTOR, validator=Content())
    payment = {"type": "payment", "at": "2026-06-01", "amount_eur": "720.00"}
    events.record(form.client_id, form.pk, payment, source="bank", source_key="1", actor=ACTOR)

    with client_scope(client.pk):
        lines = queries.invoices(client.pk)
        left = queries.open_eur(client.pk)
        before = queries.open_eur(client.pk, as_of=date(2026, 5, 31))
    with client_scope(hostile.pk):
        foreign = queries.invoices(client.pk), queries.invoice(client.pk, lines[0].number)

    assert [(line.status, line.open_eur) for line in lines] == [("open", Decimal("720.00")), ("paid", Decimal("0.00"))]
    assert (left, before) == (Decimal("720.00"), Decimal("1440.00"))
    assert foreign == ([], None)


_RUN = """
import sys
from uuid import UUID
from sofy.project import runtime
runtime.open_django()
from sofy.billing.services import runs
from sofy.billing.tests.signed import Content
runs.run(UUID(sys.argv[1]), runs.month_of("2026-04"), actor="test", validator=Content(),
         progress=lambda row: print(row.done, flush=True))
"""


def test_a_run_that_is_killed_leaves_no_gap_and_no_double(engine_db):
    entity = make_entity(series="OPT")
    for _number in range(30):
        signed(make_client(), entity, items=bought(onboarding=False))
    environment = os.environ | {"SOFY_DATABASE_URL": engine_db.database.admin_url}

    for deaths in (3, 5, 2):
        command = [sys.executable, "-c", _RUN, str(entity.pk)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
            assert child.stdout is not None
            for _line in range(deaths):
                assert child.stdout.readline()
            child.kill()
    killed = len(numbers(entity))
    runs.run(entity.pk, APRIL, actor=ACTOR, validator=Content())

    assert 10 <= killed < 30
    assert [number for number, _day in numbers(entity)] == [f"{number:06d}" for number in range(1, 31)]
    with staff_scope():
        rows = Invoice.objects.using("staff").filter(entity=entity)
        assert len(set(rows.values_list("order_form", flat=True))) == 30
