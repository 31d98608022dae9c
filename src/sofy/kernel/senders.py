"""Which sender names and short codes an SMS may carry.

Source: CGVU 13 (charters of the AF2M): alphanumeric senders of 11 characters at most, generic words refused; short
codes 36xxx for marketing and 38xxx for alerts; 06 and 07 numbers are for people since 2023 (Arcep 2022-1583).
"""

import re
from collections.abc import Collection

from sofy.kernel.clauses import clause
from sofy.kernel.text import fold

MAX_LENGTH = 11
#: Words that name no brand: anybody could hide behind them, so operators block or overwrite them. In the singular.
_GENERIC = """
alerte alert amende ameli antai assurance banque bank bonus cadeau client code colis commande compte confirmation
contact cpf credit douane facture gouv gouvfr impot info information livraison livreur loto message notif notification
offre paiement payment poste promo promotion rappel rdv reduction remise rendezvous sante securite service sms solde
support test urgent vente vignette
"""
GENERIC_WORDS = frozenset(_GENERIC.split())
#: What says whose a general word is without naming anybody. Articles are not here: shops are called so (La Poste).
_OWNERS = "les|mes|mon|ma|nos|notre|vos|votre|my|our|your"
#: Generic from end to end: such words in the singular or the plural, joined, after an owner or not. Anything more names
#: somebody, and a brand that merely contains one passes (PromoDental, InfoFournil): operators judge the whole name too.
_NAMES_NOBODY = re.compile(rf"(?:{_OWNERS})?(?:(?:{'|'.join(sorted(GENERIC_WORDS))})[sx]?)+")
_DIGITS = re.compile(r"\d+")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
#: What stands for a sender of the other channels, and the code of what is wrong with anything else.
_ADDRESSES = {
    "email": (
        re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}"),
        "sender_email",
    ),
    "rcs": (re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,99}(?:@rbm\.goog)?"), "sender_rcs"),
    "whatsapp": (re.compile(r"\+?[1-9]\d{7,19}"), "sender_whatsapp"),
}
CHANNELS = ("sms", *sorted(_ADDRESSES))
LONGEST_ADDRESS = 254
#: Digits and letters that look like another letter on a phone.
_LOOK_ALIKE = str.maketrans("0134578l", "oieastbi")
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
    if _NAMES_NOBODY.fullmatch(_DIGITS.sub("", fold(sender))):
        return "sender_generic"
    return None


@clause("CGVU 13")
def check_address(channel: str, sender: str) -> str | None:
    """The code of what is wrong with a sender of a client's registry, None when it can be one of this channel."""
    if channel == "sms":
        return check_sender(sender, "marketing")
    if channel not in _ADDRESSES:
        return "sender_channel"
    if not sender:
        return "sender_empty"
    pattern, problem = _ADDRESSES[channel]
    return None if len(sender) <= LONGEST_ADDRESS and pattern.fullmatch(sender) else problem


def likeness(name: str) -> str:
    """How a name looks on a phone: AMELI, Ame1i and A-meli are one. What lists of forbidden names are compared by."""
    return re.sub(r"[\W_]+", "", fold(name)).translate(_LOOK_ALIKE)


@clause("CGVU 14.1", "CGVU 14.2")
def check_short_code(short_code: str, purposes: Collection[str]) -> str | None:
    """The code of what is wrong with the short code of a route, None when it may answer for these purposes.

    A route for both is held to marketing: its short code is what the mention STOP SMS names.
    """
    if not re.fullmatch(r"3[68]\d{3}", short_code, re.ASCII):
        return "short_code_unreadable"
    purpose = "marketing" if "marketing" in purposes else "alert"
    return None if short_code.startswith(_SHORT_CODE_START[purpose]) else f"short_code_{purpose}"


def _check_number(digits: str, purpose: str) -> str | None:
    if re.fullmatch(r"(?:0|0?0?33)[67]\d{8}", digits):
        return "sender_mobile_number"
    if len(digits) == 5 and digits.startswith(("36", "38")):
        return None if digits.startswith(_SHORT_CODE_START[purpose]) else "sender_short_code_purpose"
    return "sender_only_digits"
