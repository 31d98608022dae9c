"""The payments inside one line of the bank, with the charges that it kept; or that its details cannot be trusted."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from sofy.billing.rules.matching.book import Book
from sofy.billing.rules.matching.draft import Draft
from sofy.billing.rules.matching.values import ZERO
from sofy.wire.camt import Detail, Entry


class Payment(msgspec.Struct, frozen=True):
    """One payment and its amount, always positive; `detail.credit` says in which direction. `place` counts from 0."""

    detail: Detail
    amount_eur: Decimal
    place: int = 0


class Split(msgspec.Struct, frozen=True):
    """The payments of a line, which come to its amount and the charges; none: they do not."""

    payments: tuple[Payment, ...]
    charges_eur: Decimal = ZERO


def said_in(draft: Draft, payment: Payment) -> tuple[str, ...]:
    """What a payment says in free text."""
    return *payment.detail.texts, payment.detail.more, draft.text


def split(entry: Entry, book: Book) -> Split | None:
    """The payments of a line; None when it has none, or when they do not come to its amount.

    A line without details is one payment, unless it announces a batch. Details may exceed the line by what the bank
    says it charged, and by nothing else: a total repeated on every line, or a page missing, must not pay invoices.
    """
    announced = sum(total.count or 0 for total in entry.totals)
    if not entry.details:
        if entry.totals:
            return None
        return Split((Payment(Detail(credit=entry.credit, texts=(entry.text,)), entry.amount),))
    only = entry.details[0] if len(entry.details) == 1 and announced <= 1 else None
    if only is not None and only.amount is None and only.credit == entry.credit:
        return Split((Payment(only, entry.amount),))
    payments = _with_amounts(entry.details, book)
    if payments is None:
        return None
    net = sum((one.amount_eur if one.detail.credit else -one.amount_eur for one in payments), ZERO)
    difference = net - entry.signed
    if not difference:
        return Split(payments)
    declared = {entry.charges, sum((one.charges for one in entry.details), ZERO)}
    return Split(payments, difference) if difference > 0 and difference in declared else None


def _with_amounts(details: Sequence[Detail], book: Book) -> tuple[Payment, ...] | None:
    """Each payment with its amount: its own, or that of our debit which it names."""
    found = []
    for place, detail in enumerate(details):
        amount = detail.amount or detail.instructed
        if amount is None:
            known = book.end_to_end.get(detail.end_to_end_id, ())
            if not known:
                return None
            amount = book.debits[known[-1]].amount_eur
        found.append(Payment(detail, amount, place))
    return tuple(found)
