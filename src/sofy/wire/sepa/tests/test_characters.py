"""Texts and ids in the characters of SEPA."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.errors import Refused
from sofy.wire.sepa.characters import sepa_id, sepa_text

ALLOWED = set(string.ascii_letters + string.digits + "/-?:().,'+ ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Crêperie de l’Œuf & Fils", "Creperie de l'OEuf + Fils"),
        ("Facture n° FA-2026-000123 – 1 440,00 €", "Facture no FA-2026-000123 - 1 440,00 EUR"),
        ("Boulangerie “Chez nous”", "Boulangerie Chez nous"),
        ("Größe; Łódź", "Grosse, Lodz"),
        ("Ελλάς Пекарна", "Ellas Pekarna"),
        ("a//b/", "a/b"),
        ("e\u0301te\u0301", "ete"),
        ("日本", ""),
    ],
)
def test_what_banks_do_not_take_is_said_in_what_they_take(text, said):
    assert sepa_text(text, 70) == said


@given(st.text(max_size=200), st.integers(min_value=1, max_value=140))
def test_any_text_comes_out_in_the_characters_of_sepa_and_short_enough(text, most):
    said = sepa_text(text, most)

    assert set(said) <= ALLOWED
    assert len(said) <= most
    assert sepa_text(said, most) == said
    assert "//" not in said


@pytest.mark.parametrize("value", ["", "é", "a b", "/a", "a/", "a//b", "x" * 36, "a_b", "a&b", "a\n"])
def test_an_id_that_a_bank_could_change_is_refused(value):
    with pytest.raises(Refused) as refused:
        sepa_id(value, "mandate_id")

    assert refused.value.code == "sepa_id"


@pytest.mark.parametrize("value", ["FA-2026-000123", "RUM+1:2(3).4,5'6?7/8", "x" * 35])
def test_an_id_is_never_changed(value):
    assert sepa_id(value, "mandate_id") == value
