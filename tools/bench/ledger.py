"""Databases of the bench of growth whose ledger is as old and as long as it is asked for.

A year of messages that were delivered, and as many rows that wait in the queue for a day of the year to come. All of
it is made by the server, each row under an id of its own month; payloads hold constant bytes in place of a sealed
text, which nothing reads.
What is due is handed in by the product's own door.
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tools.bench import data, load

CLIENTS = 10
STEP = 500_000
#: Of the messages that are due, one in so many was accepted months ago: it lies where nothing was read lately.
OLD_EVERY = 100
LANE = "marketing"
TEXT = "Bonjour Camille, -20 % samedi dans votre magasin. STOP SMS 36111"
TABLES = ("engine_message", "engine_state", "engine_event", "engine_queue")

#: Rows are numbered through the year: the first is a year old, the last of now. Each was delivered a minute later.
FILL = """
WITH told AS MATERIALIZED (
    SELECT (%(clients)s::uuid[])[1 + n %% %(owners)s] AS client_id, n, gen_random_uuid() AS contact_id,
           uuidv7((n - %(total)s) * (interval '365 days' / %(total)s)) AS id,
           now() + (n - %(total)s) * (interval '365 days' / %(total)s) AS at,
           sha256(int8send(n::bigint * 7919 %% 1000003)) AS recipient_index,
           md5((n / 100000)::text || (n %% %(owners)s)::text)::uuid AS campaign_id
      FROM generate_series(%(first)s::int, %(last)s::int) n
), message AS (
    INSERT INTO engine_message (client_id, id, purpose, campaign_id, contact_id, recipient_index, sender, short_code,
                                payload, parts, encoding, unit_price_eur, created_at)
    SELECT client_id, id, 'marketing', campaign_id, contact_id, recipient_index, 'BENCH', '36111',
           convert_to(repeat('x', 130), 'UTF8'), 1, 'gsm7', 0.045, at FROM told
), state AS (
    INSERT INTO engine_state (client_id, message_id, campaign_id, contact_id, recipient_index, status, rank, parts,
                              parts_done, accepted_at, submitted_at, final_at, updated_at, route_id)
    SELECT client_id, id, campaign_id, contact_id, recipient_index, 'delivered', 50, 1, 1, at, at + interval '1 minute',
           at + interval '2 minutes', at + interval '2 minutes', %(route)s FROM told
), event AS (
    INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, submitted_at)
    SELECT client_id, id, contact_id, campaign_id, 'delivered', at + interval '2 minutes', at + interval '1 minute'
      FROM told
)
INSERT INTO engine_queue (client_id, message_id, lane, due_at)
SELECT client_id, uuidv7((n - %(total)s) * (interval '365 days' / %(total)s)), 'marketing',
       now() + interval '1 day' + (hashint8(n) & 8388607) * (interval '364 days' / 8388608) FROM told
"""
#: Messages of all months that are due now, as reminders are: found by key, so that their rows stay unread.
OLD = """
INSERT INTO engine_queue (client_id, message_id, lane, due_at)
SELECT %(client)s, found.id, 'marketing', %(since)s::timestamptz + random() * (%(now)s::timestamptz - %(since)s)
  FROM (SELECT uuidv7(-random() * interval '365 days') AS mark FROM generate_series(1, %(n)s) OFFSET 0) AS marks
 CROSS JOIN LATERAL (SELECT m.id FROM engine_message m
                      WHERE m.client_id = %(client)s AND m.id >= marks.mark ORDER BY m.id LIMIT 1) AS found
ON CONFLICT DO NOTHING
"""
LEFT = "DELETE FROM engine_queue WHERE client_id = %(client)s AND lane = 'marketing' AND due_at <= %(now)s"


@dataclass
class Ledger:
    """A database, its clients, how long it took to fill, and how fast the product's door took what is due."""

    rows: int
    place: Any
    clients: list[UUID]
    seconds: float = 0.0
    stored_per_second: int = 0

    @property
    def url(self) -> str:
        """Where an engine logs in."""
        return str(self.place.url("sofy_engine"))

    def drop(self) -> None:
        """Give its place on the disk back."""
        self.place.drop()

    def megabytes(self) -> dict[str, int]:
        """What the tables take with their indexes."""
        import psycopg

        with psycopg.connect(self.place.admin_url) as conn:
            sizes = "SELECT t, pg_total_relation_size(t::regclass) / 1048576 FROM unnest(%s::text[]) t"
            return dict(conn.execute(sizes, [list(TABLES)]).fetchall())


def filled(rows: int, clients: int = CLIENTS, *, quiet: bool = False) -> Ledger:
    """A database with so many rows a year old to a second old, and as many that wait for later; rows 0: none.

    The one of an earlier run that was kept, if there is one.
    """
    from sofy.project import database as roles
    from sofy.project.testing import TestDatabase

    data.own_secrets()
    place = TestDatabase()
    name = f"sofy_ledger_{rows}_{clients}_{_digest(roles.migrations_digest())}"
    facts = data.kept(place, name)
    if facts is None:
        facts = _make(place, name, rows, clients, quiet=quiet)
    place.name, place.admin_url = name, roles.with_database(place.server, name)
    return Ledger(rows, place, [UUID(client) for client in facts["clients"]], facts["seconds"])


def _make(place: Any, name: str, rows: int, clients: int, *, quiet: bool) -> dict[str, Any]:
    """Fill a draft and give it its name when it is whole."""
    import psycopg

    from sofy.project import database as roles

    started = time.perf_counter()
    place.create()
    owners = _clients(place.url("sofy_engine"), clients)
    if rows:
        _fill(place.admin_url, owners, rows, quiet=quiet)
    facts = {"clients": [str(client) for client in owners], "seconds": round(time.perf_counter() - started, 1)}
    with psycopg.connect(roles.with_database(place.server, "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {place.name} RENAME TO {name}")
        roles.remember_migrated(connection, name, json.dumps(facts))
    return facts


def _digest(migrations: str) -> str:
    return hashlib.sha256(f"{migrations} {FILL}".encode()).hexdigest()[:10]


def keystore() -> Any:
    """The keys that kept databases were filled with."""
    from sofy.engine.keystore import KeyStore
    from sofy.kernel.config import Config

    return KeyStore(Config.load(os.environ))


def _clients(url: str, count: int) -> list[UUID]:
    from sofy.engine import db, permissions
    from sofy.kernel import ids

    made, keys = ids.uuid7s(count), keystore()
    with db.connect(url) as conn:
        for client in made:
            keys.create(client)
            permissions.write_client(conn, client, state="active")
    return made


def _fill(admin_url: str, owners: list[UUID], rows: int, *, quiet: bool) -> None:
    """Rows first, indexes behind them: an index is built in a third of the time it grows in."""
    import psycopg

    with psycopg.connect(admin_url, autocommit=True) as conn:
        conn.execute("SET synchronous_commit = off")
        conn.execute("SET maintenance_work_mem = '1GB'")
        conn.execute("ALTER TABLE engine_state SET (fillfactor = 90)")  # nothing becomes of what was delivered
        with _without_indexes(conn):
            values: dict[str, Any] = {"clients": owners, "owners": len(owners), "total": rows, "route": owners[0]}
            for first in range(1, rows + 1, STEP):
                last = min(rows, first + STEP - 1)
                conn.execute(FILL, values | {"first": first, "last": last})
                if not quiet:
                    print(f"  {last:>10,} of {rows:,} rows", file=sys.stderr, flush=True)
        conn.execute("ALTER TABLE engine_state SET (fillfactor = 45)")
        conn.execute("VACUUM (ANALYZE)")


@contextlib.contextmanager
def _without_indexes(conn: Any) -> Iterator[None]:
    """The tables without keys and indexes for the block; they are built as they were behind it."""
    keys = conn.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'p' AND conrelid::regclass::text = ANY(%s)",
        [list(TABLES)],
    ).fetchall()
    for table, name, _ in keys:
        conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = conn.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)", [list(TABLES)]
    ).fetchall()
    for name, _ in indexes:
        conn.execute(f"DROP INDEX {name}")
    yield
    for table, name, definition in keys:
        conn.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        conn.execute(definition)


def make_due(made: Ledger, messages: int, old_every: int = OLD_EVERY, batch: int = 500) -> None:
    """So many messages due now, and a fifth more, of all clients alike: by the product's door, but for the old ones.

    Of each client the old ones are due among the others, so that every claim has some. What an earlier run left is
    taken away first.
    """
    import psycopg

    from sofy.engine import db, intake
    from sofy.kernel import clock, ids

    keys, each = keystore(), -(-messages * 6 // (5 * len(made.clients)))
    old, storing_s = each // old_every if made.rows else 0, 0.0
    with db.connect(made.url, autocommit=True) as conn, psycopg.connect(made.place.admin_url, autocommit=True) as admin:
        for client in made.clients:
            admin.execute(LEFT, {"client": client, "now": clock.now()})
            own, campaign = keys.client(client), ids.uuid7()
            since, started = clock.now(), time.perf_counter()
            for first in range(0, each - old, batch):
                people = range(first, min(first + batch, each - old))
                batches = [[_message(n) for n in people]]
                list(intake.bulk([conn], client, batches, keys=own, campaign_id=campaign))
            storing_s += time.perf_counter() - started
            if old:
                admin.execute(OLD, {"client": client, "n": old, "since": since, "now": clock.now()})
        made.stored_per_second = round((each - old) * len(made.clients) / storing_s)
        for table in TABLES:  # as autovacuum does a moment later
            admin.execute(f"VACUUM (ANALYZE) {table}")
        admin.execute("CHECKPOINT")


def _message(number: int) -> Any:
    from sofy.engine.intake import MessageIn

    return MessageIn(
        purpose="marketing", to=load.recipient(number), text=TEXT, sender="BENCH", short_code="36111", parts=1,
        encoding="gsm7",
    )  # fmt: skip
