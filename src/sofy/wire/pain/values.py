"""What a file of direct debits says, before it is written and after it is read."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

Sequence = Literal["FRST", "RCUR", "FNAL", "OOFF"]
Scheme = Literal["CORE", "B2B"]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is, in fields: banks refuse free lines since 15 November 2026. Town and country are compulsory."""

    country: str
    town: str
    postcode: str = ""
    street: str = ""
    building: str = ""


class Creditor(msgspec.Struct, frozen=True, kw_only=True):
    """Who collects: its name, its creditor identifier and the account that receives the money."""

    name: str
    creditor_id: str
    iban: str
    bic: str = ""
    address: Address | None = None


class Debtor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is debited, on which account."""

    name: str
    iban: str
    bic: str = ""
    address: Address | None = None


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in a mandate since it was last used; empty: nothing of that.

    `account_changed` is written SMNDA (same mandate, new debtor account): the old IBAN is not told.
    """

    old_mandate_id: str = ""
    old_creditor_id: str = ""
    old_creditor_name: str = ""
    account_changed: bool = False


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """The right to debit: its reference (in France RUM) and the day of its signature."""

    id: str
    signed_on: date
    amendment: Amendment | None = None


class Debit(msgspec.Struct, frozen=True, kw_only=True):
    """One direct debit. `remittance` is what the debtor's statement shows. Unit: EUR with two decimals."""

    end_to_end_id: str
    amount_eur: Decimal
    collect_on: date
    mandate: Mandate
    debtor: Debtor
    creditor: Creditor
    sequence: Sequence = "RCUR"
    scheme: Scheme = "CORE"
    remittance: str = ""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one file carries. `one_booking`: the bank books each block as one line of the statement."""

    message_id: str
    created_at: datetime
    initiator: str
    debits: tuple[Debit, ...]
    one_booking: bool = True


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The debits that have day, sequence, scheme and creditor's account in common, as the statement will name them."""

    payment_id: str
    collect_on: date
    sequence: Sequence
    scheme: Scheme
    creditor: Creditor
    debits: tuple[Debit, ...]

    @property
    def total_eur(self) -> Decimal:
        """What the block collects."""
        return sum((debit.amount_eur for debit in self.debits), Decimal("0.00"))


class ReadDebit(msgspec.Struct, frozen=True, kw_only=True):
    """A debit as it was found in a file, right or wrong; `lines` counts free address lines."""

    end_to_end_id: str
    amount_eur: Decimal
    mandate_id: str
    signed_on: date | None
    debtor: str
    iban: str
    remittance: str
    lines: int
    town: str
    country: str
    amended: bool
    currency: str = "EUR"


class ReadBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block as it was found; `count` and `sum_eur` are what it says of itself."""

    payment_id: str
    collect_on: date
    sequence: str
    scheme: str
    creditor: str
    creditor_id: str
    iban: str
    one_booking: bool
    count: int | None
    sum_eur: Decimal | None
    debits: tuple[ReadDebit, ...]
    lines: int = 0

    @property
    def total_eur(self) -> Decimal:
        """What its debits come to."""
        return sum((debit.amount_eur for debit in self.debits), Decimal("0.00"))


class Initiation(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was found; `count` and `sum_eur` are what its header says."""

    message_id: str
    count: int
    sum_eur: Decimal | None
    blocks: tuple[ReadBlock, ...]


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal before settlement: of one debit, of a block (no `end_to_end_id`) or of the file (neither)."""

    reason: str
    payment_id: str = ""
    end_to_end_id: str = ""
    words: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a pain.002 says of a file: ACCP, ACSP or ACTC (taken), PART (in part), RJCT (refused)."""

    message_id: str
    original_message_id: str
    status: str
    rejections: tuple[Rejection, ...]
