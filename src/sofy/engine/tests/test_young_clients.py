"""A client whose first campaign is younger than the statistics of the database, which know other clients."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import db, permissions
from sofy.engine.tests.conftest import House
from sofy.kernel import clock

CAMPAIGN = UUID(int=5)
MESSAGES = 300
_ALL = "SELECT id FROM engine_message WHERE client_id = %(client)s"


class Explained:
    """A connection that shows how each statement about messages would be carried out, then carries it out."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.plans: list[str] = []

    def execute(self, query: Any, values: Any = None) -> Any:
        if "engine_state" in query:
            self.plans.append("\n".join(row[0] for row in self.conn.execute("EXPLAIN " + query, values)))
        return self.conn.execute(query, values)


def _send(house: House, client: UUID) -> None:
    messages = [house.message(campaign_id=CAMPAIGN, expires_at=clock.now()) for _ in range(MESSAGES)]
    house.submit(*messages, client=client, consent=False)


@pytest.fixture
def young(house: House) -> UUID:
    """Everything known was learned from another client."""
    _send(house, house.client)
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        admin.execute("ANALYZE engine_state, engine_message, engine_queue")
    client = house.new_client()
    _send(house, client)
    return client


@pytest.mark.parametrize("what", ["pause", "resume", "cancel", "drop"])
def test_messages_and_queue_are_read_once(what: str, house: House, young: UUID) -> None:
    do: Any = {
        "pause": permissions.pause_campaign, "resume": permissions.resume_campaign,
        "cancel": permissions.cancel_campaign, "drop": permissions.drop_late,
    }[what]  # fmt: skip
    explained = Explained(house.conn)

    with house.conn.transaction():
        if what == "resume":
            permissions.pause_campaign(house.conn, young, CAMPAIGN)
        changed = do(explained, young, CAMPAIGN)
        setting = house.conn.execute("SHOW enable_nestloop").fetchone()

    assert changed == MESSAGES
    assert len(explained.plans) == 1
    # (What there is to tell is for each endpoint of the client: a few rows, each with each.)
    assert _nested(explained.plans[0]) <= explained.plans[0].count("gate_endpoint e")
    assert setting == ("on",)


def _nested(plan: str) -> int:
    return plan.count("Nested Loop")


def test_one_message_is_found_by_its_key(house: House, young: UUID) -> None:
    values = {"client": young, "message": UUID(int=1)}

    plan = "\n".join(row[0] for row in house.conn.execute("EXPLAIN " + db.sql("left_at"), values))

    assert "message_id =" in plan.split("Index Cond:")[1]


def test_many_messages_that_are_asked_for_are_each_found_by_key(house: House, young: UUID) -> None:
    messages = [row[0] for row in house.conn.execute(_ALL, {"client": young})]
    rare = f"EXPLAIN (ANALYZE, FORMAT JSON) {db.sql('messages')}"

    with psycopg.connect(house.engine_url, autocommit=True, options=db.RARE_OPTIONS) as conn:
        plan = conn.execute(rare, {"client": young, "messages": messages}).fetchone()

    assert plan is not None
    found = [node for node in _nodes(plan[0][0]["Plan"]) if "Index Name" in node]
    assert {node["Index Name"] for node in found} == {"engine_message_pkey", "engine_state_pkey"}
    assert [(node["Actual Loops"], node["Actual Rows"]) for node in found] == [(MESSAGES, 1)] * 2


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
