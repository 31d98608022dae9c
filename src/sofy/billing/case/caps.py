"""What can be asked of the operator at most, from what came in before the event."""

from decimal import Decimal
from typing import Final, Literal

from sofy.billing.case.book import Book
from sofy.billing.case.events import Damage
from sofy.billing.case.told import Entry, money
from sofy.billing.rules import liability
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import because, clause

DAMAGE: Final = because("CGVU 21.1", "plafonnée")
EXCEPTED: Final = because("CGVU 21.2", "faute lourde")
INDIRECT: Final = because("CGVU 21.3", "dommages indirects")


@clause("CGVU 21.1", "CGVU 21.2", "CGVU 21.3")
def limit(book: Book, event: Damage, paid_out_eur: Decimal, by: Literal["payment", "invoice"]) -> Entry:
    """The cap at an event that did damage, as the answer tells it."""
    day = event.at.date()
    paid = [
        liability.Paid(
            account.document.issued_on if by == "invoice" else move.at.astimezone(PARIS).date(),
            move.amount_eur,
            account.document.gross_eur,
            account.document.net_eur,
        )
        for account in book.accounts
        if account.document.kind == "invoice"
        for move in account.moves
        if move.what in ("payment", "return")
    ]
    cap = liability.cap(day, paid)
    left = liability.left(cap, paid_out_eur, excepted=event.excepted, indirect=event.indirect)
    window = liability.window(day)
    return {
        "at": event.at,
        "from": window.first,
        "to": window.last,
        "cap_eur": None if event.excepted else money(cap),
        "paid_out_eur": money(paid_out_eur),
        "left_eur": None if left is None else money(left),
        "because": EXCEPTED if event.excepted else INDIRECT if event.indirect else DAMAGE,
    }
