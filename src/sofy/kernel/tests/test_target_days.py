"""The days on which euros move."""

from datetime import date

import pytest

from sofy.kernel.target_days import add_settlement_days, next_settlement, settles


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 7, 1), True),
        (date(2026, 7, 4), False),  # Saturday
        (date(2026, 4, 3), False),  # Good Friday
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 5, 1), False),
        (date(2026, 5, 8), True),  # a holiday in France, not for T2
        (date(2026, 7, 14), True),
        (date(2026, 12, 25), False),
        (date(2025, 12, 26), False),
        (date(2027, 1, 1), False),
    ],
)
def test_settlement_follows_the_calendar_of_the_central_bank(day, open_):
    assert settles(day) is open_


def test_the_next_settlement_skips_the_days_of_easter():
    assert next_settlement(date(2026, 4, 3)) == date(2026, 4, 7)
    assert next_settlement(date(2026, 4, 7)) == date(2026, 4, 7)
    assert add_settlement_days(date(2026, 4, 2), 2) == date(2026, 4, 8)
