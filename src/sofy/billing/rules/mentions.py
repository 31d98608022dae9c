"""What a French invoice must say of late payment, discount and whom it is for."""

from decimal import Decimal
from typing import Final

from sofy.billing.document import Note, VatOn
from sofy.kernel.clauses import clause

_PENALTIES: Final = (
    "Tout retard de paiement entraîne des pénalités égales à {multiple} fois le taux d'intérêt légal, exigibles sans"
    " rappel dès le lendemain de la date d'échéance."
)
_RECOVERY: Final = "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : {eur} €."
_DISCOUNT: Final = (
    "Escompte de {percent} % du montant HT pour paiement encaissé sous {days} jours calendaires suivant l'émission de"
    " la facture."
)
_NO_DISCOUNT: Final = "Aucun escompte n'est accordé en cas de paiement anticipé."


@clause("CGVU 7.1", "CGVU 10.2")
def notes(
    *,
    multiple: Decimal,
    recovery_eur: Decimal,
    discount_percent: Decimal,
    discount_days: int,
    discounted: bool,
    french: bool,
    vat_on: VatOn,
) -> tuple[Note, ...]:
    """The coded mentions of an invoice, each once.

    Source: C. com. L441-9 and L441-10; rules BR-FR-05 and 06 of the French e-invoice (PMD, PMT, AAB, BAR).
    """
    discount = _DISCOUNT.format(percent=_plain(discount_percent), days=discount_days) if discounted else _NO_DISCOUNT
    found = [
        Note(_PENALTIES.format(multiple=_plain(multiple)), "PMD"),
        Note(_RECOVERY.format(eur=_plain(recovery_eur)), "PMT"),
        Note(discount, "AAB"),
        Note("B2B" if french else "B2BINT", "BAR"),
        Note("Nature de l'opération : prestations de services."),
    ]
    if vat_on == "debits":
        found.append(Note("Option pour le paiement de la taxe d'après les débits."))
    return tuple(found)


def _plain(value: Decimal) -> str:
    """A number as French writes it, without zeros that say nothing."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")
