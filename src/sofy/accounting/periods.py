"""Periods of the books: from a day to a day, both included."""

from datetime import date, timedelta

from sofy.kernel.errors import Refused

#: Unit: days.
_LONGEST = 3_660


def period(first: str, last: str) -> tuple[date, date]:
    """A period as people write it.

    Raises: Refused (period_unreadable).
    """
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise Refused("period_unreadable") from None
    if not days[0] <= days[1] <= days[0] + timedelta(days=_LONGEST) or days[0].year < 2000:
        raise Refused("period_unreadable")
    return days


def month_of(day: date) -> tuple[date, date]:
    """The month a day is in."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
