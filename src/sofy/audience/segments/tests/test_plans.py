"""Plans as sofy_web, under row-level security: the indexes that make a preview fast are really used."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sofy.audience import queries
from sofy.audience.imports.prepare import TOKEN_BYTES
from sofy.audience.queries import Filter
from sofy.audience.segments import context, counts, tree
from sofy.audience.segments.compile import Compiler, from_contacts
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kernel.text import fold, search_token
from sofy.kit.keys import keystore
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
    """INSERT INTO audience_name_token (client_id, token, contact_id)
       SELECT %(client)s, CASE WHEN random() < 0.02 THEN %(token)s ELSE decode(left(md5(id::text), 16), 'hex') END, id
         FROM audience_contact""",
]
NAME = "Dupont"


@pytest.fixture(scope="module")
def crowd(engine_db_module: Any) -> UUID:
    """A client with enough people for the planner to care."""
    client = uuid7()
    token = keystore().create(client).index("name", search_token(fold(NAME)) or "")[:TOKEN_BYTES]
    values = {"client": client, "people": PEOPLE, "events": EVENTS, "now": clock.now(), "token": token}
    with engine_db_module.connect("admin", autocommit=True) as admin:
        for statement in FILL:
            admin.execute(statement, values)
        for table in ("audience_contact", "audience_name_token", "engine_event"):
            admin.execute(f"VACUUM ANALYZE {table}")
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
        ("sent", {**CLICKED, "what": "sent"}, "engine_event_kind", "Seq Scan on engine_event"),
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


def plans_of(client: UUID, read: Callable[[Client], Any]) -> str:
    """The plans of the statements that a reader runs."""
    with client_scope(client), connection.cursor() as cursor:
        with CaptureQueriesContext(connection) as ran:
            read(Client(pk=client))
        told = []
        for query in ran.captured_queries:
            cursor.execute("EXPLAIN (VERBOSE) " + query["sql"])
            told += [row[0] for row in cursor.fetchall()]
    return "\n".join(told)


@pytest.mark.parametrize(
    ("_case", "wanted", "index"),
    [
        ("all", Filter(), "audience_contact_pkey"),
        ("reach", Filter(sms=3), "audience_contact_pkey"),
        ("postcode", Filter(place="75011"), "contact_postcode"),
        ("town", Filter(place="ville 123"), "contact_town"),
        ("name", Filter(name=NAME), "audience_name_token_pkey"),
    ],
)
def test_a_page_of_contacts_reads_no_more_than_it_shows(_case: str, wanted: Filter, index: str, crowd: UUID) -> None:
    told = plans_of(crowd, lambda client: queries.page(client, wanted, after=UUID(int=2**127)))

    assert index in told, told
    assert "Seq Scan on public.audience_contact c" not in told, told
    assert "Seq Scan on public.audience_name_token" not in told, told


def test_a_common_name_is_read_from_its_index_newest_first_until_the_page_is_full(crowd: UUID) -> None:
    told = plans_of(crowd, lambda client: queries._names(client, Filter(name=NAME), None, 2 * queries.PAGE))

    assert "Index Only Scan Backward using audience_name_token_pkey" in told, told
    assert "Sort" not in told, told
    assert "Limit" in told, told


def test_rows_are_counted_in_one_scan_with_behaviour_from_a_hash(crowd: UUID) -> None:
    root = tree.from_builtins(
        {"is": "all", "of": [{"is": "language", "values": ["fr"]}, {"is": "any", "of": [CLICKED]}, CLICKED]}
    )

    told = plans_of(crowd, lambda client: counts.row_counts(client.pk, root, whole=0))

    assert told.count("Scan on public.audience_contact c") == 1, told
    assert "hashed SubPlan" in told, told
    assert "engine_event_kind" in told, told


def test_the_total_stops_counting(crowd: UUID) -> None:
    told = plans_of(crowd, lambda client: queries.total(client, Filter()))

    assert told.count("Limit") == 1, told
