"""Documents that show that a client may use a name, kept sealed under its key; and the operators' lists of names."""

from base64 import b64decode, b64encode
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.senders import likeness
from sofy.kernel.text import one_line
from sofy.kit import audit
from sofy.kit.audit import PLATFORM
from sofy.kit.rls import staff_scope
from sofy.messaging.models import ReservedName, Sender, SenderProof

#: Unit: octets.
LARGEST: Final = 5 << 20
MOST_PER_SENDER: Final = 20
#: How long documents are kept after their name was withdrawn.
KEPT_AFTER: Final = timedelta(days=365)
#: What a document begins with: nothing else is kept, and it is served as that and nothing else.
_KINDS: Final = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
EXTENSIONS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


@clause("CGVU 13")
def add_proof(
    client_id: UUID, sender_id: UUID, *, kind: str, content: bytes, expires_on: date | None, actor: str
) -> SenderProof:
    """Keep a document for a name.

    Raises: Refused not_found, proof_empty, proof_too_large, proof_format, proof_expired, proofs_too_many.
    """
    if not content:
        raise Refused("proof_empty")
    if len(content) > LARGEST:
        raise Refused("proof_too_large", limit=LARGEST >> 20)
    media_type = next((name for start, name in _KINDS.items() if content.startswith(start)), None)
    if media_type is None or kind not in SenderProof.Kind.values:
        raise Refused("proof_format")
    if expires_on is not None and expires_on < clock.today():
        raise Refused("proof_expired")
    with transaction.atomic():
        rows = Sender.objects.select_for_update(no_key=True)
        sender = rows.filter(client_id=client_id, id=sender_id, withdrawn_at=None).first()
        if sender is None:
            raise Refused("not_found", 404)
        if sender.proofs.count() >= MOST_PER_SENDER:
            raise Refused("proofs_too_many", most=MOST_PER_SENDER)
        proof = SenderProof.objects.create(
            client_id=client_id, sender=sender, kind=kind, media_type=media_type, size=len(content),
            content=b64encode(content).decode(), expires_on=expires_on, created_by=actor,
        )  # fmt: skip
        audit.append(client_id, "sender.proof_added", actor, {"sender": sender.name, "kind": kind})
    return proof


def open_proof(client_id: UUID, proof_id: UUID, *, actor: str) -> tuple[SenderProof, bytes]:
    """A document, read; the client's journal says by whom. Raises: Refused not_found."""
    proof = SenderProof.objects.select_related("sender").filter(client_id=client_id, id=proof_id).first()
    if proof is None:
        raise Refused("not_found", 404)
    audit.append(client_id, "sender.proof_read", actor, {"sender": proof.sender.name, "kind": proof.kind})
    return proof, b64decode(str(proof.content))


def remove_proof(client_id: UUID, proof_id: UUID, *, actor: str) -> UUID:
    """Throw a document away; answers whose it was. Raises: Refused not_found."""
    with transaction.atomic():
        proof = SenderProof.objects.select_related("sender").filter(client_id=client_id, id=proof_id).first()
        if proof is None:
            raise Refused("not_found", 404)
        proof.delete()
        audit.append(client_id, "sender.proof_removed", actor, {"sender": proof.sender.name, "kind": proof.kind})
    return proof.sender_id


def clients_with_proofs() -> list[UUID]:
    """Whose documents somebody must look after."""
    with staff_scope():
        rows = SenderProof.objects.using("staff").order_by().values_list("client_id", flat=True)
        return list(rows.distinct())


def forget(client_id: UUID) -> int:
    """Documents of names that were withdrawn a year ago go; inside the client's scope. Answers how many."""
    before = clock.now() - KEPT_AFTER
    gone, _ = SenderProof.objects.filter(client_id=client_id, sender__withdrawn_at__lt=before).delete()
    return gone


# ---- what operators reserve, kept by staff


def reserved() -> list[ReservedName]:
    """Both lists."""
    with staff_scope():
        return list(ReservedName.objects.using("staff").all())


@clause("CGVU 13")
def reserve(names: str, *, rule: str, actor: str) -> int:
    """Put names on a list, one per line; a name that is on the other one moves. Answers how many were taken.

    Raises: Refused reserved_name.
    """
    wanted = [one_line(line)[:40] for line in names.splitlines() if line.strip()]
    if rule not in ReservedName.Rule.values or not wanted or any(not likeness(name) for name in wanted):
        raise Refused("reserved_name")
    with staff_scope():
        for name in wanted:
            ReservedName.objects.using("staff").update_or_create(
                likeness=likeness(name), defaults={"name": name, "rule": rule, "created_by": actor}
            )
        audit.append(PLATFORM, "reserved_names.added", actor, {"names": len(wanted), "rule": rule}, using="staff")
    return len(wanted)


def free(name_id: UUID, *, actor: str) -> None:
    """Take a name off its list. Raises: Refused not_found."""
    with staff_scope():
        row = ReservedName.objects.using("staff").filter(id=name_id).first()
        if row is None:
            raise Refused("not_found", 404)
        row.delete(using="staff")
        audit.append(PLATFORM, "reserved_names.removed", actor, {"name": row.name, "rule": row.rule}, using="staff")
