"""A credit note against the invoices it corrects: never more than they were, at their VAT."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from sofy.billing.document import Document, Vat
from sofy.billing.einvoice.oracle.amounts import cents
from sofy.billing.einvoice.oracle.values import Corrected, Problem

Bases = dict[tuple[str, Decimal], Decimal]


def problems(document: Document, corrected: tuple[Corrected, ...]) -> Iterator[Problem]:
    """Raised: credit_origin, credit_party, credit_vat, credit_amount, vat_amount."""
    if document.kind != "credit_note":
        if document.corrects:
            yield Problem("credit_origin", "corrects", "only a credit note corrects an invoice")
        return
    named = {(origin.number, origin.issued_on) for origin in document.corrects}
    given = {(row.document.number, row.document.issued_on) for row in corrected}
    if not named or named != given:
        yield Problem("credit_origin", "corrects", "the invoices that are corrected, by number and date, are not these")
        return
    for row in corrected:
        yield from _origin(document, row.document)
    yield from _amounts(document, corrected)
    yield from _vat(document, corrected)


def _vat(document: Document, corrected: tuple[Corrected, ...]) -> Iterator[Problem]:
    """VAT of its own base; of the last credit note what the others left, which their rounding moves by some cents."""
    earlier = [note for row in corrected for note in row.credits]
    rest = sum((row.document.vat_eur for row in corrected), -sum((one.vat_eur for one in earlier), Decimal(0)))
    for row in document.vat:
        due = cents(Fraction(row.base_eur) * Fraction(row.rate) / 100)
        rounding = abs(row.vat_eur - due) <= Decimal("0.01") * (len(earlier) + 1)
        if row.vat_eur != due and not (earlier and rounding and len(document.vat) == 1 and row.vat_eur == rest):
            where = f"VAT {row.category} {row.rate}"
            yield Problem("vat_amount", where, f"VAT says {row.vat_eur} and should say {due}")


def _origin(document: Document, origin: Document) -> Iterator[Problem]:
    if origin.kind == "credit_note" or origin.issued_on > document.issued_on:
        yield Problem("credit_origin", "corrects", f"{origin.number} is no earlier invoice")
    if origin.seller.party.siren != document.seller.party.siren:
        yield Problem("credit_party", "seller", f"{origin.number} is another company's")
    if _who(origin) != _who(document):
        yield Problem("credit_party", "buyer", f"{origin.number} is another client's")


def _who(document: Document) -> str:
    """A client moves and changes its name, but keeps its number."""
    return document.buyer.siren or document.buyer.vat_id or document.buyer.name


def _amounts(document: Document, corrected: tuple[Corrected, ...]) -> Iterator[Problem]:
    left: Bases = {}
    gross = Decimal(0)
    for row in corrected:
        _add(left, row.document, 1)
        gross += row.document.gross_eur
        for earlier in row.credits:
            _add(left, earlier, -1)
            gross -= earlier.gross_eur
    for vat in document.vat:
        key = (vat.category, vat.rate)
        if key not in left and _leaves_vat(document, vat):
            continue
        if key not in left:
            yield Problem(
                "credit_vat", "vat", f"the invoice had no VAT of {vat.category} {vat.rate} %: a credit has its rate"
            )
        elif vat.base_eur > left[key]:
            yield Problem(
                "credit_amount", "vat", f"{vat.base_eur} at {vat.rate} % where {max(left[key], Decimal(0))} is left"
            )
    if document.gross_eur > gross:
        yield Problem("credit_amount", "gross_eur", f"{document.gross_eur} is credited where {gross} is left")


def _leaves_vat(document: Document, vat: Vat) -> bool:
    """A discount for early payment that takes no VAT with it: the reading of the terms that keeps the VAT whole."""
    return vat.category == "E" and {line.code for line in document.lines} == {"discount"}


def _add(bases: Bases, document: Document, sign: int) -> None:
    for vat in document.vat:
        key = (vat.category, vat.rate)
        bases[key] = bases.get(key, Decimal(0)) + sign * vat.base_eur
