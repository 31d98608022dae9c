"""What staff records around a contract: notices and their proofs, insurance, onboarding, transfers, new terms."""

import hashlib
from datetime import date, datetime
from uuid import UUID

from sofy.clients.models import Client
from sofy.contracts import queries
from sofy.contracts.models import (
    DocumentVersion,
    InsuranceCertificate,
    LegalEntity,
    Notice,
    OnboardingStep,
    OrderForm,
    TransferConsent,
)
from sofy.contracts.rules.values import PARIS
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit import audit, outbox
from sofy.kit.rls import staff_scope

#: What a client tells the operator; everything else goes the other way.
FROM_CLIENT = (Notice.Kind.NONRENEWAL, Notice.Kind.REFUSAL)


@clause("CGVU 8.2", "CGVU 27")
def record_notice(
    client_id: UUID,
    *,
    kind: str,
    channel: str,
    text: str,
    sent_at: datetime,
    actor: str,
    order_form_id: UUID | None = None,
    about: str = "",
    sent_proof: str = "",
    from_client: bool | None = None,
) -> Notice:
    """Keep that something was told, with the hash of its words; deadlines that hang on delivery wait for its proof.

    A refusal of changed terms needs its reason (CGVU 27). A non-renewal comes by registered letter or to the
    termination mailbox (CGVU 8.2).
    Raises: Refused (notice_reason_missing, notice_channel, notice_in_future, order_form_unknown, no_contract).
    """
    if not text.strip():
        raise Refused("notice_reason_missing")
    by_letter = (Notice.Channel.REGISTERED, Notice.Channel.E_REGISTERED, Notice.Channel.MAILBOX)
    if kind == Notice.Kind.NONRENEWAL and channel not in by_letter:
        raise Refused("notice_channel")
    if sent_at > clock.now():
        raise Refused("notice_in_future")
    with staff_scope():
        form = _form(client_id, order_form_id)
        row = Notice(
            client_id=client_id, entity_id=form.entity_id, order_form=form, kind=kind, channel=channel, about=about,
            from_client=kind in FROM_CLIENT if from_client is None else from_client, text=text, sent_at=sent_at,
            sha256=hashlib.sha256(text.encode()).hexdigest(), sent_proof=sent_proof, actor=actor,
        )  # fmt: skip
        row.save(using="staff", force_insert=True)
        facts = {"notice": str(row.pk), "kind": kind, "channel": channel, "sha256": row.sha256}
        audit.append(client_id, "notice.recorded", actor, facts, using="staff")
        outbox.publish("notice.recorded", client_id, using="staff", notice_id=row.pk)
    return row


def record_delivery(
    client_id: UUID, notice_id: UUID, *, delivered_at: datetime, proof_kind: str, proof: str, actor: str
) -> Notice:
    """Keep the proof that a notice arrived; that a mail server took it is none.

    Raises: Refused (notice_unknown, notice_delivered, proof_kind, proof_missing, delivered_before_sent,
    notice_in_future).
    """
    if proof_kind not in Notice.Proof.values:
        raise Refused("proof_kind")
    if not proof.strip():
        raise Refused("proof_missing")
    if delivered_at > clock.now():
        raise Refused("notice_in_future")
    with staff_scope():
        rows = Notice.objects.using("staff").filter(client_id=client_id, pk=notice_id)
        row = rows.select_for_update(no_key=True, of=("self",)).first()
        if row is None:
            raise Refused("notice_unknown", 404)
        if row.delivered_at is not None:
            raise Refused("notice_delivered", 409)
        if delivered_at < row.sent_at:
            raise Refused("delivered_before_sent")
        row.delivered_at, row.proof_kind, row.proof = delivered_at, proof_kind, proof
        row.save(using="staff", update_fields=["delivered_at", "proof_kind", "proof"])
        facts = {"notice": str(row.pk), "kind": row.kind, "proof": proof_kind}
        audit.append(client_id, "notice.delivered", actor, facts, using="staff")
        outbox.publish("notice.delivered", client_id, using="staff", notice_id=row.pk)
    return row


@clause("CGVU 20")
def add_certificate(
    *, entity_id: UUID, client_id: UUID | None, insurer: str, policy: str, expires_on: date, actor: str
) -> InsuranceCertificate:
    """Keep that a party is insured until a day: a client, or without one the operator's own company.

    Raises: Refused (entity_unknown, client_unknown, insurer_missing).
    """
    if not one_line(insurer) or not one_line(policy):
        raise Refused("insurer_missing")
    with staff_scope():
        if not LegalEntity.objects.using("staff").filter(pk=entity_id).exists():
            raise Refused("entity_unknown", 404)
        if client_id and not Client.objects.using("staff").filter(pk=client_id).exists():
            raise Refused("client_unknown", 404)
        row = InsuranceCertificate(
            client_id=client_id, entity_id=entity_id, insurer=one_line(insurer), policy=one_line(policy),
            expires_on=expires_on, actor=actor,
        )  # fmt: skip
        row.save(using="staff", force_insert=True)
        facts = {"certificate": str(row.pk), "until": expires_on.isoformat()}
        audit.append(client_id or audit.PLATFORM, "insurance.recorded", actor, facts, using="staff")
    return row


@clause("CGVU 5.1")
def tick(client_id: UUID, step_id: UUID, *, done: bool, actor: str) -> OnboardingStep:
    """Say that a step of the onboarding is done, or that it is not.

    Raises: Refused (step_unknown).
    """
    with staff_scope():
        rows = OnboardingStep.objects.using("staff").filter(client_id=client_id, pk=step_id)
        row = rows.select_for_update(no_key=True, of=("self",)).first()
        if row is None:
            raise Refused("step_unknown", 404)
        row.done_on = clock.now().astimezone(PARIS).date() if done else None
        row.done_by = actor if done else ""
        row.save(using="staff", update_fields=["done_on", "done_by"])
        facts = {"step": row.step, "done": done}
        audit.append(client_id, "onboarding.step", actor, facts, using="staff")
    return row


@clause("CGVU 24")
def consent_to_transfer(
    client_id: UUID, form_id: UUID, *, to: str, consented_on: date, proof: str, actor: str
) -> TransferConsent:
    """Keep the operator's written consent that a client hands its contract to somebody else.

    Raises: Refused (order_form_unknown, transfer_party_missing, proof_missing).
    """
    if not one_line(to):
        raise Refused("transfer_party_missing")
    if not proof.strip():
        raise Refused("proof_missing")
    with staff_scope():
        form = _form(client_id, form_id)
        row = TransferConsent(
            client_id=client_id, entity_id=form.entity_id, order_form=form, to=one_line(to), consented_on=consented_on,
            proof=proof, actor=actor,
        )  # fmt: skip
        row.save(using="staff", force_insert=True)
        audit.append(client_id, "transfer.consented", actor, {"order_form": form.number}, using="staff")
    return row


@clause("CGVU 24")
def check_transfer(client_id: UUID, form_id: UUID) -> TransferConsent:
    """The consent without which a contract is not handed on; inside the staff scope.

    Raises: Refused (transfer_without_consent).
    """
    rows = TransferConsent.objects.using("staff").filter(client_id=client_id, order_form_id=form_id)
    consent = rows.order_by("-recorded_at").first()
    if consent is None:
        raise Refused("transfer_without_consent", 409)
    return consent


@clause("CGVU 1", "CGVU 27")
def publish(
    *, kind: str, version: str, title: str, text: str, effective_on: date, substantial: bool, actor: str
) -> DocumentVersion:
    """Publish a new version of the terms or of the DPA; clients are told one by one, by notices.

    Raises: Refused (document_kind, document_empty, document_published).
    """
    if kind not in DocumentVersion.Kind.values:
        raise Refused("document_kind")
    if not text.strip() or not version.strip() or not one_line(title):
        raise Refused("document_empty")
    with staff_scope():
        if queries.document(kind, version, using="staff") is not None:
            raise Refused("document_published", 409, version=version)
        row = DocumentVersion(
            kind=kind, version=version.strip(), title=one_line(title), text=text, effective_on=effective_on,
            sha256=hashlib.sha256(text.encode()).hexdigest(), substantial=substantial,
        )  # fmt: skip
        row.save(using="staff", force_insert=True)
        facts = {"document": kind, "version": version, "sha256": row.sha256}
        audit.append(audit.PLATFORM, "document.published", actor, facts, using="staff")
    return row


def _form(client_id: UUID, form_id: UUID | None) -> OrderForm:
    """The order form that is meant, or the last one signed."""
    rows = OrderForm.objects.using("staff").filter(client_id=client_id)
    if form_id is not None:
        form = rows.filter(pk=form_id).first()
        if form is None:
            raise Refused("order_form_unknown", 404)
        return form
    form = rows.filter(state=OrderForm.State.ACCEPTED).order_by("-signed_at").first()
    if form is None:
        raise Refused("no_contract", 409)
    return form
