"""Routing success (CGVU 28): the count of the worker, and what pages show of a month."""

import time
from datetime import date, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from django.db import connections

from sofy.clients.queries import ClientLine, all_clients
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
#: How many months a page offers.
MONTHS: Final = 13


_OF_ALL = (
    "SELECT client_id, %s::date, '', '', verdict, reason, sum(messages)::bigint FROM service_day"
    " WHERE day >= %s AND day < %s GROUP BY client_id, verdict, reason"
)


def run_statement(name: LiteralString, values: dict[str, Any], *, using: str = "default") -> list[tuple[Any, ...]]:
    """A named statement on the transaction of the caller."""
    cursor: psycopg.Cursor[Any] = psycopg.Cursor(engine_connection(using))
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


def of_month(client_id: UUID, name: str, *, most: int = month.MOST_LOST, using: str = "default") -> month.ServiceLevel:
    """A month of a client, inside its scope or that of staff. Raises: Refused month_unreadable."""
    first, after = _bounds(name)
    values = {"client": client_id, "first": first, "after": after, "n": most}
    counted = run_statement("service_counted_at", values, using=using)
    return month.summary(
        name,
        run_statement("service_days", values, using=using),
        run_statement("service_lost_points", values, using=using) if most else (),
        run_statement("service_records_of", values, using=using),
        counted[0][0] if counted else None,
    )


def last_counted(client_id: UUID, name: str, *, using: str = "default") -> datetime | None:
    """When a day of a month was counted last, inside the scope of its client or of staff; None: never.

    Raises: Refused month_unreadable.
    """
    first, after = _bounds(name)
    values = {"client": client_id, "first": first, "after": after}
    counted: list[tuple[Any, ...]] = run_statement("service_counted_at", values, using=using)
    return counted[0][1] if counted else None


def months(client_id: UUID, *, using: str = "default") -> list[month.MonthFigures]:
    """The last months in which a client sent something, the newest first; inside its scope or that of staff."""
    today = clock.today()
    past = today.year * 12 + today.month - MONTHS
    first = date(past // 12, past % 12 + 1, 1)
    return month.by_month(run_statement("service_months", {"client": client_id, "first": first}, using=using))


@clause("CGVU 28")
def evidence(
    client_id: UUID, name: str, *, why: str = "", before: UUID | None = None, most: int = 50, using: str = "default"
) -> list[month.LostPoint]:
    """Lost points of a month, the newest first: all, of one reason, or what records of one kind excuse.

    Raises: Refused month_unreadable.
    """
    first, after = _bounds(name)
    values = {
        "client": client_id, "first": first, "n": most, "reason": why,
        "last": count.day_of(before) if before is not None else after - timedelta(days=1),
        "before": before if before is not None else UUID(int=2**128 - 1),
        "verdict": "excluded" if why in rules.KINDS else "lost",
    }  # fmt: skip
    return [month.LostPoint(*row) for row in run_statement("service_evidence", values, using=using)]


def decided_anew(client_id: UUID, since: datetime) -> None:
    """Something about messages since a moment was decided: their days are counted again; inside the client's scope."""
    day = since.astimezone(clock.PARIS).date()
    run_statement("service_again", {"client": client_id, "since": day, "now": clock.now()})


@clause("CGVU 28")
def every_client(name: str, *, actor: str) -> list[tuple[ClientLine, month.ServiceLevel]]:
    """The month of every client, for staff, the worst first; that it was read is in the platform's journal.

    Raises: Refused month_unreadable.
    """
    first, after = _bounds(name)
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_OF_ALL, [first, first, after])
        rows: dict[UUID, list[tuple[Any, ...]]] = {}
        for client_id, *row in cursor.fetchall():
            rows.setdefault(client_id, []).append(tuple(row))
        facts = {"query": "service_level", "month": name, "rows": len(rows)}
        audit.append(audit.PLATFORM, "staff.read", actor, facts, using="staff")
    told = [(line, month.summary(name, rows[line.id], (), (), None)) for line in all_clients() if line.id in rows]
    return sorted(told, key=lambda each: (each[1].success_percent is None, each[1].success_percent, each[0].name))


def note_read(client_id: UUID, name: str, *, actor: str) -> None:
    """Staff looked at a client's evidence: an entry of that client's journal."""
    with client_scope(client_id):
        audit.append(client_id, "staff.read", actor, {"query": "service_level", "month": name})
