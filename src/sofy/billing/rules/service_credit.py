"""What an Application that was away gives back, in whole seconds so that a limit is a limit."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from sofy.contracts.rules.term import add_months
from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded

CLAIM_DAYS: Final = 15
#: (below so many percent, so many percent of the monthly fee)
TIERS: Final = (
    (Decimal("99.5"), Decimal(5)),
    (Decimal(98), Decimal(15)),
    (Decimal(95), Decimal(30)),
)


class Availability(NamedTuple):
    """One month of one Application. Unit: seconds; `base_s` is without announced maintenance."""

    base_s: int
    down_s: int

    @property
    def percent(self) -> Decimal:
        """To four decimals, for people: tiers compare the seconds."""
        if not self.base_s:
            return Decimal(100)
        return (Decimal(100) * (self.base_s - self.down_s) / self.base_s).quantize(Decimal("0.0001"))


@clause("CGVU 28")
def credit_percent(month: Availability, tiers: Sequence[tuple[Decimal, Decimal]] = TIERS) -> Decimal:
    """The share of the monthly fee that comes back: that of the lowest limit passed, not added up.

    `below` is strict: a month exactly at a limit has kept it.
    """
    up = 100 * (month.base_s - month.down_s)
    passed = [(below, credit) for below, credit in tiers if up < below * month.base_s]
    return min(passed)[1] if passed else Decimal(0)


@clause("CGVU 28")
def credit(fee_eur: Decimal, percent: Decimal) -> Decimal:
    """Unit: EUR before VAT, of the fee of one month."""
    return rounded(fee_eur * percent / 100)


@clause("CGVU 28")
def claim_until(month: date, days: int = CLAIM_DAYS) -> date:
    """The last day on which the client may ask for the credit of the month this day lies in."""
    return add_months(month.replace(day=1), 1) + timedelta(days=days - 1)


@clause("CGVU 11")
def fee_not_owed(fee_eur: Decimal, away_s: int, period_s: int) -> Decimal:
    """The fee of the time in which access was suspended through the operator's own fault. Unit: EUR before VAT."""
    return rounded(fee_eur * away_s / period_s)
