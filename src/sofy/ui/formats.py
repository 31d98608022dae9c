"""Numbers, money and dates as people in France (or an English reader in France) write them. Pure.

What a page of tables writes hundreds of times is remembered.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

LOCALES = {"fr": "fr_FR", "en": "en_GB"}
SHORT = {"fr": "EEEE d MMM", "en": "EEEE d MMM"}


def locale_of(language: str | None) -> str:
    """The Babel locale of a Django language code; French unless told otherwise."""
    return LOCALES.get((language or "fr")[:2], "fr_FR")


@lru_cache(10_000, typed=True)
def number(value: int | float | Decimal, language: str | None, digits: int = 0) -> str:
    """12 345,67 in French, 12,345.67 in English."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=locale_of(language))


@lru_cache(1_000)
def country(code: str, language: str | None) -> str:
    """France (FR) of an ISO code, France (+33) of a dialling code; of one that several share, the main one and dots."""
    names = Locale.parse(locale_of(language)).territories
    if not code.isdecimal():
        return f"{names[code]} ({code})" if code in names else code
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if not regions or regions[0] not in names or regions[0].isdecimal():
        return f"+{code}"
    return f"{names[regions[0]]}{'…' if len(regions) > 1 else ''} (+{code})"


def euros(amount: Decimal | int, language: str | None, digits: int = 2) -> str:
    """An amount in euros. Unit: EUR, Decimal."""
    pattern = "#,##0." + "0" * digits
    french = locale_of(language) == "fr_FR"
    pattern = f"{pattern}\u00a0¤" if french else f"¤{pattern}"
    return format_currency(amount, "EUR", format=pattern, locale=locale_of(language), currency_digits=False)


def percent(ratio: float | Decimal, language: str | None) -> str:
    """A share with one decimal: 0.931 gives 93,1 %."""
    pattern = "#,##0.0\u00a0%" if locale_of(language) == "fr_FR" else "#,##0.0%"
    return format_percent(ratio, format=pattern, locale=locale_of(language))


@lru_cache(1_000)
def day(value: date, language: str | None, today: date) -> str:
    """mardi 24 nov., with the year only when it is another one."""
    locale = locale_of(language)
    pattern = SHORT[locale[:2]] + (" y" if value.year != today.year else "")
    return str(format_date(value, pattern, locale=locale))


def moment(value: datetime, language: str | None, today: date, *, seconds: bool = False) -> str:
    """mardi 24 nov., 10:32, on the clock of the datetime's own zone."""
    text = day(value.date(), language, today)
    separator = " " if text.endswith(",") else ", "
    return f"{text}{separator}{value:%H:%M:%S}" if seconds else f"{text}{separator}{value:%H:%M}"


def exact(value: datetime, language: str | None) -> str:
    """The instant to the second with its zone, for the title of a time."""
    locale = locale_of(language)
    pattern = "d MMMM y 'à' HH:mm:ss" if locale == "fr_FR" else "d MMMM y HH:mm:ss"
    offset = value.strftime("%z")
    return f"{format_datetime(value, pattern, locale=locale)} (UTC{offset[:3]}:{offset[3:]})"
