"""What is licensed from which day on, at which price, and what a period of it costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from sofy.billing.rules.proration import prorated
from sofy.contracts.rules.shapes import MONTHS_OF, Item, OrderForm
from sofy.contracts.rules.term import Span, add_months
from sofy.kernel.clauses import Because, because
from sofy.kernel.money import rounded

_DAY: Final = timedelta(days=1)
SIGNED: Final = because("CGVU 9.1", "indiqués sur le Bon de Commande")
INCREASE: Final = because("CGVU 4", "facturation complémentaire")
REVISED: Final = because("CGVU 9.1", "révision annuelle")


@dataclass
class Tranche:
    """So many of one line at one price, from a day on. `prices`: revised ones, by the day they begin."""

    item: Item
    quantity: int
    unit_price_eur: Decimal
    since: date
    because: Because
    base_index: tuple[str, Decimal] | None = None
    prices: list[tuple[date, Decimal]] = field(default_factory=list)
    fewer: list[tuple[date, int]] = field(default_factory=list)

    def quantity_on(self, day: date) -> int:
        """How many there are on a day."""
        return 0 if day < self.since else self.quantity - sum(less for since, less in self.fewer if since <= day)

    def price_on(self, day: date) -> Decimal:
        """The price of one on a day."""
        return next((price for since, price in reversed(self.prices) if since <= day), self.unit_price_eur)

    def changes(self, within: Span) -> list[date]:
        """The days within a span on which quantity or price change."""
        days = {self.since, *(since for since, _ in self.prices), *(since for since, _ in self.fewer)}
        return sorted(day for day in days if within.first < day <= within.last)


class Part(NamedTuple):
    """A piece of a line: one quantity at one price for some days of a period. Unit: EUR before VAT."""

    tranche: Tranche
    span: Span
    of_days: int
    quantity: int
    unit_price_eur: Decimal
    net_eur: Decimal

    @property
    def share(self) -> tuple[int, int] | None:
        """How many days of how many, unless it is the whole period."""
        return None if self.span.days == self.of_days else (self.span.days, self.of_days)

    @property
    def because(self) -> Because:
        """Why it costs what it costs."""
        revised = self.unit_price_eur != self.tranche.unit_price_eur
        return REVISED if revised else self.tranche.because


class Period(NamedTuple):
    """A billing period: what is billed of it, and the whole that a price is for."""

    span: Span
    whole: Span


def periods(form: OrderForm, item: Item, until: date) -> Iterator[Period]:
    """The billing periods of a line that begin until a day, none longer than the price's own."""
    months = MONTHS_OF[item.every]
    if months == 1 and form.periods == "calendar":
        first = form.starts_on
        while first <= until:
            month = Span(first.replace(day=1), add_months(first.replace(day=1), 1) - _DAY)
            yield Period(Span(first, month.last), month)
            first = month.last + _DAY
        return
    number = 0
    while (first := add_months(form.starts_on, number * months)) <= until:
        span = Span(first, add_months(form.starts_on, (number + 1) * months) - _DAY)
        yield Period(span, span)
        number += 1


def parts(tranches: Sequence[Tranche], span: Span, of_days: int) -> list[Part]:
    """What the tranches cost for a span of a period, cut where something changes."""
    found = []
    for tranche in tranches:
        starts = [span.first, *tranche.changes(span)]
        for first, following in zip(starts, [*starts[1:], span.last + _DAY], strict=True):
            quantity, price = tranche.quantity_on(first), tranche.price_on(first)
            if quantity:
                cut = Span(first, following - _DAY)
                found.append(Part(tranche, cut, of_days, quantity, price, net_of(quantity, price, cut.days, of_days)))
    return _joined(found)


def _joined(found: list[Part]) -> list[Part]:
    """Neighbours that differ in nothing are one part."""
    kept: list[Part] = []
    for part in found:
        last = kept[-1] if kept else None
        same = last and last.tranche is part.tranche and (last.quantity, last.unit_price_eur) == (
            part.quantity, part.unit_price_eur,
        )  # fmt: skip
        if last and same and last.span.last + _DAY == part.span.first:
            span = Span(last.span.first, part.span.last)
            net = net_of(part.quantity, part.unit_price_eur, span.days, part.of_days)
            kept[-1] = part._replace(span=span, net_eur=net)
        else:
            kept.append(part)
    return kept


def net_of(quantity: int, price: Decimal, days: int, of_days: int) -> Decimal:
    """What so many cost for some days of a period. Unit: EUR before VAT."""
    if days == of_days:
        return rounded(quantity * price)
    return prorated(quantity, price, days, of_days)


def monthly_fee(tranches: Sequence[Tranche], on: date) -> Decimal:
    """What the lines cost per month on a day. Unit: EUR before VAT."""
    total = sum(
        (one.quantity_on(on) * one.price_on(on) / MONTHS_OF[one.item.every] for one in tranches), Decimal(0)
    )  # fmt: skip
    return rounded(total)
