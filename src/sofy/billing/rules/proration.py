"""Parts of a period: what a price for the whole is worth for some of its days."""

from decimal import Decimal

from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded


@clause("CGVU 4")
def prorated(quantity: Decimal | int, unit_price_eur: Decimal, days: int, of_days: int) -> Decimal:
    """The amount of a line for some days of a period, rounded once. Unit: EUR before VAT.

    The first day counts, and the last one too.
    """
    if not 0 <= days <= of_days:
        raise ValueError(f"{days} of {of_days} days")
    return rounded(Decimal(quantity) * unit_price_eur * days / of_days)
