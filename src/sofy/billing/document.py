"""An invoice as it is frozen: it is numbered, hashed, shown, printed and sent from this and from nothing else.

The page, the PDF, the CII and the UBL of an invoice are renderings of one `Document`; a renderer never computes an
amount. Amounts of a credit note are positive: its kind is its sign.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from sofy.kernel.clauses import Because as Because

Kind = Literal["invoice", "credit_note", "debit_note"]

#: VAT categories, UNCL 5305. S: a rate; AE: reverse charge; G: outside the EU; O: outside the scope; E: exempt.
Category = Literal["S", "AE", "G", "O", "E"]

#: When VAT falls due: when money comes in (the rule for services), or by option when the invoice is issued.
VatOn = Literal["receipts", "debits"]

Means = Literal["sepa_debit", "transfer"]


class Address(msgspec.Struct, frozen=True):
    """A postal address, structured as banks and tax platforms want it. `country`: ISO 3166-1, two letters."""

    street: str
    postcode: str
    town: str
    country: str = "FR"
    street2: str = ""


class Party(msgspec.Struct, frozen=True):
    """A seller or a buyer. `electronic_address`: where a platform delivers to (0225: by SIREN)."""

    name: str
    address: Address
    siren: str = ""
    siret: str = ""
    vat_id: str = ""
    electronic_address: str = ""
    electronic_scheme: str = "0225"
    email: str = ""


class Seller(msgspec.Struct, frozen=True):
    """The legal entity of the operator that invoices, with what French invoices must say of it."""

    party: Party
    legal_form: str
    capital_eur: Decimal
    rcs: str
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""


class Period(msgspec.Struct, frozen=True):
    """From a day to a day, both included."""

    start: date
    end: date


class Line(msgspec.Struct, frozen=True):
    """One line. `quantity` may be negative (a correction), `unit_price_eur` may not.

    Unit: `unit_price_eur` up to 6 decimals, `net_eur` 2, before VAT; `quantity` up to 4; `unit`: UN/ECE rec. 20.
    `shared`: of how many days the price is the share of so many (12 of 30), for the reader.
    """

    number: int
    code: str
    label: str
    quantity: Decimal
    unit_price_eur: Decimal
    net_eur: Decimal
    vat_category: Category
    vat_rate: Decimal
    because: Because
    unit: str = "C62"
    detail: str = ""
    period: Period | None = None
    establishment: str = ""
    third_party: bool = False
    share: tuple[int, int] | None = None


class Vat(msgspec.Struct, frozen=True):
    """VAT of one category and rate, on the summed base. `reason` is what the invoice must say when there is none."""

    category: Category
    rate: Decimal
    base_eur: Decimal
    vat_eur: Decimal
    reason_code: str = ""
    reason: str = ""


class Discount(msgspec.Struct, frozen=True):
    """What paying early is worth, and until which day (included)."""

    percent: Decimal
    until: date
    net_eur: Decimal
    vat_eur: Decimal
    payable_eur: Decimal


class Payment(msgspec.Struct, frozen=True):
    """How and until when it is paid. `reference`: ISO 11649, for transfers; `mandate` and `collect_on`: for debits."""

    means: Means
    due_on: date
    reference: str = ""
    mandate: str = ""
    collect_on: date | None = None
    discount: Discount | None = None


class Note(msgspec.Struct, frozen=True):
    """A mention. `code`: UNTDID 4451 (PMD penalties, PMT the 40 euros, AAB discount, BAR for whom), or none."""

    text: str
    code: str = ""


class Origin(msgspec.Struct, frozen=True):
    """The invoice that a credit note corrects."""

    number: str
    issued_on: date


class Usage(msgspec.Struct, frozen=True):
    """What was used on one day, for the annex and its chart. Unit: parts or messages; EUR before VAT."""

    day: date
    channel: str
    quantity: int
    net_eur: Decimal


class Site(msgspec.Struct, frozen=True):
    """One point of sale in the annex: what was invoiced for it."""

    name: str
    code: str
    net_eur: Decimal


class Document(msgspec.Struct, frozen=True):
    """A numbered invoice, credit note or debit note.

    Unit: EUR. `gross_eur` = `net_eur` + `vat_eur`; `payable_eur` = `gross_eur` - `paid_eur`. `order_form`: the number
    of the contract; `purchase_order` and `buyer_reference`: the buyer's own numbers, word for word.
    """

    kind: Kind
    number: str
    issued_on: date
    seller: Seller
    buyer: Party
    lines: tuple[Line, ...]
    vat: tuple[Vat, ...]
    net_eur: Decimal
    vat_eur: Decimal
    gross_eur: Decimal
    payable_eur: Decimal
    payment: Payment
    because: Because
    paid_eur: Decimal = Decimal(0)
    vat_on: VatOn = "receipts"
    order_form: str = ""
    purchase_order: str = ""
    buyer_reference: str = ""
    period: Period | None = None
    notes: tuple[Note, ...] = ()
    corrects: tuple[Origin, ...] = ()
    usage: tuple[Usage, ...] = ()
    sites: tuple[Site, ...] = ()
    currency: Literal["EUR"] = "EUR"


_PREFIX: dict[Kind, str] = {"invoice": "FA", "credit_note": "AV", "debit_note": "ND"}


def number_of(series: str, kind: Kind, year: int, place: int) -> str:
    """The number of a document: FA-2026-000001, or OPT-FA-2026-000001 where the entity has a series."""
    return f"{f'{series}-' if series else ''}{_PREFIX[kind]}-{year}-{place:06d}"


#: Fixed order and form of every field, so that equal documents have equal bytes.
_ENCODER = msgspec.json.Encoder(decimal_format="string", order="deterministic")
_DECODER = msgspec.json.Decoder(Document)


def encoded(document: Document) -> bytes:
    """The canonical bytes of a document: what is frozen and hashed."""
    return _ENCODER.encode(document)


def decoded(data: bytes) -> Document:
    """The document whose bytes these are.

    Raises: msgspec.ValidationError
    """
    return _DECODER.decode(data)
