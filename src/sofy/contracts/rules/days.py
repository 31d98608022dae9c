"""Business days as a formal notice counts them, day by day, so that each can be shown."""

from datetime import date, timedelta
from typing import Literal, NamedTuple

from sofy.kernel.business_hours import works
from sofy.kernel.clauses import clause
from sofy.kernel.french_days import holidays

#: Unit: business days between a formal notice and a suspension.
REGULARISATION_DAYS = 5


class Day(NamedTuple):
    """A day of the count. `number`: the how-many-eth business day it is, 0 for one that does not count."""

    day: date
    number: int
    why: Literal["notice", "counts", "weekend", "holiday"]


@clause("CGVU 7.2")
def count(from_day: date, days: int = REGULARISATION_DAYS) -> list[Day]:
    """From the day of the notice, which does not count, to the last of so many business days.

    A business day is Monday to Friday and no national public holiday. Source: Code du travail L3133-1.
    """
    counted, number, day = [Day(from_day, 0, "notice")], 0, from_day
    while number < days:
        day += timedelta(days=1)
        if works(day):
            number += 1
            counted.append(Day(day, number, "counts"))
        else:
            counted.append(Day(day, 0, "holiday" if day in holidays(day.year, "metropole") else "weekend"))
    return counted


def last_day(from_day: date, days: int = REGULARISATION_DAYS) -> date:
    """The last day on which paying keeps the access: what follows from the notice may happen from the day after."""
    return count(from_day, days)[-1].day
