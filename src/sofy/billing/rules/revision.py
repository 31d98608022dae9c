"""The yearly revision of prices by the SYNTEC index: P1 = P0 x S1 / S0, always from the first price."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded


class Index(NamedTuple):
    """One published value. `month`: as in 2025-01."""

    month: str
    value: Decimal
    published_on: date


@clause("CGVU 9.1")
def revised(price_eur: Decimal, base: Decimal, current: Decimal) -> Decimal:
    """A price of the order form at today's index, the unit rounded once. Unit: EUR before VAT.

    The article names the index and no formula (it refers to an article that does not exist): the ratio of the last
    indices published at the anniversary and at signature is the one usual in the trade, upward and downward.
    """
    return rounded(price_eur * current / base)


def published(index: Sequence[Index], on: date) -> Index | None:
    """The last value published on a day."""
    known = [row for row in index if row.published_on <= on]
    return max(known, key=lambda row: (row.month, row.published_on), default=None)


def of_month(index: Sequence[Index], month: str, on: date) -> Index | None:
    """The value of one month, once it is published."""
    known = [row for row in index if row.month == month and row.published_on <= on]
    return max(known, key=lambda row: row.published_on, default=None)
