"""The count of routing success and the detector of fraud walk indexes of the ledger, however much of it there is.

The count and its pages run on the web login, under row-level security; the detector runs in the engine.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import db, pgarray
from sofy.engine.tests.conftest import House
from sofy.engine.tests.test_plans import BIG, CAMPAIGN, ROWS, SMALL, Connection, _as_engine, seeded
from sofy.kernel import clock

FIXTURES = (seeded,)
#: The ledger and what is counted of it: never walked from end to end for one client's day.
_LONG = "engine_message|engine_state|engine_event|engine_ladder|service_lost|service_day|service_slice|fraud_suspicion"
_SEED = """
INSERT INTO engine_event (client_id, message_id, contact_id, kind, at, detail)
SELECT client_id, id, CASE WHEN row_number() OVER () %% 2 = 0 THEN id END,
       CASE WHEN row_number() OVER () %% 20 = 0 THEN 'held' ELSE 'delivered' END,
       %(now)s - interval '1 second' * (row_number() OVER ()), '{"reason": "budget_spent"}'
  FROM engine_message WHERE client_id = %(client)s;
INSERT INTO service_slice SELECT %(client)s, (%(now)s::date - n), %(now)s, CASE WHEN n < 3 THEN %(now)s END
  FROM generate_series(0, 1000) n ON CONFLICT DO NOTHING;
INSERT INTO service_day SELECT %(client)s, (%(now)s::date - n), 'alert', 'sms', 'lost', 'reason ' || m, 1
  FROM generate_series(0, 1000) n, generate_series(1, 20) m ON CONFLICT DO NOTHING;
INSERT INTO service_lost (client_id, day, message_id, purpose, channel, verdict, reason, due_at, at)
SELECT client_id, %(now)s::date - (row_number() OVER () %% 400)::int, id, 'alert', 'sms', 'lost', 'late', %(now)s,
       %(now)s FROM engine_message WHERE client_id = %(client)s ON CONFLICT DO NOTHING;
INSERT INTO fraud_suspicion (client_id, id, purpose, range_hash, open_digits, country, verdict, score, reasons, state,
                             until, first_at, last_at, alert_due_at)
SELECT %(client)s, id, 'alert', recipient_index, 4, '33', 'hold', 6, '[]',
       CASE WHEN id < '00000000-0000-7000-8000-000000000010' THEN 'released' ELSE 'confirmed' END, %(now)s, %(now)s,
       %(now)s, %(now)s FROM engine_message WHERE client_id = %(client)s AND id < '00000000-0000-7000-8000-000000008000'
ON CONFLICT DO NOTHING;
"""
_CLEAN = ("engine_event", "service_slice", "service_day", "service_lost", "fraud_suspicion")


@pytest.fixture
def counted(seeded: tuple[Connection, Connection], house: House) -> Iterator[tuple[Connection, Connection]]:
    """The big ledger with events, three years of figures and many suspicions: on the web login, and the engine's."""
    with psycopg.connect(house.admin_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as admin:
        admin.execute(_SEED, {"client": BIG, "now": clock.now()})
        with psycopg.connect(house.web_url) as web, _as_engine(house, db.HOT_OPTIONS) as hot:
            pgarray.register(web)
            web.execute("SELECT set_config('sofy.client_id', %s, false)", [str(BIG)])
            yield web, hot
        for table in _CLEAN:
            admin.execute(f"DELETE FROM {table} WHERE client_id = %s", [BIG])


def _name(number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


def _values() -> dict[str, Any]:
    today, names = clock.DEMO_START.date(), [_name(n) for n in range(1, 201)]
    return {
        "client": BIG, "now": clock.now(), "after": _name(1000), "before": _name(90_000), "n": 5_000, "ids": names,
        "contacts": names, "campaigns": [CAMPAIGN], "from": clock.now() - timedelta(days=1), "until": clock.now(),
        "day": today, "last": today, "first": today.replace(day=1), "verdict": "lost", "reason": "",
    }  # fmt: skip


_COUNT: list[tuple[str, dict[str, Any], list[str]]] = [
    ("service_next_day", {}, ["engine_message_pkey"]),
    ("service_last_day", {}, ["service_slice_pkey"]),
    ("service_due_day", {}, ["service_slice_again"]),
    ("service_page", {}, ["engine_message_pkey", "engine_state_pkey"]),
    ("service_last_rungs", {}, ["engine_ladder_pkey", "engine_message_pkey", "engine_state_pkey"]),
    ("service_holds", {}, ["engine_event_contact", "engine_event_message"]),
    ("service_payloads", {}, ["engine_message_pkey"]),
    ("service_taken_back", {}, ["fraud_suspicion_"]),
    ("service_forget_page", {"last": _name(6_000)}, ["service_lost_pkey"]),
    ("service_lock_day", {}, ["service_slice_pkey"]),
    ("service_forget_day", {}, ["service_day_pkey"]),
    ("service_counted", {"began": clock.DEMO_START, "again": clock.DEMO_START}, ["service_slice_pkey"]),
    ("service_again", {"since": clock.DEMO_START.date()}, ["service_slice_pkey"]),
    ("service_days", {"after": clock.DEMO_START.date()}, ["service_day_pkey"]),
    ("service_counted_at", {"after": clock.DEMO_START.date()}, ["service_slice_pkey"]),
    ("service_lost_points", {"after": clock.DEMO_START.date(), "n": 1_000}, ["service_lost_pkey"]),
    ("service_records_of", {"after": clock.DEMO_START.date()}, ["service_lost_pkey"]),
    ("service_months", {}, ["service_day_pkey"]),
    ("service_evidence", {"n": 51}, ["service_lost_pkey"]),
]  # fmt: skip
_NEW = {"after": _name(ROWS - 400), "before": _name(ROWS), "n": 400}
_DETECTOR: list[tuple[str, dict[str, Any], list[str]]] = [
    ("traffic_since", _NEW, ["engine_message_pkey"]),
    ("news_since", {"after": clock.DEMO_START - timedelta(seconds=60), "n": 1_600}, ["engine_event_news"]),
    ("released_ranges", {"after": clock.DEMO_START}, ["fraud_suspicion_released"]),
]


@pytest.mark.slow
def test_counting_a_day_and_looking_for_fraud_never_walk_the_ledger(
    counted: tuple[Connection, Connection], house: House
) -> None:
    web, hot = counted
    problems = _problems(web, _COUNT) + _problems(hot, _DETECTOR)
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        admin.execute("ANALYZE")
    problems += _problems(web, _COUNT) + _problems(hot, _DETECTOR)

    assert problems == []


@pytest.mark.slow
def test_what_is_new_costs_what_is_new_whatever_came_before(counted: tuple[Connection, Connection]) -> None:
    _, hot = counted
    values = _values() | {"after": clock.now() - timedelta(seconds=100), "n": 1_600}

    with hot.transaction(force_rollback=True):
        told = hot.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + db.sql("news_since"), values).fetchall()

    read = sum(int(n) for n in re.findall(r'"Actual Rows": (\d+)', json.dumps(told)))
    removed = sum(int(n) for n in re.findall(r'"Rows Removed by Filter": (\d+)', json.dumps(told)))
    assert 0 < read + removed < 500


@pytest.mark.slow
def test_the_figures_of_another_client_are_not_even_looked_at(counted: tuple[Connection, Connection]) -> None:
    web, _ = counted
    values = _values() | {"client": BIG, "n": 51}
    web.execute("SELECT set_config('sofy.client_id', %s, false)", [str(SMALL)])

    assert web.execute(db.sql("service_evidence"), values).fetchall() == []
    assert web.execute(db.sql("service_months"), values).fetchall() == []


def _problems(conn: Connection, statements: list[tuple[str, dict[str, Any], list[str]]]) -> list[str]:
    found = []
    for name, more, indexes in statements:
        with conn.transaction(force_rollback=True):
            rows = conn.execute("EXPLAIN (FORMAT JSON) " + db.sql(name), _values() | more).fetchall()
        plan = json.dumps(rows[0][0])
        scanned = re.findall(r'"Node Type": "Seq Scan".*?"Relation Name": "(\w+)"', plan)
        found += [f"{name}: walks {table}" for table in scanned if re.fullmatch(_LONG, table)]
        found += [f"{name}: {index} is not used" for index in indexes if index not in plan]
    return found
