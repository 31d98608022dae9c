"""The audit chain of a client: what was decided can be shown, and a change after the fact is noticed.

Each entry holds the SHA-256 of its canonical bytes and of the entry before. Facts are ids, counts and codes: no
personal data, because the chain outlives the people in it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connections

from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit.models import AuditEntry, AuditHead

GENESIS = bytes(32)
PLATFORM = UUID(int=0)  # the chain of what staff decide for the platform as a whole


@dataclass(frozen=True)
class Verdict:
    """What recomputing a chain found; `broken_at` is the first entry that does not fit, `reason` a stable code."""

    entries: int
    broken_at: int | None = None
    reason: str = ""

    @property
    def intact(self) -> bool:
        return self.broken_at is None


@clause("DPA 2", "DPA 3")
def append(
    client_id: UUID, action: str, actor: str, facts: Mapping[str, Any] | None = None, *, using: str = "default"
) -> AuditEntry:
    """Add an entry in the caller's transaction; a second writer waits until the first has committed."""
    (entry,) = append_all([(client_id, action, dict(facts or {}))], actor, using=using)
    return entry


def append_all(
    entries: Sequence[tuple[UUID, str, Mapping[str, Any]]], actor: str, *, using: str = "default"
) -> list[AuditEntry]:
    """Add entries to the chains of their clients, in this order; as `append`, with as many statements as for one."""
    clients = sorted({client_id for client_id, _action, _facts in entries})
    AuditHead.objects.using(using).bulk_create(
        [AuditHead(client_id=client_id, seq=0, hash=GENESIS) for client_id in clients], ignore_conflicts=True
    )
    # The strongest lock is not needed: nothing refers to these rows. One order for everybody: nobody waits in a ring.
    rows = AuditHead.objects.using(using).filter(client_id__in=clients).order_by("client_id")
    heads = {head.client_id: head for head in rows.select_for_update(no_key=True)}
    at, made = clock.now(), []
    for client_id, action, facts in entries:
        head, content = heads[client_id], json.loads(_canonical(dict(facts)))
        seq, previous = head.seq + 1, bytes(head.hash)
        digest = _digest(client_id, seq, at, actor, action, content, previous)
        made.append(
            AuditEntry(
                client_id=client_id, seq=seq, at=at, actor=actor, action=action, facts=content,
                previous_hash=previous, hash=digest,
            )
        )  # fmt: skip
        head.seq, head.hash = seq, digest
    AuditEntry.objects.using(using).bulk_create(made)
    moved: list[tuple[Any, ...]] = [(head.seq, head.hash, head.client_id) for head in heads.values()]
    with connections[using].cursor() as cursor:
        cursor.executemany("UPDATE kit_audit_head SET seq = %s, hash = %s WHERE client_id = %s", moved)
    return made


def verify(client_id: UUID, *, using: str = "default") -> Verdict:
    """Recompute the chain of a client from its first entry and compare the end with the head."""
    previous, expected = GENESIS, 1
    entries = AuditEntry.objects.using(using).filter(client_id=client_id).order_by("seq")
    for entry in entries.iterator(chunk_size=2000):
        if entry.seq != expected:
            return Verdict(expected - 1, expected, "missing")
        if bytes(entry.previous_hash) != previous:
            return Verdict(expected - 1, expected, "unlinked")
        digest = _digest(client_id, entry.seq, entry.at, entry.actor, entry.action, entry.facts, previous)
        if digest != bytes(entry.hash):
            return Verdict(expected - 1, expected, "altered")
        previous, expected = digest, expected + 1
    head = AuditHead.objects.using(using).filter(client_id=client_id).first()
    if (head.seq, bytes(head.hash)) != (expected - 1, previous) if head else expected > 1:
        return Verdict(expected - 1, expected, "truncated")
    return Verdict(expected - 1)


def _digest(
    client_id: UUID, seq: int, at: datetime, actor: str, action: str, facts: Mapping[str, Any], previous: bytes
) -> bytes:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous + _canonical([str(client_id), seq, moment, actor, action, facts])).digest()


def _canonical(value: object) -> bytes:
    """The same bytes for the same content, on any machine and after a trip through jsonb."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str, allow_nan=False)
    return text.encode()
