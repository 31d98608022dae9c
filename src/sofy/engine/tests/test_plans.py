"""The hot statements walk indexes, on a big database that was never analysed as well as on one that was."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import db, pgarray
from sofy.engine.pgarray import ByteaArray, Int2Array, Int8Array, TextArray, TimeArray, UuidArray, micros
from sofy.engine.tests.conftest import House
from sofy.kernel import clock

Connection = psycopg.Connection[Any]

ROWS = 200_000
BIG, SMALL = UUID(int=1), UUID(int=2)
ME = UUID(int=9)
ROUTE = UUID(int=7)
CAMPAIGN = UUID(int=5)

_SEED = """
INSERT INTO engine_message (client_id, id, purpose, campaign_id, recipient_index, sender, payload, parts, encoding,
                            created_at)
SELECT %(client)s, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'marketing', %(campaign)s,
       decode(md5(n::text), 'hex'), 'M', '\\x01', 1, 'gsm7', %(now)s
  FROM generate_series(1, %(rows)s) n ON CONFLICT DO NOTHING;
INSERT INTO engine_state (client_id, message_id, campaign_id, contact_id, recipient_index, status, rank, parts,
                          accepted_at, updated_at)
SELECT client_id, id, campaign_id, id, recipient_index, 'accepted', 10, 1, %(now)s, %(now)s FROM engine_message
 WHERE client_id = %(client)s ON CONFLICT DO NOTHING;
INSERT INTO engine_queue (client_id, message_id, lane, due_at)
SELECT client_id, id, 'marketing', %(now)s FROM engine_message
 WHERE client_id = %(client)s AND id > '00000000-0000-7000-8000-00000000001e' ON CONFLICT DO NOTHING;
INSERT INTO engine_claim (client_id, id, lane, claimed_by, lease_until, due_at, messages, attempts, avoid_routes)
SELECT %(client)s, %(me)s, 'marketing', %(me)s, 'infinity', %(now)s, array_agg(id), array_agg(0), array_agg(NULL::uuid)
  FROM engine_message WHERE client_id = %(client)s AND id <= '00000000-0000-7000-8000-00000000001e'
ON CONFLICT DO NOTHING;
INSERT INTO gate_permission
SELECT client_id, recipient_index, 'sms', 'marketing', 'granted', %(now)s FROM engine_message
 WHERE client_id = %(client)s ON CONFLICT DO NOTHING;
INSERT INTO receipt_key SELECT %(route)s, to_hex(n), %(now)s, %(client)s,
       ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, 1 + n %% 2
  FROM generate_series(1, %(rows)s) n ON CONFLICT DO NOTHING;
INSERT INTO receipt_parked (route_id, keys, status, at, parked_at, lease_until)
SELECT %(route)s, array[to_hex(n)], 'delivered', %(now)s, %(now)s, clock_timestamp() + n * interval '1 second'
  FROM generate_series(-1000, 50000) n;
INSERT INTO mo_lookup SELECT '36123', recipient_index, client_id, id, NULL, NULL, recipient_index, %(now)s
  FROM engine_message WHERE client_id = %(client)s ON CONFLICT DO NOTHING;
INSERT INTO platform_suppression
SELECT decode(md5(n::text), 'hex'), 'all', %(now)s FROM generate_series(1, 50000) n ON CONFLICT DO NOTHING;
INSERT INTO engine_ladder (client_id, head_id, rung, channel, message_id, payload, deadline_at)
SELECT client_id, id, 0, 'rcs', id, '\\x01', %(now)s + interval '1 hour' FROM engine_message
 WHERE client_id = %(client)s AND id > '00000000-0000-7000-8000-000000010000' ON CONFLICT DO NOTHING;
INSERT INTO engine_alias
SELECT client_id, decode(md5(id::text), 'hex'), recipient_index, decode(md5(id::text || 'p'), 'hex'), recipient_index,
       %(now)s FROM engine_message WHERE client_id = %(client)s ON CONFLICT DO NOTHING;
INSERT INTO engine_inbound (client_id, id, route_id, recipient_index, payload, at)
SELECT client_id, id, %(route)s, recipient_index, '\\x01', %(now)s FROM engine_message
 WHERE client_id = %(client)s AND id > '00000000-0000-7000-8000-000000020000' ON CONFLICT DO NOTHING;
INSERT INTO engine_capability (client_id, recipient_index, agent, capable, known_at, until)
SELECT client_id, recipient_index, 'agent', true, %(now)s, %(now)s + interval '1 day' FROM engine_message
 WHERE client_id = %(client)s ON CONFLICT DO NOTHING;
INSERT INTO lane_backlog VALUES (%(client)s, 'marketing', %(now)s) ON CONFLICT DO NOTHING;
"""


@pytest.fixture
def seeded(house: House) -> Iterator[tuple[Connection, Connection]]:
    """200,000 messages of one client, on connections set up as the engine's: for batches, and for rare statements."""
    _forget_statistics(house)
    values = {"campaign": CAMPAIGN, "now": clock.now(), "route": ROUTE, "me": ME}
    with psycopg.connect(house.engine_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as loader:
        loader.execute(_SEED, values | {"client": BIG, "rows": ROWS})
    with _as_engine(house, db.HOT_OPTIONS) as hot, _as_engine(house, db.RARE_OPTIONS) as rare:
        yield hot, rare
    _let_statistics_be(house)


def _as_engine(house: House, options: str) -> Connection:
    conn = psycopg.connect(house.engine_url, autocommit=True, options=options)
    pgarray.register(conn)
    return conn


def _forget_statistics(house: House) -> None:
    """What the planner believes of tables that other tests filled and emptied would decide this test by its order."""
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        for table in _tables(admin):
            admin.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
            admin.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", [table])
            admin.execute(f"TRUNCATE {table} CASCADE")  # its size is unknown again, as in a new database


def _let_statistics_be(house: House) -> None:
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        for table in _tables(admin):
            admin.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")


def _tables(admin: Connection) -> list[str]:
    rows = admin.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname ~ '^(engine_|gate_|receipt_|mo_lookup|lane_backlog|platform_)'"
    ).fetchall()
    return [row[0] for row in rows]


def _values() -> dict[str, Any]:
    now = clock.now()
    numbers = range(1, 501)
    count = len(numbers)
    ids = [bytes.fromhex("00000000000070008000" + f"{n:012x}") for n in numbers]
    nothing = TextArray.of([None] * count)
    at = TimeArray.of([micros(now)] * count)
    return {
        "client": BIG, "me": ME, "instance": ME, "dead": ME, "now": now, "n": 500, "lane": "marketing", "seq": 0,
        "channel": "sms", "route": ROUTE, "campaign": CAMPAIGN, "before": now - timedelta(days=1),
        "recipients": ByteaArray.of([bytes.fromhex(f"{n:032x}") for n in numbers]), "recipient": b"1" * 16,
        "numbers": ByteaArray.of([b"2" * 16] * count), "lanes": ["marketing", "marketing.rcs"],
        "channels": TextArray.of(["sms"] * count), "written_at": None, "supplier_id": "x", "came_by": "sms",
        "heads": UuidArray.of(ids), "rungs": Int2Array.of([1] * count), "deadlines": at,
        "campaigns": UuidArray.of([CAMPAIGN.bytes] * count),
        "ids": UuidArray.of(ids), "messages": UuidArray.of(ids), "message": UUID(bytes=ids[0]),
        "statuses": TextArray.of(["submitted"] * count), "ranks": Int2Array.of([20] * count),
        "reasons": nothing, "articles": nothing, "codes": nothing, "routes": UuidArray.of([ROUTE.bytes] * count),
        "done": Int2Array.of([0] * count), "submitted": at, "ats": at, "dues": at,
        "firsts": Int2Array.of([1] * count), "costs": Int8Array.of([45_000] * count),
        "attempts": Int2Array.of([1] * count), "avoids": UuidArray.of([None] * count),
        "short_codes": TextArray.of(["36123"] * count), "clients": UuidArray.of([SMALL.bytes] * count),
        "contacts": UuidArray.of([None] * count), "by": ME, "contact": None, "at": now,
        "short_code": "36123", "number": b"3" * 16, "after": 0, "claims": UuidArray.of([ME.bytes]), "id": UUID(int=10),
    }  # fmt: skip


def _plan(conn: Connection, name: str, more: dict[str, Any]) -> str:
    with conn.transaction(force_rollback=True):
        rows = conn.execute("EXPLAIN (FORMAT JSON) " + db.sql(name), _values() | more).fetchall()
    return json.dumps(rows[0][0])


_BY_KEY: list[tuple[str, dict[str, Any], list[str]]] = [
    ("claim", {}, ["engine_queue_due", "engine_queue_pkey", "engine_message_pkey"]),
    ("settle_backlog", {}, ["engine_queue_due", "lane_backlog_pkey"]),
    ("permissions_of", {}, ["gate_permission_pkey"]),
    ("capabilities_of", {}, ["engine_capability_pkey"]),
    ("last_written", {"recipients": [b"1" * 32]}, ["engine_alias_pkey", "engine_alias_recipient",
                                                   "engine_inbound_recipient"]),
    ("template_named", {"code": "order_ready"}, ["gate_template_pkey"]),
    ("requests_of", {"n": 100, "before": SMALL}, ["engine_request_log_pkey"]),
    ("platform_suppressed", {}, ["platform_suppression_pkey"]),
    ("campaign_states", {}, ["gate_campaign"]),
    ("write_states", {}, ["engine_state_pkey", "gate_client_pkey", "gate_endpoint_pkey"]),
    ("send_again", {"attempt": 100}, ["engine_state_pkey", "engine_message_pkey"]),
    ("write_second", {}, ["engine_state_pkey", "gate_endpoint_pkey"]),
    ("requeue", {}, ["engine_claim_pkey", "engine_state_pkey", "gate_endpoint_pkey"]),
    ("tell_accepted", {}, ["gate_endpoint_pkey"]),
    ("match_receipts", {"numbers": Int2Array.of([1, 2]), "orders": Int2Array.of([0, 0]),
                        "keys": TextArray.of(["a", "b"])}, ["receipt_key_pkey"]),
    ("candidates", {"numbers": Int2Array.of([1, 2]), "orders": Int2Array.of([0, 0]),
                    "keys": TextArray.of(["a", "b"])}, ["receipt_key_pkey", "engine_message_pkey"]),
    ("part_receipts", {"supplier_ids": TextArray.of(["a"]), "statuses": TextArray.of(["delivered"]),
                       "submitted": TimeArray.of([0])}, ["receipt_key_pkey", "receipt_key_long"]),
    ("parked", {}, ["receipt_parked_lease", "receipt_parked_pkey"]),
    ("left_again", {}, ["engine_state_pkey"]),
    ("announce", {}, ["mo_lookup_pkey"]),
    ("keep_answers", {"keys": [ME], "names": ByteaArray.of([b"n" * 16]), "fingerprints": ByteaArray.of([b"f" * 32]),
                      "statuses": Int2Array.of([202]), "answers": TextArray.of(["{}"])}, ["engine_request_pkey"]),
    ("kept_answers", {"names": ByteaArray.of([b"n" * 16])}, ["engine_request_pkey"]),
    ("give_consents", {}, ["gate_permission_pkey"]),
    ("stored", {}, ["engine_state_pkey"]),
    ("note_deliveries", {"endpoint": ME, "states": TextArray.of(["delivered"] * 500),
                         "answers": Int2Array.of([200] * 500), "problems": TextArray.of([None] * 500),
                         "latencies": Int8Array.of([5] * 500)}, ["engine_delivery_pkey"]),
    ("take_notices", {"endpoint": ME}, ["engine_notice_pkey"]),
    # what follows is rare
    ("api_key", {"digest": b"d" * 32}, ["gate_api_key_client_id_digest_key"]),
    ("senders_of", {}, ["gate_sender_pkey"]),
    ("messages", {}, ["engine_message_pkey", "engine_state_pkey"]),
    ("steps_of_messages", {}, ["engine_event_contact", "engine_event_message"]),
    ("messages_by_reference", {"reference": "commande-1"}, ["engine_message_reference"]),
    ("cancel_message", {}, ["engine_queue_pkey", "engine_state_pkey"]),
    ("convert", {}, ["engine_state_pkey", "engine_event_contact", "engine_event_message"]),
    ("claim_webhooks", {}, ["gate_endpoint_turn", "engine_notice_pkey", "engine_delivery_open"]),
    ("open_deliveries", {"endpoint": ME}, ["engine_delivery_open"]),
    ("webhook_works", {"endpoint": ME}, ["gate_endpoint_pkey", "engine_delivery_open"]),
    ("inbounds", {"inbounds": [ME]}, ["engine_inbound_pkey"]),
    ("forget_deliveries", {"endpoint": ME, "before": ME}, ["engine_delivery_pkey"]),
    ("forget_notices", {"endpoint": ME}, ["engine_notice_pkey"]),
    ("held_by", {}, ["engine_claim_by", "engine_state_pkey"]),
    ("renew_leases", {}, ["engine_claim_"]),
    ("dead_leases", {}, ["engine_claim_lease", "engine_state_pkey"]),
    ("who_wrote", {}, ["mo_lookup_pkey"]),
    ("left_at", {}, ["engine_state_pkey"]),
    ("kept_parts", {"key": b"1" * 16}, ["engine_inbound_part_pkey"]),
    ("overdue_parts", {}, ["engine_inbound_part_at", "engine_inbound_part_pkey"]),
    ("retract", {}, ["mo_lookup_pkey"]),
    ("cancel_waiting", {}, ["engine_state_once_per_campaign", "engine_queue_pkey", "engine_state_pkey",
                            "gate_endpoint_pkey"]),
    ("answer_to_contact", {}, ["engine_message_pkey"]),
    ("end_claims", {}, ["engine_claim_by", "engine_state_pkey"]),
    ("release", {}, ["engine_claim_pkey", "engine_state_pkey", "lane_backlog_pkey"]),
    ("adopt", {}, ["engine_claim_by"]),
    ("adopted", {}, ["engine_claim_pkey", "engine_message_pkey", "engine_state_pkey"]),
    ("give_up", {}, ["engine_state_pkey"]),
    ("overdue", {"after": clock.DEMO_START - timedelta(days=4)}, []),
    ("expire_unreceipted", {"after": clock.DEMO_START - timedelta(days=4)}, ["engine_state_pkey"]),
    ("forget_receipt_keys", {}, ["engine_state_pkey", "gate_endpoint_pkey"]),
    ("write_inbound", {"payload": b"1", "keyword": ""}, ["gate_endpoint_pkey", "engine_state_pkey"]),
    ("finished_campaigns", {"campaigns": [CAMPAIGN], "messages": [UUID(int=1)]},
     ["gate_campaign_running", "engine_queue_pkey", "engine_state_pkey"]),
    ("clients_to_forget", {"before": UUID(int=0), "clients": 5}, ["engine_message_pkey", "engine_inbound_at"]),
    ("forget_messages", {"before": UUID(int=1 << 127)},
     ["engine_message_pkey", "engine_event_contact", "engine_event_message", "engine_queue_pkey", "engine_state_pkey"]),
    ("forget_answers", {}, ["engine_inbound_at", "engine_event_message"]),
    ("take_callbacks", {}, ["engine_callback_lease", "engine_callback_pkey"]),
    ("take_steps", {},
     ["engine_ladder_step_pkey", "engine_message_pkey", "engine_ladder_message", "engine_ladder_pkey"]),
    ("begin_rungs", {}, ["engine_ladder_pkey"]),
    ("refused_meanwhile", {}, ["engine_ladder_pkey", "engine_message_pkey", "gate_permission_pkey"]),
    ("drop_rungs", {}, ["engine_ladder_message", "engine_ladder_pkey"]),
    ("supersede", {}, ["engine_state_pkey"]),
    ("end_rungs", {}, ["engine_ladder_deadline", "engine_queue_pkey", "engine_state_pkey"]),
    ("clients_with_deadlines", {}, ["engine_ladder_deadline"]),
    ("rungs_of", {}, ["engine_ladder_pkey"]),
    ("heard_named", {}, ["engine_inbound_once"]),
    ("writer_of", {}, ["receipt_key_pkey", "engine_state_pkey"]),
    ("said_by", {"ids": [UUID(int=1)], "recipients": [b"1" * 32]}, ["engine_alias_pkey", "engine_alias_recipient"]),
    ("writers_at", {"short_code": "36123", "numbers": [b"1" * 32]}, ["mo_lookup_pkey"]),
    ("numbers_of_person", {"person": b"1" * 32}, ["engine_alias_person"]),
    ("capability_of", {"agent": "agent"}, ["engine_capability_pkey"]),
    ("next_unknown", {"agent": "agent"}, ["engine_queue_due", "engine_message_pkey", "engine_capability_pkey"]),
    ("forget_capabilities", {}, ["engine_capability_until"]),
    ("aliases_of", {"names": [b"1" * 32]}, ["engine_alias_pkey", "engine_alias_recipient"]),
]  # fmt: skip
_HOT = 23


@pytest.mark.slow
def test_hot_statements_walk_indexes_and_updates_stay_on_their_page(
    seeded: tuple[Connection, Connection], house: House
):
    hot, rare = seeded
    problems = _problems(hot, _BY_KEY[:_HOT]) + _problems(rare, _BY_KEY[_HOT:])
    with db.connect(house.engine_url, autocommit=True) as plain:
        plan = _plan(plain, "already_in", {})
        plain.execute("ANALYZE")
    problems += _problems(hot, _BY_KEY[:_HOT]) + _problems(rare, _BY_KEY[_HOT:])

    assert problems == []
    assert "engine_state_once_per_campaign" in plan
    assert "Seq Scan" not in plan
    assert _share_of_updates_on_their_page(hot) > 0.8


@pytest.mark.slow
def test_a_campaign_is_not_walked_after_the_queue_was_analysed_empty(house: House):
    _forget_statistics(house)
    values = {"campaign": CAMPAIGN, "now": clock.now(), "route": ROUTE, "client": BIG, "me": ME}
    with psycopg.connect(house.admin_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as loader:
        loader.execute(_SEED, values | {"rows": 60})
        loader.execute("DELETE FROM engine_queue WHERE message_id <> (SELECT message_id FROM engine_queue LIMIT 1)")
        loader.execute("DELETE FROM receipt_key WHERE supplier_id <> '1'")
        for table in _tables(loader):
            loader.execute(f"VACUUM ANALYZE {table}")
        with _as_engine(house, db.HOT_OPTIONS) as conn:
            conn.prepare_threshold = 0
            _entries_read(conn)
            loader.execute(_SEED, values | {"rows": 20_000})

            read = _entries_read(conn)
    _let_statistics_be(house)

    walked = {name: entries for name, entries in read.items() if entries > 10 * 500}
    assert read
    assert not walked


@pytest.mark.slow
def test_a_campaign_under_way_is_looked_through_once(seeded: tuple[Connection, Connection], house: House):
    _, rare = seeded
    small = UUID(int=6)
    first, last = UUID("00000000-0000-7000-8000-000000000001"), UUID(f"00000000-0000-7000-8000-{ROWS:012x}")
    with psycopg.connect(house.admin_url, autocommit=True) as admin:
        admin.execute("UPDATE engine_state SET campaign_id = %s WHERE message_id = %s", [small, first])
        for campaign in (CAMPAIGN, small):
            row = [BIG, campaign, clock.now()]
            admin.execute("INSERT INTO gate_campaign (client_id, campaign_id, state, expanded_at)"
                          " VALUES (%s, %s, 'running', %s)", row)  # fmt: skip

        for analysed in (False, True):
            if analysed:
                admin.execute("ANALYZE")
            found, _ = _unfinished(rare, {})
            assert found == {CAMPAIGN: last, small: first}
            found, read = _unfinished(rare, {CAMPAIGN: last, small: first})
            assert (found, read < 50) == ({}, True), read

        admin.execute("DELETE FROM engine_queue WHERE message_id <> %s", [last])
        admin.execute("UPDATE engine_state SET rank = 50 WHERE message_id = %s", [first])
        admin.execute("VACUUM ANALYZE engine_queue, engine_state")
        found, read = _unfinished(rare, {small: first})
        assert (found, read < 50) == ({CAMPAIGN: last, small: None}, True), read


def _unfinished(conn: Connection, known: dict[UUID, UUID]) -> tuple[dict[UUID, UUID | None], int]:
    """Campaign -> message that waits, as `finished_campaigns` answers, and how many entries and rows it looked at."""
    with conn.transaction(force_rollback=True):
        values = {"campaigns": list(known), "messages": list(known.values())}
        conn.execute("EXPLAIN " + db.sql("finished_campaigns"), values)  # neither planning counts nor asking
        start, before = _looked_at(conn), _looked_at(conn)
        rows = conn.execute(db.sql("finished_campaigns"), values).fetchall()
        return {campaign: message for _, campaign, message in rows}, _looked_at(conn) - before - (before - start)


def _entries_read(conn: Connection) -> dict[str, int]:
    """How many index entries and rows each prepared statement looked at, for 500 messages."""
    counted = {}
    for name, more, _ in _BY_KEY[:_HOT]:
        values = _values()
        with conn.transaction(force_rollback=True):
            before = _looked_at(conn)
            conn.execute(db.sql(name), values | {"numbers": values["recipients"]} | more)
            counted[name] = _looked_at(conn) - before
    return counted


def _looked_at(conn: Connection) -> int:
    """What this session has not reported yet: both ends of a difference are read in one transaction."""
    row = conn.execute(
        "SELECT sum(seq_tup_read) + (SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index"
        " WHERE indexrelid >= 16384)"  # ours: how many the catalogues have does not matter
        " FROM pg_stat_xact_user_tables"
    ).fetchone()
    return int(row[0]) if row else 0


def _share_of_updates_on_their_page(conn: Connection) -> float:
    """How many of 500 status updates touched no index (HOT)."""
    counters = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'engine_state'"
    seen = []
    for _ in range(2):
        conn.execute("SELECT pg_stat_force_next_flush()")
        seen.append(conn.execute(counters).fetchone() or (0, 0))
        if len(seen) == 1:
            conn.execute(db.sql("write_states"), _values())
    return float((seen[1][1] - seen[0][1]) / (seen[1][0] - seen[0][0]))


def _problems(conn: Connection, statements: Sequence[Any]) -> list[str]:
    found = []
    for name, more, indexes in statements:
        plan = _plan(conn, name, more)
        scanned = re.findall(r'"Node Type": "Seq Scan".*?"Relation Name": "(\w+)"', plan)
        if scanned:
            found.append(f"{name}: sequential scan of {scanned}")
        found += [f"{name}: {index} is not used" for index in indexes if index not in plan]
        if re.search(r'"Filter": "[^"]*(recipient_index|message_id|number_index) = ANY', plan):
            found.append(f"{name}: rows are filtered by key instead of found by it")
    return found
