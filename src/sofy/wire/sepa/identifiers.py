"""Account numbers, creditor identifiers and payment references: checked, made, written for people.

Source: ISO 13616 (IBAN), EPC262-08 (creditor identifier), ISO 11649 (RF reference); read by python-stdnum, which is
told here what it does not check itself: check digits that nobody computes (00, 01 and 99 pass modulo 97 beside 97, 98
and 02), signs it silently drops, the length of a French creditor identifier, and which countries are in SEPA.
"""

import re

from stdnum import iban as _iban
from stdnum import iso11649 as _rf
from stdnum.eu import at_02 as _creditor
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from sofy.kernel.errors import Refused

#: Countries whose accounts can be debited or paid in SEPA. Source: EPC409-09, list of SEPA scheme countries.
SEPA_COUNTRIES = frozenset(
    re.findall("..", "ADALATBEBGCHCYCZDEDKEEESFIFRGBGRHRHUIEISITLILTLULVMCMDMEMKMTNLNOPLPTRORSSESISKSMVA")
)
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_PLAIN = re.compile(r"[A-Z0-9]+")
_NEVER_COMPUTED = ("00", "01", "99")
_MOST_OF_REFERENCE = 21
_FRENCH_CREDITOR = re.compile(r"FR\d\d[A-Z0-9]{3}[A-Z0-9]{6}")
_CREDITOR = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{3}[A-Z0-9]{1,28}")
_RF = re.compile(r"RF\d\d[A-Z0-9]{1,21}")


def iban(text: str) -> str:
    """An IBAN without its spaces. Raises: Refused iban_invalid, iban_not_sepa."""
    compact = _written(text)
    if not _PLAIN.fullmatch(compact) or not _iban.is_valid(compact) or compact[2:4] in _NEVER_COMPUTED:
        raise Refused("iban_invalid")
    if compact[:2] not in SEPA_COUNTRIES:
        raise Refused("iban_not_sepa", country=compact[:2])
    return compact


def bic(text: str) -> str:
    """A BIC, form only. Raises: Refused bic_invalid."""
    compact = _written(text)
    if not _BIC.fullmatch(compact):
        raise Refused("bic_invalid")
    return compact


def creditor_id(text: str) -> str:
    """A SEPA creditor identifier (in France an ICS, FRkkZZZnnnnnn). Raises: Refused creditor_id_invalid."""
    compact = _written(text)
    form = _FRENCH_CREDITOR if compact.startswith("FR") else _CREDITOR
    country_known = compact[:2] in SEPA_COUNTRIES
    if not (form.fullmatch(compact) and country_known and _creditor.is_valid(compact)):
        raise Refused("creditor_id_invalid")
    if compact[2:4] in _NEVER_COMPUTED:
        raise Refused("creditor_id_invalid")
    return compact


def reference(text: str) -> str:
    """A payment reference without its spaces. Raises: Refused reference_invalid."""
    compact = _written(text)
    if not _RF.fullmatch(compact) or compact[2:4] in _NEVER_COMPUTED or not _rf.is_valid(compact):
        raise Refused("reference_invalid")
    return compact


def is_reference(text: str) -> bool:
    """Whether it is a payment reference with right check digits."""
    try:
        return bool(reference(text))
    except Refused:
        return False


def reference_of(invoice_number: str) -> str:
    """The RF reference of an invoice: its number without punctuation, after RF and two check digits.

    Raises: Refused reference_too_long when more than 21 letters and digits are left, reference_invalid when none.
    """
    body = re.sub(r"[^A-Z0-9]", "", invoice_number.upper())
    if not body:
        raise Refused("reference_invalid")
    if len(body) > _MOST_OF_REFERENCE:
        raise Refused("reference_too_long", most=_MOST_OF_REFERENCE)
    return f"RF{mod_97_10.calc_check_digits(f'{body}RF')}{body}"


def creditor_id_of(country: str, business_code: str, national_id: str) -> str:
    """A creditor identifier with its check digits. Raises: Refused creditor_id_invalid."""
    try:
        digits = _creditor.calc_check_digits(f"{country}00{business_code}{national_id}")
    except (ValidationError, ValueError):
        raise Refused("creditor_id_invalid") from None
    return creditor_id(f"{country}{digits}{business_code}{national_id}")


def in_fours(value: str) -> str:
    """An IBAN or a reference as people copy it: groups of four."""
    return " ".join(value[start : start + 4] for start in range(0, len(value), 4))


def _written(text: str) -> str:
    """What was typed, without spaces of any width and in capitals."""
    return "".join(text.split()).upper()
