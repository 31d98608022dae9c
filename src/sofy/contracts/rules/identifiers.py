"""Numbers by which companies and accounts are known: written one way, refused when a digit is wrong."""

from collections.abc import Callable
from typing import Final

import stdnum.bic
import stdnum.eu.at_02
import stdnum.eu.vat
import stdnum.fr.siren
import stdnum.fr.siret
import stdnum.fr.tva
import stdnum.iban
from stdnum.exceptions import ValidationError

#: Greece writes its own country code in VAT numbers.
_VAT_OF_GREECE: Final = "EL"


def _vat(text: str) -> str:
    compact = text.replace(" ", "").replace(".", "").replace("-", "").upper()
    if compact.startswith("GR"):
        compact = _VAT_OF_GREECE + compact[2:]
    return str(stdnum.eu.vat.validate(compact))


def _french_vat(text: str) -> str:
    compact = text.replace(" ", "").upper()
    return "FR" + str(stdnum.fr.tva.validate(compact))


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "siren": stdnum.fr.siren.validate,
    "siret": stdnum.fr.siret.validate,
    "vat": lambda text: _french_vat(text) if text.strip().upper().startswith("FR") else _vat(text),
    "iban": stdnum.iban.validate,
    "bic": stdnum.bic.validate,
    "creditor": stdnum.eu.at_02.validate,
}


def checked(kind: str, text: str) -> str:
    """A number without its spaces; `kind` is siren, siret, vat, iban, bic or creditor. Empty stays empty.

    Raises: ValueError
    """
    if not text.strip():
        return ""
    try:
        return _CHECKS[kind](text.strip())
    except ValidationError:
        raise ValueError(kind) from None


def french_vat_of(siren: str) -> str:
    """The VAT number every French company has by its SIREN. Source: BOFiP, TVA-DECLA-20-10-10."""
    digits = int(siren)
    return f"FR{(12 + 3 * (digits % 97)) % 97:02d}{siren}"
