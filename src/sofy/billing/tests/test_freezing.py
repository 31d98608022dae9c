"""Numbers without a gap, documents that never change, whatever fails or is killed in between."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, connections, transaction

from sofy.billing import tasks
from sofy.billing.document import decoded
from sofy.billing.einvoice import facturx
from sofy.billing.models import Event, Invoice, Problem, Series
from sofy.billing.services import events, freezing, rendering, tables
from sofy.billing.tests.signed import Content, bought, signed
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.contracts.tests.factories import ACTOR, make_entity
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import outbox
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope, staff_scope

pytestmark = pytest.mark.clause("CGVU 2")
NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def committed(engine_db):
    clock.install(lambda: NOW)


@pytest.fixture
def validator():
    return Content()


def invoices(entity: LegalEntity) -> list[Invoice]:
    with staff_scope():
        return list(Invoice.objects.using("staff").filter(entity=entity).order_by("kind", "number"))


def caught(form: OrderForm, validator: Any, as_of: date = TODAY) -> freezing.Caught:
    return freezing.catch_up(form.client_id, form.pk, as_of=as_of, validator=validator)


def test_what_follows_from_a_contract_is_numbered_in_its_order(validator):
    entity = make_entity(series="OPT")
    form = signed(make_client(), entity)

    caught(form, validator)

    found = invoices(entity)
    assert [one.number for one in found] == [f"OPT-FA-2026-{number:06d}" for number in range(1, 5)]
    assert [one.key for one in found] == ["onboarding", "run/2026-04-01", "run/2026-05-01", "run/2026-06-01"]
    assert [one.issued_on for one in found] == sorted(one.issued_on for one in found)
    assert found[0].gross_eur == Decimal("1800.00")


def test_what_is_frozen_is_what_its_hash_says_and_names_itself_everywhere(validator):
    entity = make_entity(series="OPT")

    caught(signed(make_client(), entity), validator)

    for row in invoices(entity):
        content = str(row.document).encode()
        document = decoded(content)
        assert hashlib.sha256(content).hexdigest() == row.sha256
        assert document.number == row.number
        assert document.payment.reference.endswith(row.number.replace("-", ""))
        assert b"NEW-" not in content


def test_a_second_time_issues_nothing(validator):
    entity = make_entity()
    form = signed(make_client(), entity)
    first = caught(form, validator).frozen

    again = caught(form, validator).frozen

    assert len(first) == 4
    assert again == []
    assert len(invoices(entity)) == 4


def test_a_credit_note_names_the_real_number_of_its_invoice(validator):
    entity = make_entity(series="OPT")
    form = signed(make_client(), entity)
    caught(form, validator, date(2026, 4, 1))
    invoice = next(one for one in invoices(entity) if one.key == "run/2026-04-01")
    early = decoded(str(invoice.document).encode()).payment.discount
    payment = {
        "type": "payment",
        "at": "2026-04-03",
        "amount_eur": str(early.payable_eur),
        "invoices": [invoice.number],
    }
    events.record(form.client_id, form.pk, payment, source="test", source_key="1", actor=ACTOR)

    replay = caught(form, validator).replay

    note = next(one for one in invoices(entity) if one.kind == "credit_note")
    document = decoded(str(note.document).encode())
    assert note.number == "OPT-AV-2026-000001"
    assert [origin.number for origin in document.corrects] == [invoice.number]
    assert b"NEW-" not in str(note.document).encode()
    assert replay.book.get(invoice.number).open_eur == 0


def test_the_same_fact_counts_once():
    form = signed(make_client(), make_entity())
    payment = {"type": "payment", "at": "2026-04-03", "amount_eur": "10.00"}

    new = [events.record(form.client_id, form.pk, payment, source="bank", source_key="E1", actor=ACTOR) for _ in "ab"]

    assert new == [True, False]
    with staff_scope():
        assert [row.type for row in Event.objects.using("staff").filter(order_form=form)] == ["payment"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "payment", "at": "2026-04-03"}, "event_unreadable"),
        ({"type": "surprise", "at": "2026-04-03"}, "event_unreadable"),
        ({"type": "fraud", "at": "2026-03-01"}, "event_before_contract"),
    ],
)
def test_what_is_no_event_of_the_contract_is_refused(event, code):
    form = signed(make_client(), make_entity())

    with pytest.raises(Refused) as refused:
        events.record(form.client_id, form.pk, event, source="test", source_key="1", actor=ACTOR)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "event",
    [
        {"type": "payment", "at": "2026-04-01", "amount_eur": "10.00"},
        {"type": "vat_check", "at": "2026-03-20", "result": "valid"},
    ],
)
def test_what_the_bank_booked_that_day_and_a_check_before_it_are_kept(event):
    form = signed(make_client(), make_entity())
    with staff_scope():
        OrderForm.objects.using("staff").filter(pk=form.pk).update(signed_at=datetime(2026, 4, 1, 9, tzinfo=UTC))

    assert events.record(form.client_id, form.pk, event, source="test", source_key="1", actor=ACTOR)


def test_a_refused_document_takes_no_number_and_says_why(validator):
    entity = make_entity(series="OPT")
    form = signed(make_client(), entity)
    validator.refuse = lambda xml: b"Onboarding" in xml

    caught(form, validator)
    validator.refuse = None
    with staff_scope():
        before = Problem.objects.using("staff").get(order_form=form)
    caught(form, validator)

    assert "BR-TEST" in before.reasons
    assert before.solved_at is None
    assert [one.number for one in invoices(entity)] == [f"OPT-FA-2026-{number:06d}" for number in range(1, 5)]
    with staff_scope():
        assert Problem.objects.using("staff").get(order_form=form).solved_at == NOW


def test_days_of_a_series_never_go_back(validator):
    entity = make_entity()
    late, early = signed(make_client(), entity), signed(make_client(), entity)
    caught(late, validator)

    caught(early, validator, date(2026, 4, 30))

    days = [one.issued_on for one in invoices(entity)]
    with staff_scope():
        moved = Invoice.objects.using("staff").get(order_form=early, key="run/2026-04-01")
    assert days == sorted(days)
    assert moved.issued_on == date(2026, 6, 1)
    assert moved.due_on == date(2026, 7, 1)


def test_fifty_at_once_of_which_seven_fail_leave_no_gap():
    entity = make_entity(series="OPT")
    client = make_client()
    forms = [signed(client, entity, items=bought(onboarding=False), starts_on="2026-06-01") for _number in range(50)]
    refused = {form.pk for form in forms[3::7][:7]}

    def finalise(form: OrderForm) -> None:
        validator = Content()
        validator.refuse = (lambda _xml: True) if form.pk in refused else None
        try:
            caught(form, validator)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(finalise, forms))

    found = invoices(entity)
    assert [one.number for one in found] == [f"OPT-FA-2026-{number:06d}" for number in range(1, 44)]
    assert [one.issued_on for one in found] == sorted(one.issued_on for one in found)
    with staff_scope():
        assert Problem.objects.using("staff").filter(entity=entity, solved_at=None).count() == 7


def test_two_at_once_over_one_contract_issue_everything_once():
    entity = make_entity()
    form = signed(make_client(), entity)

    def finalise(_place: int) -> None:
        try:
            caught(form, Content())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(finalise, range(4)))

    assert [one.key for one in invoices(entity)] == ["onboarding", "run/2026-04-01", "run/2026-05-01", "run/2026-06-01"]


def test_what_breaks_after_the_number_was_taken_gives_it_back(validator, monkeypatch):
    entity = make_entity()
    form = signed(make_client(), entity)

    def killed(*_arguments: object, **_facts: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(freezing.outbox, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            caught(form, validator)
    with staff_scope():
        assert not Series.objects.using("staff").filter(entity=entity, last__gt=0).exists()

    caught(form, validator)
    assert len(invoices(entity)) == 4


def test_no_answer_of_the_validator_freezes_nothing(validator):
    entity = make_entity()
    form = signed(make_client(), entity)
    validator.broken = True

    refused = caught(form, validator).refused

    assert refused["onboarding"] == ["not validated: no answer"]
    assert invoices(entity) == []


@pytest.mark.parametrize("column", ["number", "net_eur", "document", "issued_on", "key"])
def test_no_login_changes_what_is_frozen(validator, column):
    entity = make_entity()
    caught(signed(make_client(), entity), validator)
    row = invoices(entity)[0]

    for using in ("staff", "default"):
        denied = pytest.raises(ProgrammingError, match="permission denied")
        with denied, transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(f"UPDATE billing_invoice SET {column} = {column} WHERE id = %s", [row.pk])


def test_a_client_sees_its_own_documents_only(validator):
    entity = make_entity()
    mine, hostile = make_client(), make_client()
    form = signed(mine, entity)
    caught(form, validator)

    with client_scope(hostile.pk):
        seen = [Invoice.objects.count(), Event.objects.count(), Problem.objects.count()]
    with client_scope(mine.pk):
        own = Invoice.objects.count()

    assert seen == [0, 0, 0]
    assert own == 4
    with pytest.raises(Refused, match="contract_unknown"):
        freezing.catch_up(hostile.pk, form.pk, as_of=TODAY, validator=validator)
    with pytest.raises(Refused, match="invoice_unknown"):
        rendering.render(hostile.pk, invoices(entity)[0].pk)


def test_the_files_are_the_same_whenever_they_are_made(validator):
    entity = make_entity()
    caught(signed(make_client(), entity), validator)
    row = invoices(entity)[0]

    first = rendering.render(row.client_id, row.pk)
    kept = rendering.render(row.client_id, row.pk)
    rendering._path(row).unlink()
    anew = rendering.render(row.client_id, row.pk)

    assert first == kept == anew
    assert facturx.xml_of(first.pdf) == first.xml

    with staff_scope():
        row = Invoice.objects.using("staff").get(pk=row.pk)
    assert hashlib.sha256(first.pdf).hexdigest() == row.pdf_sha256
    assert first.pdf not in rendering._path(row).read_bytes()


def test_the_worker_writes_the_files_of_what_was_frozen(validator, monkeypatch):
    entity = make_entity()
    form = signed(make_client(), entity)
    caught(form, validator)
    asked = []
    monkeypatch.setattr(tasks.render_invoice, "defer", lambda **ids: asked.append(ids))

    outbox.dispatch()
    for ids in asked:
        tasks.render_invoice.func(**ids)

    found = invoices(entity)
    assert sorted(ids["invoice_id"] for ids in asked) == sorted(str(row.pk) for row in found)
    assert all(row.rendered_at == NOW and rendering.stored(row) is not None for row in found)


def test_a_file_that_was_changed_on_disk_is_made_anew(validator):
    entity = make_entity()
    caught(signed(make_client(), entity), validator)
    row = invoices(entity)[0]
    first = rendering.render(row.client_id, row.pk)
    path = rendering._path(row)
    path.write_bytes(path.read_bytes()[:-1])

    assert rendering.render(row.client_id, row.pk) == first
    assert rendering.stored(invoices(entity)[0]) == first


def test_a_day_to_come_issues_nothing(validator):
    form = signed(make_client(), make_entity())

    with pytest.raises(Refused, match="as_of_in_future"):
        caught(form, validator, date(2026, 6, 16))


def test_documents_outlive_the_key_of_the_client(validator):
    entity = make_entity()
    client = make_client()
    caught(signed(client, entity), validator)

    keystore().destroy(client.pk)

    assert decoded(str(invoices(entity)[0].document).encode()).buyer.name == "Boulangerie Martin"


def test_a_later_row_of_a_table_counts():
    for value in ("3.00", "3.20"):
        tables.record("legal_rate", {"half": "2027-H1", "percent": value}, actor=ACTOR)
    tables.record("reading", {"fine_vat": "S"}, actor=ACTOR)

    with staff_scope():
        found = tables.current()

    assert [str(row.percent) for row in found.tables.legal_rate] == ["3.20"]
    assert found.readings.fine_vat == "S"


@pytest.mark.parametrize(
    ("kind", "row"),
    [("legal_rate", {"half": "2027"}), ("surprise", {}), ("reading", {"fine_vat": "X"}), ("index", {"month": 1})],
)
def test_what_is_no_row_of_a_table_is_refused(kind, row):
    with pytest.raises(Refused, match="table_unreadable"):
        tables.record(kind, row, actor=ACTOR)
