"""Which sender names an SMS may carry.

Source: CGVU 13 (charters of the AF2M): alphanumeric senders of 11 characters at most, generic words refused; short
codes 36xxx for marketing and 38xxx for alerts; 06 and 07 numbers are for people since 2023 (Arcep 2022-1583).
"""

import re

from sofy.kernel.clauses import clause
from sofy.kernel.text import fold

MAX_LENGTH = 11
#: Words that name no brand: anybody could hide behind them, so operators block or overwrite them.
_GENERIC = """
alerte alert amende ameli antai assurance banque bank bonus cadeau code colis confirmation contact cpf
credit douane facture gouv gouvfr impots info infos information livraison livreur loto message offre
paiement payment poste promo promotion rappel rdv rendezvous sante securite service sms soldes support
test urgent vignette
"""
GENERIC_WORDS = frozenset(_GENERIC.split())
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_SHORT_CODE_START = {"marketing": "36", "alert": "38"}


@clause("CGVU 13", "CGVU 14.1", "CGVU 14.2")
def check_sender(sender: str, purpose: str) -> str | None:
    """The code of what is wrong with a sender for a purpose ("marketing" or "alert"), None when it may be used."""
    if purpose not in _SHORT_CODE_START:
        raise ValueError(f"unknown purpose {purpose!r}: choose among {', '.join(_SHORT_CODE_START)}")
    if not sender:
        return "sender_empty"
    digits = sender.removeprefix("+")
    if digits.isascii() and digits.isdecimal():
        return _check_number(digits, purpose)
    if len(sender) > MAX_LENGTH:
        return "sender_too_long"
    if not _ALPHANUMERIC.fullmatch(sender):
        return "sender_characters"
    if fold(sender).rstrip("0123456789") in GENERIC_WORDS:
        return "sender_generic"
    return None


def _check_number(digits: str, purpose: str) -> str | None:
    if re.fullmatch(r"(?:0|0?0?33)[67]\d{8}", digits):
        return "sender_mobile_number"
    if len(digits) == 5 and digits.startswith(("36", "38")):
        return None if digits.startswith(_SHORT_CODE_START[purpose]) else "sender_short_code_purpose"
    return "sender_only_digits"
