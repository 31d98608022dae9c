"""How fast a segment is counted while it is written.

`python -m tools.bench.segment [--contacts N] [--events N] [--json]`. A preview is what the builder asks for after each
change: the whole, the reach per channel, 20 members, and the count of every row. The segment is nested, with a radius
and a behaviour clause; each round asks for another place, another distance and another time, so no answer is
remembered. Data are generated inside a private database with its durability on; statements run as sofy_web under
row-level security.
"""

import argparse
import json
import random
import sys
import time
from typing import Any
from uuid import UUID, uuid4

from tools.bench.imports import peak_mb, private_database

ROUNDS = 40
TARGET_MS = 1000.0
PLACES = [(48.86, 2.35), (45.76, 4.84), (43.30, 5.37), (47.22, -1.55), (50.63, 3.06), (44.84, -0.58), (48.58, 7.75)]
CONTACTS = """
INSERT INTO audience_contact (client_id, id, title, birth_date, language, postcode, town, town_key, latitude, longitude,
                              sms, email, created_at, updated_at)
SELECT %(client)s, made.id, (ARRAY['', 'mr', 'mrs'])[1 + n %% 3], date '1940-01-01' + (random() * 25000)::int,
       (ARRAY['fr', 'fr', 'fr', 'en', ''])[1 + n %% 5], lpad((1 + n %% 95)::text, 2, '0') || '000', 'Ville', 'ville',
       42.5 + random() * 8.5, -4.5 + random() * 12.5, (ARRAY[3, 3, 3, 3, 3, 3, 2, 2, 4, 0])[1 + n %% 10],
       (ARRAY[3, 2, 0])[1 + n %% 3], now() - random() * interval '700 days', now() - random() * interval '300 days'
  FROM generate_series(%(first)s::int, %(last)s::int) n,
       LATERAL (SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
                        || substr(md5((n * 7)::text), 1, 15))::uuid AS id) made
"""
EVENTS = """
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
SELECT %(client)s, gen_random_uuid(), picked.id, %(campaign)s,
       CASE WHEN n %% 10 < 4 THEN 'submitted' WHEN n %% 10 < 8 THEN 'delivered' WHEN n %% 50 < 45 THEN 'clicked'
            ELSE 'replied' END,
       %(now)s::timestamptz - (%(total)s::int - n) * (interval '365 days' / %(total)s::int)
  FROM generate_series(%(first)s::int, %(last)s::int) n,
       LATERAL (SELECT 1 + (hashint4(n)::bigint + 2147483648) %% %(contacts)s::int AS m) pick,
       LATERAL (SELECT (lpad(to_hex(1700000000000 + pick.m), 12, '0') || '7' || substr(md5(pick.m::text), 1, 3) || '8'
                        || substr(md5((pick.m * 7)::text), 1, 15))::uuid AS id) picked
"""
STEP = 250_000


def fill(database: Any, client: UUID, contacts: int, events: int, *, quiet: bool) -> None:
    """People all over France and a year of messages to them."""
    import psycopg
    from psycopg import sql

    from sofy.kernel import clock

    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'")
        common = {"client": client, "campaign": uuid4(), "contacts": contacts, "total": events, "now": clock.now()}
        kept = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'engine_event'"
        ).fetchall()
        for name, _definition in kept:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        for statement, total in ((CONTACTS, contacts), (EVENTS, events)):
            for first in range(1, total + 1, STEP):
                last = min(total, first + STEP - 1)
                connection.execute(statement, {**common, "first": first, "last": last})
                if not quiet:
                    print(f"  {last:>9,} of {total:,}", file=sys.stderr, flush=True)
        for _name, definition in kept:  # made at the end: filling the table is not what is measured
            connection.execute(definition)
        connection.execute("VACUUM (ANALYZE) audience_contact")
        connection.execute("VACUUM (ANALYZE) engine_event")


def question(pick: random.Random) -> dict[str, Any]:
    """A nested segment with a radius and a behaviour clause."""
    latitude, longitude = pick.choice(PLACES)
    days = pick.randint(20, 60)
    return {
        "is": "all",
        "of": [
            {"is": "near", "km": pick.randint(10, 120), "latitude": latitude, "longitude": longitude},
            {
                "is": "any",
                "of": [
                    {"is": "language", "values": ["fr"]},
                    {
                        "is": "all",
                        "of": [{"is": "age", "at_least": 18, "at_most": pick.randint(30, 60)}, {"is": "consent"}],
                    },
                ],
            },
            {"is": "behaviour", "what": "clicked", "days": days, "not": pick.random() < 0.5},
        ],
    }


def run(contacts: int, events: int, *, quiet: bool) -> dict[str, Any]:
    """Generate, ask, measure."""
    database = private_database()
    try:
        from sofy.audience.segments import counts, tree
        from sofy.clients.services import create_client
        from sofy.kit.rls import client_scope

        client = create_client(name="Bench").pk
        started = time.perf_counter()
        fill(database, client, contacts, events, quiet=quiet)
        filled = time.perf_counter() - started
        pick, took, whole, found = random.Random(7), [], [], 0
        for number in range(ROUNDS + 2):
            root = tree.from_builtins(question(pick))
            with client_scope(client):
                begin = time.perf_counter()
                preview = counts.preview(client, root)
                middle = time.perf_counter()
                rows = counts.row_counts(client, root, whole=preview.total)
                end = time.perf_counter()
            assert preview.total <= min(rows.values())
            found = max(found, preview.total)
            if number >= 2:  # the first two warm the cache, as the builder does when it is opened
                whole.append((middle - begin) * 1000)
                took.append((end - begin) * 1000)
        took.sort(), whole.sort()
        return {
            "name": "segment",
            "n": contacts,
            "events": events,
            "seconds": round(sum(took) / 1000, 2),
            "per_second": round(len(took) * 1000 / sum(took), 2),
            "p50_ms": round(took[len(took) // 2], 1),
            "p95_ms": round(took[int(len(took) * 0.95)], 1),
            "p99_ms": round(took[-1], 1),
            "whole_p95_ms": round(whole[int(len(whole) * 0.95)], 1),
            "rss_mb": round(peak_mb(), 1),
            "largest": found,
            "filled_seconds": round(filled, 1),
        }
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.contacts, given.events, quiet=given.json)
    if not given.json:
        for key, value in result.items():
            print(f"{key:>15}  {value}")
        print(f"{'target':>15}  p95 under {TARGET_MS:.0f} ms: {'met' if result['p95_ms'] < TARGET_MS else 'MISSED'}")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
