"""Cells of a spreadsheet made into values: dates in French order, e-mail addresses, numbers, titles.

Pure functions with small caches: in a file of a million people most towns, dates and words come back.
"""

import re
import unicodedata
from datetime import date as Date
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from sofy.kernel.text import fold, visible

TITLES = {
    **dict.fromkeys(("m", "mr", "monsieur", "mister", "h", "homme", "male", "masculin", "sir"), "mr"),
    **dict.fromkeys(("mme", "mlle", "madame", "mademoiselle", "mrs", "ms", "miss", "f", "femme", "female"), "mrs"),
    **dict.fromkeys(("feminin", "melle"), "mrs"),
}
LANGUAGES = {
    **dict.fromkeys(("fr", "francais", "french", "fra", "fre"), "fr"),
    **dict.fromkeys(("en", "anglais", "english", "eng"), "en"),
    **dict.fromkeys(("es", "espagnol", "spanish"), "es"),
    **dict.fromkeys(("de", "allemand", "german"), "de"),
    **dict.fromkeys(("it", "italien", "italian"), "it"),
    **dict.fromkeys(("pt", "portugais", "portuguese"), "pt"),
    **dict.fromkeys(("nl", "neerlandais", "dutch"), "nl"),
    **dict.fromkeys(("ar", "arabe", "arabic"), "ar"),
    **dict.fromkeys(("pl", "polonais", "polish"), "pl"),
    **dict.fromkeys(("ro", "roumain", "romanian"), "ro"),
    **dict.fromkeys(("tr", "turc", "turkish"), "tr"),
    **dict.fromkeys(("zh", "chinois", "chinese"), "zh"),
}
YES_NO = {
    **dict.fromkeys(("oui", "yes", "vrai", "true", "1", "x", "o", "y"), True),
    **dict.fromkeys(("non", "no", "faux", "false", "0", "n"), False),
}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier janv january jan",
            "fevrier fevr fev february feb",
            "mars march mar",
            "avril avr april apr",
            "mai may",
            "juin june jun",
            "juillet juil july jul",
            "aout august aug",
            "septembre sept sep september",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_DMY = re.compile(r"(\d{1,2}) ?[/.\- ] ?(\d{1,2}) ?[/.\- ] ?(\d{4}|\d{2})(?:[ T]\d{1,2}[:h]\d{2}.*)?")
_YMD = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?:[ T]\d{1,2}[:h]\d{2}.*)?")
_RUN_TOGETHER = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{2})")
_SERIAL = re.compile(r"[1-7]\d{4}(?:\.\d+)?")
_SERIAL_START = Date(1899, 12, 30)  # day 0 of a spreadsheet, for days after February 1900
_MONTH_FIRST = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_DAY = r"(?:(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|(?:mon|tues|wednes|thurs|fri|satur|sun)day),? "
_WORDED = re.compile(rf"(?:{_DAY})?(\d{{1,2}})(?:er|st|nd|rd|th)?[ -]([a-z]+)\.?[ -](\d{{4}}|\d{{2}})")
_SHORT_YEAR = re.compile(r"[/.\- ]\d{2}\s*$")
_CENTURY_PIVOT = 30  # 29 is 2029 for a consent; birth_date() makes 1929 of it
_EMAIL = re.compile(
    r"(?P<local>[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)@"
    r"(?P<domain>(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59}))"
)
_ADDRESSED = re.compile(r"[^<>]*<([^<>]+)>")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")  # what a spreadsheet runs. Source: OWASP, CSV Injection
#: In English and French, by Excel and LibreOffice, whose French puts a space before the last sign.
_FAILED = re.compile(
    r"#(?:N/[AD]|(?:NAME|NOM)\s?\?|(?:NULL?|NUM|NOMBRE|REF|VALUE|VALEUR|DIV/0|SPILL|CALC|PROPAGATION)\s?!)|Err\s?:\d{3}"
)
_FIGURES = re.compile(r"[+-]?[\d \u00a0\u202f.,]+")  # runs as nothing: +262 692 12 34 56
_NUMBER_SPACES = str.maketrans({" ": None, "\u00a0": None, "\u202f": None, "€": None, "%": None})


def formula_failed(raw: str) -> bool:
    """Whether a cell holds what a spreadsheet shows in place of a result it could not work out."""
    return _FAILED.fullmatch(raw.strip()) is not None


@lru_cache(maxsize=65536)
def date(raw: str) -> Date | None:
    """A date written the French way (day first), as ISO, run together, with the month in words, or as a spreadsheet
    counts days; None when it is not a date.
    """
    text = raw.strip()
    found = _YMD.fullmatch(text)
    if found:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif found := _DMY.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), _year(found[3])
    elif found := _WORDED.fullmatch(fold(text)):
        day, month, year = int(found[1]), _MONTHS.get(found[2], 0), _year(found[3])
    elif found := _MONTH_FIRST.fullmatch(fold(text)):
        day, month, year = int(found[2]), _MONTHS.get(found[1], 0), int(found[3])
    elif found := _RUN_TOGETHER.fullmatch(text):
        one, two, three, four = map(int, found.groups())
        by_year = one in (19, 20) and 1 <= three <= 12 and 1 <= four <= 31
        year, month, day = (100 * one + two, three, four) if by_year else (100 * three + four, two, one)
        if not 1900 <= year <= 2099:
            return None
    elif _SERIAL.fullmatch(text):
        return _SERIAL_START + timedelta(days=int(float(text)))
    else:
        return None
    try:
        return Date(year, month, day)
    except ValueError:
        return None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < _CENTURY_PIVOT else 1900)


def birth_date(raw: str, today: Date) -> Date | None:
    """A date somebody alive may be born on."""
    found = date(raw)
    if found and found > today and _SHORT_YEAR.search(raw):
        found = found.replace(year=found.year - 100) if (found.month, found.day) != (2, 29) else None
    return found if found and today.year - 120 <= found.year and found <= today else None


def email(raw: str) -> str | None:
    """The canonical form of an e-mail address, or None.

    Source: RFC 5321 (lengths), RFC 6531 and 6532 (accented local parts and domains, NFC).
    """
    text = visible(raw).strip().strip("<>,;.").removeprefix("mailto:").removeprefix("'")
    if "<" in text and (addressed := _ADDRESSED.fullmatch(text + (">" if text.count("<") > text.count(">") else ""))):
        text = addressed[1].strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if _EMAIL.fullmatch(text) is None or len(text) > 254:
        return None
    if text.index("@") > 64:
        return None
    return text.lower()


def number(raw: str) -> Decimal | None:
    """A number with a French or English decimal mark."""
    text = raw.translate(_NUMBER_SPACES)
    if "," in text:
        text = text.replace(".", "").replace(",", ".") if text.rfind(",") > text.rfind(".") else text.replace(",", "")
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < Decimal(10) ** 13 else None


def plain(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe; an import takes it off again."""
    if text.lstrip(" \u00a0\ufeff").startswith(FORMULA) and not _FIGURES.fullmatch(text):
        return "'" + text
    return text


def unquoted(raw: str) -> str:
    """Text without the apostrophe that keeps a spreadsheet from running it."""
    return raw[1:] if raw[:1] == "'" and raw[1:].lstrip(" \u00a0").startswith(FORMULA) else raw


@lru_cache(maxsize=65536)
def postcode(raw: str) -> str:
    """A postcode with the zero that a spreadsheet took from it."""
    text = raw.strip().upper().replace(" ", "").removesuffix(".0")
    return text.zfill(5)[:12] if text.isdigit() and len(text) == 4 else text[:12]


@lru_cache(maxsize=65536)
def place(raw: str) -> tuple[str, str]:
    """A town as written on one line, and folded for searching."""
    text = " ".join(unquoted(raw).split())[:80]
    return text, fold(text)[:80]


@lru_cache(maxsize=4096)
def title(raw: str) -> str | None:
    """mr, mrs, or None."""
    return TITLES.get(fold(raw).strip(". "))


@lru_cache(maxsize=4096)
def language(raw: str) -> str | None:
    """ISO 639 code of a language named in French or English, or of a locale."""
    word = fold(raw)
    return LANGUAGES.get(word) or LANGUAGES.get(word[:2] if re.fullmatch(r"[a-z]{2}[-_][a-z]{2}", word) else "")


def coordinate(raw: str, limit: float) -> float | None:
    """Degrees, with a comma or a point."""
    try:
        degrees = float(raw.strip().replace(",", "."))
    except ValueError:
        return None
    return degrees if -limit <= degrees <= limit else None


def instant(found: Date) -> datetime:
    """Noon in Paris of a day, for facts of which only the day is known."""
    from sofy.kernel.clock import PARIS

    return datetime(found.year, found.month, found.day, 12, tzinfo=PARIS)
