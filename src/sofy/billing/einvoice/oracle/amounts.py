"""Every amount once more, as exact fractions: lines, VAT on summed bases, totals, discount."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from sofy.billing.document import Document, Line
from sofy.billing.einvoice.oracle.values import Problem

_CENTS, _QUANTITY, _PRICE = 2, 4, 6
#: A platform takes 19 digits; nobody is invoiced a tenth of that.
_LARGEST = Decimal(10) ** 12


def cents(exact: Fraction) -> Decimal:
    """An amount to the cent, halves away from zero, by whole numbers only."""
    sign = -1 if exact < 0 else 1
    whole = (abs(exact) * 200 + 1) // 2
    return Decimal(sign * whole).scaleb(-2)


def problems(document: Document) -> Iterator[Problem]:
    """Raised: amount_form, line_amount, share, vat_base, vat_amount, total, discount_amount."""
    forms = list(_forms(document))
    yield from forms
    if forms:
        return
    for line in document.lines:
        yield from _line(line)
    yield from _vat(document)
    yield from _totals(document)
    yield from _discount(document)


def _forms(document: Document) -> Iterator[Problem]:
    for line in document.lines:
        where = f"line {line.number}"
        yield from _decimals(line.quantity, _QUANTITY, f"{where}, quantity")
        yield from _decimals(line.unit_price_eur, _PRICE, f"{where}, price")
        yield from _decimals(line.net_eur, _CENTS, f"{where}, amount")
        yield from _decimals(line.vat_rate, _CENTS, f"{where}, rate")
        if line.unit_price_eur < 0:
            yield Problem("amount_form", f"{where}, price", "a unit price is never negative: the quantity is")
    for row in document.vat:
        for name, value in (("base", row.base_eur), ("VAT", row.vat_eur), ("rate", row.rate)):
            yield from _decimals(value, _CENTS, f"VAT {row.category} {row.rate}, {name}")
    for name in ("net_eur", "vat_eur", "gross_eur", "paid_eur", "payable_eur"):
        yield from _decimals(getattr(document, name), _CENTS, name)


def _decimals(value: Decimal, most: int, where: str) -> Iterator[Problem]:
    if not value.is_finite() or abs(value) >= _LARGEST:
        yield Problem("amount_form", where, f"{value} is not an amount that can be invoiced")
    elif value != round(value, most):
        yield Problem("amount_form", where, f"{value} has more than {most} decimals")


def _line(line: Line) -> Iterator[Problem]:
    where = f"line {line.number}"
    exact = Fraction(line.quantity) * Fraction(line.unit_price_eur)
    if line.share is not None:
        days, of = line.share
        if not 0 < days <= of:
            yield Problem("share", where, f"{days} days of {of} are no share")
            return
        exact = exact * days / of
    if line.net_eur != cents(exact):
        yield Problem("line_amount", where, f"the line says {line.net_eur} and should say {cents(exact)}")


def _vat(document: Document) -> Iterator[Problem]:
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for line in document.lines:
        key = (line.vat_category, line.vat_rate)
        bases[key] = bases.get(key, Decimal(0)) + line.net_eur
    stated = [(row.category, row.rate) for row in document.vat]
    if sorted(stated) != sorted(bases):
        yield Problem(
            "vat_base", "vat", "each category and rate of the lines has one row of VAT, and no other row is there"
        )
        return
    for row in document.vat:
        where = f"VAT {row.category} {row.rate}"
        base = bases[row.category, row.rate]
        if row.base_eur != base:
            yield Problem("vat_base", where, f"the base says {row.base_eur} and its lines make {base}")
        due = cents(Fraction(base) * Fraction(row.rate) / 100)
        if row.vat_eur != due and document.kind != "credit_note":  # which may take the rest of its invoice: credit.py
            yield Problem("vat_amount", where, f"VAT says {row.vat_eur} and should say {due}")


def _totals(document: Document) -> Iterator[Problem]:
    net = sum((line.net_eur for line in document.lines), Decimal(0))
    tax = sum((row.vat_eur for row in document.vat), Decimal(0))
    wanted = {
        "net_eur": net,
        "vat_eur": tax,
        "gross_eur": net + tax,
        "payable_eur": net + tax - document.paid_eur,
    }
    for name, amount in wanted.items():
        if getattr(document, name) != amount:
            yield Problem("total", name, f"{name} says {getattr(document, name)} and should say {amount}")
    if not document.lines:
        yield Problem("total", "lines", "there is no line")
    for name in ("gross_eur", "paid_eur", "payable_eur"):
        if getattr(document, name) < 0:
            yield Problem("total", name, f"{name} is negative: what goes back to a client is a credit note")


def _discount(document: Document) -> Iterator[Problem]:
    """The discount is a share of the price before VAT; VAT falls with it, or stays whole where an operator chose so."""
    discount = document.payment.discount
    if discount is None:
        return
    if document.kind != "invoice" or not 0 < discount.percent < 100:
        yield Problem("discount_amount", "discount", "only an invoice has a discount, and never all of it")
        return
    parts = [(cents(Fraction(row.base_eur) * Fraction(discount.percent) / 100), row.rate) for row in document.vat]
    whole = cents(Fraction(document.net_eur) * Fraction(discount.percent) / 100)
    by_rate = sum((part for part, _rate in parts), Decimal(0))
    if discount.net_eur not in (whole, by_rate):
        yield Problem("discount_amount", "discount", f"{discount.net_eur} before VAT should be {whole}")
    tax = sum((cents(Fraction(part) * Fraction(rate) / 100) for part, rate in parts), Decimal(0))
    if discount.vat_eur not in (tax, Decimal(0)):
        yield Problem("discount_amount", "discount", f"{discount.vat_eur} of VAT should be {tax}, or nothing")
    left = document.payable_eur - discount.net_eur - discount.vat_eur
    if discount.payable_eur != left:
        yield Problem("discount_amount", "discount", f"{discount.payable_eur} to pay should be {left}")
