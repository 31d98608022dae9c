import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import text


@pytest.mark.parametrize(
    ("_case", "given_", "folded"),
    [
        ("accents", "Élodie Façade NOËL", "elodie facade noel"),
        ("accents typed as two characters", "E\u0301lodie", "elodie"),
        ("ligatures", "Œuvre, Straße, Æ", "oeuvre, strasse, ae"),
        ("Nordic and Polish letters", "Søren Łukasz", "soren lukasz"),
        ("Turkish I", "İzmir ısı", "izmir isi"),
        ("typographic apostrophe", "d’Alembert", "d'alembert"),
        ("spaces", "  a \u00a0 b\t\n", "a b"),
        ("invisible characters", "ma\u00adrie\u200b\ufeff", "marie"),
        ("full width", "ＭＡＲＩＥ", "marie"),
        ("other alphabets stay", "Анна", "анна"),
        ("Arabic vowel signs", "مُحَمَّد", "محمد"),
    ],
)
def test_fold(_case, given_, folded):
    assert text.fold(given_) == folded


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(s):
    assert text.fold(text.fold(s)) == text.fold(s)


@given(st.text(alphabet="éÉe\u0301EaàÀœŒ -'", max_size=20))
def test_case_does_not_matter(s):
    assert text.fold(s.upper()) == text.fold(s.lower())


@pytest.mark.parametrize(
    ("_case", "name", "tokens"),
    [
        ("long", "Martin", ["mar", "marti", "martin"]),
        ("five letters", "Marie", ["mar", "marie"]),
        ("short", "Li", ["li"]),
        ("two words", "Jean-Pierre", ["jea", "jean", "pie", "pierr", "pierre"]),
        ("particle", "d’Ornano", ["d", "orn", "ornan", "ornano"]),
        ("accents", "Éloïse", ["elo", "elois", "eloise"]),
        ("nothing", " - ", []),
        ("no repeats", "Marie Marie", ["mar", "marie"]),
    ],
)
def test_name_tokens(_case, name, tokens):
    assert text.name_tokens(name) == tokens


@pytest.mark.parametrize(
    ("_case", "name", "kept"),
    [
        ("a name", "Fleurs du Port", "Fleurs du Port"),
        ("line breaks", " Boul\r\nBcc: x@y.test\n", "Boul Bcc: x@y.test"),
        ("breaks of other systems", "a\x0bb\x85c\u2028d", "a b c d"),
        ("doubled spaces", "a  b\u00a0\tc", "a b c"),
    ],
)
def test_one_line(_case, name, kept):
    assert text.one_line(name) == kept


@given(st.text(alphabet="abéèçœ'- ", min_size=1, max_size=20), st.data())
def test_any_beginning_of_three_letters_finds_the_name(name, data):
    for word in text.words(name):
        if len(word) >= 3:
            typed = word[: data.draw(st.integers(3, len(word)))]

            assert text.search_token(typed) in text.name_tokens(name)


@pytest.mark.parametrize(
    ("typed", "token"), [("", None), ("ma", None), ("Mar", "mar"), ("mart", "mar"), ("Martin", "marti")]
)
def test_search_token(typed, token):
    assert text.search_token(typed) == token
