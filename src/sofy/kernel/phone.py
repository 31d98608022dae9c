"""Phone numbers as people write them -> E.164, with the French plan and its overseas regions.

Metropolitan France and the overseas regions share one national plan (0690 is Guadeloupe), while each region has its own
country code. Every prefix comes from libphonenumber's metadata, read when this module is loaded.
Source: libphonenumber metadata; Arcep 2022-1583 (06 39 98 and 01 99 00 are reserved for works of fiction).
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers import timezone as number_timezone

from sofy.kernel.text import visible

Kind = Literal["mobile", "fixed", "other"]
Code = Literal["empty", "letters", "several", "precision_lost", "too_short", "too_long", "invalid", "fictional"]


class Number(NamedTuple):
    """A number that can be dialled.

    `repaired`: digits had to be added or left out to get there (a lost zero, "+33 (0)", an overseas country code).
    """

    e164: str
    kind: Kind
    region: str
    repaired: bool


class Problem(NamedTuple):
    """Why a text is not a phone number; never the text itself, which may be anything about anybody."""

    code: Code


class _Region(NamedTuple):
    """An overseas region: what its numbers look like, without country code."""

    code: str
    country_code: str
    mobile: re.Pattern[str]
    fixed: re.Pattern[str]


#: Overseas regions of the French plan and where their people live. BL and MF share Guadeloupe's numbers and its clock.
OVERSEAS_ZONES = {
    "GP": "America/Guadeloupe",
    "BL": "America/Guadeloupe",
    "MF": "America/Guadeloupe",
    "GF": "America/Cayenne",
    "MQ": "America/Martinique",
    "RE": "Indian/Reunion",
    "YT": "Indian/Mayotte",
    "PM": "America/Miquelon",
}
_FRENCH_PLAN = {"FR", *OVERSEAS_ZONES}
_PARIS = ("Europe/Paris",)
#: Twelve hours apart: no minute is permitted in both, so a number of unknown zone never receives marketing.
UNKNOWN_ZONES = ("Etc/GMT", "Etc/GMT+12")

_NATIONAL_DIGITS = 9
_LONGEST_TEXT = 64
_E164_DIGITS = 15


def _pattern(region: str, kind: str) -> str:
    return str(getattr(PhoneMetadata.metadata_for_region(region), kind).national_number_pattern)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)  # other scripts' digits are translated first, by _clean


def _region(code: str) -> _Region:
    country_code = str(phonenumbers.country_code_for_region(code))
    return _Region(code, country_code, _compiled(_pattern(code, "mobile")), _compiled(_pattern(code, "fixed_line")))


_REGIONS = tuple(_region(code) for code in OVERSEAS_ZONES)
_OVERSEAS_CODES = tuple(dict.fromkeys(region.country_code for region in _REGIONS))
#: Saint-Pierre-et-Miquelon has six-digit numbers, dialled nationally with their country code in front.
_is_overseas = _compiled(
    "|".join(f"(?:{r.country_code})?(?:{r.mobile.pattern}|{r.fixed.pattern})" for r in _REGIONS)
).fullmatch
_FR_MOBILE = _pattern("FR", "mobile")
_is_french_mobile = _compiled(_FR_MOBILE).fullmatch
#: Given to nobody: 06 39 98 for works of fiction, 07 00 for load tests (both invalid for libphonenumber).
_is_fictional = _compiled(r"63998\d{4}|700\d{6}").fullmatch
_is_french_fixed = _compiled(_pattern("FR", "fixed_line")).fullmatch
_as_software_writes = _compiled(r"\+33[1-9]\d{8}").fullmatch
_ordinary = _compiled(rf"(0|\+33|0033)?({_FR_MOBILE})").fullmatch

_SEPARATORS = {ord(c): None for c in " \t\r\n.-‐‑‒–—−/_,;:'’()[]|*"}
_LABEL = re.compile(r"^(?:t[eé]l[eé]phone|t[eé]l|portable|port|mobile|mob|gsm|sms)\b[\s.:]*", re.IGNORECASE)
_SPREADSHEET = re.compile(r"\d{8,15}[.,]0+")
_DECIMAL = re.compile(r"-?[1-9]\d{0,2}[.,]\d{4,}")  # a coordinate or a measure, not a number that lost its zero
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE)
_ZERO_AS_LETTER = re.compile(r"[Oo](?=[\W\d])")


def parse(raw: str, *, default_region: str = "FR", fictional: bool) -> Number | Problem:
    """What number a text means, or why it means none.

    `default_region` reads numbers written without a country code; `fictional` says whether numbers given to nobody are
    accepted (`config.fictional_numbers`).
    """
    if _as_software_writes(raw):
        found = _french(raw[3:], True, fictional)
        return found if found is not None else _international(raw)
    ordinary = _ordinary(raw.replace(" ", "").replace(".", "").replace("-", ""))
    if ordinary is not None and default_region in _FRENCH_PLAN:  # nearly every number of a French file ends here
        if ordinary[1] is not None:
            return Number("+33" + ordinary[2], "mobile", "FR", False)
        if "." not in raw:
            return Number("+33" + ordinary[2], "mobile", "FR", True)
    cleaned = _clean(raw)
    if isinstance(cleaned, Problem):
        return cleaned
    digits, international, repaired = cleaned
    national, lost_zero = None, False
    if international or default_region in _FRENCH_PLAN:
        national, lost_zero = _national(digits, international)
    found = _french(national, international, fictional) if national else None
    if found is None:
        found = _international("+" + digits) if international else _abroad(digits, default_region)
    return found._replace(repaired=True) if isinstance(found, Number) and (repaired or lost_zero) else found


def _clean(raw: str) -> tuple[str, bool, bool] | Problem:
    """The digits of a text, whether they begin with a country code, and whether it took a repair to see so."""
    if len(raw) > _LONGEST_TEXT:
        return Problem("too_long")
    text = visible(unicodedata.normalize("NFKC", raw)).strip(" '\"\t\r\n")
    if not any(c.isdigit() for c in text):
        return Problem("letters" if any(c.isalpha() for c in text) else "empty")
    text = _LABEL.sub("", text)
    if len([piece for piece in re.split(r"[/;,|\n]|\bou\b", text) if sum(map(str.isdigit, piece)) >= 9]) > 1:
        return Problem("several")
    unmangled = _unmangled(text)
    if isinstance(unmangled, Problem):
        return unmangled
    lettered = _ZERO_AS_LETTER.sub("0", unmangled)
    repaired = lettered != text or "(0)" in lettered.replace(" ", "")
    bare = lettered.translate(_SEPARATORS)
    plus = bare.startswith("+")
    bare = bare.lstrip("+")
    if any(c.isalpha() for c in bare):
        return Problem("letters")
    if not bare.isdecimal():
        return Problem("invalid")
    digits = "".join(str(unicodedata.decimal(c)) for c in bare)
    if digits.startswith("00"):
        plus, digits = True, digits.lstrip("0")
    return (digits, plus, repaired) if digits else Problem("empty")


def _unmangled(text: str) -> str | Problem:
    """What was typed before a spreadsheet took it for an amount: 639981234.0, 6.39981234E+08."""
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        if len(scientific[2] or "") < int(scientific[3]):
            return Problem("precision_lost")
        return f"{Decimal(text.replace(',', '.')):f}".split(".")[0]
    if _DECIMAL.fullmatch(text):
        return Problem("invalid")
    return re.split(r"[.,]", text)[0] if _SPREADSHEET.fullmatch(text) else text


def _national(digits: str, international: bool) -> tuple[str | None, bool]:
    """The nine digits of the French plan in what was written, if it can be of that plan; whether that was a repair."""
    if digits.startswith("33") and len(digits) > _NATIONAL_DIGITS + 1:
        rest = digits[2:]
        if rest.startswith("0"):
            return (rest[1:], True) if len(rest) == _NATIONAL_DIGITS + 1 else (None, False)
        return (rest, not international) if len(rest) == _NATIONAL_DIGITS else (None, False)
    if international:
        return None, False
    if digits.startswith("0"):
        return (digits[1:], False) if len(digits) == _NATIONAL_DIGITS + 1 else (None, False)
    return (digits, True) if len(digits) == _NATIONAL_DIGITS else (None, False)


def _french(national: str, international: bool, fictional: bool) -> Number | Problem | None:
    """The number that nine digits of the French plan are. An explicit +33 is believed wherever it is valid."""
    if _is_french_mobile(national):
        return Number("+33" + national, "mobile", "FR", False)
    if _is_fictional(national):
        return Number("+33" + national, "mobile", "FR", False) if fictional else Problem("fictional")
    if not international and (overseas := _overseas(national)):
        return overseas
    if _is_french_fixed(national):
        return Number("+33" + national, "fixed", "FR", False)
    found = _international("+33" + national)
    return found if isinstance(found, Number) else _overseas(national)


def _overseas(national: str) -> Number | None:
    """The overseas number behind nine digits dialled nationally, when only one country code can be meant."""
    if not _is_overseas(national):
        return None
    kind: Kind
    for kind in ("mobile", "fixed"):
        found: dict[str, Number] = {}
        for region in _REGIONS:
            for nsn in (national, national.removeprefix(region.country_code)):
                if getattr(region, kind).fullmatch(nsn):
                    e164 = f"+{region.country_code}{nsn}"
                    found.setdefault(region.country_code, Number(e164, kind, region.code, True))
        if len(found) == 1:
            return next(iter(found.values()))
    return None


def _abroad(digits: str, default_region: str) -> Number | Problem:
    """A number without country code that the French plan does not know: foreign, or overseas and lacking its "+"."""
    if default_region not in _FRENCH_PLAN:
        return _international(digits, default_region)
    if digits.startswith(_OVERSEAS_CODES):
        found = _international("+" + digits)
        if isinstance(found, Number):
            return found._replace(repaired=True)
    if len(digits) > _E164_DIGITS:
        return Problem("too_long")
    if digits.startswith("0"):
        return Problem(_wrong_length(len(digits) - 1))
    # Without "+" it could be any country's: ten digits beginning with 61 are a mistyped 06 or an Australian number.
    return Problem(_wrong_length(len(digits)))


def _wrong_length(national_digits: int) -> Code:
    if national_digits == _NATIONAL_DIGITS:
        return "invalid"
    return "too_short" if national_digits < _NATIONAL_DIGITS else "too_long"


_KINDS: dict[int, Kind] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
}
#: Their numbers overlap: one's TOO_LONG is the other's TOO_SHORT_NSN.
_WHEN_JUDGED: dict[int, Code] = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
}
_WHEN_READ: dict[int, Code] = {
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}


def _international(text: str, default_region: str | None = None) -> Number | Problem:
    try:
        number = phonenumbers.parse(text, default_region)
    except NumberParseException as error:
        return Problem(_WHEN_READ.get(error.error_type, "invalid"))
    if not phonenumbers.is_valid_number(number):
        return Problem(_WHEN_JUDGED.get(phonenumbers.is_possible_number_with_reason(number), "invalid"))
    return Number(
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        _KINDS.get(phonenumbers.number_type(number), "other"),
        phonenumbers.region_code_for_number(number) or "ZZ",
        False,
    )


def zones(e164: str) -> tuple[str, ...]:
    """The time zones the owner of a number may live in; several when the number does not tell.

    The contact's own zone, when known, wins over this one: numbers are portable.
    """
    return _PARIS if e164.startswith("+33") else _zones_abroad(e164)


@lru_cache(maxsize=65536)
def _zones_abroad(e164: str) -> tuple[str, ...]:
    digits = e164.removeprefix("+")
    for country_code in _OVERSEAS_CODES:
        if digits.startswith(country_code):
            return _overseas_zones(country_code, digits.removeprefix(country_code))
    try:
        found = number_timezone.time_zones_for_number(phonenumbers.parse(e164))
    except NumberParseException:
        return UNKNOWN_ZONES
    return UNKNOWN_ZONES if "Etc/Unknown" in found else tuple(found)


def _overseas_zones(country_code: str, nsn: str) -> tuple[str, ...]:
    sharing = [region for region in _REGIONS if region.country_code == country_code]
    certain = [region for region in sharing if region.mobile.fullmatch(nsn) or region.fixed.fullmatch(nsn)]
    return tuple(dict.fromkeys(OVERSEAS_ZONES[region.code] for region in certain or sharing))


def display(e164: str) -> str:
    """A number as its reader dials it: 06 39 98 00 01 in France, +590 690 12 34 56 elsewhere."""
    if e164.startswith("+33") and len(e164) == 12:
        national = "0" + e164[3:]
        return " ".join(national[i : i + 2] for i in range(0, 10, 2))
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return e164
