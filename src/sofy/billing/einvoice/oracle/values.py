"""What the oracle is told and what it answers."""

from typing import Literal

import msgspec

from sofy.billing.document import Document
from sofy.billing.rules.territories import Rate


class Problem(msgspec.Struct, frozen=True):
    """One reason to refuse. `code`: for screens and tests; `where`: the field of the document; `text`: for a reader."""

    code: str
    where: str
    text: str


class Situation(msgspec.Struct, frozen=True):
    """What is known of the buyer on the day of the invoice.

    `vat_id_valid`: what the tax administrations answered about the buyer's number; none while nobody answered.
    `outside`: the category the accountant chose for services to clients outside the EU; `overseas`: whether the law of
    the place or the "taux normal" of the contract holds there. `fine`: whether a fine passed on (CGVU 13) is a
    compensation outside VAT or bears the buyer's. `rates`: rates to take instead of those of the table, by
    territory (a law that is simulated).
    """

    vat_id_valid: bool | None = None
    outside: Literal["G", "O"] = "G"
    overseas: Literal["by_place", "normal_rate"] = "by_place"
    fine: Literal["O", "S"] = "O"
    rates: dict[str, tuple[Rate, ...]] = {}


class Corrected(msgspec.Struct, frozen=True):
    """An invoice that a credit note corrects, and the credit notes it had before."""

    document: Document
    credits: tuple[Document, ...] = ()
