"""What the ledger of messages says of a client's month, counted as often as one likes and kept as rows.

Nothing is decided here: which rows are invoiced says `rules.usage`, what became of them says `services.metering`.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connections

from sofy.billing.models import UsageMonth
from sofy.clients.models import Client
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import PARIS, begin
from sofy.engine.db import sql
from sofy.kernel import clock, ids
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


def count(client_id: UUID, month: date) -> None:
    """Count a month of a client anew and keep what was found, in place of the last count."""
    started = time.monotonic()
    with staff_scope():
        keep(client_id, month)
        took_ms = round((time.monotonic() - started) * 1000)
        rows = UsageMonth.objects.using("staff").filter(client_id=client_id, month=month)
        rows.update(took_ms=took_ms)


def keep(client_id: UUID, month: date) -> None:
    """The same in the caller's staff scope; until its end nobody else counts for this client."""
    ends, now = add_months(month, 1), clock.now()
    with connections["staff"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"billing_usage {client_id}"])
        cursor.execute(_OPEN_FROM, [client_id, add_months(month, -1)])
        before = cursor.fetchone()
        since = min(before[0], begin(month)) if before else begin(month) - LONGEST_WAIT
        values: dict[str, Any] = {
            "client": client_id, "month": month, "ends": ends, "ends_at": begin(ends), "now": now,
            "after": first_id(since), "before": first_id(begin(ends)),
            "news_since": (now - NEWS_COMES_FOR).astimezone(PARIS).date(),
        }  # fmt: skip
        cursor.execute(ONCE)
        cursor.execute(_COUNT, values)
        cursor.execute(AS_EVER)


def first_id(at: datetime) -> UUID:
    """Messages that are accepted from a moment on have ids from here on."""
    return ids.before(at.astimezone(UTC))


#: Where statistics are older than a bulk load, a loop over what they take for a few rows would never end.
ONCE: Final = "SET LOCAL enable_nestloop = off"
AS_EVER: Final = "SET LOCAL enable_nestloop = on"
_OPEN_FROM: Final = "SELECT open_from FROM billing_usage_month WHERE client_id = %s AND month = %s"
#: What was found takes the place of the last count. A message may count in a later month if it waits, if it counts
#: there already, or if its supplier, who did not take it, may yet say that it arrived.
_COUNT: Final = f"""
WITH counted AS ({sql("usage_of_month")}), gone AS (
    DELETE FROM billing_usage WHERE client_id = %(client)s AND month = %(month)s
), kept AS (
    INSERT INTO billing_usage (client_id, id, month, day, channel, purpose, country, network, establishment_id, status,
                               reason, template, messages, units, first_at)
    SELECT %(client)s, gen_random_uuid(), %(month)s, day, channel, purpose, split_part(destination, '/', 1),
           substr(destination, strpos(destination || '/', '/') + 1), establishment_id, status, reason, template,
           messages, units, first_at
      FROM counted WHERE day >= %(month)s AND day < %(ends)s
)
INSERT INTO billing_usage_month (client_id, id, month, counted_at, took_ms, open_from, cuts)
SELECT %(client)s, gen_random_uuid(), %(month)s, %(now)s, 0,
       least(%(ends_at)s, %(now)s,
             (SELECT min(accepted_at) FROM counted
               WHERE day IS NULL OR day >= %(ends)s OR (status = 'refused' AND day >= %(news_since)s))), '[]'
ON CONFLICT (client_id, month) DO UPDATE SET counted_at = excluded.counted_at, open_from = excluded.open_from
"""  # noqa: S608 - a named statement of the engine
