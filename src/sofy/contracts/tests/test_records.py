"""Notices with their proofs, insurance, onboarding, transfers, changed terms, and points of sale beyond the order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sofy.clients.services import create_establishment
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries, tasks
from sofy.contracts.models import QuotaDrift
from sofy.contracts.rules import signed
from sofy.contracts.services import acceptances, answers, records
from sofy.contracts.tests.factories import ACTOR, make_entity, signed_on_paper
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.jobs import chores
from sofy.kit.models import AuditEntry, OutboxRow
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
ITEMS = [{"code": "v", "product": "soview", "per": "poi", "quantity": 2, "unit_price_eur": "30"}]


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Two log-ins see what the other one wrote."""
    clock.install(lambda: NOW)


@pytest.fixture
def client():
    made = make_client()
    signed_on_paper(made, date(2026, 4, 1))
    return made


def notice(client, **more):
    given: Any = {
        "kind": "formal_notice",
        "channel": "email",
        "text": "Facture impayée",
        "sent_at": NOW,
        "actor": ACTOR,
    }
    return records.record_notice(client.pk, **given | more)


def delivery(client, row, **more):
    given: Any = {"delivered_at": NOW, "proof_kind": "acknowledgement", "proof": "link opened", "actor": ACTOR}
    return records.record_delivery(client.pk, row.pk, **given | more)


def test_a_notice_keeps_its_hash_and_waits_for_its_proof_of_delivery(client):
    row = notice(client)

    with client_scope(client.pk):
        (before,) = queries.notices(client.pk)
    delivery(client, row)
    with client_scope(client.pk):
        (after,) = queries.notices(client.pk)

    assert (before.delivered_at, before.text, before.from_client) == (None, "Facture impayée", False)
    assert before.sha256 == signed.sha256("Facture impayée".encode())
    assert (after.delivered_at, after.proof_kind) == (NOW, "acknowledgement")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"proof_kind": "smtp_250"}, "proof_kind"),
        ({"proof": " "}, "proof_missing"),
        ({"delivered_at": NOW - timedelta(hours=1)}, "delivered_before_sent"),
        ({"delivered_at": NOW + timedelta(hours=1)}, "notice_in_future"),
    ],
)
def test_what_proves_nothing_is_no_delivery(client, given, code):
    with pytest.raises(Refused, match=code):
        delivery(client, notice(client), **given)


def test_a_delivery_is_proved_once_and_by_nobody_elses_notice(client):
    row = notice(client)
    delivery(client, row)

    with pytest.raises(Refused, match="notice_delivered"):
        delivery(client, row)
    with pytest.raises(Refused, match="notice_unknown"):
        delivery(make_client(), row)


@pytest.mark.clause("CGVU 8.2", "CGVU 27")
def test_non_renewal_comes_in_writing_and_a_refusal_with_its_reason(client):
    with pytest.raises(Refused, match="notice_channel"):
        notice(client, kind="nonrenewal", channel="screen")
    with pytest.raises(Refused, match="notice_reason_missing"):
        notice(client, kind="terms_refused", text="  ")

    assert notice(client, kind="nonrenewal", channel="mailbox").from_client
    assert notice(client, kind="terms_refused", text="Le nouvel article 9 double nos prix").from_client


def test_a_notice_needs_a_contract():
    with pytest.raises(Refused, match="no_contract"):
        notice(make_client())


@pytest.mark.clause("CGVU 20")
def test_both_sides_show_that_they_are_insured_and_nobody_sees_another_clients(client):
    other = make_client()
    signed_on_paper(other, date(2026, 4, 1))
    with staff_scope():
        mine = queries.order_forms(client.pk, drafts=True, using="staff")[0].entity_id
    given: Any = {"insurer": "Mutuelle", "policy": "RC-1", "expires_on": date(2027, 1, 1), "actor": ACTOR}

    records.add_certificate(entity_id=mine, client_id=None, **given)
    records.add_certificate(entity_id=mine, client_id=client.pk, **given | {"policy": "RC-2"})

    with client_scope(client.pk):
        assert {row.policy for row in queries.insurance(client.pk)} == {"RC-1", "RC-2"}
    with client_scope(other.pk):
        assert queries.insurance(client.pk) == []
    with pytest.raises(Refused, match="insurer_missing"):
        records.add_certificate(entity_id=mine, client_id=None, **given | {"insurer": " "})


@pytest.mark.clause("CGVU 5.1")
def test_steps_of_the_onboarding_are_ticked_and_unticked(client):
    with client_scope(client.pk):
        first = queries.onboarding(client.pk)[0]

    records.tick(client.pk, first.pk, done=True, actor=ACTOR)
    with client_scope(client.pk):
        assert queries.onboarding(client.pk)[0].done_on == date(2026, 4, 1)
    records.tick(client.pk, first.pk, done=False, actor=ACTOR)

    with client_scope(client.pk):
        assert [step.done_on for step in queries.onboarding(client.pk)] == [None] * 4
    with pytest.raises(Refused, match="step_unknown"):
        records.tick(make_client().pk, first.pk, done=True, actor=ACTOR)


@pytest.mark.clause("CGVU 5.1")
def test_without_an_onboarding_fee_there_is_no_checklist():
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1), items=ITEMS)

    with client_scope(client.pk):
        assert queries.onboarding(client.pk) == []


@pytest.mark.clause("CGVU 24")
def test_a_contract_is_not_handed_on_before_somebody_consented(client):
    with staff_scope():
        form = queries.order_forms(client.pk, drafts=True, using="staff")[0]
        with pytest.raises(Refused, match="transfer_without_consent"):
            records.check_transfer(client.pk, form.pk)

    records.consent_to_transfer(
        client.pk, form.pk, to="Boulangerie Dupont", consented_on=date(2026, 4, 1), proof="letter 12", actor=ACTOR
    )

    with staff_scope():
        assert records.check_transfer(client.pk, form.pk).to == "Boulangerie Dupont"


@pytest.fixture
def second_terms(engine_db):
    """A newer version of the terms and of the DPA, taken away at the end: a test keeps what migrations wrote."""
    for kind in ("cgvu", "dpa"):
        records.publish(
            kind=kind, version="2026-09-15", title="Deux", text=f"Nouveau {kind}", effective_on=date(2026, 9, 15),
            substantial=True, actor=ACTOR,
        )  # fmt: skip
    yield
    with engine_db.connect("admin") as admin:
        admin.execute("DELETE FROM contracts_document WHERE version <> '2026-03-24'")


@pytest.mark.clause("CGVU 1", "CGVU 27", "DPA 15")
def test_new_terms_bind_after_thirty_days_and_a_new_dpa_only_when_it_is_validated(client, second_terms):
    clock.install(lambda: datetime(2026, 12, 1, tzinfo=UTC))
    told = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
    for kind in ("terms", "other"):
        notice(client, kind=kind, about="2026-09-15", sent_at=told)

    def bound(kind, day):
        with client_scope(client.pk):
            return queries.binding(client.pk, kind, day).version

    assert bound("cgvu", date(2026, 9, 30)) == "2026-03-24"
    assert bound("cgvu", date(2026, 10, 1)) == "2026-09-15"
    assert bound("dpa", date(2026, 12, 1)) == "2026-03-24"
    with client_scope(client.pk):
        digest = queries.document("dpa", "2026-09-15").sha256
    with pytest.raises(Refused, match="document_changed"):
        acceptances.accept_document(client.pk, kind="dpa", version="2026-09-15", sha256="x", actor="user:o")
    acceptances.accept_document(client.pk, kind="dpa", version="2026-09-15", sha256=digest, actor="user:o")
    assert bound("dpa", date(2026, 12, 1)) == "2026-09-15"


@pytest.mark.clause("CGVU 27")
def test_a_client_refuses_a_substantial_change_for_a_reason_while_it_is_not_in_force(client, second_terms):
    told = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
    clock.install(lambda: told)
    notice(client, kind="terms", about="2026-09-15", sent_at=told)

    def refuse(reason="Le nouvel article 9 double nos prix", version="2026-09-15"):
        return answers.refuse_terms(client.pk, version=version, reason=reason, actor="user:o")

    with pytest.raises(Refused, match="refusal_no_reason"):
        refuse(" ")
    with pytest.raises(Refused, match="document_unknown"):
        refuse(version="9")
    clock.install(lambda: datetime(2026, 10, 1, tzinfo=UTC))
    with pytest.raises(Refused, match="refusal_too_late"):
        refuse()
    clock.install(lambda: datetime(2026, 9, 20, tzinfo=UTC))
    refuse()

    with client_scope(client.pk):
        assert queries.binding(client.pk, "cgvu", date(2026, 10, 2)).version == "2026-03-24"
        assert queries.notices(client.pk)[0].from_client
    with pytest.raises(Refused, match="no_contract"):
        answers.refuse_terms(make_client().pk, version="2026-09-15", reason="x", actor="user:o")


@pytest.mark.clause("CGVU 7.2")
def test_a_client_acknowledges_what_it_was_told_once_and_nobody_else_does(client):
    row, own = notice(client), notice(client, kind="nonrenewal", channel="mailbox")

    with pytest.raises(Refused, match="notice_unknown"):
        answers.acknowledge(make_client().pk, row.pk, actor="user:x")
    with pytest.raises(Refused, match="notice_unknown"):
        answers.acknowledge(client.pk, own.pk, actor="user:o")
    answers.acknowledge(client.pk, row.pk, actor="user:o")
    with pytest.raises(Refused, match="notice_delivered"):
        answers.acknowledge(client.pk, row.pk, actor="user:o")

    with client_scope(client.pk):
        kept = next(each for each in queries.notices(client.pk) if each.pk == row.pk)
    assert (kept.delivered_at, kept.proof_kind) == (NOW, "acknowledgement")


@pytest.mark.clause("CGVU 1", "CGVU 27")
def test_a_published_version_is_never_published_again(second_terms):
    with pytest.raises(Refused, match="document_published"):
        records.publish(
            kind="cgvu", version="2026-09-15", title="Deux", text="Autre", effective_on=date(2026, 9, 15),
            substantial=False, actor=ACTOR,
        )  # fmt: skip


def opened(client, name, *, at):
    clock.install(lambda: at)
    create_establishment(client, name=name)


@pytest.mark.clause("CGVU 4")
def test_a_point_of_sale_beyond_the_order_is_an_increase_that_is_told_never_silent():
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1), items=ITEMS)
    for name in ("Quai", "Gare"):
        create_establishment(client, name=name)
    third = create_establishment(client, name="Port")

    with client_scope(client.pk):
        (event,) = OutboxRow.objects.filter(client_id=client.pk, topic="quota.exceeded")
        assert AuditEntry.objects.filter(client_id=client.pk, action="quota.increased").count() == 1
    assert event.payload == {"establishment_id": str(third.pk)}


@pytest.mark.clause("CGVU 4")
def test_an_order_form_may_let_no_further_point_of_sale_open():
    client = make_client()
    signed_on_paper(client, date(2026, 4, 1), items=ITEMS, extra_poi="block")
    for name in ("Quai", "Gare"):
        create_establishment(client, name=name)

    with pytest.raises(Refused, match="poi_blocked"):
        create_establishment(client, name="Port")

    with client_scope(client.pk):
        assert queries.quota(client.pk).active == 2


@pytest.mark.clause("CGVU 4")
def test_who_ordered_nothing_per_point_of_sale_opens_any_number():
    client = make_client()
    flat = [{"code": "m", "product": "messaging", "unit_price_eur": "100"}]
    signed_on_paper(client, date(2026, 4, 1), items=flat, extra_poi="block")

    create_establishment(client, name="Quai")

    assert tasks.check_quotas() == 0


@pytest.mark.clause("CGVU 4")
def test_every_day_points_of_sale_beyond_the_order_become_a_task_until_they_are_settled():
    client, calm, entity = make_client(), make_client(), make_entity()
    signed_on_paper(client, date(2026, 4, 1), entity, items=ITEMS)
    signed_on_paper(calm, date(2026, 4, 1), entity, items=ITEMS)
    for day, name in enumerate(("Quai", "Gare", "Port")):
        opened(client, name, at=NOW + timedelta(days=day))

    assert tasks.check_quotas in chores()
    assert tasks.check_quotas() == 1
    assert tasks.check_quotas() == 1
    (drift,) = queries.open_drifts()
    with client_scope(client.pk):
        quota = queries.quota(client.pk)
    assert (drift.client_slug, drift.active, drift.licensed, drift.since) == (
        client.slug,
        3,
        2,
        NOW + timedelta(days=2),
    )
    assert (quota.active, quota.licensed, quota.over, quota.by_product) == (3, 2, 1, {"soview": 2})

    signed_on_paper(client, date(2026, 4, 3), entity, items=[ITEMS[0] | {"quantity": 1}])
    assert tasks.check_quotas() == 0
    assert queries.open_drifts() == []
    with client_scope(client.pk):
        assert QuotaDrift.objects.filter(client_id=client.pk).count() == 1
