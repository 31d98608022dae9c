"""The number's form, the order of lines, and days that cannot be."""

import re
from collections.abc import Iterator
from datetime import date

from sofy.billing.document import Document, Period
from sofy.billing.einvoice.meaning import SERVICES_PAID, process
from sofy.billing.einvoice.oracle.values import Problem

#: Rules BR-FR-01 and BR-FR-02.
NUMBER = re.compile(r"[A-Za-z0-9+\-_/]{1,35}")

_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)


def problems(document: Document) -> Iterator[Problem]:
    """Raised: number, line_numbers, date, due_date, discount_date."""
    if not NUMBER.fullmatch(document.number):
        yield Problem("number", "number", "a number has 1 to 35 letters, digits or + - _ /, and no space")
    if [line.number for line in document.lines] != list(range(1, len(document.lines) + 1)):
        yield Problem("line_numbers", "lines", "lines are numbered 1, 2, 3")
    yield from _years(document)
    periods: list[tuple[str, Period | None]] = [("period", document.period)]
    periods += [(f"line {line.number}", line.period) for line in document.lines]
    for where, period in periods:
        if period is not None and period.end < period.start:
            yield Problem("date", where, f"the period ends on {period.end} before it begins on {period.start}")
    yield from _payment(document)


def _years(document: Document) -> Iterator[Problem]:
    """Rule BR-FR-03: a year that slipped is worth a refusal."""
    days = {"issued_on": document.issued_on, "due_on": document.payment.due_on}
    days |= {f"line {line.number}": line.period.start for line in document.lines if line.period}
    for where, day in days.items():
        if not _FIRST <= day <= _LAST:
            yield Problem("date", where, f"{day} is not of this century")


def _payment(document: Document) -> Iterator[Problem]:
    payment, issued = document.payment, document.issued_on
    if payment.due_on < issued and process(document) != SERVICES_PAID:
        yield Problem("due_date", "payment", f"due on {payment.due_on}, before the invoice of {issued}")
    if payment.collect_on is not None and payment.collect_on < issued:
        yield Problem("due_date", "payment", f"collected on {payment.collect_on}, before the invoice of {issued}")
    if payment.discount is not None and not issued <= payment.discount.until <= max(issued, payment.due_on):
        yield Problem(
            "discount_date", "discount", f"the discount ends on {payment.discount.until}: after issue, not after due"
        )
