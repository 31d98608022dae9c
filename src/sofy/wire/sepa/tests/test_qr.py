"""The code that fills in a transfer."""

from decimal import Decimal

import pytest

from sofy.kernel.errors import Refused
from sofy.wire.sepa.qr import epc_svg, epc_text

IBAN = "FR7630006000011234567890189"


def test_the_code_says_who_how_much_and_what_for_in_the_order_of_the_standard():
    text = epc_text(
        name="Sofy", iban=IBAN, amount_eur=Decimal("1440.0"), reference="RF31 FA20 2600 0123", bic="BNPAFRPP"
    )

    assert text.split("\n") == [
        "BCD", "002", "1", "SCT", "BNPAFRPP", "Sofy", IBAN, "EUR1440.00", "", "RF31FA2026000123",
    ]  # fmt: skip


def test_a_free_text_takes_the_line_after_the_reference():
    lines = epc_text(name="Sofy", iban=IBAN, amount_eur=Decimal(1), text="Facture é").split("\n")

    assert lines[7:] == ["EUR1.00", "", "", "Facture é"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount_eur": Decimal("0.001")}, "epc_amount"),
        ({"amount_eur": Decimal(0)}, "epc_amount"),
        ({"amount_eur": Decimal("1000000000")}, "epc_amount"),
        ({"amount_eur": Decimal("1E99")}, "epc_amount"),
        ({"amount_eur": Decimal("NaN")}, "epc_amount"),
        ({"reference": "RF31FA2026000123", "text": "both"}, "epc_two_texts"),
        ({"reference": "RF00FA2026000123"}, "reference_invalid"),
        ({"iban": "FR00"}, "iban_invalid"),
        ({"name": ""}, "epc_too_long"),
        ({"text": "é" * 140}, "epc_too_long"),
    ],
)
def test_a_code_that_no_bank_would_take_is_refused(wrong, code):
    given = {"name": "Sofy", "iban": IBAN, "amount_eur": Decimal(12), **wrong}

    with pytest.raises(Refused) as refused:
        epc_text(**given)

    assert refused.value.code == code


def test_the_code_is_a_picture_that_needs_no_script_and_is_the_same_every_time():
    text = epc_text(name="Sofy", iban=IBAN, amount_eur=Decimal("12.30"), text="Facture 1")

    svg = epc_svg(text)

    assert svg.startswith("<svg")
    assert "script" not in svg
    assert svg == epc_svg(text)
