"""What an order form is worth, and how many points of sale it licenses."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from sofy.contracts.rules.shapes import MONTHS_OF, Item, OrderForm, Product
from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Unit: EUR before VAT. `monthly_eur`: what comes again, per month; `list_monthly_eur`: the same at the tariff."""

    once_eur: Decimal
    monthly_eur: Decimal
    list_monthly_eur: Decimal
    first_year_eur: Decimal


def totals(items: Iterable[Item]) -> Totals:
    """What is due once, per month, and in the first year, without usage.

    Unit: EUR before VAT.
    """
    once = monthly = listed = Decimal(0)
    for item in items:
        amount = item.quantity * item.unit_price_eur
        if item.every == "once":
            once += amount
        else:
            monthly += amount / MONTHS_OF[item.every]
            at_list = item.unit_price_eur if item.list_price_eur is None else item.list_price_eur
            listed += item.quantity * at_list / MONTHS_OF[item.every]
    return Totals(
        once_eur=rounded(once),
        monthly_eur=rounded(monthly),
        list_monthly_eur=rounded(listed),
        first_year_eur=rounded(once + 12 * monthly),
    )


@clause("CGVU 4")
def licensed(forms: Iterable[OrderForm]) -> dict[Product, int]:
    """How many points of sale each product is licensed for, by signed order forms together."""
    found: dict[Product, int] = {}
    for form in forms:
        for item in form.items:
            if item.per == "poi":
                found[item.product] = found.get(item.product, 0) + item.quantity
    return found


@clause("CGVU 4")
def points_of_sale(forms: Iterable[OrderForm]) -> int:
    """How many points of sale may be active: those of the product licensed for the most."""
    return max(licensed(forms).values(), default=0)


@clause("CGVU 4")
def drift(*, licensed_poi: int, opened: Iterable[datetime]) -> tuple[int, datetime] | None:
    """How many points of sale are active when they are more than licensed, and when the first one too many opened."""
    days = sorted(opened)
    return (len(days), days[licensed_poi]) if len(days) > licensed_poi else None
