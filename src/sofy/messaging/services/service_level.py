"""Routing success (CGVU 28): the count of the worker, what pages show of a month, and the dated records of staff."""

import time
from datetime import date, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from django.db import connections

from sofy.clients.queries import all_clients
from sofy.engine import pgarray
from sofy.engine.db import sql
from sofy.engine.service_level import count, month, rules
from sofy.kernel import clock, ids
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope, staff_scope

#: A round of the worker begins no further day after this long.
ROUND_S: Final = 20.0
#: How far back a record is dated: what messages were is known for three years, claims are settled long before.
_OLDEST: Final = timedelta(days=400)
PARTIES: Final = ("Orange", "SFR", "Bouygues Telecom", "Free", "Meta", "Google", "Sofy")


def run_statement(name: LiteralString, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """A named statement on the transaction of the caller."""
    cursor: psycopg.Cursor[Any] = psycopg.Cursor(engine_connection())
    pgarray.register(cursor)
    cursor.execute(sql(name), values)
    return list(cursor.fetchall()) if cursor.description else []


@clause("CGVU 28")
def count_all(*, seconds: float = ROUND_S) -> int:
    """Count what is to be counted of every client, a day of each in turn; answers how many days were."""
    ends, counted = time.monotonic() + seconds, 0
    waiting = [line.id for line in all_clients()]
    while waiting and time.monotonic() < ends:
        waiting = [client_id for client_id in waiting if time.monotonic() < ends and count_next(client_id)]
        counted += len(waiting)
    return counted


def count_next(client_id: UUID) -> bool:
    """Count the day of a client that waits longest; False when none does."""
    with client_scope(client_id):
        day = _due_day(client_id)
    if day is None:
        return False
    count_day(client_id, day)
    return True


def count_day(client_id: UUID, day: date) -> None:
    """Count one day anew, page by page, each in a transaction of its own."""
    counting = count.Day(client_id, day, keystore())
    more = True
    while more:
        with client_scope(client_id):
            more = counting.step(engine_connection())


def count_month(client_id: UUID, name: str) -> None:
    """Count every day of a month anew. Raises: Refused month_unreadable."""
    day, after = _bounds(name)
    while day < after:
        with client_scope(client_id):
            known = run_statement("service_next_day", {"client": client_id, "after": ids.before(count.bounds(day)[0])})
            if not known or count.day_of(known[0][0]) >= after:
                return
            day = count.day_of(known[0][0])
            run_statement("service_begin_day", {"client": client_id, "day": day, "now": clock.now()})
        count_day(client_id, day)
        day += timedelta(days=1)


def _due_day(client_id: UUID) -> date | None:
    """A new day first, once it has messages; else one that is to be counted again."""
    values: dict[str, Any] = {"client": client_id, "now": clock.now()}
    last = run_statement("service_last_day", values)
    since = count.bounds(last[0][0])[1] if last else datetime.min.replace(year=2000, tzinfo=clock.PARIS)
    found = run_statement("service_next_day", values | {"after": ids.before(since)})
    if found and (day := count.day_of(found[0][0])) <= clock.today():
        run_statement("service_begin_day", values | {"day": day})
        return day
    due = run_statement("service_due_day", values)
    return due[0][0] if due else None


def _bounds(name: str) -> tuple[date, date]:
    found = month.bounds(name)
    if found is None:
        raise Refused("month_unreadable", month=name)
    return found


def of_month(client_id: UUID, name: str, *, most: int = month.MOST_LOST) -> month.ServiceLevel:
    """A month of a client, inside its scope. Raises: Refused month_unreadable."""
    first, after = _bounds(name)
    values = {"client": client_id, "first": first, "after": after, "n": most}
    counted = run_statement("service_counted_at", values)
    return month.summary(
        name,
        run_statement("service_days", values),
        run_statement("service_lost_points", values),
        run_statement("service_records_of", values),
        counted[0][0] if counted else None,
    )


def decided_anew(client_id: UUID, since: datetime) -> None:
    """Something about messages since a moment was decided: their days are counted again; inside the client's scope."""
    day = since.astimezone(clock.PARIS).date()
    run_statement("service_again", {"client": client_id, "since": day, "now": clock.now()})


def every_client(name: str) -> list[tuple[Any, month.ServiceLevel]]:
    """The month of every client, for staff, the worst first. Raises: Refused month_unreadable."""
    first, after = _bounds(name)
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "SELECT client_id, day, purpose, channel, verdict, reason, messages FROM service_day"
            " WHERE day >= %s AND day < %s",
            [first, after],
        )
        rows: dict[UUID, list[tuple[Any, ...]]] = {}
        for client_id, *row in cursor.fetchall():
            rows.setdefault(client_id, []).append(tuple(row))
    told = [(line, month.summary(name, rows[line.id], (), (), None)) for line in all_clients() if line.id in rows]
    return sorted(told, key=lambda each: (each[1].success_percent is None, each[1].success_percent, each[0].name))


# ---- dated records, on the staff login

_NAMES: Final = ("id", "kind", "party", "channel", "begins_at", "ends_at", "announced_at", "proof", "withdrawn_at")
_RECORDS = (
    "SELECT id, kind, party, channel, begins_at, ends_at, announced_at, proof, withdrawn_at FROM service_record"
    " ORDER BY begins_at DESC LIMIT 200"
)
_AGAIN = "UPDATE service_slice SET again_at = %s WHERE day >= %s AND day <= %s"
#: A message may be lost so long after it was accepted: planned ones wait.
_REACH: Final = timedelta(days=7)


def records() -> list[dict[str, Any]]:
    """Every record of the last year, the newest first."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_RECORDS)
        return [dict(zip(_NAMES, row, strict=True)) for row in cursor.fetchall()]


@clause("CGVU 28")
def note_record(
    *,
    kind: str,
    party: str,
    begins_at: datetime,
    ends_at: datetime,
    proof: str,
    actor: str,
    channel: str | None = None,
    route_id: UUID | None = None,
    announced_at: datetime | None = None,
) -> UUID:
    """Note an outage of others, or a maintenance that was announced; the days it touches are counted again.

    Raises: Refused record_dates, record_proof, record_notice.
    """
    now, name = clock.now(), ids.uuid7()
    if not (now - _OLDEST < begins_at < ends_at) or (kind == "outage" and begins_at > now):
        raise Refused("record_dates")
    if not proof.strip() or not party.strip():
        raise Refused("record_proof")
    record = rules.Record(name, kind, begins_at, ends_at, channel, route_id, announced_at)
    if not rules.is_valid(record):
        raise Refused("record_notice")
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO service_record (id, kind, party, channel, route_id, begins_at, ends_at, announced_at, proof,"
            " noted_at, noted_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [name, kind, party.strip(), channel, route_id, begins_at, ends_at, announced_at, proof.strip(), now, actor],
        )
        _count_again(cursor, begins_at, ends_at, now)
        audit.append(audit.PLATFORM, "service_record.noted", actor, {"record": str(name), "kind": kind}, using="staff")
    return name


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
