"""What is asked while programs wait is found by key, and names one client, on big tables that nobody analysed."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import db, pgarray
from sofy.kernel import clock, ids
from sofy.smsc.tests.conftest import House

ROWS = 30_000
ACCOUNT, SOME = UUID(int=3), [ids.uuid7() for _ in range(5)]
_SEED = (
    "INSERT INTO engine_message (client_id, id, purpose, recipient_index, sender, payload, parts, encoding, created_at)"
    " SELECT %(client)s, gen_random_uuid(), 'alert', '', 'M', '', 1, 'gsm7', %(now)s FROM generate_series(1, %(rows)s)",
    "INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at, updated_at,"
    " account_id) SELECT client_id, id, '', 'delivered', 50, 1, %(now)s, %(now)s, %(account)s FROM engine_message",
    "INSERT INTO engine_notice (client_id, endpoint_id, message_id, kind, at)"
    " SELECT client_id, %(account)s, id, 'delivered', %(now)s FROM engine_message",
    "INSERT INTO smpp_part (client_id, account_id, id, part, parts, message_id, at)"
    " SELECT client_id, %(account)s, gen_random_uuid(), 1, 2, id, %(now)s FROM engine_message",
)
_ASKED: list[tuple[str, dict[str, Any]]] = [
    ("smpp_account", {}),
    ("smpp_named", {"id": SOME[0]}),
    ("smpp_part_named", {"id": SOME[0]}),
    ("smpp_notices", {"known": list(range(1000)), "n": 500}),
    ("smpp_messages", {"messages": SOME}),
    ("smpp_names", {"messages": SOME}),
    ("smpp_parts", {"ids": SOME}),
    ("smpp_inbound", {"ids": SOME}),
    ("smpp_told", {"ids": list(range(500))}),
    ("smpp_parts_waiting", {"keys": [b"key"]}),
    ("smpp_parts_forget", {"ids": SOME}),
    ("smpp_parts_over", {"ids": SOME, "why": "missing"}),
    ("smpp_told_id", {"id": SOME[0]}),
    ("smpp_part_cancel", {"id": SOME[0]}),
    ("smpp_bind_forget", {}),
]


@pytest.fixture
def engine(house: House) -> Any:
    values = {"client": house.client, "now": clock.now(), "rows": ROWS, "account": ACCOUNT}
    for statement in _SEED:
        house.admin.execute(statement, values)
    with psycopg.connect(house.engine_url, autocommit=True, options=db.RARE_OPTIONS) as connection:
        pgarray.register(connection)
        yield connection


def test_statements_are_answered_by_key(house: House, engine: psycopg.Connection[Any]):
    where = {"client": house.client, "account": ACCOUNT, "now": clock.now()}
    plans = {
        name: "\n".join(row[0] for row in engine.execute("EXPLAIN " + db.sql(name), where | values).fetchall())
        for name, values in _ASKED
    }

    walked = {name: plan for name, plan in plans.items() if "Seq Scan on" in plan or "Index Cond" not in plan}
    assert walked == {}
    assert all("%(client)s" in db.sql(name) for name, _ in _ASKED)
