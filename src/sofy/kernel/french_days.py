"""French public holidays, by calendar.

Source: Code du travail L3133-1 (the eleven national days), L3134-13 (Alsace-Moselle), L3422-2 (overseas: abolition of
slavery). Computed here because the `holidays` package takes a second to load in every process; it is the tests' oracle.
"""

from datetime import date, timedelta
from functools import lru_cache

#: Calendar -> the days it adds to the national ones, as (month, day).
CALENDARS: dict[str, tuple[tuple[int, int], ...]] = {
    "metropole": (),
    "alsace-moselle": ((12, 26),),  # and Good Friday
    "guadeloupe": ((5, 27),),
    "martinique": ((5, 22),),
    "guyane": ((6, 10),),
    "reunion": ((12, 20),),
    "mayotte": ((4, 27),),
}
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY = 1, 39, 50
_GOOD_FRIDAY = -2


def easter(year: int) -> date:
    """Easter Sunday. Source: the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap_centuries - correction + 15) % 30
    sunday = (32 + 2 * century_rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def holidays(year: int, calendar: str) -> frozenset[date]:
    """The public holidays of a year in one calendar.

    Raises: ValueError for a calendar that is not in CALENDARS.
    """
    if calendar not in CALENDARS:
        raise ValueError(f"unknown calendar {calendar!r}: choose among {', '.join(CALENDARS)}")
    days = {date(year, month, day) for month, day in (*_FIXED, *CALENDARS[calendar])}
    moving = [_EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY]
    if calendar == "alsace-moselle":
        moving.append(_GOOD_FRIDAY)
    return frozenset(days | {easter(year) + timedelta(days=n) for n in moving})
