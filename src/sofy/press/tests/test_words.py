"""Amounts and dates in words, against Babel."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from sofy.press import words

CENTS = st.decimals(min_value=Decimal("-99999999.99"), max_value=Decimal("99999999.99"), places=2)
LANGUAGES = st.sampled_from(["fr", "en"])
LOCALES = {"fr": "fr_FR", "en": "en_GB"}


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        ("1234.56", "1\u202f234,56\u00a0€", "€1,234.56"),
        ("0", "0,00\u00a0€", "€0.00"),
        ("-5.9", "\u22125,90\u00a0€", "\u2212€5.90"),
        ("12345678.9", "12\u202f345\u202f678,90\u00a0€", "€12,345,678.90"),
    ],
)
def test_amounts(value, french, english):
    assert words.amount(Decimal(value), "fr") == french
    assert words.amount(Decimal(value), "en") == english


@pytest.mark.parametrize(
    ("value", "french"), [("50", "50,00\u00a0€"), ("0.0495", "0,0495\u00a0€"), ("0.078500", "0,0785\u00a0€")]
)
def test_prices_have_the_decimals_they_need_and_two_at_least(value, french):
    assert words.price(Decimal(value), "fr") == french


def test_paper_never_shows_another_amount_than_was_meant():
    with pytest.raises(ValueError, match="more than 2 decimals"):
        words.amount(Decimal("1.005"), "fr")
    with pytest.raises(ValueError, match="more than 6 decimals"):
        words.price(Decimal("0.0000001"), "fr")


@given(CENTS, LANGUAGES)
def test_numbers_are_those_of_babel(value, language):
    expected = format_decimal(value, format="#,##0.00", locale=LOCALES[language])

    assert words.number(value, language, least=2, most=2) == expected.replace("-", "\u2212")


@given(st.dates(date(2000, 1, 2), date(2099, 12, 31)), LANGUAGES)
def test_dates_are_those_of_babel_but_for_the_first_of_a_month(day, language):
    expected = format_date(day, "d MMMM y", locale=LOCALES[language])
    if language == "fr" and day.day == 1:
        expected = expected.replace("1 ", "1er ", 1)

    assert words.day(day, language) == expected
    assert words.weekday(day, language).endswith(expected)


@pytest.mark.parametrize(
    ("start", "end", "french", "english"),
    [
        ((2026, 6, 1), (2026, 6, 30), "du 1er au 30 juin 2026", "1 to 30 June 2026"),
        ((2026, 6, 9), (2026, 6, 9), "le 9 juin 2026", "9 June 2026"),
        ((2026, 6, 9), (2027, 1, 1), "du 9 juin 2026 au 1er janvier 2027", "9 June 2026 to 1 January 2027"),
    ],
)
def test_periods(start, end, french, english):
    assert words.period(date(*start), date(*end), "fr") == french
    assert words.period(date(*start), date(*end), "en") == english


def test_rates_days_and_identifiers():
    assert words.percent(Decimal("8.50"), "fr") == "8,5\u00a0%"
    assert words.percent(Decimal("20"), "en") == "20%"
    assert [words.days(n, "fr") for n in (0, 1, 29)] == ["0 jour", "1 jour", "29 jours"]
    assert [words.days(n, "en") for n in (0, 1, 29)] == ["0 days", "1 day", "29 days"]
    assert words.whole(Decimal(150000), "fr") == "150\u202f000\u00a0€"
    assert words.groups("FR76 3000600001").split("\u00a0") == ["FR76", "3000", "6000", "01"]
    assert words.siren("91928854800012") == "919\u00a0288\u00a0548\u00a000012"
    assert words.brief(date(2026, 6, 9)) == "09/06/2026"
    assert words.moment(datetime(2026, 4, 30, 9, 12, 5, tzinfo=UTC), "fr") == "30 avril 2026 à 09:12:05"
