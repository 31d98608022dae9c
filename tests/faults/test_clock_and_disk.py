"""A clock that jumps and a disk that fills in the middle of a campaign."""

import resource
import time
from datetime import timedelta

import pytest

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from tests.faults.field import WINDOW, Field, check_books, dice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_a_full_disk_stops_hand_overs_and_loses_nothing(field: Field):
    recipients, chance = 12_000, dice()
    field.start_operator(rate_per_s=2000)
    field.prepare(recipients)
    field.start_engine(quiet=True)
    moment = chance.randrange(200, recipients // 3)
    field.wait(lambda: field.accepted().total() > moment)
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
    recipients = 5000
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
    check_books(field, recipients, 0, ends={"delivered", "expired"})
    # November: Paris is one hour ahead of UTC.
    lines = [line.split() for line in field.log.read_text().splitlines()]
    late = {line[2].lstrip("+") for line in lines if not 8 <= int(line[-1][11:13]) + 1 < 20}
    expired = set(field.numbers("expired").values())
    # No phone rang. What the engine wrote before the clock jumped and the operator read after it, one window at most,
    # is the only thing it could still take in: it was valid until 20:00, so the operator let it expire.
    assert late <= expired
    assert len(expired) <= WINDOW


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
