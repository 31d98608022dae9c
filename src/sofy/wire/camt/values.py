"""What a bank says of an account: statements, their entries, and the payments inside an entry."""

from datetime import date
from decimal import Decimal

import msgspec


class Return(msgspec.Struct, frozen=True, gc=False):
    """Why a payment came back: the reason as a code (AM04, MD06...) and what the bank adds."""

    reason: str
    words: str = ""


class Detail(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One payment of an entry. `amount` is None where the bank does not say it; `credit` is its own direction.

    `texts` are free (Ustrd), `references` structured (creditor references, RF or other, and document numbers), `more`
    what the bank adds. `instructed` is the amount the payer asked for, where it is all that is said.
    """

    credit: bool
    amount: Decimal | None = None
    instructed: Decimal | None = None
    charges: Decimal = Decimal(0)
    message_id: str = ""
    payment_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    mandate_id: str = ""
    reference: str = ""
    debtor: str = ""
    debtor_iban: str = ""
    creditor: str = ""
    creditor_iban: str = ""
    texts: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    more: str = ""
    returned: Return | None = None
    code: str = ""


class Total(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an entry says of the payments it adds up."""

    message_id: str = ""
    payment_id: str = ""
    count: int | None = None
    amount: Decimal | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an account. `key` is the same whenever the same line is read again.

    `status` is BOOK, PDNG or INFO; only BOOK has moved money. `amount` is never negative: `signed` is. `booked_on` is
    the bank's booking date, which is the day of payment. `code` is the bank transaction code, as PMNT-RDDT-ESDD.
    """

    key: str
    number: int
    line: int
    amount: Decimal
    currency: str
    credit: bool
    status: str
    booked_on: date | None
    value_on: date | None = None
    reversal: bool = False
    code: str = ""
    reference: str = ""
    text: str = ""
    charges: Decimal = Decimal(0)
    totals: tuple[Total, ...] = ()
    details: tuple[Detail, ...] = ()

    @property
    def signed(self) -> Decimal:
        """What the line adds to the account."""
        return self.amount if self.credit else -self.amount


class Balance(msgspec.Struct, frozen=True, gc=False):
    """A balance: its type (OPBD, CLBD, PRCD, ITBD...), its day and its amount, negative when overdrawn."""

    kind: str
    on: date | None
    amount: Decimal


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a statement (053, or CFONB 120), report (052) or notification (054).

    `account` is the IBAN, or another number.
    """

    message: str
    version: str
    message_id: str
    id: str
    account: str
    currency: str
    sequence: str = ""
    created_on: date | None = None
    opening: Balance | None = None
    closing: Balance | None = None

    @property
    def final(self) -> bool:
        """Whether it is the bank's last word (053, CFONB 120); 052 and 054 are early signals."""
        return self.message in ("camt.053", "cfonb120")


class StatementEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A statement was read to its end and adds up."""

    id: str
    entries: int
    booked: Decimal


class WholeStatement(msgspec.Struct, frozen=True):
    """A statement with all its entries, for files that fit in memory."""

    head: Statement
    entries: tuple[Entry, ...]
