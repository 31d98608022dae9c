"""A regulator's fine that the client caused: passed on, with 15 % for the work."""

from decimal import Decimal
from typing import Final, NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded

FEE_PERCENT: Final = Decimal(15)


class PassedOn(NamedTuple):
    """The two parts, on two documents: a compensation outside VAT and a fee with it. Unit: EUR before VAT."""

    compensation_eur: Decimal
    fee_eur: Decimal


@clause("CGVU 13")
def passed_on(fine_eur: Decimal) -> PassedOn:
    """The fine as it is and its fee."""
    return PassedOn(rounded(fine_eur), rounded(fine_eur * FEE_PERCENT / 100))


@clause("CGVU 9.3")
def third_party(quantity: Decimal | int, unit_cost_eur: Decimal, margin_eur: Decimal = Decimal(0)) -> Decimal:
    """Somebody else's fee at cost. Unit: EUR before VAT, the line rounded, the unit cost kept whole.

    Raises: ValueError for any margin.
    """
    if margin_eur != 0:
        raise ValueError("third-party fees are passed on at cost: the margin is 0 (CGVU 9.3)")
    return rounded(Decimal(quantity) * unit_cost_eur)
