"""What differs between the lines of two months: new, gone, changed, and why. Values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from sofy.billing.document import Document, Line

ZERO: Final = Decimal("0.00")
#: quantity: more or fewer of it; price: another price; days: a part of its period; both: quantity and price.
Why = Literal["new", "gone", "quantity", "price", "both", "days"]


@dataclass(frozen=True)
class Difference:
    """One line of two months. Unit: EUR before VAT; below zero where it was credited."""

    code: str
    label: str
    before_eur: Decimal
    after_eur: Decimal
    why: Why
    quantities: tuple[Decimal, Decimal]

    @property
    def more_eur(self) -> Decimal:
        """How much more it is."""
        return self.after_eur - self.before_eur


@dataclass
class _Sum:
    label: str
    net_eur: Decimal = ZERO
    quantity: Decimal = Decimal(0)
    prices: tuple[Decimal, ...] = ()
    shared: bool = False

    def take(self, line: Line, sign: int) -> None:
        self.net_eur += sign * line.net_eur
        self.quantity += sign * line.quantity
        self.prices = tuple(sorted({*self.prices, line.unit_price_eur}))
        self.shared = self.shared or line.share is not None


def compared(before: Iterable[Document], after: Iterable[Document]) -> list[Difference]:
    """The lines that are not the same in both months, what grew most first. Lines are the same by their code."""
    old, new = _sums(before), _sums(after)
    found = []
    for code in {**old, **new}:
        was, now = old.get(code), new.get(code)
        if was is not None and now is not None and was.net_eur == now.net_eur:
            continue
        shown = now or was
        assert shown is not None, "a code is of one of both"
        found.append(
            Difference(
                code, shown.label, was.net_eur if was else ZERO, now.net_eur if now else ZERO, _why(was, now),
                (was.quantity if was else Decimal(0), now.quantity if now else Decimal(0)),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (-abs(one.more_eur), one.code))


def _sums(documents: Iterable[Document]) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}
    for document in documents:
        sign = -1 if document.kind == "credit_note" else 1
        for line in document.lines:
            sums.setdefault(line.code, _Sum(line.label)).take(line, sign)
    return sums


def _why(was: _Sum | None, now: _Sum | None) -> Why:
    if was is None:
        return "new"
    if now is None:
        return "gone"
    if was.shared != now.shared or (was.shared and was.quantity == now.quantity):
        return "days"
    if was.prices == now.prices:
        return "quantity"
    return "price" if was.quantity == now.quantity else "both"
