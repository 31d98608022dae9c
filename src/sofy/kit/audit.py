"""The audit chain of a client: what was decided can be shown, and a change after the fact is noticed.

Each entry holds the SHA-256 of its canonical bytes and of the entry before. Facts are ids, counts and codes: no
personal data, because the chain outlives the people in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

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
    content = json.loads(_canonical(dict(facts or {})))
    AuditHead.objects.using(using).bulk_create(
        [AuditHead(client_id=client_id, seq=0, hash=GENESIS)], ignore_conflicts=True
    )
    # The strongest lock is not needed: nothing refers to this row.
    head = AuditHead.objects.using(using).select_for_update(no_key=True).get(client_id=client_id)
    seq, previous = head.seq + 1, bytes(head.hash)
    at = clock.now()
    digest = _digest(client_id, seq, at, actor, action, content, previous)
    entry = AuditEntry(
        client_id=client_id,
        seq=seq,
        at=at,
        actor=actor,
        action=action,
        facts=content,
        previous_hash=previous,
        hash=digest,
    )
    entry.save(using=using, force_insert=True)
    AuditHead.objects.using(using).filter(client_id=client_id).update(seq=seq, hash=digest)
    return entry


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
