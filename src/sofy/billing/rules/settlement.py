"""When an invoice is due, and what paying early is worth."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded

DAYS: Final = 30
DISCOUNT_DAYS: Final = 8
DISCOUNT_PERCENT: Final = Decimal(1)

#: Whether a discount takes its VAT with it, as French cash discounts do, or leaves the VAT whole.
VatMode = Literal["reduced_base", "full_vat"]


class Discount(NamedTuple):
    """What comes off. Unit: EUR."""

    net_eur: Decimal
    vat_eur: Decimal

    @property
    def gross_eur(self) -> Decimal:
        """With its VAT."""
        return self.net_eur + self.vat_eur


@clause("CGVU 10.2")
def due_on(issued_on: date, days: int = DAYS) -> date:
    """Thirty days net: counted in days, weekends and holidays included."""
    return issued_on + timedelta(days=days)


@clause("CGVU 10.2")
def discount_until(issued_on: date, days: int = DISCOUNT_DAYS) -> date:
    """The last day on which money that comes in earns the discount."""
    return issued_on + timedelta(days=days)


@clause("CGVU 10.2")
def discount(
    bases: Iterable[tuple[Decimal, Decimal]],
    percent: Decimal = DISCOUNT_PERCENT,
    vat_mode: VatMode = "reduced_base",
) -> Discount:
    """One percent of the amount before VAT; `bases`: (base, VAT rate in percent) of each VAT group.

    Source: CGVU 10.2; that the VAT follows: CGI art. 267 II 1.
    """
    net = vat = Decimal(0)
    for base, rate in bases:
        less = rounded(base * percent / 100)
        net += less
        if vat_mode == "reduced_base":
            vat += rounded(less * rate / 100)
    return Discount(net, vat)
