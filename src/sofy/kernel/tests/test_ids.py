import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sofy.kernel import clock, ids

INSTANT = datetime(2036, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_sequence(monkeypatch):
    monkeypatch.setattr(ids, "_last", 0)
    yield
    clock.reset()


def vars_of(id_: UUID) -> tuple[object, ...]:
    return id_.int, id_.is_safe, hash(id_), repr(id_)


def test_an_id_is_a_uuid_of_version_7_that_carries_the_time():
    clock.install(lambda: INSTANT)

    made = ids.uuid7()

    assert made == UUID(str(made))
    assert vars_of(made) == vars_of(UUID(str(made)))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(INSTANT.timestamp() * 1000)


def test_ids_ascend_also_within_a_millisecond_and_when_the_clock_goes_back():
    clock.install(lambda: INSTANT)
    first = ids.uuid7s(1000)
    clock.install(lambda: INSTANT - timedelta(hours=1))
    second = ids.uuid7s(1000)
    third = [UUID(bytes=raw) for raw in ids.uuid7_bytes(1000)]

    made = [*first, *second, *third]
    assert made == sorted(set(made))
    assert all(id_.version == 7 for id_ in made)


def test_a_full_millisecond_spills_into_the_next(monkeypatch):
    clock.install(lambda: INSTANT)
    last = ids.uuid7().int | (1 << 62) - 2
    monkeypatch.setattr(ids, "_last", last)

    made = ids.uuid7s(2)

    assert all(id_.int >> 80 == (last >> 80) + 1 for id_ in made)
    assert all(id_.version == 7 for id_ in made)


def test_threads_never_share_an_id():
    with ThreadPoolExecutor(8) as threads:
        made = [id_ for batch in threads.map(ids.uuid7s, [500] * 40) for id_ in batch]

    assert len(set(made)) == 20_000


def test_no_ids_at_all():
    assert ids.uuid7s(0) == ids.uuid7_bytes(0) == []


def test_base58_is_readable_and_does_not_repeat():
    codes = {ids.base58(10) for _ in range(2000)}

    assert len(codes) == 2000
    assert all(re.fullmatch("[1-9A-HJ-NP-Za-km-z]{10}", code) for code in codes)


def test_a_moment_lies_between_the_ids_made_before_and_after_it():
    clock.install(lambda: clock.DEMO_START - timedelta(milliseconds=1))
    earlier = ids.uuid7()
    clock.install(lambda: clock.DEMO_START)
    later = ids.uuid7()

    assert earlier < ids.before(clock.DEMO_START) < later


def test_an_id_is_made_again_from_its_bytes():
    for row in (*ids.uuid7s(3), UUID(int=0), UUID(int=2**128 - 1)):
        made = ids.from_bytes(row.bytes)

        assert (made, hash(made), made.bytes, str(made)) == (row, hash(row), row.bytes, str(row))
