"""Plans as sofy_web, under row-level security: the indexes that make a preview fast are really used."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from sofy.audience.segments import context, tree
from sofy.audience.segments.compile import Compiler, from_contacts
from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit.rls import client_scope

PEOPLE, EVENTS = 100_000, 200_000
FILL = [
    """INSERT INTO audience_contact (client_id, id, title, language, postcode, town, town_key, latitude, longitude, sms,
                                     email, created_at, updated_at)
       SELECT %(client)s, gen_random_uuid(), '', 'fr', lpad((n %% 95000)::text, 5, '0'), '', 'ville ' || n,
              42 + (n %% 9000) / 1000.0, -4 + (n / 9000) / 1.0, 3, 0, now(), now()
         FROM generate_series(1, %(people)s) n""",
    """INSERT INTO engine_event (client_id, contact_id, kind, at)
       SELECT %(client)s, id, (ARRAY['submitted', 'delivered', 'delivered', 'clicked'])[1 + n %% 4],
              %(now)s::timestamptz - n * interval '1 minute'
         FROM (SELECT id, row_number() OVER () AS n FROM audience_contact, generate_series(1, 2)) each
        LIMIT %(events)s""",
]


@pytest.fixture(scope="module")
def crowd(engine_db_module: Any) -> UUID:
    """A client with enough people for the planner to care."""
    client = uuid7()
    with engine_db_module.connect("admin", autocommit=True) as admin:
        for statement in FILL:
            admin.execute(statement, {"client": client, "people": PEOPLE, "events": EVENTS, "now": clock.now()})
        admin.execute("VACUUM ANALYZE audience_contact")
        admin.execute("VACUUM ANALYZE engine_event")
    return client


@pytest.fixture(scope="module")
def engine_db_module(test_database: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """Committed data for the whole module."""
    from django.db import connections

    class Database:
        def connect(self, role: str, **options: Any) -> Any:
            import psycopg

            return psycopg.connect(test_database.admin_url, **options)

    with django_db_blocker.unblock():
        yield Database()
        connections.close_all()
    test_database.empty()


def plan(client: UUID, node: dict[str, Any]) -> str:
    with client_scope(client):
        root = tree.from_builtins(node)
        compiler = Compiler(context.load(client, root))
        where = compiler.expression(root)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone()[0] == "sofy_web"
            cursor.execute("EXPLAIN " + from_contacts("count(*)", where), compiler.params)
            return "\n".join(row[0] for row in cursor.fetchall())


CLICKED = {"is": "behaviour", "what": "clicked", "days": 3}


@pytest.mark.parametrize(
    ("_case", "node", "index", "never"),
    [
        ("behaviour", CLICKED, "engine_event_kind", "Seq Scan on engine_event"),
        ("not", {**CLICKED, "not": True}, "engine_event_kind", "Seq Scan on engine_event"),
        ("radius", {"is": "near", "km": 20, "latitude": 48.8, "longitude": 2.3}, "contact_position", "Seq Scan"),
        ("postcode", {"is": "postcode", "prefixes": ["75"]}, "contact_postcode", "Seq Scan"),
        ("town", {"is": "town", "prefixes": ["ville 123"]}, "contact_town", "Seq Scan"),
    ],
)
def test_index_is_used_under_row_level_security(
    _case: str, node: dict[str, Any], index: str, never: str, crowd: UUID
) -> None:
    told = plan(crowd, node)

    assert index in told, told
    assert never not in told, told


def test_behaviour_inside_an_or_never_reads_events_person_by_person(crowd: UUID) -> None:
    told = plan(crowd, {"is": "any", "of": [{"is": "language", "values": ["en"]}, CLICKED]})

    assert "engine_event_kind" in told, told
    assert "hashed SubPlan" in told or "Hash" in told, told
