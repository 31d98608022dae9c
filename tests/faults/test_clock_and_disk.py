"""A clock that jumps and a disk that fills in the middle of a campaign."""

import resource
import time
from datetime import timedelta

import pytest

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from tests.faults.field import WINDOW, Field, check_books

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_a_full_disk_stops_hand_overs_and_loses_nothing(field: Field):
    recipients = 3000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine(quiet=True)
    field.wait(lambda: field.accepted().total() > 200)
    assert field.engine_process is not None

    no_limit = resource.RLIM_INFINITY
    resource.prlimit(field.engine_process.pid, resource.RLIMIT_FSIZE, (1, no_limit))
    while_full = _when_quiet(field)
    assert field.engine_process.poll() is None
    resource.prlimit(field.engine_process.pid, resource.RLIMIT_FSIZE, (no_limit, no_limit))
    field.wait_until_over()

    assert while_full < recipients
    check_books(field, recipients, 0)


@pytest.mark.clause("CGVU 14.1")
def test_a_clock_that_jumps_defers_to_the_morning_and_loses_nothing(field: Field, house_clock: FileClock):
    recipients = 3000
    start = clock.DEMO_START.astimezone(clock.PARIS)
    field.start_operator(rate_per_s=600)
    field.prepare(recipients)
    field.start_engine()
    field.wait(lambda: field.accepted().total() > 200)

    house_clock.advance_to(start - timedelta(hours=1))  # somebody sets the machine's clock right
    before = field.accepted().total()
    field.wait(lambda: field.accepted().total() > before + 200)
    house_clock.advance_to(start.replace(hour=21))
    field.wait(lambda: field.statuses()["deferred"] == field.left() > 0)
    deferred = field.left()
    house_clock.advance_to((start + timedelta(days=1)).replace(hour=9))
    field.wait_until_over()

    assert deferred > WINDOW
    # Only what was on the wire when the clock jumped can be there; November: Paris is one hour ahead of UTC.
    hours = [int(line.split()[-1][11:13]) + 1 for line in field.log.read_text().splitlines()]
    assert sum(not 8 <= hour < 20 for hour in hours) <= WINDOW
    check_books(field, recipients, 0, ends={"delivered", "expired"})


def _when_quiet(field: Field) -> int:
    """How many messages the operator has once none came for two seconds."""
    seen, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since
        if (now := field.accepted().total()) != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 2.0

    field.wait(quiet)
    return seen
