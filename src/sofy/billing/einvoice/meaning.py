"""What both syntaxes say of a document: codes of EN 16931 and French sentences, from the frozen data and nothing else.

Numbers such as BT-8 are the business terms of EN 16931-1; BR-FR-04 and the like are rules of XP Z12-012.
"""

from datetime import date
from decimal import Decimal

import msgspec

from sofy.billing.document import Address, Document, Line, Payment, Seller

#: BT-24: the full European set, no more.
PROFILE = "urn:cen.eu:en16931:2017"

#: BT-3. A note of penalties is a 380: the French list (BR-FR-04) has no 383, and it claims money like any invoice.
TYPE_CODES = {"invoice": "380", "credit_note": "381", "debit_note": "380"}

#: BT-23 of services: to be paid, or paid already (BR-FR-CO-09).
SERVICES, SERVICES_PAID = "S1", "S2"

#: Where BT-81 may promise a SEPA transfer; elsewhere it is a transfer of any kind. Source: EPC409-09.
_SEPA = frozenset(
    (
        *("AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR"),
        *("HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO"),
        *("RS", "SE", "SI", "SK", "SM", "VA", "GP", "MQ", "GF", "RE", "YT", "BL", "MF", "PM"),
    )
)


class Billed(msgspec.Struct, frozen=True):
    """Quantity, its unit and the quantity the price is for, so that quantity x price / base is the line's amount."""

    quantity: Decimal
    unit: str
    base: int | None


def process(document: Document) -> str:
    """BT-23: services, and whether all of it is paid already."""
    paid = document.kind != "credit_note" and document.paid_eur == document.gross_eur > 0
    return SERVICES_PAID if paid else SERVICES


def means_code(document: Document) -> str:
    """BT-81, UNCL 4461."""
    if document.payment.means == "sepa_debit":
        return "59"
    return "58" if document.buyer.address.country in _SEPA else "30"


def says_how_to_pay(document: Document) -> bool:
    """Whether there is an account to pay to: a credit note has none, its money goes the other way."""
    return document.kind != "credit_note"


def outside_scope(document: Document) -> bool:
    """Whether VAT does not concern it at all: then no VAT number may stand on it either (BR-O-02)."""
    return any(vat.category == "O" for vat in document.vat)


def supplied_on(document: Document) -> date:
    """BT-72: the end of the period, or the day of the invoice when it comes earlier or there is no period."""
    return min(document.period.end, document.issued_on) if document.period else document.issued_on


def billed(line: Line) -> Billed:
    """A share of days is a price for so many days and a quantity of days: exact, where a rounded share would not be."""
    if line.share is None:
        return Billed(line.quantity, line.unit, None)
    days, of = line.share
    return Billed(line.quantity * days, "DAY", of)


def line_note(line: Line) -> str:
    """BT-127: the sentence that caused the line."""
    return f"{line.because.article} : {line.because.sentence}"


def characteristics(line: Line) -> list[tuple[str, str]]:
    """BG-32: what else a reader may sort lines by."""
    rows = [("Point de vente", line.establishment)] if line.establishment else []
    if line.third_party:
        rows.append(("Frais de tiers", "refacturés au prix coûtant"))
    return rows


def legal_information(seller: Seller) -> str:
    """BT-33: what article R123-237 of the Code de commerce wants on every invoice."""
    capital = plain(seller.capital_eur).removesuffix(",00")
    return f"{seller.legal_form} au capital de {capital} EUR, {seller.rcs}"


def payment_terms(document: Document) -> str:
    """BT-20."""
    if document.kind == "credit_note":
        numbers = ", ".join(origin.number for origin in document.corrects)
        return f"Avoir sur {numbers}." if numbers else "Avoir."
    if process(document) == SERVICES_PAID:
        return "Facture acquittée."
    payment = document.payment
    return f"{_how(payment, document.seller)}{_discount(payment, document.payable_eur)}"


def _how(payment: Payment, seller: Seller) -> str:
    """A debit is announced by its invoice: when, under which mandate, by whom (SEPA rulebook, pre-notification)."""
    if payment.means == "transfer":
        return f"Virement à recevoir au plus tard le {french(payment.due_on)}."
    collected = french(payment.collect_on or payment.due_on)
    return (
        f"Prélèvement SEPA le {collected}, mandat {payment.mandate}, créancier {seller.creditor_id} :"
        " cette facture en est l'annonce."
    )


def _discount(payment: Payment, payable_eur: Decimal) -> str:
    discount = payment.discount
    if discount is None:
        return ""
    return (
        f" Escompte de {plain(discount.percent).removesuffix(',00')} % du montant hors taxes pour un paiement reçu au"
        f" plus tard le {french(discount.until)} : {plain(discount.payable_eur)} EUR à payer"
        f" au lieu de {plain(payable_eur)} EUR."
    )


def street_lines(address: Address) -> list[str]:
    """BT-35 and BT-36, BT-50 and BT-51."""
    return [line for line in (address.street, address.street2) if line]


def french(day: date) -> str:
    """A day as French readers write it."""
    return day.strftime("%d/%m/%Y")


def plain(value: Decimal) -> str:
    """An amount for a French sentence."""
    return f"{value:,.2f}".replace(",", " ").replace(".", ",")


def amount(value: Decimal) -> str:
    """An amount: two decimals, always."""
    return f"{value:.2f}"


def number(value: Decimal) -> str:
    """A quantity: as many decimals as it has."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price(value: Decimal) -> str:
    """A unit price: two decimals, or as many as it has."""
    whole, _, decimals = number(value).partition(".")
    return f"{whole}.{decimals:0<2}"
