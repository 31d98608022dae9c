"""Dated records of staff (CGVU 28): outages of others, and maintenance that was announced in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connections

from sofy.engine.service_level import rules
from sofy.kernel import clock, ids
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope

#: How far back a record is dated: what messages were is known for three years, claims are settled long before.
_OLDEST: Final = timedelta(days=400)
#: Whose networks fail; others are typed.
PARTIES: Final = ("Orange", "SFR", "Bouygues Telecom", "Free", "Meta", "Google", "Sofy")
#: Our own outages count against us: only maintenance is ours to note.
OURS: Final = "sofy"

_COLUMNS = (
    "id, kind, party, channel, route_id, begins_at, ends_at, announced_at, proof, noted_at, noted_by, withdrawn_at,"
    " withdrawn_by"
)
_AGAIN = "UPDATE service_slice SET again_at = %s WHERE day >= %s AND day <= %s"
#: A message may be lost so long after it was accepted: planned ones wait.
_REACH: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class NewRecord:
    """What staff says of an outage or of a maintenance. `channel` and `route_id` empty: all of them."""

    kind: str
    party: str
    begins_at: datetime
    ends_at: datetime
    proof: str
    channel: str | None = None
    route_id: UUID | None = None
    announced_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RecordLine(NewRecord):
    """A record as it is kept, with who noted it and who took it back."""

    id: UUID
    noted_at: datetime
    noted_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None


def records() -> list[RecordLine]:
    """The latest records, withdrawn ones too, the newest first."""
    return _read("FROM service_record ORDER BY begins_at DESC LIMIT 200", [])


def find(record_id: UUID) -> RecordLine:
    """One record. Raises: Refused record_unknown."""
    found = _read("FROM service_record WHERE id = %s", [record_id])
    if not found:
        raise Refused("record_unknown", 404)
    return found[0]


def _read(where: str, values: list[Any]) -> list[RecordLine]:
    names = _COLUMNS.split(", ")
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} {where}", values)
        return [RecordLine(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


@clause("CGVU 28")
def note_record(new: NewRecord, *, actor: str, instead_of: UUID | None = None) -> UUID:
    """Note an outage of others, or a maintenance that was announced; the days it touches are counted again.

    A record is never edited: what was wrong is withdrawn, and the right one noted `instead_of` it, at once.

    Raises: Refused record_dates, record_proof, record_ours, record_channel, record_notice,
    record_unknown.
    """
    now, name = clock.now(), ids.uuid7()
    _check(new, now)
    values = [new.kind, new.party.strip(), new.channel, new.route_id, new.begins_at, new.ends_at, new.announced_at]
    with staff_scope(), connections["staff"].cursor() as cursor:
        if instead_of is not None:
            withdraw_record(instead_of, actor=actor)
        cursor.execute(
            "INSERT INTO service_record (id, kind, party, channel, route_id, begins_at, ends_at, announced_at, proof,"
            " noted_at, noted_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [name, *values, new.proof.strip(), now, actor],
        )
        _count_again(cursor, new.begins_at, new.ends_at, now)
        facts = {"record": str(name), "kind": new.kind} | ({"instead_of": str(instead_of)} if instead_of else {})
        audit.append(audit.PLATFORM, "service_record.noted", actor, facts, using="staff")
    return name


def _check(new: NewRecord, now: datetime) -> None:
    """Nothing excuses what is not over yet, nor is an outage of ours one of others."""
    outage = new.kind == "outage"
    if not (now - _OLDEST < new.begins_at < new.ends_at) or (outage and new.ends_at > now):
        raise Refused("record_dates")
    if not new.proof.strip() or not new.party.strip():
        raise Refused("record_proof")
    if outage and new.party.strip().casefold().startswith(OURS):
        raise Refused("record_ours")
    if outage and new.channel is None:
        raise Refused("record_channel")
    announced = new.announced_at is None or new.announced_at <= now
    record = rules.Record(UUID(int=0), new.kind, new.begins_at, new.ends_at, announced_at=new.announced_at)
    if not (announced and rules.is_valid(record)):
        raise Refused("record_notice")


def withdraw_record(record_id: UUID, *, actor: str) -> None:
    """Take a record back: it excuses nothing any more. Raises: Refused record_unknown."""
    now = clock.now()
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "UPDATE service_record SET withdrawn_at = %s, withdrawn_by = %s WHERE id = %s AND withdrawn_at IS NULL"
            " RETURNING begins_at, ends_at",
            [now, actor, record_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise Refused("record_unknown", 404)
        _count_again(cursor, row[0], row[1], now)
        audit.append(audit.PLATFORM, "service_record.withdrawn", actor, {"record": str(record_id)}, using="staff")


def _count_again(cursor: Any, begins_at: datetime, ends_at: datetime, now: datetime) -> None:
    first, last = ((at.astimezone(clock.PARIS)).date() for at in (begins_at - _REACH, ends_at))
    cursor.execute(_AGAIN, [now, first, last])
