"""What a client answers on its own pages: it acknowledges a notice, or refuses changed terms for a reason."""

import hashlib
from uuid import UUID

from sofy.contracts import queries
from sofy.contracts.models import Notice, OrderForm
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.rls import client_scope


@clause("CGVU 7.2")
def acknowledge(client_id: UUID, notice_id: UUID, *, actor: str) -> Notice:
    """Keep that the client says it received a notice: the proof of delivery a deadline begins with.

    Raises: Refused (notice_unknown, notice_delivered).
    """
    with client_scope(client_id):
        rows = Notice.objects.filter(client_id=client_id, pk=notice_id, from_client=False)
        row = rows.select_for_update(no_key=True, of=("self",)).first()
        if row is None:
            raise Refused("notice_unknown", 404)
        if row.delivered_at is not None:
            raise Refused("notice_delivered", 409)
        row.delivered_at, row.proof_kind, row.proof = clock.now(), Notice.Proof.ACKNOWLEDGEMENT, f"on screen, {actor}"
        row.save(update_fields=["delivered_at", "proof_kind", "proof"])
        facts = {"notice": str(row.pk), "kind": row.kind, "proof": row.proof_kind}
        audit.append(client_id, "notice.delivered", actor, facts)
        outbox.publish("notice.delivered", client_id, notice_id=row.pk)
    return row


@clause("CGVU 27")
def refuse_terms(client_id: UUID, *, version: str, reason: str, actor: str) -> Notice:
    """Refuse a substantial change of the terms, for a reason and before it is in force: the contract ends with it.

    Raises: Refused (document_unknown, no_contract, refusal_no_reason, refusal_not_substantial, refusal_too_late).
    """
    with client_scope(client_id):
        document = queries.document("cgvu", version)
        if document is None:
            raise Refused("document_unknown", 404)
        signed = OrderForm.objects.filter(client_id=client_id, state=OrderForm.State.ACCEPTED)
        form = signed.order_by("-signed_at").first()
        if form is None:
            raise Refused("no_contract", 409)
        now, text = clock.now(), reason.strip()
        row = Notice(
            client_id=client_id, entity_id=form.entity_id, order_form=form, kind=Notice.Kind.REFUSAL, about=version,
            channel=Notice.Channel.SCREEN, from_client=True, text=text, sent_at=now, delivered_at=now, actor=actor,
            sha256=hashlib.sha256(text.encode()).hexdigest(), proof_kind=Notice.Proof.ACKNOWLEDGEMENT,
            proof=f"on screen, {actor}",
        )  # fmt: skip
        told = Notice.objects.filter(client_id=client_id, kind=Notice.Kind.TERMS, about=version).order_by("sent_at")
        first = told.first()
        if fault := queries.refusal_fault(document, row, first.sent_at if first else None):
            raise Refused(f"refusal_{fault}")
        row.save(force_insert=True)
        facts = {"notice": str(row.pk), "kind": row.kind, "version": version, "sha256": row.sha256}
        audit.append(client_id, "notice.recorded", actor, facts)
        outbox.publish("notice.recorded", client_id, notice_id=row.pk)
    return row
