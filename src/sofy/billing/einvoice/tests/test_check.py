"""The one door: a document passes when everybody agrees, and is refused with every reason otherwise."""

from decimal import Decimal

import msgspec
import pytest

from sofy.billing.einvoice import check, cii
from sofy.billing.einvoice.oracle import Situation
from sofy.billing.einvoice.validator import NotValidated, Validator
from sofy.billing.tests.factories import document, line

replace = msgspec.structs.replace


def test_a_document_that_everybody_agrees_on_gives_its_xml(validator):
    given = document()

    assert check.checked(given, Situation(), validator) == cii.build(given)


def test_a_refusal_names_the_reasons_of_the_oracle_and_those_of_the_rules(validator):
    given = replace(document(), number="F" * 36, payable_eur=Decimal("1199.99"))

    with pytest.raises(check.Refused) as refusal:
        check.checked(given, Situation(), validator)

    assert [problem.code for problem in refusal.value.problems] == ["number", "total", "BR-CO-16", "BR-FR-01_BT-1"]
    assert "1200.00" in str(refusal.value)


def test_what_xml_cannot_carry_is_refused_without_asking(validator):
    with pytest.raises(check.Refused, match="control character"):
        check.checked(document(line(label="\x00")), Situation(), validator)


def test_without_an_answer_nothing_passes():
    with Validator(memory_mb=120) as weak, pytest.raises(NotValidated):
        check.checked(document(), Situation(), weak)


def test_several_are_under_way_and_answer_in_order(validator):
    good, bad = document(), replace(document(), number="FA 1")

    pending = [check.begin(given, Situation(), validator) for given in (good, bad, good)]

    assert pending[0].result() == pending[2].result()
    with pytest.raises(check.Refused):
        pending[1].result()
