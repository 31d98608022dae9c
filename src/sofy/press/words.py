"""Amounts, dates and periods in the words of a French or an English reader, for paper and letters.

Written without Babel, which takes 20 µs for an amount and is the tests' oracle: an invoice has hundreds of them.
Source: Imprimerie nationale (Lexique des règles typographiques) for French: U+202F between thousands, U+00A0 before
€ and %, "1er" for the first of a month.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from sofy.kernel.money import rounded

Language = Literal["fr", "en"]

NARROW, NO_BREAK, MINUS = "\u202f", "\u00a0", "\u2212"
_MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_DAYS: dict[Language, tuple[str, ...]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_FRENCH = str.maketrans({",": NARROW, ".": ",", "-": MINUS})
_ENGLISH = str.maketrans({"-": MINUS})


def number(value: Decimal | int, language: Language, *, least: int = 0, most: int = 4) -> str:
    """A number with as many decimals as it needs, between `least` and `most`: 12 345,5 or 12,345.5.

    Raises: ValueError for a number that needs more decimals: paper never shows another number than was meant.
    """
    exact = Decimal(value)
    needed = -int(exact.normalize().as_tuple().exponent) if exact else 0
    if needed > most:
        raise ValueError(f"{value} has more than {most} decimals: round it where it becomes an amount")
    text = f"{abs(exact):,.{max(least, needed)}f}"
    return ("-" + text if exact < 0 else text).translate(_FRENCH if language == "fr" else _ENGLISH)


def amount(value: Decimal, language: Language) -> str:
    """An amount of money: 1 234,56 € or €1,234.56. Unit: EUR, 2 decimals.

    Raises: ValueError for a fraction of a cent.
    """
    return _euros(number(value, language, least=2, most=2), language)


def price(value: Decimal, language: Language) -> str:
    """A price per unit, 2 to 6 decimals: 0,0785 €. Unit: EUR."""
    return _euros(number(value, language, least=2, most=6), language)


def about(value: Decimal, language: Language) -> str:
    """An amount that need not be whole cents, shown to the cent, such as the usage of a day."""
    return amount(rounded(value), language)


def whole(value: Decimal, language: Language) -> str:
    """An amount without cents when it has none, for a share capital: 150 000 €."""
    return _euros(number(value, language, most=0), language) if value == int(value) else amount(value, language)


def _euros(text: str, language: Language) -> str:
    if language == "fr":
        return f"{text}{NO_BREAK}€"
    return f"{MINUS}€{text[1:]}" if text.startswith(MINUS) else f"€{text}"


def percent(value: Decimal, language: Language) -> str:
    """A rate: 8.5 gives 8,5 % or 8.5%."""
    text = number(value, language)
    return f"{text}{NO_BREAK}%" if language == "fr" else f"{text}%"


def day(value: date, language: Language) -> str:
    """1er juin 2026, 9 juin 2026, or 9 June 2026."""
    return f"{_of_month(value.day, language)} {_MONTHS[language][value.month - 1]} {value.year}"


def weekday(value: date, language: Language) -> str:
    """lundi 11 mai 2026, or Monday 11 May 2026."""
    return f"{_DAYS[language][value.weekday()]} {day(value, language)}"


def moment(value: datetime, language: Language) -> str:
    """30 avril 2026 à 09:12:05, on the clock of the datetime's own zone."""
    return f"{day(value.date(), language)} {'à' if language == 'fr' else 'at'} {value:%H:%M:%S}"


def brief(value: date) -> str:
    """09/06/2026, for narrow columns; read the same by both readers in Europe."""
    return f"{value:%d/%m/%Y}"


def period(start: date, end: date, language: Language) -> str:
    """From a day to a day, both included: juin 2026 for a whole month, du 5 au 30 juin 2026 for a part of it."""
    month = _MONTHS[language][start.month - 1]
    if start == end:
        return f"le {day(start, language)}" if language == "fr" else day(start, language)
    if (start.year, start.month) == (end.year, end.month):
        first, last = _of_month(start.day, language), _of_month(end.day, language)
        if language == "fr":
            return f"du {first} au {last} {month} {start.year}"
        return f"{first} to {last} {month} {start.year}"
    if language == "fr":
        return f"du {day(start, language)} au {day(end, language)}"
    return f"{day(start, language)} to {day(end, language)}"


def _of_month(number: int, language: Language) -> str:
    return "1er" if number == 1 and language == "fr" else str(number)


def days(count: int, language: Language) -> str:
    """1 jour, 29 jours; 1 day, 29 days."""
    word = "jour" if language == "fr" else "day"
    return f"{number(count, language)} {word}{'s' if count > 1 or (count != 1 and language == 'en') else ''}"


def company(
    *, name: str, legal_form: str, capital_eur: Decimal, siren_number: str, rcs: str, vat_id: str, language: Language
) -> str:
    """Who a French company is, as law wants its papers to say it. Source: Code de commerce R123-237, R123-238."""
    number = siren(siren_number)
    town = rcs.replace(number, "").replace(number.replace(NO_BREAK, " "), "").replace(siren_number, "").strip()
    capital = "au capital de" if language == "fr" else "with a capital of"
    vat = "N° de TVA" if language == "fr" else "VAT no."
    parts = [
        f"{name}, {legal_form} {capital} {whole(capital_eur, language)}",
        f"SIREN {number}" if number else "",
        (town if town.upper().startswith("RCS") else f"RCS {town}") if town else "",
        f"{vat} {vat_id}" if vat_id else "",
    ]
    return " · ".join(part for part in parts if part)


def address(street: str, street2: str, postcode: str, town: str, country: str, language: Language) -> list[str]:
    """The lines of a postal address; the country only when it is not France."""
    abroad = "" if country == "FR" else _country(country, language)
    return [line for line in (street, street2, f"{postcode} {town}".strip(), abroad) if line]


def _country(code: str, language: Language) -> str:
    from babel import Locale  # a tenth of a second to load, for the few whose address is abroad

    return str(Locale.parse(language).territories.get(code, code))


def groups(value: str, size: int = 4) -> str:
    """An identifier in groups that an eye can compare: FR76 3000 6000…; not broken over two lines."""
    bare = re.sub(r"\s+", "", value)
    return NO_BREAK.join(bare[at : at + size] for at in range(0, len(bare), size))


def siren(value: str) -> str:
    """919 288 548; of a SIRET 919 288 548 00012."""
    bare = re.sub(r"\s+", "", value)
    return NO_BREAK.join(part for part in (bare[:3], bare[3:6], bare[6:9], bare[9:]) if part)
