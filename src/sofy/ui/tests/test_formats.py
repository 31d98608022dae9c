"""Numbers, money and dates, as written by people."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation

from sofy.kernel import clock
from sofy.ui import formats

TODAY = date(2026, 11, 24)
MOMENT = datetime(2026, 11, 24, 10, 32, 5, tzinfo=clock.PARIS)


def spaces(text):
    """Non-breaking spaces shown as ~, so that a test can be read."""
    return text.replace("\u202f", "~").replace("\u00a0", "~")


@pytest.mark.parametrize(
    ("_case", "shown", "expected"),
    [
        ("number, fr", formats.number(12345, "fr"), "12~345"),
        ("number, en", formats.number(12345, "en"), "12,345"),
        ("decimals, fr", formats.number(Decimal("12345.678"), "fr", 2), "12~345,68"),
        ("euros, fr", formats.euros(Decimal("12345.67"), "fr"), "12~345,67~€"),
        ("euros, en", formats.euros(Decimal("12345.67"), "en"), "€12,345.67"),
        ("unit price, fr", formats.euros(Decimal("0.0429"), "fr", 4), "0,0429~€"),
        ("percent, fr", formats.percent(0.931, "fr"), "93,1~%"),
        ("percent, en", formats.percent(0.931, "en"), "93.1%"),
        ("moment, fr", formats.moment(MOMENT, "fr", TODAY), "mardi 24 nov., 10:32"),
        ("moment, en", formats.moment(MOMENT, "en", TODAY), "Tuesday 24 Nov, 10:32"),
        ("another year, fr", formats.moment(MOMENT.replace(year=2025), "fr", TODAY), "lundi 24 nov. 2025, 10:32"),
        ("exact, fr", formats.exact(MOMENT, "fr"), "24 novembre 2026 à 10:32:05 (UTC+01:00)"),
        ("no language is French", formats.number(1000, None), "1~000"),
    ],
)
def test_format(_case, shown, expected):
    assert spaces(shown) == expected


def render(source, **values):
    return Template("{% load ui %}" + source).render(Context(values))


def test_a_moment_carries_its_exact_instant():
    clock.install(lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))

    with translation.override("fr"):
        shown = render("{{ at|walltime }}", at=MOMENT.astimezone(UTC))

    assert ">mardi 24 nov., 10:32</time>" in shown
    assert 'title="24 novembre 2026 à 10:32:05 (UTC+01:00)"' in shown


@pytest.mark.parametrize("name", ["walltime", "walldate", "number", "euros", "percent"])
def test_nothing_shows_as_a_dash(name):
    assert render(f"{{{{ value|{name} }}}}", value=None) == "–"


def test_numbers_of_a_table_have_the_spacing_of_the_language():
    with translation.override("fr"):
        shown = render("{% for value in row %}{{ value|cell }}|{% endfor %}", row=["Lyon", 12400, 0.5, True])

    assert spaces(shown) == "Lyon|12~400|0,50|True|"


def test_a_share_of_nothing_is_a_dash():
    assert render("{{ 3|share:0 }}") == "–"


def test_an_icon_that_is_not_in_the_set_is_refused():
    with pytest.raises(TemplateSyntaxError):
        render('{% icon "no-such-icon" %}')


def test_a_state_never_stands_on_colour_alone():
    with translation.override("fr"):
        shown = render('{% status "delivered" %}')

    assert "tone-green" in shown
    assert "#check" in shown
    assert "Reçu" in shown


def test_text_from_people_is_escaped():
    shown = render('{% icon "home" label=text %}', text='"><script>')

    assert "<script>" not in shown


@pytest.mark.parametrize(
    ("code", "language", "name"),
    [
        ("33", "fr", "France (+33)"),
        ("49", "fr", "Allemagne (+49)"),
        ("49", "en", "Germany (+49)"),
        ("44", "fr", "Royaume-Uni… (+44)"),
        ("FR", "en", "France (FR)"),
        ("870", "fr", "+870"),
        ("999", "en", "+999"),
        ("??", "en", "??"),
    ],
)
def test_a_country_has_a_name(code, language, name):
    assert formats.country(code, language) == name
