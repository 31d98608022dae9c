"""What the ledger of messages says of a client's month, counted as often as one likes and kept as rows.

Nothing is decided here: which rows are invoiced says `rules.usage`, what became of them says `services.metering`.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import connections

from sofy.billing.models import Usage, UsageMonth
from sofy.clients.models import Client
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import PARIS, begin
from sofy.engine.db import sql
from sofy.kernel import clock, ids
from sofy.kit.below import engine_connection
from sofy.kit.rls import staff_scope

#: A message waits a year at most (`ingest.acceptance`); so long before its first count a month may have been asked for.
LONGEST_WAIT: Final = timedelta(days=366)
#: So long after its hand-over a message may still turn out to count: suppliers' ids are forgotten after eight days, and
#: receipts nobody could place after one more (`receipt_key`, `receipt_parked`).
NEWS_COMES_FOR: Final = timedelta(days=10)


#: A month that goes on is counted again so often, and less often where that takes long.
FRESH: Final = timedelta(minutes=10)
_SHARE: Final = 50
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def count_all(*, seconds: float = 300.0) -> int:
    """Count the present month of every client, those of the oldest figures first; answers how many were.

    A round begins no further client after so long.
    """
    now, ends, counted = clock.now(), time.monotonic() + seconds, 0
    month = now.astimezone(PARIS).date().replace(day=1)
    with staff_scope():
        known = {row.client_id: row for row in UsageMonth.objects.using("staff").filter(month=month)}
        clients = list(Client.objects.using("staff").values_list("pk", flat=True))
    for client_id in sorted(clients, key=lambda one: known[one].counted_at if one in known else _NEVER):
        if time.monotonic() > ends:
            break
        row = known.get(client_id)
        if row is None or now >= row.counted_at + max(FRESH, _SHARE * timedelta(milliseconds=row.took_ms)):
            count(client_id, month)
            counted += 1
    return counted


def count(client_id: UUID, month: date) -> UsageMonth:
    """Count a month of a client anew and keep what was found, in place of the last count."""
    ends, began, started = add_months(month, 1), clock.now(), time.monotonic()
    found = _read(client_id, _accepted_from(client_id, month), begin(ends))
    within = [row for row in found if row[0] is not None and month <= row[0] < ends]
    open_from = min([begin(ends), began, *(row[-1] for row in found if _may_count_later(row, ends, began))])
    with staff_scope():
        _one_at_a_time(client_id)
        mine = Usage.objects.using("staff").filter(client_id=client_id, month=month)
        mine.delete()
        Usage.objects.using("staff").bulk_create([_row(client_id, month, row) for row in within])
        known = UsageMonth.objects.using("staff").filter(client_id=client_id, month=month).first()
        row = known or UsageMonth(client_id=client_id, month=month)
        row.counted_at, row.open_from = began, open_from
        row.took_ms = round((time.monotonic() - started) * 1000)
        row.save(using="staff")
    return row


def _accepted_from(client_id: UUID, month: date) -> datetime:
    """When the first messages were accepted that may count in a month: what was open at the last count."""
    with staff_scope():
        before = UsageMonth.objects.using("staff").filter(client_id=client_id, month=add_months(month, -1)).first()
    first = begin(month)
    return min(before.open_from, first) if before else first - LONGEST_WAIT


def _read(client_id: UUID, after: datetime, before: datetime) -> list[tuple[Any, ...]]:
    values = {"client": client_id, "after": _id(after), "before": _id(before)}
    with staff_scope():
        cursor: psycopg.Cursor[Any] = psycopg.Cursor(engine_connection("staff"))
        return list(cursor.execute(sql("usage_of_month"), values).fetchall())


def _id(at: datetime) -> UUID:
    return ids.before(at.astimezone(UTC))


def _may_count_later(row: tuple[Any, ...], ends: date, now: datetime) -> bool:
    """Whether messages may count in a later month: they wait, or count there, or may turn out to have been taken."""
    day, status = row[0], row[5]
    if day is None or day >= ends:
        return True
    return bool(status == "refused" and day >= (now - NEWS_COMES_FOR).astimezone(PARIS).date())


def _row(client_id: UUID, month: date, row: tuple[Any, ...]) -> Usage:
    day, channel, purpose, destination, establishment_id, status, reason, template, messages, units, first_at, _ = row
    country, _, network = destination.partition("/")
    return Usage(
        client_id=client_id, month=month, day=day, channel=channel, purpose=purpose, country=country, network=network,
        establishment_id=establishment_id, status=status, reason=reason, template=template, messages=messages,
        units=units, first_at=first_at,
    )  # fmt: skip


def _one_at_a_time(client_id: UUID) -> None:
    """Counts of one client are written one after the other; inside the staff scope."""
    with connections["staff"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"billing_usage {client_id}"])
