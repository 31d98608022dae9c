"""What paying late costs: interest by half-years, and forty euros once."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded

RECOVERY_EUR: Final = Decimal(40)
MULTIPLE: Final = Decimal(3)
_YEAR: Final = 365
_DAY: Final = timedelta(days=1)

#: The legal rate of professional creditors, in percent. Source: arrêtés published for each half-year, Code monétaire et
#: financier L313-2 and D313-1-A.
LEGAL_RATES: Final[dict[str, Decimal]] = {
    "2024-H2": Decimal("4.92"),
    "2025-H1": Decimal("3.71"),
    "2025-H2": Decimal("2.76"),
    "2026-H1": Decimal("2.62"),
}


class Balance(NamedTuple):
    """What was open from a day on (from the day after a payment came in). Unit: EUR with VAT."""

    since: date
    open_eur: Decimal


class Segment(NamedTuple):
    """Days of one balance in one half-year, both ends included; without a rate nothing can be said of them yet."""

    first: date
    last: date
    open_eur: Decimal
    half_year: str
    legal_percent: Decimal | None
    amount_eur: Decimal | None

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


def half_year(day: date) -> str:
    """The half-year whose legal rate counts on a day."""
    return f"{day.year}-H{1 if day.month <= 6 else 2}"


@clause("CGVU 7.1")
def interest(
    due_on: date,
    balances: Sequence[Balance],
    until: date,
    rates: Mapping[str, Decimal] = LEGAL_RATES,
    multiple: Decimal = MULTIPLE,
) -> list[Segment]:
    """Interest from the day after the due date through `until`, each half-year and balance rounded on its own.

    Source: CGVU 7.1; from the day after, without a reminder: C. com. L441-10 II. Unit: EUR; actual days over 365.
    `balances` in order of days. A segment of an unknown half-year has no amount, and is never guessed.
    """
    segments = []
    starts = [max(balance.since, due_on + _DAY) for balance in balances] + [until + _DAY]
    for balance, first, following in zip(balances, starts[:-1], starts[1:], strict=True):
        while balance.open_eur > 0 and first < following:
            last = min(_end_of_half_year(first), following - _DAY)
            segments.append(_segment(first, last, balance.open_eur, rates, multiple))
            first = last + _DAY
    return segments


def _segment(first: date, last: date, open_eur: Decimal, rates: Mapping[str, Decimal], multiple: Decimal) -> Segment:
    half = half_year(first)
    legal = rates.get(half)
    days = (last - first).days + 1
    amount = None if legal is None else rounded(open_eur * multiple * legal / 100 * days / _YEAR)
    return Segment(first, last, open_eur, half, legal, amount)


def _end_of_half_year(day: date) -> date:
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)


def known(segments: Sequence[Segment]) -> Decimal:
    """What is certain of the interest. Unit: EUR."""
    return sum((segment.amount_eur for segment in segments if segment.amount_eur is not None), Decimal("0.00"))


def provisional(segments: Sequence[Segment]) -> bool:
    """Whether a rate is still missing: then nothing is final."""
    return any(segment.amount_eur is None for segment in segments)
