"""An invoice, credit note or debit note on paper: PDF/A-3b, made of the frozen document and of nothing else."""

from typing import Any

from sofy.billing.document import Document, Note, Party
from sofy.billing.einvoice.mentions import DEBITS, SERVICES
from sofy.billing.paper import annexes, glance, lines
from sofy.billing.paper.texts import KINDS, NOTES, of, word
from sofy.press import printing
from sofy.press.printing import Whole
from sofy.press.words import Language, address, brief, company, day, period, siren

_TEMPLATE = "billing/paper/invoice.typ"


def invoice_pdf(document: Document, *, language: Language = "fr") -> bytes:
    """The PDF of a numbered document; the same document has the same bytes."""
    return printing.pdf(_TEMPLATE, view(document, language), on=document.issued_on)


def invoice_png(document: Document, *, language: Language = "fr", ppi: float = 110) -> list[bytes]:
    """Its pages as pictures, for a preview on screen."""
    return printing.png(_TEMPLATE, view(document, language), on=document.issued_on, ppi=ppi)


def view(document: Document, language: Language) -> dict[str, Any]:
    """Everything the page says, in the order in which it says it."""
    kind = of(KINDS[document.kind], language)
    seller = document.seller.party
    marks = lines.marks(document)
    return {
        "language": language,
        "title": f"{kind} {document.number}",
        "author": seller.name,
        "page": word("page", language),
        "foot": legal_line(document, language),
        "kind": kind,
        "number": Whole(document.number),
        "date": day(document.issued_on, language),
        "seller": {
            "name": seller.name,
            "lines": [*_address(seller, language), *([Whole(seller.email)] if seller.email else [])],
        },
        "buyer": {
            "title": word("to", language),
            "name": document.buyer.name,
            "lines": _address(document.buyer, language),
            "ids": _ids(document, language),
        },
        "facts": _facts(document, language),
        "glance": glance.glance(document, language),
        "lines": lines.table(document, language, marks),
        "vat": lines.vat_recap(document, language),
        "totals": lines.totals(document, language),
        "why": lines.why(document, language, marks),
        "usage": annexes.usage(document, language),
        "mentions": _mentions(document, language),
        "sites": annexes.sites(document, language),
    }


def legal_line(document: Document, language: Language) -> str:
    """Who the seller is."""
    seller, party = document.seller, document.seller.party
    return company(
        name=party.name,
        legal_form=seller.legal_form,
        capital_eur=seller.capital_eur,
        siren_number=party.siren,
        rcs=seller.rcs,
        vat_id=party.vat_id,
        language=language,
    )


def _address(party: Party, language: Language) -> list[str]:
    at = party.address
    return address(at.street, at.street2, at.postcode, at.town, at.country, language)


def _ids(document: Document, language: Language) -> list[list[str]]:
    buyer = document.buyer
    number = ["siret", siren(buyer.siret)] if buyer.siret else ["siren", siren(buyer.siren)]
    rows = [number, ["vat_id", Whole(buyer.vat_id)]]
    return [[word(key, language), value] for key, value in rows if value]


def _facts(document: Document, language: Language) -> list[list[str]]:
    issued = "issued_credit" if document.kind == "credit_note" else "issued"
    rows = [[word(issued, language), day(document.issued_on, language)]]
    if document.period:
        text = period(document.period.start, document.period.end, language)
        rows.append([word("period", language), text])
    if document.kind != "debit_note":
        rows.append([word("nature", language), word("services", language)])
    if document.order_form:
        rows.append([word("order_form", language), Whole(document.order_form)])
    if document.purchase_order:
        rows.append([word("purchase_order", language), document.purchase_order])
    if document.buyer_reference:
        rows.append([word("buyer_reference", language), document.buyer_reference])
    for origin in document.corrects:
        rows.append([word("corrects", language), f"{origin.number} {word('of', language)} {brief(origin.issued_on)}"])
    return rows


def _mentions(document: Document, language: Language) -> dict[str, Any]:
    # For whom an invoice is (BAR) concerns platforms only, and its nature stands above, with the dates.
    notes = [note for note in document.notes if note.code != "BAR" and note.text != SERVICES]
    if document.vat_on == "debits" and document.kind != "debit_note" and all(note.text != DEBITS for note in notes):
        notes.append(Note(DEBITS))
    english = language == "en"
    return {
        "title": word("mentions", language),
        "rows": [[NOTES.get(note.code or note.text, "") if english else "", note.text] for note in notes],
        "binding": word("binding", language) if english and notes else "",
    }
