from datetime import UTC, datetime, timedelta

import pytest

from sofy.kernel import clock
from sofy.kernel.hours import CONTRACT_HOURS, decide
from sofy.kernel.phone import OVERSEAS_ZONES


@pytest.fixture(autouse=True)
def system_clock():
    yield
    clock.reset()


def test_now_is_the_present_in_utc():
    before = datetime.now(UTC)
    told = clock.now()
    after = datetime.now(UTC)

    assert before <= told <= after
    assert told.utcoffset() == timedelta(0)


def test_an_installed_clock_tells_the_time_until_reset():
    instant = datetime(2030, 1, 1, tzinfo=UTC)

    clock.install(lambda: instant)
    assert clock.now() == instant
    assert clock.is_shifted()

    clock.reset()
    assert clock.now() != instant
    assert not clock.is_shifted()


def test_a_naive_clock_is_refused_and_changes_nothing():
    with pytest.raises(ValueError, match="aware"):
        clock.install(lambda: datetime.fromisoformat("2030-01-01"))

    assert not clock.is_shifted()


def test_the_demo_starts_on_a_tuesday_afternoon_when_every_french_zone_is_open():
    start = clock.DEMO_START.astimezone(clock.PARIS)

    assert (start.isoweekday(), start.hour, start.minute) == (2, 14, 30)
    assert all(decide(clock.DEMO_START, (zone,), CONTRACT_HOURS).open for zone in OVERSEAS_ZONES.values())


def test_time_zones_are_looked_up_once():
    assert "Indian/Reunion" in clock.zones()
    assert clock.zones() is clock.zones()
