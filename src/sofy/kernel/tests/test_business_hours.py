"""The clock of 24 business hours: week-ends, public holidays, and the nights in which clocks change."""

from datetime import UTC, datetime

import pytest

from sofy.kernel.business_hours import deadline, works


@pytest.mark.clause("CGVU 15")
@pytest.mark.parametrize(
    ("since", "due"),
    [
        ("2026-11-24T10:00+01:00", "2026-11-25T10:00+01:00"),
        ("2026-11-27T18:00+01:00", "2026-11-30T18:00+01:00"),  # Friday evening
        ("2026-11-28T12:00+01:00", "2026-12-01T00:00+01:00"),  # Saturday
        ("2026-12-24T20:00+01:00", "2026-12-28T20:00+01:00"),  # Christmas is a Friday
        ("2026-04-03T09:00+02:00", "2026-04-07T09:00+02:00"),  # Easter Monday
        ("2026-03-27T12:00+01:00", "2026-03-30T12:00+02:00"),  # summer time begins on Sunday
        ("2026-12-31T23:30+01:00", "2027-01-04T23:30+01:00"),
    ],
)
def test_only_hours_of_working_days_count(since, due):
    assert deadline(datetime.fromisoformat(since)) == datetime.fromisoformat(due)


def test_a_deadline_is_in_utc_and_on_a_working_day():
    due = deadline(datetime(2026, 5, 8, 12, tzinfo=UTC))

    assert due.tzinfo is UTC
    assert works(due.date())
