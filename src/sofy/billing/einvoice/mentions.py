"""The mentions that French law wants on an invoice, as coded notes.

Source: Code de commerce L441-9, L441-10 II, D441-5; CGI annexe II article 242 nonies A; rules BR-FR-05, 06, 20 and 31.
"""

from decimal import Decimal
from typing import Literal

from sofy.billing.document import Discount, Note, VatOn
from sofy.billing.einvoice.meaning import french, plain

#: For whom a document is, as the platform treats it (BR-FR-20).
Treatment = Literal["B2B", "B2BINT", "B2C", "OUTOFSCOPE", "ARCHIVEONLY"]

_PENALTIES = (
    "En cas de retard de paiement, pénalités de {multiple} fois le taux d'intérêt légal, exigibles sans rappel dès le"
    " lendemain de l'échéance (article L441-10 du Code de commerce)."
)
_RECOVERY = (
    "En cas de retard de paiement, indemnité forfaitaire pour frais de recouvrement de {eur} EUR par facture (article"
    " D441-5 du Code de commerce)."
)
NO_DISCOUNT = "Pas d'escompte pour paiement anticipé."
SERVICES = "Prestations de services."
DEBITS = "Option pour le paiement de la taxe d'après les débits."


def mentions(
    *,
    treatment: Treatment,
    discount: Discount | None = None,
    vat_on: VatOn = "receipts",
    penalties: str = "",
    recovery: str = "",
) -> tuple[Note, ...]:
    """The notes of a document: each coded mention once, whether there is a discount or none."""
    notes = [
        Note(text=penalties or PENALTIES, code="PMD"),
        Note(text=recovery or RECOVERY, code="PMT"),
        Note(text=discount_words(discount), code="AAB"),
        Note(text=treatment, code="BAR"),
        Note(text=SERVICES),
    ]
    if vat_on == "debits":
        notes.append(Note(text=DEBITS))
    return tuple(notes)


def penalties(multiple: Decimal) -> str:
    """What paying late costs per day, as so many times the legal rate."""
    return _PENALTIES.format(multiple="trois" if multiple == 3 else _short(multiple))


def recovery(eur: Decimal) -> str:
    """What paying late costs once. Unit: EUR."""
    return _RECOVERY.format(eur=_short(eur))


def _short(value: Decimal) -> str:
    return plain(value).removesuffix(",00")


def discount_words(discount: Discount | None) -> str:
    """What paying early is worth, or that it is worth nothing: one or the other must be said."""
    if discount is None:
        return NO_DISCOUNT
    percent = _short(discount.percent)
    return (
        f"Escompte de {percent} % du montant hors taxes pour un paiement reçu au plus tard le {french(discount.until)}"
        f" : {plain(discount.net_eur)} EUR et {plain(discount.vat_eur)} EUR de TVA en moins."
    )


PENALTIES = penalties(Decimal(3))
RECOVERY = recovery(Decimal(40))
