"""When the VAT of an invoice falls due: for services when money comes in, or by option when it is issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sofy.billing.case.book import Move
from sofy.billing.document import Document
from sofy.kernel.clauses import clause
from sofy.kernel.clock import PARIS
from sofy.kernel.money import rounded

ZERO = Decimal("0.00")
Key = tuple[str, Decimal]


@dataclass(frozen=True)
class Fell:
    """VAT that fell due by one movement, or went back (below zero). Unit: EUR."""

    on: str
    at: datetime
    piece: str
    category: str
    rate: Decimal
    base_eur: Decimal
    vat_eur: Decimal

    @property
    def day(self) -> date:
        """The day in Paris."""
        return self.at.astimezone(PARIS).date()


@clause("CGVU 9.2")
def on_issue(document: Document, issued_at: datetime) -> list[Fell]:
    """What a document makes due by itself; a credit note takes it away."""
    sign = -1 if document.kind == "credit_note" else 1
    return [
        Fell("issue", issued_at, document.number, row.category, row.rate, sign * row.base_eur, sign * row.vat_eur)
        for row in document.vat
    ]


@clause("CGVU 9.2")
def on_receipts(document: Document, moves: Sequence[Move], credits: Sequence[Document]) -> list[Fell]:
    """What each movement of an invoice makes due: of what is left after its credit notes, the part that was paid.

    Parts of one invoice add up to its VAT to the cent. A credit note on what was paid takes VAT back; what is forgiven
    as a tolerance counts as paid. Source: CGI 269-2 c, 272-1.
    """
    by_number = {one.number: one for one in credits}
    left = {(row.category, row.rate): (row.base_eur, row.vat_eur) for row in document.vat}
    gross, paid = document.gross_eur, document.paid_eur
    told: dict[Key, tuple[Decimal, Decimal]] = dict.fromkeys(left, (ZERO, ZERO))
    found: list[Fell] = []
    for move in moves:
        credit = by_number.get(move.document)
        if credit is not None and move.what in ("credit_note", "discount"):
            gross -= credit.gross_eur
            for row in credit.vat:
                base, vat = left.get((row.category, row.rate), (ZERO, ZERO))
                left[row.category, row.rate] = (base - row.base_eur, vat - row.vat_eur)
                told.setdefault((row.category, row.rate), (ZERO, ZERO))
        else:
            paid += move.amount_eur
            if move.what == "tolerance":
                found.append(Fell("forgiven", move.at, document.number, "", ZERO, move.amount_eur, ZERO))
        for key, (base, vat) in left.items():
            share = (_part(base, paid, gross), _part(vat, paid, gross))
            more = (share[0] - told[key][0], share[1] - told[key][1])
            told[key] = share
            if any(more):
                found.append(Fell("receipt", move.at, document.number, key[0], key[1], *more))
    return _by_moment(found)


def _part(whole: Decimal, paid: Decimal, gross: Decimal) -> Decimal:
    if gross <= 0 or paid <= 0:
        return ZERO
    return whole if paid >= gross else rounded(whole * paid / gross)


def _by_moment(found: Sequence[Fell]) -> list[Fell]:
    """What falls due and goes back at one moment (a discount with its payment) is one movement."""
    sums: dict[tuple[datetime, str, str, Decimal], Fell] = {}
    for one in found:
        before = sums.get((one.at, one.on, one.category, one.rate))
        if before is not None:
            one = Fell(one.on, one.at, one.piece, one.category, one.rate, before.base_eur + one.base_eur,
                       before.vat_eur + one.vat_eur)  # fmt: skip
        sums[one.at, one.on, one.category, one.rate] = one
    return [one for one in sums.values() if one.base_eur or one.vat_eur]
