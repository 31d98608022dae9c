"""The invoices of a client and what was paid on them: every movement with its moment, so that any day can be asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from sofy.billing.document import Document, Kind, number_of
from sofy.billing.rules.lateness import Balance
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import Because, because

ZERO: Final = Decimal("0.00")
_DAY: Final = timedelta(days=1)
COLLECTED: Final = because("CGVU 22", "encaissement effectif")

_NOTHING: Final[Mapping[str, Decimal]] = {}
What = Literal["payment", "return", "credit_note", "discount", "tolerance"]


@dataclass(frozen=True)
class Move:
    """What changed the open amount of an invoice. Unit: EUR with VAT; positive when less is open."""

    at: datetime
    what: What
    amount_eur: Decimal
    because: Because
    document: str = ""


@dataclass
class Account:
    """One numbered document and what became of it. `key`: what it is for, the same in every replay of the contract."""

    document: Document
    issued_at: datetime
    key: str
    moves: list[Move] = field(default_factory=list)
    contested: bool = False
    frozen_on: date | None = None
    noted_interest_eur: Decimal = ZERO
    noted_recovery: bool = False
    #: What is still to be paid. Unit: EUR with VAT.
    open_eur: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.open_eur = self.document.payable_eur

    def take(self, move: Move) -> None:
        """Something changed what is open."""
        self.moves.append(move)
        self.open_eur -= move.amount_eur

    @property
    def number(self) -> str:
        """Its number."""
        return self.document.number

    @property
    def due_on(self) -> date:
        """The day until which it is to be paid; a debit that comes back does not change it."""
        return self.document.payment.due_on

    @property
    def paid_eur(self) -> Decimal:
        """Money that came in and stayed. Unit: EUR."""
        return sum((move.amount_eur for move in self.moves if move.what in ("payment", "return")), ZERO)

    @property
    def credited_eur(self) -> Decimal:
        """What credit notes took off. Unit: EUR with VAT."""
        return sum((move.amount_eur for move in self.moves if move.what in ("credit_note", "discount")), ZERO)

    @property
    def settled_on(self) -> date | None:
        """The day on which nothing was left to pay."""
        if self.open_eur > 0:
            return None
        return self.moves[-1].at.astimezone(PARIS).date() if self.moves else self.document.issued_on

    @property
    def discounted(self) -> Move | None:
        """The discount it was given, if it was."""
        return next((move for move in self.moves if move.what == "discount"), None)

    def paid_by(self, day: date) -> Decimal:
        """Money that had come in by the end of a day. Unit: EUR."""
        moves = (move for move in self.moves if move.what in ("payment", "return"))
        return sum((move.amount_eur for move in moves if move.at.astimezone(PARIS).date() <= day), ZERO)

    def open_before(self, day: date) -> Decimal:
        """What was to be paid when a day began. Unit: EUR with VAT."""
        gone = (move.amount_eur for move in self.moves if move.at.astimezone(PARIS).date() < day)
        return self.document.payable_eur - sum(gone, ZERO)

    def balances(self) -> list[Balance]:
        """What was open, from which day on: money counts from the day after, unless it came back."""
        found = [Balance(self.document.issued_on, self.document.payable_eur)]
        for at, amount in _kept(self.moves):
            since = at.astimezone(PARIS).date() + _DAY
            left = found[-1].open_eur - amount
            if found[-1].since == since:
                found.pop()
            found.append(Balance(since, left))
        return found


def _kept(moves: Sequence[Move]) -> list[tuple[datetime, Decimal]]:
    """What came off and stayed off: a debit that came back takes away the last payments before it."""
    kept: list[tuple[datetime, Decimal]] = []
    for move in moves:
        if move.what != "return":
            kept.append((move.at, move.amount_eur))
            continue
        back = -move.amount_eur
        for place in range(len(kept) - 1, -1, -1):
            at, amount = kept[place]
            less = min(max(amount, ZERO), back)
            kept[place] = (at, amount - less)
            back -= less
    return kept


class Book:
    """Every document of a client, in the order of its issue, with gap-free numbers per kind and year."""

    def __init__(self, series: str = "") -> None:
        self.accounts: list[Account] = []
        self.left_over_eur = ZERO
        self._series = series
        self._last: dict[tuple[Kind, int], int] = {}
        self._by_number: dict[str, Account] = {}
        self._unpaid: list[Account] = []

    def next_number(self, kind: Kind, on: date) -> str:
        """The number the next document of a kind gets."""
        place = self._last[kind, on.year] = self._last.get((kind, on.year), 0) + 1
        return number_of(self._series, kind, on.year, place)

    def issue(self, document: Document, at: datetime, key: str) -> Account:
        """Take a document in."""
        account = Account(document, at, key)
        self.accounts.append(account)
        self._by_number[document.number] = account
        if document.kind != "credit_note":
            self._unpaid.append(account)
        return account

    def get(self, number: str) -> Account | None:
        """The document of a number."""
        return self._by_number.get(number)

    def owed(self) -> list[Account]:
        """What is to be paid and is not, oldest due date first."""
        self._unpaid = [one for one in self._unpaid if one.open_eur > 0]
        return sorted(self._unpaid, key=lambda one: (one.due_on, one.number))

    def reopened(self, account: Account) -> None:
        """Something that was paid is to be paid again."""
        if account not in self._unpaid:
            self._unpaid.append(account)

    def overdue(self, on: date, among: Sequence[str] = ()) -> list[Account]:
        """Invoices whose due date is over on a day."""
        late = (one for one in self.owed() if one.document.kind == "invoice" and one.due_on < on)
        return [one for one in late if not among or one.number in among]

    def credit(self, account: Account, move: Move) -> None:
        """Take a credit note or a discount off an invoice; what was paid already is the client's."""
        account.take(move)
        self._give_back(account, move.at)

    def pay(
        self, at: datetime, amount_eur: Decimal, targets: Iterable[Account], early: Mapping[str, Decimal] = _NOTHING
    ) -> list[Account]:
        """Put money on invoices in this order; what is too much is kept for the client. Answers what was touched.

        `early`: what settles an invoice on that day, where that is less than what is open.
        """
        left, touched = amount_eur, []
        for account in targets:
            part = min(left, max(early.get(account.number, account.open_eur), ZERO))
            if part > 0:
                account.take(Move(at, "payment", part, COLLECTED))
                touched.append(account)
                left -= part
        self.left_over_eur += left
        return touched

    def set_off(self, account: Account, at: datetime) -> Account | None:
        """Pay what is due with what the client has to its credit. Source: C. civ. 1347 and 1347-1."""
        part = min(self.left_over_eur, max(account.open_eur, ZERO))
        if part <= 0:
            return None
        account.take(Move(at, "payment", part, COLLECTED))
        self.left_over_eur -= part
        return account

    def _give_back(self, account: Account, at: datetime) -> None:
        """An invoice is never paid more than it is worth: the rest is the client's."""
        if account.open_eur < 0:
            self.left_over_eur -= account.open_eur
            account.take(Move(at, "payment", account.open_eur, COLLECTED))
