"""Whether the VAT category and rate are those of the buyer's situation, and whether the reason is said.

Written from the law and not from the rules that choose the category: two opinions, so that one mistake shows.
"""

from collections.abc import Iterator
from decimal import Decimal

from sofy.billing.document import Category, Document, Vat
from sofy.billing.einvoice.oracle.values import Problem, Situation
from sofy.billing.rules.territories import TERRITORIES, Territory, UnknownPlace, rate_on, territory
from sofy.kernel.clauses import clause

Wanted = tuple[Category, Decimal]

#: Rates a French invoice may bear, today or when the invoice it corrects was made. Source: rule BR-FR-16.
RATES = frozenset(
    Decimal(rate)
    for rate in ("0", "0.9", "1.05", "1.75", "2.1", "5.5", "7", "8.5", "9.2", "9.6", "10", "13", "19.6", "20", "20.6")
)

#: Category -> the code of its reason, and a word without which the sentence does not say it.
_REASONS: dict[Category, tuple[str, str]] = {
    "AE": ("VATEX-EU-AE", "autoliquidation"),
    "G": ("VATEX-EU-G", "non applicable"),
    "O": ("VATEX-EU-O", ""),
    "E": ("", ""),
}


@clause("CGVU 9.2")
def problems(document: Document, situation: Situation) -> Iterator[Problem]:
    """Raised: place, vat_pending, vat_category, vat_rate, vat_alone, vat_reason, vat_id_missing."""
    yield from _shape(document)
    for row in document.vat:
        yield from _reason(row)
    if document.kind == "credit_note":
        return
    if document.kind == "debit_note" and not (situation.fine == "S" and _is_fine(document)):
        wanted: Wanted | None = ("O", Decimal(0))
    else:
        try:
            place = territory(document.buyer.address.country, document.buyer.address.postcode)
            wanted = _wanted(document, situation, place)
        except UnknownPlace as error:
            yield Problem("place", "buyer", str(error))
            return
    if wanted is None:
        yield Problem(
            "vat_pending", "buyer", "nobody has said yet whether the buyer's VAT number is valid: wait or ask"
        )
        return
    yield from _compared(document, wanted)


def _is_fine(document: Document) -> bool:
    return all(line.because.article == "CGVU 13" for line in document.lines)


def _wanted(document: Document, situation: Situation, place: Territory) -> Wanted | None:
    """The one category and rate of services to this buyer; none while it is not known."""
    zero = Decimal(0)
    if place.area == "outside":
        return situation.outside, zero
    if place.area == "france":
        rate = _rate(place if situation.overseas == "by_place" else TERRITORIES["FR"], situation, document)
        return ("E", zero) if rate is None else ("S", rate)
    if document.buyer.vat_id and situation.vat_id_valid is None:
        return None
    if document.buyer.vat_id and situation.vat_id_valid:
        return "AE", zero
    rate = _rate(TERRITORIES["FR"], situation, document)
    assert rate is not None
    return "S", rate


def _rate(place: Territory, situation: Situation, document: Document) -> Decimal | None:
    for row in reversed(situation.rates.get(place.code, ())):
        if row.since <= document.issued_on:
            return row.percent
    return rate_on(place, document.issued_on)


def _compared(document: Document, wanted: Wanted) -> Iterator[Problem]:
    category, rate = wanted
    for line in document.lines:
        where = f"line {line.number}"
        if line.vat_category != category:
            yield Problem(
                "vat_category", where, f"category {line.vat_category} where the buyer's situation asks for {category}"
            )
        elif line.vat_rate != rate:
            yield Problem("vat_rate", where, f"{line.vat_rate} % where the buyer's territory has {rate} % on that day")
    if category == "AE" and not document.buyer.vat_id:
        yield Problem("vat_id_missing", "buyer", "a reverse charge names the buyer's VAT number")


def _shape(document: Document) -> Iterator[Problem]:
    categories = {line.vat_category for line in document.lines}
    for line in document.lines:
        where = f"line {line.number}"
        if line.vat_category not in ("S", "AE", "G", "O", "E"):
            yield Problem("vat_category", where, f"{line.vat_category} is no category of this contract")
        elif (line.vat_category == "S") != (line.vat_rate > 0):
            yield Problem("vat_rate", where, f"category {line.vat_category} does not go with {line.vat_rate} %")
        elif line.vat_rate not in RATES:
            yield Problem("vat_rate", where, f"{line.vat_rate} % is no rate of France")
    if "O" in categories and len(categories) > 1:
        yield Problem("vat_alone", "lines", "what is outside the scope of VAT stands on a document of its own")
    if not document.seller.party.vat_id:
        yield Problem("vat_id_missing", "seller", "the seller's VAT number is missing")


def _reason(row: Vat) -> Iterator[Problem]:
    where = f"VAT {row.category} {row.rate}"
    if row.category == "S":
        if row.reason or row.reason_code:
            yield Problem("vat_reason", where, "VAT is charged: there is no reason why not")
        return
    code, word = _REASONS.get(row.category, ("", ""))
    if code and row.reason_code != code:
        yield Problem("vat_reason", where, f"the code of the reason is {code}, not {row.reason_code or 'none'}")
    if not row.reason.strip() or word not in row.reason.lower():
        yield Problem("vat_reason", where, f"the invoice must say why there is no VAT{f': {word}' if word else ''}")
