import html
import time
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.content import OPT_OUT_URL, Button, Card, Content, Media, Template
from sofy.kernel.templates import LONGEST_VALUE, Problem, Unfilled, fill, places, prepare


def wrong(content: Content, **variables: str) -> list[Problem]:
    with pytest.raises(Unfilled) as raised:
        fill(content, variables)
    return list(raised.value.problems)


def test_a_text_is_filled_and_its_places_are_named_in_their_order():
    content = Content(text="Bonjour {{prenom}}, {{ ville }} vous attend. {{prenom}} !")

    assert places(content) == ["prenom", "ville"]
    assert fill(content, {"prenom": "Zoé", "ville": "Lyon"}).text == "Bonjour Zoé, Lyon vous attend. Zoé !"


def test_every_field_people_read_is_filled():
    content = Content(
        text="{{a}}", subject="{{b}}", html="<p>{{c}}</p>",
        media=Media(kind="image", url="https://example.com/{{d}}", caption="{{e}}", filename="{{f}}"),
        cards=[Card(title="{{g}}", text="{{h}}", media=Media(kind="image", url="https://example.com/{{i}}"),
                    buttons=[Button(label="{{j}}", value="{{k}}")])],
        buttons=[Button(kind="url", label="Voir", value="https://example.com/?c={{l}}")],
        template=Template(name="rdv", header=["{{m}}"], body=["{{n}}"], buttons=["{{o}}"]),
    )  # fmt: skip
    names = list("abcdefghijklmno")

    filled = fill(content, {name: f"<{name}>" if name in "ac" else name.upper() for name in names})

    assert places(content) == names
    assert (filled.text, filled.subject, filled.html) == ("<a>", "B", "<p>&lt;c&gt;</p>")
    assert filled.media == Media(kind="image", url="https://example.com/D", caption="E", filename="F")
    card = filled.cards[0]
    assert (card.title, card.text, card.buttons[0].label, card.buttons[0].value) == ("G", "H", "J", "K")
    assert card.media == Media(kind="image", url="https://example.com/I")
    assert filled.buttons[0].value == "https://example.com/?c=L"
    assert filled.template == Template(name="rdv", header=["M"], body=["N"], buttons=["O"])


def test_every_place_without_a_value_is_named_at_once():
    content = Content(text="{{prenom}} {{ville}}", subject="{{objet}}")

    assert wrong(content, ville="Lyon") == [Problem("variable_missing", "prenom"), Problem("variable_missing", "objet")]


def test_a_value_nobody_asks_for_is_left_aside():
    assert fill(Content(text="Bonjour"), {"prenom": "Zoé"}).text == "Bonjour"


def test_an_empty_value_leaves_no_place_behind():
    filled = fill(Content(text="x", subject="{{a}}", cards=[Card(title="{{a}}")]), {"a": ""})

    assert (filled.subject, filled.cards[0].title) == ("", "")


def test_the_place_of_the_opt_out_is_left_for_hand_over():
    content = Content(text="{{prenom}} {{ unsubscribe_url }}", html=f'<a href="{OPT_OUT_URL}">Non merci</a>')

    filled = fill(content, {"prenom": "Zoé", "unsubscribe_url": "https://example.com"})

    assert places(content) == ["prenom"]
    assert filled.text == f"Zoé {OPT_OUT_URL}"
    assert filled.html == content.html


def test_a_place_inside_a_value_is_not_filled_again():
    filled = fill(Content(text="{{a}} {{b}}"), {"a": "{{b}}", "b": "2"})

    assert filled.text == "{{b}} 2"


@pytest.mark.parametrize("value", ["Lyon\r\nBcc: zoe@example.com", "Lyon\nBcc: x", "a\tb", "a\u2028b"])
def test_a_value_brings_no_line_into_a_header(value):
    problems = wrong(Content(text="Bonjour", subject="{{ville}}"), ville=value)

    assert {each.name for each in problems} == {"ville"}


def test_a_value_of_a_text_may_have_lines_but_no_control_character():
    assert fill(Content(text="{{a}}"), {"a": "1\n2"}).text == "1\n2"
    assert wrong(Content(text="{{a}}"), a="1\x002") == [Problem("variable_characters", "a")]


def test_a_value_is_escaped_in_a_page_and_only_there():
    content = Content(text="{{a}}", html='<p title="{{a}}">{{a}}</p>')

    filled = fill(content, {"a": "\"<b>'&"})

    assert filled.text == "\"<b>'&"
    assert filled.html == '<p title="&quot;&lt;b&gt;&#x27;&amp;">&quot;&lt;b&gt;&#x27;&amp;</p>'


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("<a href={{a}}>x</a>", "place_unquoted"),
        ("<a {{a}}>x</a>", "place_unquoted"),
        ("<!-- {{a}} -->", "place_unquoted"),
        ("<a onclick=\"go('{{a}}')\">x</a>", "place_code"),
        ('<p style="color:{{a}}">x</p>', "place_code"),
        ("<script>var a = '{{a}}'</script>", "place_code"),
        ("<style>p { color: {{a}} }</style>", "place_code"),
        ("<p>{{a</p>", "place_unreadable"),
        ("<p>{{prénom}}</p>", "place_unreadable"),
    ],
)
def test_a_place_where_no_value_is_safe_makes_no_template(page, code):
    assert code in {each.code for each in prepare(Content(text="x", html=page)).problems}


@pytest.mark.parametrize(
    "page",
    [
        "<script>var a = 1 < 2</script><p>{{a}}</p>",
        "<!--[if !mso]><!--><p>{{a}}</p><!--<![endif]-->",
        "<!-- it's --><p title='{{a}}'>1 < 2</p>",
        '<img alt="a > b {{a}}">',
    ],
)
def test_a_place_in_words_or_between_quotes_is_one_for_a_value(page):
    assert prepare(Content(html=page)).problems == ()


@pytest.mark.parametrize("value", ["javascript:alert(1)", "data:text/html,x", "//example.com", " javascript:x"])
def test_a_value_that_is_a_whole_address_leads_to_the_web_only(value):
    assert wrong(Content(html='<a href="{{a}}">x</a>'), a=value)[0].code == "variable_address"
    assert wrong(Content(buttons=[Button(kind="url", label="x", value="{{a}}")]), a=value)[0].code == "variable_address"


def test_a_value_within_an_address_opens_no_other_part_of_it():
    button = Button(kind="url", label="x", value="https://example.com/{{a}}")

    assert (
        fill(Content(buttons=[button]), {"a": "b/../?c=d e"}).buttons[0].value
        == "https://example.com/b%2F..%2F%3Fc%3Dd%20e"
    )


def test_values_and_what_they_make_have_bounds():
    assert wrong(Content(text="{{a}}"), a="x" * (LONGEST_VALUE + 1))[0].code == "variable_too_long"
    assert wrong(Content(subject="{{a}}"), a="x" * 201) == [Problem("filled_too_long", "a", "/subject", 200)]
    assert wrong(Content(buttons=[Button(label="{{a}}", value="x")]), a=" ")[0].code == "filled_empty"
    assert prepare(Content(text="".join(f"{{{{a{n}}}}}" for n in range(51)))).problems[0].code == "places_too_many"


_ANY = st.text(max_size=60)


@given(_ANY, _ANY)
def test_whatever_a_value_holds_a_page_keeps_its_tags(before, value):
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[object] = []

        def handle_starttag(self, tag, attributes):
            self.seen.append((tag, [name for name, _ in attributes]))

    def tags(page: str) -> list[object]:
        parser = Tags()
        parser.feed(page)
        return parser.seen

    content = Content(
        html=f'<p>{html.escape(before)}</p><p title="{{{{a}}}}">{{{{a}}}}</p><a href="https://e.example/{{{{a}}}}">x</a>'
    )
    try:
        filled = fill(content, {"a": value})
    except Unfilled:
        return

    assert tags(filled.html) == tags(content.html)


@given(st.text(alphabet="{}<>\"'=/!- aé\nhrefscriptstyle", max_size=200))
def test_any_page_is_taken_apart_and_what_comes_out_filled_is_a_content(page):
    prepared = prepare(Content(text=page, html=page))
    variables = dict.fromkeys(prepared.places, "https://example.com")

    if not prepared.problems:
        filled = prepared.fill(variables)
        assert msgspec.json.decode(msgspec.json.encode(filled), type=Content) == filled


def test_a_long_hostile_page_is_read_in_one_pass():
    pages = [mark * 60_000 for mark in ("<a ", '<a "', "<!--", "{{", "<script ", "='")]
    started = time.perf_counter()

    for page in pages:
        prepare(Content(html=page))

    assert time.perf_counter() - started < 5


def test_ten_thousand_texts_are_filled_in_less_than_a_second():
    prepared = prepare(Content(text="Bonjour {{prenom}}, votre commande {{numero}} est prête. STOP SMS 36111"))
    started = time.perf_counter()

    for n in range(10_000):
        prepared.fill({"prenom": "Zoé", "numero": str(n)})

    assert time.perf_counter() - started < 1
