from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from sofy.engine import gate
from sofy.kernel.errors import Refused
from sofy.soreach import content, rules, words
from sofy.soreach.rules import Check
from sofy.soreach.views import preview
from sofy.ui import problems

FIELDS = {
    "prenom": "text",
    "nom": "text",
    "ville": "text",
    "date_naissance": "date",
    "points": "number",
    "fidele": "bool",
}


def compiled(source):
    return content.compile_content(source, fields=FIELDS)


@pytest.mark.parametrize(
    ("_case", "source", "values", "expected"),
    [
        ("a variable", "Bonjour {{ prenom }}", {"prenom": "Élise"}, "Bonjour Élise"),
        ("a default", "Bonjour {{ prenom|default('vous') }}", {}, "Bonjour vous"),
        ("a default that is not needed", "{{ prenom | default('vous') }}", {"prenom": "Zoé"}, "Zoé"),
        ("a default after a filter", "{{ prenom|upper|default('VOUS') }}", {}, "VOUS"),
        ("a condition with a hole", "{% if ville %}À {{ ville }}{% else %}Partout{% endif %}", {}, "Partout"),
        (
            "a condition",
            "{% if ville == 'Lyon' %}oui{% elif points %}p{% endif %}",
            {"ville": "Brest", "points": 3},
            "p",
        ),
        ("a compound name", "{{ prenom|title }}", {"prenom": "JEAN-PIERRE D’ARTAGNAN"}, "Jean-Pierre D’Artagnan"),
        ("a date", "{{ date_naissance|date('day') }}", {"date_naissance": "1980-02-01"}, "1 février"),
        ("a text that is not a date stays", "{{ date_naissance|date }}", {"date_naissance": "hier"}, "hier"),
        ("a comment", "a{# secret #}b", {}, "ab"),
        ("no value is read as a template", "{{ prenom }}", {"prenom": "{{ nom }}"}, "{{ nom }}"),
        ("inline condition", "{{ 'Cher' if nom else 'Bonjour' }}", {"nom": "X"}, "Cher"),
    ],
)
def test_render(_case, source, values, expected):
    assert compiled(source).render(values) == expected


@given(
    st.lists(st.text(alphabet="a%{}( sé\n\r'\"\\", max_size=6), min_size=1, max_size=4),
    st.sampled_from([" ", "", " https://magasin.example/p ", "{{ ville|default('') }}"]),
    st.dictionaries(st.sampled_from(["prenom", "ville"]), st.text(min_size=1, max_size=8), min_size=2),
)
def test_fields_are_filled_in_as_the_template_engine_would(texts, between, values):
    source = between.join("{{ prenom }}".join(texts[n : n + 2]) for n in range(len(texts)))
    try:
        made = compiled(source)
    except Refused:
        return
    short_links = ["https://court.example/l/x%sy"] * len(made.links)

    quick = made.render(values, short_links)

    assert quick == replace(made, _filled=None).render(values, short_links)


@pytest.mark.parametrize(
    ("_case", "source", "code"),
    [
        ("loop", "{% for x in nom %}{{ x }}{% endfor %}", "content_tag_refused"),
        ("set", "{% set nom = 1 %}", "content_tag_refused"),
        ("macro", "{% macro m() %}{% endmacro %}", "content_tag_refused"),
        ("include", "{% include 'x' %}", "content_tag_refused"),
        ("raw", "{% raw %}{{ x }}{% endraw %}", "content_tag_refused"),
        ("format", "{{ '%9999999d'|format(1) }}", "content_filter_refused"),
        ("filter out of the list", "{{ nom|replace('a', 'b') }}", "content_filter_refused"),
        ("product", "{{ 'a' * 100000000 }}", "content_sign_refused"),
        ("joining", "{{ nom ~ nom }}", "content_sign_refused"),
        ("attribute", "{{ nom.__class__ }}", "content_sign_refused"),
        ("index", "{{ nom[0] }}", "content_sign_refused"),
        ("call", "{{ nom('a') }}", "content_call_refused"),
        ("function", "{{ range(10) }}", "content_field_absent"),
        ("list", "{{ [1] }}", "content_sign_refused"),
        ("unknown field", "{{ prenon }}", "content_field_unknown"),
        ("our own variable", "{{ _link_0 }}", "content_field_absent"),
        ("not closed", "Bonjour {{ nom", "content_brace_not_closed"),
        ("closed only", "Bonjour nom }}", "content_brace_not_closed"),
        ("if not closed", "{% if nom %}a", "content_if_not_closed"),
        ("nothing inside", "{{ }}", "content_syntax"),
        ("half an expression", "{{ nom == }}", "content_syntax"),
        ("empty", "  \n", "content_empty"),
        ("too long", "a" * 2_001, "content_too_long"),
    ],
)
def test_refused(_case, source, code):
    with pytest.raises(Refused) as refused:
        compiled(source)

    assert refused.value.code == code


def test_a_refusal_says_the_line_and_what_was_meant():
    with pytest.raises(Refused) as refused:
        compiled("Bonjour\n{{ prenon }}")

    assert refused.value.facts == {"line": 2, "field": "prenon", "suggestion": "prenom"}


@pytest.mark.parametrize(
    ("_case", "source"),
    [
        ("printed", "{{ prenom }}"),
        ("filtered", "{{ prenom|upper }}"),
        ("in a branch", "{% if 1 %}{{ prenom|title }}{% endif %}"),
    ],
)
def test_a_printed_hole_is_a_missing_value(_case, source):
    with pytest.raises(content.MissingValue) as missing:
        compiled(source).render({})

    assert missing.value.field == "prenom"


def test_output_is_capped():
    with pytest.raises(content.TextTooLong):
        compiled("{{ nom }}" * 20).render({"nom": "x" * 100})


def test_addresses_become_short_links_of_a_known_length():
    made = compiled("Voir https://magasin.example/promo?a=1, ou http://b.example. STOP SMS 36111")

    text = made.render({}, ["https://s.fr/l/abcdefghi", "https://s.fr/l/jkmnopqrs"])

    assert made.links == ("https://magasin.example/promo?a=1", "http://b.example")
    assert text == "Voir https://s.fr/l/abcdefghi, ou https://s.fr/l/jkmnopqrs. STOP SMS 36111"
    assert len(content.sample_links("https://s.fr/", 1)[0]) == content.short_link_length("https://s.fr/")


def test_an_address_with_a_variable_inside_stays_as_it_is():
    made = compiled("https://magasin.example/{{ ville }}")

    assert made.links == ()
    assert made.render({"ville": "Lyon"}) == "https://magasin.example/Lyon"


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize(
    ("_case", "source", "lacks"),
    [
        ("written by the author", "Promo STOP SMS 36111", False),
        ("absent", "Promo", True),
        ("another short code", "Promo STOP SMS 36222", True),
        ("inside a condition", "Promo{% if nom %} STOP SMS 36111{% endif %}", True),
        ("inside a comment", "Promo {# STOP SMS 36111 #}", True),
        ("after a condition", "{% if nom %}a{% endif %} STOP SMS 36111", False),
        ("a field before it", "{{ prenom|default('vous') }}STOP SMS 36111", True),
        ("a field after it", "STOP SMS 36111{{ nom }}", True),
        ("a space that is taken away", "{{ prenom -}} STOP SMS 36111", True),
        ("a space that is taken away after it", "STOP SMS 36111 {{- nom }}", True),
        ("a field inside it", "STOP {{ nom }}SMS 36111", True),
        ("a comment inside it", "STOP {# now #}SMS 36111", False),
        ("an address before it", "https://a.example/STOP SMS 36111", True),
        ("a brace that hides it", "{{#}# STOP SMS 36111 #}", True),
    ],
)
def test_the_mention_must_reach_everybody(_case, source, lacks):
    assert rules.lacks_stop_mention(compiled(source).fixed, "36111") is lacks


@pytest.mark.clause("CGVU 14.1")
def test_the_button_adds_the_mention_once():
    pressed = {"mention": "A"}

    ((once, _share),) = preview.reworked([("Promo ", 1)], pressed, "36111")

    assert once == "Promo STOP SMS 36111"
    assert preview.reworked([(once, 1)], pressed, "36111") == [(once, 1)]


@pytest.mark.clause("CGVU 14.1")
@pytest.mark.parametrize("source", ["{{ nom }}STOP SMS 36111", "Promo {{ nom -}}", "a {% if nom %}b{%- endif -%} "])
def test_after_the_button_the_mention_reaches_everybody(source):
    ((made, _share),) = preview.reworked([(source, 1)], {"mention": "A"}, "36111")

    assert not rules.lacks_stop_mention(compiled(made).fixed, "36111")


@pytest.mark.parametrize(
    ("_case", "source", "values", "expected"),
    [
        ("less", "{% if points > 100 %}VIP{% else %}std{% endif %}", {"points": 2}, "std"),
        ("nearly", "{% if points > 100 %}VIP{% else %}std{% endif %}", {"points": 99}, "std"),
        ("more", "{% if points > 100 %}VIP{% else %}std{% endif %}", {"points": 150}, "VIP"),
        ("with decimals", "{% if points >= 12.5 %}a{% else %}b{% endif %}", {"points": 12.5}, "a"),
        ("printed", "{{ points }}", {"points": 1250.5}, "1250,5"),
        ("printed in capitals", "{{ points|upper }}", {"points": 12.5}, "12,5"),
        ("nothing is a number too", "{{ points }}{% if points %}x{% endif %}", {"points": 0}, "0"),
        ("with a default", "{% if points|default(0) > 100 %}VIP{% else %}std{% endif %}", {}, "std"),
        ("asked for first", "{% if points is defined and points > 1 %}a{% else %}b{% endif %}", {}, "b"),
        ("one of", "{% if points in (1, 2) %}a{% else %}b{% endif %}", {"points": 2}, "a"),
        ("a date", "{{ date_naissance }}", {"date_naissance": "1980-02-01"}, "01/02/1980"),
        (
            "dates",
            "{% if date_naissance < '01/03/1980' %}a{% else %}b{% endif %}",
            {"date_naissance": "1980-02-28"},
            "a",
        ),
        ("an older date", "{% if date_naissance < '1980-03-01' %}a{% endif %}", {"date_naissance": "1979-12-31"}, "a"),
        ("yes", "{% if fidele %}a{% else %}b{% endif %} {{ fidele }}", {"fidele": True}, "a oui"),
        ("no", "{% if fidele %}a{% else %}b{% endif %} {{ fidele }}", {"fidele": False}, "b non"),
        ("not no", "{% if not fidele %}a{% endif %}", {"fidele": False}, "a"),
        ("twice not", "{% if not not fidele %}a{% else %}b{% endif %}", {"fidele": False}, "b"),
        ("within a text", "{% if 'lyon' in ville|lower %}a{% else %}b{% endif %}", {"ville": "LYON 3"}, "a"),
        ("a brace", "{ {{ nom }} {", {"nom": "X"}, "{ X {"),
        ("spaces taken away", "a {{- nom -}} b", {"nom": "X"}, "aXb"),
    ],
)
def test_values_are_of_their_kind(_case, source, values, expected):
    assert compiled(source).render(values) == expected


@pytest.mark.parametrize(
    ("_case", "source", "code"),
    [
        ("a number with a text", "{% if points > '100' %}a{% endif %}", "content_number_expected"),
        ("a text with a number", "{% if ville == 69001 %}a{% endif %}", "content_text_expected"),
        ("a date with a text", "{% if date_naissance > 'hier' %}a{% endif %}", "content_date_expected"),
        ("yes or no with a text", "{% if fidele == 'oui' %}a{% endif %}", "content_bool_expected"),
        ("a default of another kind", "{% if points|default('x') > 1 %}a{% endif %}", "content_same_expected"),
        ("a number among texts", "{% if points in ('1', '2') %}a{% endif %}", "content_number_expected"),
        ("three at once", "{% if 1 < points < 3 %}a{% endif %}", "content_syntax"),
        ("very deep", "{{ " + "(" * 500 + "nom" + ")" * 500 + " }}", "content_syntax"),
        ("very many", "{{ " + "nom if nom else " * 120 + "nom }}", "content_syntax"),
    ],
)
def test_kinds_are_never_mixed(_case, source, code):
    with pytest.raises(Refused) as refused:
        compiled(source)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "source", ["{% if points > 100 %}a{% endif %}", "{% if ville == 'Lyon' %}a{% else %}b{% endif %} {{ nom }}"]
)
def test_a_hole_that_is_compared_is_a_missing_value(source):
    with pytest.raises(content.MissingValue) as missing:
        compiled(source).render({"nom": "X"})

    assert missing.value.field in ("points", "ville")


def test_fields_are_written_in_plain_letters_where_the_author_wants_it():
    made = content.compile_content("{{ prenom|upper }} à Nîmes {{ nom }}", fields=FIELDS, plain=True)

    assert made.render({"prenom": "Zoè", "nom": "Jérôme"}) == "ZOE à Nîmes Jérome"


MARKUP = ("{{ nom }}", "{{- nom -}}", "{{ prenom|default('36') -}}", "{% if nom %}", "{%- else -%}", "{% endif %}")
LITERALS = (
    "{# x #}",
    "{#- STOP -#}",
    " ",
    "\n",
    ".",
    "é",
    "1",
    "{",
    "}",
    "#",
    "%",
    "https://",
    "https://a.example/x",
    "ж",
)
MENTIONS = ("STOP", "STOP SMS", "STOP SMS 36111", " STOP SMS 36111", "SMS 36111")
PIECES = st.sampled_from(MARKUP + LITERALS + MENTIONS)
VALUES = st.sampled_from(["", "3", "é", " ", "STOP", "SMS ", "\u0301", "{{", "ж", ".", "_", "\n"])


@pytest.mark.clause("CGVU 14.1")
@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=9), VALUES, VALUES)
def test_what_passes_at_launch_passes_at_the_gate_for_everybody(pieces, nom, prenom):
    source = "".join(pieces)
    try:
        made = compiled(source)
    except Refused:
        return
    if rules.lacks_stop_mention(made.fixed, "36111"):
        return
    values = {name: value for name, value in (("nom", nom), ("prenom", prenom)) if value}
    try:
        text = made.render(values, ["https://s.example/l/abcdefghi"] * len(made.links))
    except content.MissingValue:
        return

    message = gate.Message("marketing", "+33639980001", text, "FLEURS", "36111", None, Decimal("0.05"))
    assert gate.stop_mention(message, gate.Facts(), datetime(2026, 11, 24, 12, tzinfo=UTC)) is None


def test_nothing_is_suggested_when_nothing_is_near():
    with pytest.raises(Refused) as refused:
        compiled("{{ range }} {{ prenom }}")

    with translation.override("en"):
        said = problems.sentence(refused.value)
        checked = words.check_text(Check(refused.value.code, "stop", refused.value.facts))

    assert "Did you mean" not in said
    assert "“range”" in said
    assert checked == said
