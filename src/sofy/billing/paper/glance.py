"""The box that says at a glance what to pay, until when and how."""

from decimal import Decimal
from typing import Any

from sofy.billing.document import Discount, Document
from sofy.billing.paper import codes
from sofy.billing.paper.texts import word
from sofy.press.printing import Whole
from sofy.press.words import Language, amount, day, groups, percent


def glance(document: Document, language: Language) -> dict[str, Any]:
    """What to pay, by when, what paying early is worth, how."""
    made: dict[str, Any] = {
        "label": "",
        "amount": "",
        "when": "",
        "notes": [],
        "early": None,
        "how": [],
        "scan": "",
        "qr": "",
    }
    if document.kind == "credit_note":
        made |= {
            "label": word("in_your_favour", language),
            "amount": amount(document.gross_eur, language),
            "notes": _credit_says(document, language),
        }
    elif not document.payable_eur:
        made |= {"label": word("nothing_to_pay", language), "amount": amount(Decimal(0), language)}
    elif document.payment.means == "sepa_debit":
        made |= _debit(document, language)
    else:
        made |= _transfer(document, language)
    return made


def _credit_says(document: Document, language: Language) -> list[str]:
    origins = [
        word("origin", language).format(number=origin.number, day=day(origin.issued_on, language))
        for origin in document.corrects
    ]
    if not origins:
        return []
    return [word("credit_say", language).format(origin=f" {word('and', language)} ".join(origins))]


def _debit(document: Document, language: Language) -> dict[str, Any]:
    payment = document.payment
    on = payment.collect_on or payment.due_on
    discount = payment.discount if payment.discount and on <= payment.discount.until else None
    notes = [word("debit_say", language)]
    if discount:
        nominal = amount(document.payable_eur, language)
        notes.append(_discount_says("debit_discount", discount, language, nominal=nominal))
    elif payment.discount:
        notes.append(word("no_discount", language))
    ids = [("mandate", payment.mandate), ("creditor_id", document.seller.creditor_id)]
    return {
        "label": word("to_pay", language),
        "amount": amount(discount.payable_eur if discount else document.payable_eur, language),
        "when": f"{word('debited_on', language)} {day(on, language)}",
        "notes": notes,
        "how": [[word(key, language), Whole(value), True] for key, value in ids if value],
    }


def _transfer(document: Document, language: Language) -> dict[str, Any]:
    payment, seller = document.payment, document.seller
    how = [[word("payee", language), seller.party.name, False]]
    account = [("iban", seller.iban, 4), ("bic", seller.bic, 11), ("reference", payment.reference, 4)]
    how += [[word(key, language), Whole(groups(value, size)), True] for key, value, size in account if value]
    early = None
    if payment.discount:
        early = {
            "label": f"{word('or_by', language)} {day(payment.discount.until, language)}",
            "amount": amount(payment.discount.payable_eur, language),
            "notes": [_discount_says("discount", payment.discount, language)],
            "qr": codes.transfer_code(document, payment.discount.payable_eur),
        }
    return {
        "label": word("to_pay", language),
        "amount": amount(document.payable_eur, language),
        "when": f"{word('by', language)} {day(payment.due_on, language)}",
        "early": early,
        "how": how,
        "qr": codes.transfer_code(document, document.payable_eur),
        "scan": word("scan", language),
    }


def _discount_says(key: str, discount: Discount, language: Language, **more: str) -> str:
    off = amount(discount.net_eur, language)
    if discount.vat_eur:
        off = word("net_and_vat", language).format(net=off, vat=amount(discount.vat_eur, language))
    return word(key, language).format(percent=percent(discount.percent, language), off=off, **more)
