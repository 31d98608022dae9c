"""The lattice pair by pair: as data, in memory and in SQL."""

from itertools import product
from typing import Any

import pytest

from sofy.engine.db import connect_hot, sql
from sofy.engine.pgarray import Int2Array, Int8Array, TextArray, TimeArray, UuidArray, micros
from sofy.engine.statuses import LATTICE, RANK, follows
from sofy.engine.tests.conftest import House
from sofy.kernel import clock, ids


@pytest.mark.parametrize(
    ("current", "new", "allowed"),
    [
        ("accepted", "submitted", True), ("accepted", "deferred", True), ("deferred", "queued", True),
        ("submitted", "unknown", True), ("unknown", "delivered", True), ("unknown", "failed", True),
        ("failed", "delivered", True), ("expired", "delivered", True), ("delivered", "read", True),
        ("delivered", "failed", False), ("delivered", "unknown", False), ("failed", "expired", False),
        ("unknown", "submitted", False), ("submitted", "accepted", False), ("read", "delivered", False),
        ("submitted", "withheld", False), ("submitted", "cancelled", False), ("held", "cancelled", True),
        ("cancelled", "submitted", False), ("withheld", "delivered", False), ("withheld", "cancelled", False),
    ],
)  # fmt: skip
def test_the_lattice_says(current: str, new: str, allowed: bool):
    assert follows(current, new) is allowed


def test_nothing_follows_itself_but_waiting():
    for status, level in LATTICE.items():
        assert follows(status, status) is level.waiting


async def test_sql_moves_exactly_as_the_lattice_allows(house: House):
    pairs = list(product(LATTICE, LATTICE))
    numbers = ids.uuid7s(len(pairs))
    now = clock.now()
    with house.conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO engine_state (client_id, message_id, recipient_index, status, rank, parts, accepted_at,"
            " updated_at) VALUES (%s, %s, %s, %s, %s, 1, %s, %s)",
            [(house.client, n, n.bytes, was, RANK[was], now, now) for n, (was, _) in zip(numbers, pairs, strict=True)],
        )
    conn = await connect_hot(house.engine_url)
    count = len(pairs)
    values: dict[str, Any] = {
        "client": house.client, "me": house.client, "now": now,
        "ids": UuidArray.of([n.bytes for n in numbers]),
        "statuses": TextArray.of([new for _, new in pairs]),
        "ranks": Int2Array.of([RANK[new] for _, new in pairs]),
        **{name: TextArray.of([None] * count) for name in ("reasons", "articles", "codes")},
        "routes": UuidArray.of([None] * count), "done": Int2Array.of([0] * count),
        "submitted": TimeArray.of([None] * count), "ats": TimeArray.of([micros(now)] * count),
        "firsts": Int2Array.of([0] * count), "costs": Int8Array.of([0] * count),
    }  # fmt: skip

    await conn.execute(sql("write_states"), values)
    await conn.close()

    after = dict(house.conn.execute("SELECT message_id, status FROM engine_state").fetchall())
    for number, (was, new) in zip(numbers, pairs, strict=True):
        assert after[number] == (new if follows(was, new) else was), (was, new)
