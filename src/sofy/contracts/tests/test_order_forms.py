"""Order forms from draft to signature: numbers without a gap, versions that never change, proofs that stay."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, connections, transaction

from sofy.clients.tests.factories import make_client
from sofy.contracts import queries
from sofy.contracts.models import Acceptance, LegalEntity, OrderForm, OrderFormVersion
from sofy.contracts.rules import signed
from sofy.contracts.services import acceptances, entities, order_forms
from sofy.contracts.tests.factories import ACTOR, COMPANY, content, make_entity, sent, signed_on_paper
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keystore
from sofy.kit.models import AuditEntry, OutboxRow
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Two log-ins see what the other one wrote."""
    clock.install(lambda: NOW)


def version_of(client, form):
    with client_scope(client.pk):
        return queries.versions(client.pk, form.pk)[0]


def test_numbers_follow_each_other_without_a_gap_per_entity():
    client, entity, other = make_client(), make_entity(series="OPT"), make_entity(series="SOF")

    numbers = []
    for one in (entity, entity, other, entity):
        form = sent(client, one)
        with client_scope(client.pk):
            numbers.append(queries.order_form(client.pk, form.pk, drafts=False).number)

    assert numbers == ["BC-OPT-2026-0001", "BC-OPT-2026-0002", "BC-SOF-2026-0001", "BC-OPT-2026-0003"]


def test_a_form_that_cannot_be_sent_takes_no_number():
    client, entity = make_client(), make_entity(series="OPT")
    wrong = order_forms.draft(client.pk, entity_id=entity.pk, content=content(term_months=18), actor=ACTOR)

    with pytest.raises(Refused, match="12, 24 or 36"):
        order_forms.send(client.pk, wrong.pk, actor=ACTOR)

    right = sent(client, entity)
    with client_scope(client.pk):
        assert queries.order_form(client.pk, right.pk, drafts=False).number == "BC-OPT-2026-0001"


def test_many_at_once_take_consecutive_numbers():
    client, entity = make_client(), make_entity(series="OPT")
    drafts = [
        order_forms.draft(client.pk, entity_id=entity.pk, content=content(), actor=ACTOR).pk for _number in range(8)
    ]

    def send(form_id):
        try:
            order_forms.send(client.pk, form_id, actor=ACTOR)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, drafts))

    with client_scope(client.pk):
        numbers = sorted(form.number for form in queries.order_forms(client.pk, drafts=True))
    assert numbers == [f"BC-OPT-2026-{number:04d}" for number in range(1, 9)]


def test_what_was_sent_is_kept_and_a_change_is_a_new_version_with_a_readable_difference():
    client = make_client()
    form = sent(client)
    first = version_of(client, form)
    changed = content()
    changed["order_form"]["items"][0]["unit_price_eur"] = "29.50"

    order_forms.write(client.pk, form.pk, changed, actor=ACTOR)
    order_forms.send(client.pk, form.pk, actor=ACTOR)

    second = version_of(client, form)
    assert (first.version, second.version) == (1, 2)
    assert second.sha256 == signed.sha256(second.content.encode())
    assert first.sha256 != second.sha256
    assert queries.changes(first, second) == [
        queries.Change("order_form.items[soview].unit_price_eur", "30.00", "29.50")
    ]


def test_sending_twice_is_one_version():
    client = make_client()
    form = sent(client)

    order_forms.send(client.pk, form.pk, actor=ACTOR)

    with client_scope(client.pk):
        assert [row.version for row in queries.versions(client.pk, form.pk)] == [1]


def test_nobody_who_serves_people_can_change_what_was_sent_or_accepted():
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1))

    for model in (OrderFormVersion, Acceptance):
        with pytest.raises(ProgrammingError), transaction.atomic(using="staff"), staff_scope():
            model.objects.using("staff").update(sha256="0" * 64)
        with pytest.raises(ProgrammingError), client_scope(client.pk):
            model.objects.update(sha256="0" * 64)


@pytest.mark.clause("CGVU 1", "CGVU 2", "CGVU 13", "CGVU 5.1")
def test_signing_on_screen_accepts_each_document_by_its_hash_and_opens_the_onboarding():
    client = make_client()
    form = sent(client)
    version = version_of(client, form)

    acceptances.accept(
        client.pk, form.pk, sha256=version.sha256, guides_read=True, actor="user:owner", signer="Claire Martin"
    )

    with client_scope(client.pk):
        proofs = {row.document: row for row in queries.acceptances(client.pk)}
        (in_force,) = queries.signed_forms(client.pk)
        steps = [step.step for step in queries.onboarding(client.pk)]
        events = [row.topic for row in OutboxRow.objects.filter(client_id=client.pk)]
    assert set(proofs) == {"order_form", "cgvu", "dpa", "af2m"}
    assert proofs["order_form"].sha256 == version.sha256
    assert proofs["cgvu"].version == "2026-03-24"
    assert {row.how for row in proofs.values()} == {"screen"}
    assert {row.signer for row in proofs.values()} == {"Claire Martin"}
    assert in_force.signed_at == NOW
    assert in_force.paper.order_form.items[0].unit_price_eur == Decimal("30.00")
    assert in_force.paper.entity.siren == "919288548"
    assert steps == ["audit", "set_up", "import", "training"]
    assert {"order_form.sent", "order_form.accepted"} <= set(events)


@pytest.mark.clause("CGVU 13")
def test_without_the_guides_nothing_is_signed():
    client = make_client()
    form = sent(client)

    with pytest.raises(Refused, match="guides_not_read"):
        acceptances.accept(
            client.pk, form.pk, sha256=version_of(client, form).sha256, guides_read=False, actor="user:o", signer=""
        )

    assert acceptances.guides().startswith("Le Client s'engage à respecter les cadres légaux")
    with client_scope(client.pk):
        assert queries.acceptances(client.pk) == []


def test_a_version_that_was_replaced_while_it_was_read_is_not_signed():
    client = make_client()
    form = sent(client)
    read = version_of(client, form)
    order_forms.write(client.pk, form.pk, content(term_months=24), actor=ACTOR)
    order_forms.send(client.pk, form.pk, actor=ACTOR)

    with pytest.raises(Refused, match="order_form_changed"):
        acceptances.accept(client.pk, form.pk, sha256=read.sha256, guides_read=True, actor="user:o", signer="")


@pytest.mark.clause("CGVU 1")
def test_an_order_signed_before_the_first_log_in_is_the_acceptance():
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1))
    clock.install(lambda: NOW + timedelta(days=2))

    acceptances.first_access(client.pk, actor="user:owner")

    with client_scope(client.pk):
        (terms,) = [row for row in queries.acceptances(client.pk) if row.document == "cgvu"]
    assert terms.at.astimezone(clock.PARIS).date() == date(2026, 4, 1)
    assert (terms.version, terms.how) == ("2026-03-24", "paper")


@pytest.mark.clause("CGVU 1")
def test_the_first_access_without_an_order_form_accepts_the_terms_once():
    client = make_client()

    made = acceptances.first_access(client.pk, actor="user:owner")
    again = acceptances.first_access(client.pk, actor="user:owner")

    assert {(row.document, row.version, row.how) for row in made} == {
        ("cgvu", "2026-03-24", "first_access"),
        ("dpa", "2026-03-24", "first_access"),
    }
    assert again == []


def test_a_paper_signature_keeps_its_scan_and_its_day():
    client = make_client()
    form = sent(client)
    usual: Any = {"signed_on": date(2026, 3, 30), "signer": "Claire Martin", "proof": b"%PDF"}

    for given, code in (
        ({"signer": " "}, "signer_missing"),
        ({"proof": b""}, "proof_missing"),
        ({"proof": b"x" * 5_000_001}, "proof_too_large"),
        ({"signed_on": date(2026, 4, 2)}, "signed_in_future"),
    ):
        with pytest.raises(Refused, match=code):
            acceptances.record_signature(client.pk, form.pk, actor=ACTOR, **usual | given)
    acceptances.record_signature(client.pk, form.pk, actor=ACTOR, **usual)

    with client_scope(client.pk):
        (paper,) = [row for row in queries.acceptances(client.pk) if row.document == "order_form"]
    assert paper.proof_sha256 == signed.sha256(b"%PDF")
    assert paper.at.astimezone(clock.PARIS).date() == date(2026, 3, 30)


def test_a_signed_or_cancelled_form_is_not_changed_any_more():
    client = make_client()
    done, given_up = signed_on_paper(client, date(2026, 4, 1)), sent(client)
    order_forms.cancel(client.pk, given_up.pk, actor=ACTOR, reason="client chose another offer")

    for form in (done, given_up):
        for act in (
            lambda form=form: order_forms.write(client.pk, form.pk, content(), actor=ACTOR),
            lambda form=form: order_forms.send(client.pk, form.pk, actor=ACTOR),
            lambda form=form: order_forms.cancel(client.pk, form.pk, actor=ACTOR, reason="x"),
        ):
            with pytest.raises(Refused, match="order_form_closed"):
                act()


def test_another_client_finds_and_signs_nothing():
    client, other = make_client(), make_client()
    form = sent(client)
    version = version_of(client, form)

    with client_scope(other.pk):
        assert queries.order_form(client.pk, form.pk, drafts=True) is None
        assert queries.order_form(other.pk, form.pk, drafts=True) is None
        assert list(OrderFormVersion.objects.all()) == []
    with pytest.raises(Refused, match="order_form_unknown"):
        acceptances.accept(other.pk, form.pk, sha256=version.sha256, guides_read=True, actor="user:x", signer="Mallory")
    with pytest.raises(Refused, match="order_form_unknown"):
        order_forms.write(other.pk, form.pk, content(), actor=ACTOR)


def test_a_client_cannot_sign_a_draft():
    client, entity = make_client(), make_entity()
    form = order_forms.draft(client.pk, entity_id=entity.pk, content=content(), actor=ACTOR)

    with pytest.raises(Refused, match="order_form_unknown"):
        acceptances.accept(client.pk, form.pk, sha256="", guides_read=True, actor="user:o", signer="")


@pytest.mark.clause("DPA 13")
def test_the_end_of_a_clients_key_takes_no_contract_away():
    client = make_client()
    form = signed_on_paper(client, date(2026, 4, 1))

    keystore().destroy(client.pk)

    with staff_scope():
        (kept,) = queries.signed_forms(client.pk, using="staff")
        signers = {row.signer for row in queries.acceptances(client.pk, using="staff")}
    assert kept.number == queries.all_order_forms()[0].number
    assert kept.id == form.pk
    assert kept.paper.client.name == "Boulangerie Martin"
    assert signers == {"Claire Martin"}


def test_a_dump_shows_no_name_price_or_account(engine_db):
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1))

    with engine_db.connect("admin") as admin:
        rows = [
            str(admin.execute(f"SELECT {table}::text FROM {table}").fetchall())
            for table in (
                "contracts_legal_entity", "contracts_order_form", "contracts_order_form_version",
                "contracts_acceptance",
            )
        ]  # fmt: skip

    for secret in ("Martin", "FR76", "732829320", "30.00"):
        assert secret not in "".join(rows)


def test_an_entity_keeps_what_was_signed_as_it_was():
    client, entity = make_client(), make_entity(code="optima", series="OPT")
    signed_on_paper(client, date(2026, 4, 1), entity)

    entities.keep(
        entity_id=entity.pk, data=COMPANY | {"capital_eur": "200000"}, code="optima", series="OPT", actor=ACTOR
    )

    with client_scope(client.pk):
        (form,) = queries.signed_forms(client.pk)
        assert form.paper.entity.capital_eur == Decimal("150000")
        assert queries.entity(entity.pk).data.capital_eur == Decimal("200000")


@pytest.mark.parametrize(
    ("field", "value"),
    [("siren", "919288549"), ("iban", "FR7630006000011234567890188"), ("bic", "X"), ("vat_id", "FR00919288548"),
     ("creditor_id", "FR00ZZZ123456")],
)  # fmt: skip
def test_a_wrong_digit_is_refused_and_named(field, value):
    with pytest.raises(Refused) as refused:
        make_entity(**{field: value})

    assert (refused.value.code, refused.value.facts["field"]) == ("number_wrong", field)


def test_two_entities_never_share_a_series():
    make_entity(code="optima", series="OPT")

    with pytest.raises(Refused, match="entity_code_taken"):
        make_entity(code="sofacto", series="OPT")


def test_a_retired_entity_signs_nothing_new():
    client, entity = make_client(), make_entity()
    form = order_forms.draft(client.pk, entity_id=entity.pk, content=content(), actor=ACTOR)
    entities.retire(entity.pk, actor=ACTOR)

    with pytest.raises(Refused, match="entity_retired"):
        order_forms.send(client.pk, form.pk, actor=ACTOR)
    with pytest.raises(Refused, match="entity_unknown"):
        order_forms.draft(client.pk, entity_id=entity.pk, actor=ACTOR)


def test_each_act_is_in_the_chain_of_its_client_without_a_name():
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1))

    with client_scope(client.pk):
        entries = list(AuditEntry.objects.filter(client_id=client.pk).order_by("seq"))
        assert audit.verify(client.pk).intact
    assert [row.action for row in entries if row.action.startswith("order_form.")] == [
        "order_form.drafted", "order_form.sent", "order_form.accepted",
    ]  # fmt: skip
    assert "Martin" not in json.dumps([row.facts for row in entries])


def test_a_draft_may_be_incomplete_and_says_what_is_missing():
    client, entity = make_client(), make_entity()
    form = order_forms.draft(client.pk, entity_id=entity.pk, content={"client": {}}, actor=ACTOR)

    with staff_scope():
        row = OrderForm.objects.using("staff").select_related("entity").get(pk=form.pk)
        assert "name" in order_forms.problems(row)
        assert LegalEntity.objects.using("staff").count() == 1
