"""The days on which banks settle euros.

Source: European Central Bank, T2 calendar: open from Monday to Friday but for 1 January, Good Friday, Easter Monday,
1 May, 25 and 26 December. French bank holidays such as 8 May or 14 July are settlement days.
"""

from datetime import date, timedelta

from sofy.kernel.french_days import easter

_FIXED = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
_SATURDAY = 5
_DAY = timedelta(days=1)


def settles(day: date) -> bool:
    """Whether euros move between banks on this day."""
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _FIXED:
        return False
    return (day - easter(day.year)).days not in (-2, 1)


def next_settlement(day: date) -> date:
    """This day, or the first one after it on which euros move."""
    while not settles(day):
        day += _DAY
    return day


def add_settlement_days(day: date, number: int) -> date:
    """The day that many settlement days later."""
    for _ in range(number):
        day = next_settlement(day + _DAY)
    return day
