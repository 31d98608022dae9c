"""Hours of working days: the clock of CGVU 15 (a client hears of suspected fraud within 24 business hours).

A working day is Monday to Friday, no French public holiday, from midnight to midnight in Paris.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sofy.kernel.clauses import clause
from sofy.kernel.french_days import holidays

_PARIS = ZoneInfo("Europe/Paris")


def works(day: date) -> bool:
    """Whether it is a working day. Source: the national public holidays of `french_days`."""
    return day.weekday() < 5 and day not in holidays(day.year, "metropole")


@clause("CGVU 15")
def deadline(since: datetime, hours: int = 24) -> datetime:
    """When so many business hours are over that begin at `since`."""
    at, left = since.astimezone(_PARIS), timedelta(hours=hours)
    while True:
        midnight = datetime.combine(at.date() + timedelta(days=1), time(), _PARIS)
        today = midnight.astimezone(UTC) - at.astimezone(UTC)
        if works(at.date()):
            if left <= today:
                return at.astimezone(UTC) + left
            left -= today
        at = midnight
