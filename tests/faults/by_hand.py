"""The permitted hours once more, written by hand from the contract and an atlas: shares no code with the product.

Offsets are minutes ahead of UTC. Summer time: the European Union from the last Sunday of March to that of October at
01:00 UTC; Saint-Pierre from the second Sunday of March to the first of November at 02:00 local. Holidays are the dates
of the almanac for the years of the tests.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

HOUR = 60
#: Where a number may be, by its longest known beginning.
PLACES: dict[str, tuple[str, ...]] = {
    "+336": ("Paris",),
    "+337": ("Paris",),
    "+32": ("Paris",),  # Brussels keeps the same time
    "+590690": ("Antilles",),
    "+594694": ("Cayenne",),
    "+596696": ("Antilles",),
    "+262692": ("Reunion",),
    "+262693": ("Reunion",),
    "+262639": ("Mayotte",),
    "+262600": ("Reunion", "Mayotte"),
    "+50870": ("Saint-Pierre",),
    "+68775": ("Noumea",),
    "+68182": ("Wallis",),
    "+68987": ("Tahiti", "Marquesas", "Gambier"),
}
FIXED = {
    "Antilles": -4 * HOUR,
    "Cayenne": -3 * HOUR,
    "Reunion": 4 * HOUR,
    "Mayotte": 3 * HOUR,
    "Noumea": 11 * HOUR,
    "Wallis": 12 * HOUR,
    "Tahiti": -10 * HOUR,
    "Marquesas": -9 * HOUR - 30,
    "Gambier": -9 * HOUR,
}
#: The zone of a contact's own record, in this table's words.
RECORDED = {
    "Europe/Paris": "Paris",
    "America/Martinique": "Antilles",
    "Indian/Reunion": "Reunion",
    "Pacific/Noumea": "Noumea",
    "America/Miquelon": "Saint-Pierre",
}
#: Every year, as month and day; what moves with Easter, read off the almanac; what only some places keep.
FIXED_DAYS = ("01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25")
MOVING_DAYS = {
    "2026-04-06", "2026-05-14", "2026-05-25",
    "2027-03-29", "2027-05-06", "2027-05-17",
    "2028-04-17", "2028-05-25", "2028-06-05",
    "2029-04-02", "2029-05-10", "2029-05-21",
}  # fmt: skip
GOOD_FRIDAYS = {"2026-04-03", "2027-03-26", "2028-04-14", "2029-03-30"}
OF_THE_PLACE = {
    "metropole": (),
    "alsace-moselle": ("12-26",),
    "guadeloupe": ("05-27",),
    "martinique": ("05-22",),
    "guyane": ("06-10",),
    "reunion": ("12-20",),
    "mayotte": ("04-27",),
}


@cache
def places(number: str, recorded: str | None) -> tuple[str, ...]:
    """Where this person may be; nowhere when nobody can say."""
    if recorded is not None:
        return (RECORDED[recorded],)
    known = [prefix for prefix in PLACES if number.startswith(prefix)]
    return PLACES[max(known, key=len)] if known else ()


@cache
def local(instant: datetime, place: str) -> datetime:
    """What a clock on the wall shows there."""
    if place == "Paris":
        minutes = 2 * HOUR if _between(instant, (3, -1, 1), (10, -1, 1)) else HOUR
    elif place == "Saint-Pierre":
        minutes = -2 * HOUR if _between(instant, (3, 2, 5), (11, 1, 4)) else -3 * HOUR
    else:
        minutes = FIXED[place]
    return instant.replace(tzinfo=None) + timedelta(minutes=minutes)


def permitted(
    instant: datetime,
    number: str,
    recorded: str | None,
    opens: str,
    closes: str,
    days: tuple[int, ...],
    holidays: str = "",
) -> bool:
    """Whether marketing may reach this person in this second: 08:00 to 20:00 everywhere they may be, or less."""
    where = places(number, recorded)
    clocks = [local(instant, place) for place in where]
    opening, closing = max("08:00:00", opens + ":00"), min("20:00:00", closes + ":00")
    return bool(where) and all(
        opening <= f"{at:%H:%M:%S}" < closing and at.isoweekday() in days and not is_holiday(f"{at:%Y-%m-%d}", holidays)
        for at in clocks
    )


def is_holiday(day: str, calendar: str) -> bool:
    """Whether a client who closes on the days of this calendar is closed; the empty one has none."""
    if not calendar:
        return False
    moving = day in MOVING_DAYS or (calendar == "alsace-moselle" and day in GOOD_FRIDAYS)
    return moving or day[5:] in FIXED_DAYS or day[5:] in OF_THE_PLACE[calendar]


def _between(instant: datetime, start: tuple[int, int, int], end: tuple[int, int, int]) -> bool:
    return _sunday(instant.year, *start) <= instant < _sunday(instant.year, *end)


@cache
def _sunday(year: int, month: int, which: int, hour: int) -> datetime:
    """The first (1), second (2) or last (-1) Sunday of a month, at an hour of UTC."""
    days = [datetime(year, month, day, hour, tzinfo=UTC) for day in range(1, 32 if month != 11 else 31)]
    sundays = [day for day in days if day.isoweekday() == 7]
    return sundays[which - 1 if which > 0 else which]
