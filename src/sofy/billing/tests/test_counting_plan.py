"""Counting a month reads that month of that client, however much the ledger holds beside it."""

import json
import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from sofy.billing.services import counting
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import begin
from sofy.engine.db import sql

BIG, FIRST, MONTHS, EACH = UUID(int=1), date(2025, 1, 1), 20, 10_000
_MESSAGES = """
INSERT INTO engine_message (client_id, id, purpose, recipient_index, sender, payload, parts, encoding, destination,
                            created_at)
SELECT %(client)s,
       (lpad(to_hex((%(ms)s + n * 200000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
       'marketing', decode(md5(%(place)s || n::text), 'hex'), 'SHOP', '\\x01', 1, 'gsm7', 'FR', %(at)s
  FROM generate_series(1, %(rows)s) n"""
_STATES = """
INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at, submitted_at,
                          updated_at)
SELECT client_id, id, recipient_index, 'delivered', 50, 1, created_at, created_at, created_at FROM engine_message"""

_ANALYSE = "ANALYZE engine_message, engine_state"


@pytest.fixture(params=["never analysed", "analysed while it was empty", "analysed"])
def ledger(request: Any, engine_db: Any) -> Any:
    with engine_db.connect("admin") as admin:
        if request.param != "never analysed":
            admin.execute(_ANALYSE)
        for place in range(MONTHS):
            at = begin(add_months(FIRST, place))
            values = {"client": BIG, "ms": int(at.timestamp() * 1000), "place": str(place), "at": at, "rows": EACH}
            admin.execute(_MESSAGES, values)
        admin.execute(_STATES)
        if request.param == "analysed":
            admin.execute(_ANALYSE)
    return engine_db


@pytest.mark.slow
def test_a_month_is_read_by_its_keys_and_once_whatever_the_statistics_say(ledger, request):
    month = add_months(FIRST, 7)
    after, before = (counting.first_id(begin(day)) for day in (month, add_months(month, 1)))
    values = {"client": BIG, "after": after, "before": before}

    with ledger.connect("sofy_staff") as staff, staff.transaction(force_rollback=True):
        staff.execute("SELECT set_config('sofy.staff', 'on', true)")
        staff.execute(counting.ONCE)
        told = staff.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql("usage_of_month"), values).fetchall()

    plan = json.dumps(told)
    read = [int(float(n)) for n in re.findall(r'"Relation Name": "engine_\w+".*?"Actual Rows": ([\d.]+)', plan)]
    walked = re.findall(r'"Relation Name": "engine_\w+".*?"Actual Loops": (\d+)', plan)
    assert "engine_message_pkey" in plan
    assert set(map(int, walked)) == {1}
    if "engine_state_pkey" in plan or request.node.callspec.params["ledger"] == "analysed":
        assert "Seq Scan" not in plan
        assert max(read) == EACH
        assert not any(map(int, re.findall(r'"Rows Removed by \w+(?: \w+)*": (\d+)', plan)))
