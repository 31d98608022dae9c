import pytest

from sofy.kernel.errors import Refused
from sofy.soreach import content, rules

FIELDS = ("prenom", "nom", "ville", "date_naissance", "points")


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
            {"ville": "Brest", "points": "3"},
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
        ("function", "{{ range(10) }}", "content_field_unknown"),
        ("list", "{{ [1] }}", "content_sign_refused"),
        ("unknown field", "{{ prenon }}", "content_field_unknown"),
        ("our own variable", "{{ _link_0 }}", "content_field_unknown"),
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
    ],
)
def test_the_mention_must_reach_everybody(_case, source, lacks):
    assert rules.lacks_stop_mention(compiled(source).fixed, "36111") is lacks


@pytest.mark.clause("CGVU 14.1")
def test_the_button_adds_the_mention_once():
    once = rules.with_stop_mention("Promo ", "36111")

    assert once == "Promo STOP SMS 36111"
    assert rules.with_stop_mention(once, "36111") == once
