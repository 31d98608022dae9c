"""How much can be asked of the operator at most: what the client paid in the twelve months before."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sofy.contracts.rules.term import add_months
from sofy.kernel.clauses import clause
from sofy.kernel.money import rounded


class Paid(NamedTuple):
    """Money that came in for an invoice. Unit: EUR; `gross_eur` and `net_eur` are of the whole invoice."""

    booked_on: date
    amount_eur: Decimal
    gross_eur: Decimal
    net_eur: Decimal


class Window(NamedTuple):
    """From a day to a day, both included."""

    first: date
    last: date


def window(event_on: date) -> Window:
    """The twelve months before an event."""
    return Window(add_months(event_on, -12), event_on - timedelta(days=1))


@clause("CGVU 21.1")
def cap(event_on: date, payments: Iterable[Paid]) -> Decimal:
    """What was paid before VAT, by the day it came in; what is not paid counts for nothing. Unit: EUR."""
    within = window(event_on)
    counted = (paid for paid in payments if within.first <= paid.booked_on <= within.last and paid.gross_eur)
    return rounded(sum((paid.amount_eur * paid.net_eur / paid.gross_eur for paid in counted), Decimal(0)))


@clause("CGVU 21.1", "CGVU 21.2", "CGVU 21.3")
def left(cap_eur: Decimal, already_eur: Decimal, *, excepted: bool, indirect: bool = False) -> Decimal | None:
    """What can still be asked: nothing for an indirect damage; None where no cap holds.

    No cap: gross negligence, bodily harm, a grave breach of the GDPR. What the operator excludes, it owes then too: no
    clause protects from one's own gross negligence (C. civ. 1231-3).
    """
    if excepted:
        return None
    return Decimal(0) if indirect else max(cap_eur - already_eur, Decimal(0))
