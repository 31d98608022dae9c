"""Whether everything is said that French law wants said."""

import re
from collections import Counter
from collections.abc import Iterator

from sofy.billing.document import Document, Party
from sofy.billing.einvoice.oracle.values import Problem
from sofy.billing.rules.territories import UnknownPlace, territory

_EACH_ONCE = {"PMD": "the penalties", "PMT": "the 40 euros", "AAB": "the discount, or that there is none"}
_TREATMENTS = ("B2B", "B2BINT", "B2C", "OUTOFSCOPE", "ARCHIVEONLY")
_DENIES = re.compile(r"\b(pas d|aucun|sans|néant|no discount)", re.IGNORECASE)


def problems(document: Document) -> Iterator[Problem]:
    """Raised: note_missing, note_twice, note_discount, note_treatment, note_debits, label, reason."""
    counts = Counter(note.code for note in document.notes if note.code and note.text.strip())
    for code, subject in _EACH_ONCE.items():
        if counts[code] == 0:
            yield Problem("note_missing", f"note {code}", f"{subject} must be said (code {code})")
    for code, count in counts.items():
        if count > 1:
            yield Problem("note_twice", f"note {code}", f"the note {code} is there {count} times: once is the rule")
    yield from _discount(document)
    yield from _treatment(document)
    if document.vat_on == "debits" and not any("débits" in note.text.lower() for note in document.notes):
        yield Problem("note_debits", "notes", "the option for VAT on debits must be said")
    for line in document.lines:
        if not line.label.strip():
            yield Problem("label", f"line {line.number}", "a line says what was sold")
        if not (line.because.article.strip() and line.because.sentence.strip()):
            yield Problem("reason", f"line {line.number}", "a line names the sentence of the contract that caused it")


def _discount(document: Document) -> Iterator[Problem]:
    has = document.payment.discount is not None
    for note in document.notes:
        if note.code == "AAB" and note.text.strip() and has == bool(_DENIES.search(note.text)):
            word = "says that there is none" if has else "does not say that there is none"
            yield Problem("note_discount", "note AAB", f"the discount and its note differ: the note {word}")


def _treatment(document: Document) -> Iterator[Problem]:
    """Rules BR-FR-11, 20 and 21: for whom the platform takes it."""
    for note in document.notes:
        if note.code != "BAR":
            continue
        if note.text not in _TREATMENTS:
            yield Problem("note_treatment", "note BAR", f"{note.text!r} is none of {', '.join(_TREATMENTS)}")
        elif note.text == "B2B" and not (_domestic(document.buyer) and document.buyer.electronic_scheme == "0225"):
            yield Problem("note_treatment", "note BAR", "B2B is for buyers in France with a SIREN, by an address 0225")
        elif note.text == "B2BINT" and _domestic(document.buyer):
            yield Problem("note_treatment", "note BAR", "B2BINT is for buyers outside France")


def _domestic(buyer: Party) -> bool:
    """Whether the platforms carry the invoice to the buyer, or only tell the administration of it."""
    try:
        place = territory(buyer.address.country, buyer.address.postcode)
    except UnknownPlace:
        return bool(buyer.siren)  # said by the check of VAT
    return bool(buyer.siren) and place.area == "france"
