"""What matching takes and gives: open items on one side, what a line of the bank does to them on the other."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

ZERO = Decimal("0.00")
#: How sure a match is, the surest first: the order in which a line is tried.
Rule = Literal["end_to_end", "batch", "reference", "number", "account", ""]
DebitState = Literal["sent", "collected", "returned", "rejected"]
Kind = Literal["matched", "queue", "returned", "fees", "pending", "known"]


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice and what is left to pay of it; closed ones belong here too, for payments that name them again.

    `early_eur` settles it when it is booked by `early_until` (discount); leave it out once something was paid.
    `reference` is its RF reference, made from its number when it is not given.
    """

    id: str
    number: str
    client_id: str
    open_eur: Decimal
    due_on: date
    reference: str = ""
    early_eur: Decimal | None = None
    early_until: date | None = None


class Debit(msgspec.Struct, frozen=True, kw_only=True):
    """A direct debit sent to the bank, of one invoice. `payment_id` is the PmtInfId of its block.

    `allocated_eur` is what it paid of its invoice (the rest went to the client's credit), None for all of it.
    `due_on` is the invoice's due date, to which a return goes back.
    """

    id: str
    invoice_id: str
    client_id: str
    end_to_end_id: str
    amount_eur: Decimal
    due_on: date
    payment_id: str = ""
    message_id: str = ""
    mandate_id: str = ""
    state: DebitState = "sent"
    allocated_eur: Decimal | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client as a bank may show it: its name, and accounts it is known to pay from."""

    id: str
    name: str = ""
    ibans: tuple[str, ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """Why something was done or proposed: a code that `words` says in French and English, and its facts."""

    code: str
    facts: dict[str, str] = {}


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Money that pays an invoice. `debit_id` when one of our debits brought it."""

    invoice_id: str
    amount_eur: Decimal
    rule: Rule
    debit_id: str = ""


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a client paid too much; negative when a return takes it back."""

    client_id: str
    amount_eur: Decimal
    reason: Reason
    debit_id: str = ""


class Reopening(msgspec.Struct, frozen=True, kw_only=True):
    """A debit that came back: its invoice is open again by this amount, since its original due date."""

    debit_id: str
    invoice_id: str
    amount_eur: Decimal
    due_on: date
    reason: str


class Undecided(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of a line that waits for a person: which of its details, how much, and why."""

    payment: int
    amount_eur: Decimal
    reason: Reason


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may do with a payment that was not matched; the highest score first (0 to 100)."""

    payment: int
    client_id: str
    parts: tuple[tuple[str, Decimal], ...]
    credit_eur: Decimal
    score: int
    reason: Reason


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one line of the bank does.

    `amount_eur` is what it moved (negative: money out; 0 for lines that move nothing) and is always
    allocations + credits - reopenings - charges + left. `booked_on` is the day of payment (CGVU 22).
    """

    key: str
    kind: Kind
    amount_eur: Decimal
    booked_on: date | None
    reason: Reason
    rule: Rule = ""
    allocations: tuple[Allocation, ...] = ()
    credits: tuple[Credit, ...] = ()
    reopenings: tuple[Reopening, ...] = ()
    charges_eur: Decimal = ZERO
    left_eur: Decimal = ZERO
    undecided: tuple[Undecided, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def accounted_eur(self) -> Decimal:
        """What the parts come to: always `amount_eur`."""
        paid = sum((one.amount_eur for one in self.allocations), ZERO)
        credited = sum((one.amount_eur for one in self.credits), ZERO)
        reopened = sum((one.amount_eur for one in self.reopenings), ZERO)
        return paid + credited - reopened - self.charges_eur + self.left_eur
