"""A shop chain after four months on the product: the database that the benches of reading share.

People come in through the product's own import, campaigns through its own expansion; what the engine would have
written since (receipts, clicks, STOPs, a year of earlier messages) is made in SQL. Filling a million contacts takes
minutes, so the database is kept under a name that says what it holds; it is filled again when the migrations or this
file change, or with `fresh`. The clock stands where it stood when the database was filled: a kept one does not age.
"""

import hashlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from tools.bench import database, imports

OWNER = "owner@example.test"
SHOPS = 23
#: Days before the present, and how many shops each campaign was written to; the last one is the big one.
CAMPAIGNS = (*((108 - 9 * n, 1) for n in range(11)), (2, 3))
EVENTS_PER_CONTACT = 5
JOURNAL = 2_000
STEP = 250_000
HEADER = (*imports.HEADER, "Langue", "Latitude", "Longitude", "Magasin")
TEXT = "Bonjour {{ prenom }}, -20 % samedi : https://exemple.fr/catalogue STOP SMS 36111"

#: What the engine writes until the last receipt: of a hundred messages 94 are delivered, 5 people click, some answer.
PLAYED = """
CREATE TEMP TABLE played ON COMMIT DROP AS
SELECT message_id, contact_id, row_number() OVER (ORDER BY contact_id) AS n FROM engine_state
 WHERE client_id = %(client)s AND campaign_id = %(campaign)s;
UPDATE engine_state s
   SET status = CASE WHEN n %% 100 > 5 THEN 'delivered'
                     ELSE (ARRAY['withheld', 'unknown', 'expired', 'failed', 'failed', 'failed'])[1 + n %% 100] END,
       rank = CASE WHEN n %% 100 > 5 THEN 50 ELSE (ARRAY[90, 30, 40, 40, 40, 40])[1 + n %% 100] END,
       reason = (ARRAY['withdrawn', 'no_receipt', 'receipt', 'absent_subscriber', 'unknown_subscriber', 'receipt'])
                [1 + n %% 100],
       submitted_at = CASE WHEN n %% 100 > 0 THEN %(at)s::timestamptz + n * interval '20 ms' END,
       final_at = CASE WHEN n %% 100 <> 1
                       THEN %(at)s::timestamptz + n * interval '20 ms' + n %% 90 * interval '7 s' END,
       updated_at = %(at)s::timestamptz + n * interval '20 ms' + n %% 90 * interval '7 s'
  FROM played WHERE s.client_id = %(client)s AND s.message_id = played.message_id;
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
SELECT client_id, message_id, contact_id, campaign_id, kind, at
  FROM engine_state, LATERAL (VALUES ('submitted', submitted_at), (status, final_at)) AS reached (kind, at)
 WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND at IS NOT NULL;
INSERT INTO soreach_click (client_id, id, campaign_id, link_id, contact_id, message_id, variant, at, score, human)
SELECT %(client)s, gen_random_uuid(), %(campaign)s, l.id, contact_id, message_id, 'A',
       %(at)s::timestamptz + n * interval '1 s', 90, n %% 100 > 6
  FROM played, soreach_trackedlink l WHERE l.campaign_id = %(campaign)s AND n %% 100 BETWEEN 6 AND 11;
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
SELECT client_id, message_id, contact_id, campaign_id, 'clicked', at FROM soreach_click
 WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND human;
INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, contact_hint, message_id, payload, keyword, at)
SELECT %(client)s, gen_random_uuid(), %(route)s, recipient_index, s.contact_id, s.message_id, '',
       CASE WHEN n %% 1000 < 500 THEN 'stop' ELSE '' END, s.updated_at + interval '1 minute'
  FROM played JOIN engine_state s ON s.client_id = %(client)s AND s.message_id = played.message_id
 WHERE n %% 500 = 20;
DELETE FROM engine_queue WHERE client_id = %(client)s;
UPDATE gate_campaign SET state = 'finished' WHERE client_id = %(client)s AND campaign_id = %(campaign)s;
UPDATE soreach_campaign SET status = 'finished', finished_at = %(at)s::timestamptz + interval '1 hour'
 WHERE client_id = %(client)s AND id = %(campaign)s;
"""
NUMBERED = """
CREATE TEMP TABLE numbered AS SELECT row_number() OVER () AS n, id FROM audience_contact WHERE client_id = %(client)s;
ANALYZE numbered
"""
#: A year of messages of earlier campaigns; of ten events four are submitted, four delivered, nearly one clicked.
EVENTS = """
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
SELECT %(client)s, gen_random_uuid(), numbered.id, %(earlier)s,
       CASE WHEN e %% 10 < 4 THEN 'submitted' WHEN e %% 10 < 8 THEN 'delivered' WHEN e %% 50 < 45 THEN 'clicked'
            ELSE 'replied' END,
       %(now)s::timestamptz - (%(total)s::int - e) * (interval '365 days' / %(total)s::int)
  FROM generate_series(%(first)s::int, %(last)s::int) e
  JOIN numbered ON n = 1 + (hashint4(e)::bigint + 2147483648) %% %(contacts)s::int
"""


@dataclass(frozen=True)
class Base:
    """A filled database: its client, its big campaign, and what filling it measured."""

    contacts: int
    client: UUID
    slug: str
    campaign: UUID
    filled: dict[str, Any]


@contextmanager
def base(contacts: int, *, fresh: bool = False, quiet: bool = False) -> Iterator[Base]:
    """Django on a database with that many contacts, filled first unless one is kept."""
    from sofy.project import database as roles
    from sofy.project.testing import TestDatabase

    own_secrets()
    place = TestDatabase()
    name = f"sofy_filled_{contacts}_{_digest(roles.migrations_digest())}"
    facts = None if fresh else kept(place, name)
    if facts is None:
        facts = _fill(place, name, contacts, _silent if quiet else _tell)
    place.name, place.admin_url = name, roles.with_database(place.server, name)
    database.connect(place)
    from django.db import connections

    from sofy.kernel import clock

    now = datetime.fromisoformat(facts["now"])
    clock.install(lambda: now)
    try:
        yield Base(contacts, UUID(facts["client"]), facts["slug"], UUID(facts["campaign"]), facts["filled"])
    finally:
        clock.reset()
        connections.close_all()


def own_secrets() -> None:
    """Keys that live as long as the kept databases: a test run throws its own away."""
    from sofy.project import database as roles
    from sofy.project import places
    from sofy.project.testing import TestDatabase

    folder = places.private_dir(places.state_dir() / "bench")
    os.environ["SOFY_SECRETS_DIR"] = str(folder)
    os.environ["SOFY_MASTER_KEY_FILE"] = str(folder / "master.key")
    shared = TestDatabase().shared_secrets
    for role in roles.ROLES:
        places.write_private(folder / f"pg_{role}", roles.password_of(shared, role))


def _digest(migrations: str) -> str:
    return hashlib.sha256(migrations.encode() + Path(__file__).read_bytes()).hexdigest()[:10]


def kept(place: Any, name: str) -> dict[str, Any] | None:
    """What a kept database holds, which it carries as its comment."""
    import psycopg

    from sofy.project import database as roles

    with psycopg.connect(roles.with_database(place.server, "postgres")) as connection:
        found = roles.migrated_to(connection, name)
    return json.loads(found) if found else None


def _fill(place: Any, name: str, contacts: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Fill a draft and give it its name when it is whole; drafts of killed runs are dropped by the next test run."""
    import psycopg
    from psycopg import sql

    from sofy.project import database as roles

    started = time.perf_counter()
    tell(f"Filling a database with {contacts:,} contacts; it is kept for the next run.")
    place.create()
    database.connect(place)
    from django.db import connections

    from sofy.kernel import clock

    now = datetime.now(UTC).replace(microsecond=0)
    try:
        facts = _Filling(place.admin_url, contacts, now, tell).run()
    finally:
        clock.reset()
        connections.close_all()
    facts["filled"]["seconds"] = round(time.perf_counter() - started, 1)
    with psycopg.connect(roles.with_database(place.server, "postgres"), autocommit=True) as connection:
        ours = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        for (old,) in connection.execute(ours, [f"sofy_filled_{contacts}_"]).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(place.name), sql.Identifier(name)))
        roles.remember_migrated(connection, name, json.dumps(facts))
    return facts


class _Filling:
    """The steps of one filling, on the clock of the months it tells about."""

    def __init__(self, admin_url: str, contacts: int, now: datetime, tell: Callable[[str], None]) -> None:
        self.admin_url, self.contacts, self.now, self.tell = admin_url, contacts, now, tell

    def run(self) -> dict[str, Any]:
        import psycopg

        from sofy.clients.services import create_client

        self.at(days_ago=120)
        client = create_client(name="Les Fleurs du Port", slug="bench")
        self.client = client.pk
        with psycopg.connect(self.admin_url, autocommit=True) as self.admin:
            shops = self.team(client)
            imported = self.people(client)
            self.admin.execute("VACUUM (ANALYZE)")
            campaign = self.campaigns(client, shops)
            self.events()
            self.journal()
            self.admin.execute("VACUUM (ANALYZE)")
        filled = {"on": self.now.isoformat(), "import": imported}
        return {
            "now": self.now.isoformat(),
            "client": str(self.client),
            "slug": client.slug,
            "campaign": str(campaign),
            "filled": filled,
        }

    def at(self, days_ago: float) -> datetime:
        """Put the clock there."""
        from sofy.kernel import clock

        moment = self.now - timedelta(days=days_ago)
        clock.install(lambda: moment)
        return moment

    def team(self, client: Any) -> list[UUID]:
        """An owner with a second factor, and the shops."""
        from sofy.accounts.tests.factories import make_user
        from sofy.clients.models import Establishment
        from sofy.kit.rls import client_scope

        make_user(client=client, email=OWNER)
        with client_scope(client.pk):
            shops = [Establishment(client_id=client.pk, name=f"Magasin {n:02d}", code=f"M{n}") for n in range(SHOPS)]
            for shop in shops:
                shop.save()
        return [shop.pk for shop in shops]

    def people(self, client: Any) -> dict[str, Any]:
        """Everybody, by the product's own import; it is measured on the way."""
        from sofy.audience.services.imports import import_file
        from sofy.audience.tests.factories import make_book

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "people.csv"
            write_people(path, self.contacts)
            started, steps = time.perf_counter(), iter(range(STEP, self.contacts + 1, STEP))
            mark = next(steps, None)

            def progress(done: int, total: int) -> None:
                nonlocal mark
                if mark is not None and done >= mark:
                    self.tell(f"  {done:>9,} of {total:,} rows imported")
                    mark = next(steps, None)

            result = import_file(
                client_id=self.client,
                book_id=make_book(client).pk,
                path=path,
                legal_basis="consent",
                source="loyalty card",
                actor="bench",
                progress=progress,
            )
            seconds = time.perf_counter() - started
        assert result.imported == self.contacts, result
        return {"seconds": round(seconds, 2), "per_second": round(self.contacts / seconds)}

    def campaigns(self, client: Any, shops: list[UUID]) -> UUID:
        """Each written to some shops, expanded by the product and played to its end; answers the last one."""
        from sofy.engine import permissions
        from sofy.kit.rls import client_scope
        from sofy.soreach.services.expand import expand
        from sofy.soreach.services.tick import tick_client
        from sofy.soreach.tests.factories import make_campaign, make_route, make_segment

        route = make_route(self.admin_url)
        for number, (days_ago, width) in enumerate(CAMPAIGNS):
            at = self.at(days_ago)
            of = [str(shops[(number + step) % SHOPS]) for step in range(width)]
            with client_scope(self.client):
                segment = make_segment(client, f"Magasins {number}", {"is": "establishment", "establishments": of})
                running = {"status": "expanding", "launched_at": at, "starts_at": at}
                campaign = make_campaign(
                    client, route, name=f"Samedi {number}", text=TEXT, segment=segment, created_at=at, **running
                )
                from django.db import connection

                permissions.start_campaign(connection.connection, self.client, campaign.id)
            added = expand(self.client, campaign.id).added
            self.tell(f"  {added:>9,} messages of campaign {number + 1}")
            with self.admin.transaction():
                self.script(PLAYED, campaign=campaign.id, at=at, route=route)
            self.admin.execute("VACUUM (ANALYZE) engine_state")
        self.at(days_ago=0)
        tick_client(self.client)  # settles the old ones, as the worker does
        return campaign.id

    def script(self, statements: str, **values: Any) -> None:
        """Statements with the same parameters, one after the other."""
        for statement in statements.split(";\n"):
            if statement.strip():
                self.admin.execute(statement, {"client": self.client, **values})

    def events(self) -> None:
        """A year of events, up to five per contact; indexes are made at the end, since filling is not measured."""
        from psycopg import sql

        (there,) = self.admin.execute("SELECT count(*) FROM engine_event").fetchone() or (0,)
        total = max(1, self.contacts * EVENTS_PER_CONTACT - there)
        kept = self.admin.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'engine_event'"
        ).fetchall()
        for name, _definition in kept:
            self.admin.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        self.admin.execute("SET work_mem = '256MB'")
        self.admin.execute("SET maintenance_work_mem = '512MB'")
        self.script(NUMBERED)
        values = {"earlier": uuid4(), "now": self.now, "total": total, "contacts": self.contacts}
        for first in range(1, total + 1, STEP):
            last = min(total, first + STEP - 1)
            self.script(EVENTS, first=first, last=last, **values)
            if first // STEP % 4 == 3:
                self.tell(f"  {last:>9,} of {total:,} events")
        for _name, definition in kept:
            self.admin.execute(definition)

    def journal(self) -> None:
        """Decisions of four months."""
        from sofy.kit import audit
        from sofy.kit.rls import client_scope

        with client_scope(self.client):
            for number in range(JOURNAL):
                audit.append(
                    self.client, "contact.exported" if number % 9 else "segment.saved", "system", {"n": number}
                )


def write_people(path: Path, contacts: int) -> None:
    """The file of the bench of imports, with a language, a place and a shop for everybody."""
    import csv

    pick = random.Random(11)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        for number, row in enumerate(imports.people(contacts)):
            place = (f"{42.5 + pick.random() * 8.5:.5f}", f"{-4.5 + pick.random() * 12.5:.5f}")
            writer.writerow((*row, ("fr", "fr", "fr", "en", "")[number % 5], *place, f"M{number % SHOPS}"))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    pass
