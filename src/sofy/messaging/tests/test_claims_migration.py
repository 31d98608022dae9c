"""A product that is brought up to date while engines hold messages: what they hold is kept, and by whom."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"
NOW = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
#: The queue as it stood before claims had a table of their own.
BEFORE = """
drop table engine_claim;
drop index engine_queue_due;
alter table engine_queue add column claimed_by uuid, add column lease_until timestamptz;
create index engine_queue_due on engine_queue (client_id, lane, due_at) where claimed_by is null;
create index engine_queue_claimed on engine_queue (claimed_by, lease_until) where claimed_by is not null;
"""
QUEUE = """
insert into engine_queue (client_id, message_id, lane, due_at, attempt, avoid_route, claimed_by, lease_until)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""


def test_held_rows_become_claims_and_waiting_ones_stay(engine_db: Any) -> None:
    baker, florist, engine, other, route = (uuid.uuid4() for _ in range(5))
    held, retried, alert, foreign, waiting = (uuid.uuid4() for _ in range(5))
    soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=60)
    rows = [
        (baker, held, "marketing", NOW, 0, None, engine, soon),
        (baker, retried, "marketing", NOW, 2, route, engine, later),
        (baker, alert, "alert", NOW, 0, None, engine, soon),
        (florist, foreign, "marketing", NOW, 0, None, other, None),
        (florist, waiting, "marketing", NOW, 1, route, None, None),
    ]
    with engine_db.connect("sofy_owner") as connection:
        connection.execute(BEFORE)
        connection.execute("alter table engine_queue no force row level security")
        connection.cursor().executemany(QUEUE, rows)
        connection.execute("alter table engine_queue force row level security")
        connection.execute((SCHEMA / "0009_claims.sql").read_text())
        connection.execute("alter table engine_claim no force row level security")
        connection.execute("alter table engine_queue no force row level security")
        claims = connection.execute(
            "select client_id, lane, claimed_by, nullif(lease_until, '-infinity'), messages, attempts, avoid_routes"
            " from engine_claim"
        ).fetchall()
        left = connection.execute("select message_id, attempt, avoid_route from engine_queue").fetchall()
        connection.rollback()

    told = {
        (client, lane, owner): (lease, dict(zip(messages, zip(attempts, avoided, strict=True), strict=True)))
        for client, lane, owner, lease, messages, attempts, avoided in claims
    }
    assert told == {
        (baker, "marketing", engine): (later, {held: (0, None), retried: (2, route)}),
        (baker, "alert", engine): (soon, {alert: (0, None)}),
        (florist, "marketing", other): (None, {foreign: (0, None)}),
    }
    assert len(claims) == 3
    assert left == [(waiting, 1, route)]
