"""Phone numbers as people write them -> E.164, with the French plan and its overseas regions.

Metropolitan France and the overseas regions share one national plan (0690 is Guadeloupe), while each region has its own
country code. All prefixes come from libphonenumber's metadata when this module is loaded.
Source: libphonenumber metadata; Arcep 2022-1583 annex (06 39 98 and 01 99 00 are reserved for works of fiction).
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

import phonenumbers
from phonenumbers import timezone as number_timezone
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType

Kind = Literal["mobile", "fixed", "other"]


class Number(NamedTuple):
    """A number that can be dialled. `repaired`: what was written had to be put right or completed to get there."""

    e164: str
    kind: Kind
    region: str
    repaired: bool


class Problem(NamedTuple):
    """Why a text is not a phone number. Codes: empty, letters, several, precision_lost, too_short, too_long, invalid,
    fictional."""

    code: str


class _Region(NamedTuple):
    """The part of the French national plan that belongs to one overseas region."""

    code: str
    country_code: int
    mobile: re.Pattern[str]
    fixed: re.Pattern[str]
    national_length: int


#: Overseas regions whose numbers are dialled nationally from France, with the time zone people live in.
OVERSEAS_ZONES = {
    "GP": "America/Guadeloupe",
    "BL": "America/Guadeloupe",  # same clock as Guadeloupe, whose numbers cannot be told apart
    "MF": "America/Guadeloupe",
    "GF": "America/Cayenne",
    "MQ": "America/Martinique",
    "RE": "Indian/Reunion",
    "YT": "Indian/Mayotte",
    "PM": "America/Miquelon",
}
_PARIS = ("Europe/Paris",)
#: No minute of the day is permitted in both: a number of unknown zone never receives marketing.
_NOWHERE = ("Etc/GMT+12", "Etc/GMT-12")
_FRENCH_PLAN = {"FR", *OVERSEAS_ZONES}


def _pattern(region: str, kind: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(region)
    return str(getattr(metadata, kind).national_number_pattern)


_FR_MOBILE = re.compile(_pattern("FR", "mobile"))
#: Mobiles reserved for fiction (06 39 98) and for load tests (07 00), neither given to anybody.
_FICTIONAL = re.compile(r"63998\d{4}|700\d{6}")
_REGIONS = tuple(
    _Region(
        code,
        int(PhoneMetadata.metadata_for_region(code).country_code),
        re.compile(_pattern(code, "mobile")),
        re.compile(_pattern(code, "fixed_line")),
        9,
    )
    for code in OVERSEAS_ZONES
)

_SEPARATORS = " \t\r\n\u00a0\u202f\u2007\u2009.-‐‑‒–—/_,;'’()[]"
_DROP = {ord(c): None for c in _SEPARATORS}
_ORDINARY = re.compile(rf"(?:0|\+33|0033)({_FR_MOBILE.pattern})").fullmatch


def parse(raw: str, *, default_region: str = "FR", fictional: bool) -> Number | Problem:
    """What number a text means, or why it means none.

    `fictional` says whether numbers reserved for fiction are accepted (config.fictional_numbers).
    """
    bare = raw.translate(_DROP)
    ordinary = _ORDINARY(bare)
    if ordinary is not None:
        return Number("+33" + ordinary[1], "mobile", "FR", "(" in raw)
    return _parse_slowly(raw, bare, default_region, fictional)


def _parse_slowly(raw: str, bare: str, default_region: str, fictional: bool) -> Number | Problem:
    if not any(c.isdigit() for c in bare):
        return Problem("letters" if bare else "empty")
    digits = unicode_digits(bare)
    if any(c.isalpha() for c in digits):
        return Problem("letters")
    international = digits.startswith(("+", "00"))
    number = digits.lstrip("+").removeprefix("00") if international else digits
    if default_region in _FRENCH_PLAN or number.startswith("33"):
        national = _national(number, international)
        if national is not None:
            found = _french(national, fictional, not (international or digits.startswith("0")) or "(" in raw)
            if found is not None:
                return found
    return _foreign(("+" + number) if international else digits, default_region)


def unicode_digits(text: str) -> str:
    return text


def _national(number: str, international: bool) -> str | None:
    """The nine digits of the French plan in what was written, if it can be of that plan."""
    if number.startswith("33") and len(number) in (11, 12):
        rest = number[2:].lstrip("0") if len(number) == 12 else number[2:]
        return rest if len(rest) == 9 else None
    if international:
        return None
    rest = number[1:] if len(number) == 10 and number[0] == "0" else number
    return rest if len(rest) == 9 else None


def _french(national: str, fictional: bool, repaired: bool) -> Number | Problem | None:
    if _FR_MOBILE.fullmatch(national):
        return Number("+33" + national, "mobile", "FR", repaired)
    if _FICTIONAL.fullmatch(national):
        return Number("+33" + national, "mobile", "FR", repaired) if fictional else Problem("fictional")
    for region in _REGIONS:
        if region.mobile.fullmatch(national):
            return Number(f"+{region.country_code}{national}", "mobile", region.code, True)
    owners = {region.country_code: region for region in reversed(_REGIONS) if region.fixed.fullmatch(national)}
    if len(owners) == 1:
        ((country_code, region),) = owners.items()
        return Number(f"+{country_code}{national}", "fixed", region.code, True)
    found = _foreign("+33" + national, "FR")
    return found._replace(repaired=repaired) if isinstance(found, Number) else None


def _foreign(text: str, default_region: str) -> Number | Problem:
    try:
        number = phonenumbers.parse(text, default_region)
    except NumberParseException as error:
        code = {NumberParseException.TOO_LONG: "too_long", NumberParseException.TOO_SHORT_NSN: "too_short"}
        return Problem(code.get(error.error_type, "invalid"))
    if not phonenumbers.is_valid_number(number):
        reason = phonenumbers.is_possible_number_with_reason(number)
        names = {phonenumbers.ValidationResult.TOO_SHORT: "too_short", phonenumbers.ValidationResult.TOO_LONG: "too_long"}
        return Problem(names.get(reason, "invalid"))
    return Number(
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        _KINDS.get(phonenumbers.number_type(number), "other"),
        phonenumbers.region_code_for_number(number) or "ZZ",
        False,
    )


_KINDS: dict[int, Kind] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
}


def zones(e164: str) -> tuple[str, ...]:
    """The time zones the owner of a number may live in; several when the number does not tell.

    The contact's own zone, when known, wins over this one: numbers are portable.
    """
    if e164.startswith("+33"):
        return _PARIS
    return _zones_abroad(e164)


@lru_cache(maxsize=65536)
def _zones_abroad(e164: str) -> tuple[str, ...]:
    for country_code in {region.country_code for region in _REGIONS}:
        if e164.startswith(f"+{country_code}"):
            return _overseas_zones(country_code, e164.removeprefix(f"+{country_code}"))
    try:
        found = number_timezone.time_zones_for_number(phonenumbers.parse(e164))
    except NumberParseException:
        return _NOWHERE
    return _NOWHERE if "Etc/Unknown" in found else tuple(found)


def _overseas_zones(country_code: int, national: str) -> tuple[str, ...]:
    candidates = [region for region in _REGIONS if region.country_code == country_code]
    exact = [r for r in candidates if r.mobile.fullmatch(national) or r.fixed.fullmatch(national)]
    return tuple(dict.fromkeys(OVERSEAS_ZONES[region.code] for region in exact or candidates))
