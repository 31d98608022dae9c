"""What reads a campaign's ledger walks that campaign's rows and no others, as sofy_web under row-level security."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sofy.kernel import clock, ids
from sofy.kit.rls import client_scope
from sofy.messaging import search
from sofy.soreach import people, queries, report
from sofy.soreach.models import Campaign
from sofy.soreach.people import FIRST_STRETCH, Audience
from sofy.soreach.services import estimate
from sofy.soreach.tests import factories

RECIPIENTS, OTHERS = 30_000, 200_000
LEDGER = """
INSERT INTO engine_state (client_id, message_id, campaign_id, contact_id, recipient_index, status, rank, parts,
                          accepted_at, submitted_at, final_at, updated_at)
SELECT %(client)s, ('0193f000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       CASE WHEN n <= %(recipients)s THEN %(campaign)s ELSE %(other)s END::uuid, gen_random_uuid(),
       decode(md5(n::text), 'hex'), 'delivered', 50, 1, %(now)s, %(now)s,
       %(now)s::timestamptz + n * interval '1 second', %(now)s
  FROM generate_series(1, %(recipients)s + %(others)s) n;
INSERT INTO engine_message (client_id, id, purpose, campaign_id, recipient_index, sender, payload, parts, encoding,
                            created_at)
SELECT client_id, message_id, 'marketing', campaign_id, recipient_index, 'M', '', 1, 'gsm7', %(now)s FROM engine_state;
INSERT INTO soreach_click (client_id, id, campaign_id, link_id, contact_id, variant, at, score, human)
SELECT client_id, gen_random_uuid(), campaign_id, gen_random_uuid(), contact_id, 'A', %(now)s, 90, true
  FROM engine_state WHERE campaign_id = %(campaign)s LIMIT 3000
"""


@pytest.fixture
def plans(world: Any) -> Any:
    """The plans of the statements a reader runs, in a ledger of many campaigns."""
    client = world.client.pk
    with client_scope(client):
        campaign = factories.make_campaign(world.client, world.route_id, status="finished", launched_at=clock.now())
    values = {"client": client, "campaign": campaign.id, "other": ids.uuid7(), "now": clock.now()}
    with world.database.connect("admin", autocommit=True) as admin:
        for statement in LEDGER.split(";\n"):
            admin.execute(statement, values | {"recipients": RECIPIENTS, "others": OTHERS})
        admin.execute("VACUUM ANALYZE engine_state")
        admin.execute("VACUUM ANALYZE engine_message")
        admin.execute("VACUUM ANALYZE soreach_click")

    def of(read: Any) -> str:
        with client_scope(client), connection.cursor() as cursor:
            with CaptureQueriesContext(connection) as ran:
                read(Campaign.objects.get(client_id=client))
            told = []
            for query in ran.captured_queries:
                if "engine_" in query["sql"]:
                    cursor.execute("EXPLAIN (VERBOSE) " + query["sql"])
                    told += [row[0] for row in cursor.fetchall()]
        assert told
        return "\n".join(told)

    return of


def draft_after(campaign: Campaign) -> Campaign:
    """A draft for the same people, with a limit; nothing of it is stored."""
    return Campaign(client_id=campaign.client_id, segment_ids=campaign.segment_ids, cap_messages=1)


#: Everything that reads one campaign.
READERS = {
    "report": report.build,
    "progress": report.progress,
    "list": lambda campaign: queries.figures(campaign.client_id, [campaign]),
    "people": lambda campaign: report.people(campaign, "received"),
    "who had their share": lambda campaign: estimate.reach(draft_after(campaign)),
}


def test_readers_walk_the_rows_of_their_campaign_and_no_others(plans: Any) -> None:
    told = {name: plans(read) for name, read in READERS.items()}
    log = plans(lambda campaign: search.find(campaign.client_id, search.Wanted()).rows)

    assert [name for name, plan in told.items() if "engine_state_campaign" not in plan] == [], told
    assert [name for name, plan in told.items() if "Seq Scan on public.engine_state" in plan] == [], told
    assert "(hashed SubPlan" in told["report"]  # people who clicked are looked up, not joined
    assert "engine_message_pkey" in log, log
    assert "Seq Scan" not in log, log


PHONES = """
INSERT INTO engine_capability (client_id, recipient_index, agent, capable, known_at, until)
SELECT CASE WHEN n > 1000 THEN gen_random_uuid() ELSE %(client)s END, decode(md5(n::text), 'hex'), 'fournil', true,
       %(now)s, %(now)s::timestamptz + interval '1 day' FROM generate_series(1, 200000) n
"""


def test_counting_phones_looks_at_the_answers_about_this_client_alone(world: Any) -> None:
    client = world.client.pk
    campaign = world.draft(4)
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute(PHONES, {"client": client, "now": clock.now()})
        admin.execute("VACUUM ANALYZE engine_capability")
    with client_scope(client), CaptureQueriesContext(connection) as ran:
        people.capable(campaign, "fournil")
    with client_scope(client), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (VERBOSE) " + ran.captured_queries[-1]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "engine_capability_pkey" in plan, plan
    assert "Seq Scan on public.engine_capability" not in plan, plan


MANY_LIKE_ONE = """
INSERT INTO audience_contact
SELECT (jsonb_populate_record(one, jsonb_build_object('id', gen_random_uuid()))).*
  FROM audience_contact one, generate_series(1, 60000)
"""


def test_the_first_people_of_an_audience_do_not_wait_until_everybody_is_sorted(world: Any) -> None:
    client = world.client.pk
    with client_scope(client):
        factories.make_contact(world.client, 1)
    with world.database.connect("admin", autocommit=True) as admin:
        admin.execute(MANY_LIKE_ONE)
        admin.execute("VACUUM ANALYZE audience_contact")
    with client_scope(client), connection.cursor() as cursor:
        audience = Audience(client, [factories.make_segment(world.client).pk], [], frozenset({"prenom"}))
        stretch = next(audience.stretches(connection.connection))
        first = audience.statement(between=stretch)
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + first.sql, first.params)
        (plan,) = cursor.fetchone()[0]

    walked = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "audience_contact"]
    assert [node["Actual Rows"] for node in walked] == [FIRST_STRETCH, FIRST_STRETCH], plan
    assert not any(node.get("Rows Removed by Filter") for node in walked), plan


def nodes(plan: Any) -> Any:
    """Every node of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
