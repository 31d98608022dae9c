"""Account numbers, creditor identifiers, payment references."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from sofy.kernel.errors import Refused
from sofy.wire.sepa import identifiers


def code_of(check, value):
    with pytest.raises(Refused) as refused:
        check(value)
    return refused.value.code


def test_an_iban_is_kept_without_its_spaces():
    assert identifiers.iban("fr76 3000 6000\u00a00112 3456 7890 189") == "FR7630006000011234567890189"


@pytest.mark.parametrize(
    "value",
    ["", "FR76", "FR7630006000011234567890188", "FR76300060000112345678901890", "DE89-3704 0044 0532 0130 00"],
)
def test_an_iban_with_a_mistake_is_refused(value):
    assert code_of(identifiers.iban, value) == "iban_invalid"


def test_check_digits_that_nobody_computes_are_refused_although_they_divide():
    wrong = next(f"DE99{account:018d}" for account in range(97) if int(f"{account:018d}131499") % 97 == 1)

    assert code_of(identifiers.iban, wrong) == "iban_invalid"


def test_an_account_outside_sepa_is_no_account_for_us():
    assert code_of(identifiers.iban, "TR330006100519786457841326") == "iban_not_sepa"


def test_a_creditor_identifier_is_made_and_checked():
    made = identifiers.creditor_id_of("FR", "ZZZ", "123456")

    assert identifiers.creditor_id(f"{made[:4]} {made[4:]}") == made == "FR72ZZZ123456"
    assert identifiers.creditor_id("DE98ZZZ09999999999") == "DE98ZZZ09999999999"


@pytest.mark.parametrize(
    "value", ["", "FR73ZZZ123456", "FR72ZZZ1234567", "FR72ZZZ12345", "FR72+ZZZ123456", "XX72ZZZ123456", "FR72ZZZ"]
)
def test_a_creditor_identifier_with_a_mistake_is_refused(value):
    assert code_of(identifiers.creditor_id, value) == "creditor_id_invalid"


def test_the_business_code_of_a_creditor_is_outside_its_check_digits():
    assert identifiers.creditor_id("FR72ABC123456") == "FR72ABC123456"


@given(st.from_regex(r"[A-Z]{2}-[0-9]{4}-[0-9]{1,6}", fullmatch=True))
def test_the_reference_of_an_invoice_is_right_and_holds_its_number(number):
    made = identifiers.reference_of(number)

    assert iso11649.is_valid(made)
    assert made.endswith(number.replace("-", ""))
    assert identifiers.reference(identifiers.in_fours(made).lower()) == made


@pytest.mark.parametrize("value", ["", "RF18", "RF19539007547034", "RFAA539007547034", "RF18 5390-0754", "é"])
def test_a_reference_with_a_mistake_is_refused(value):
    assert not identifiers.is_reference(value)


def test_a_number_that_makes_no_reference_is_refused():
    assert code_of(identifiers.reference_of, "A" * 22) == "reference_too_long"
    assert code_of(identifiers.reference_of, "---") == "reference_invalid"


@pytest.mark.parametrize("value", ["", "BNPAFRP", "bnpafrpp1", "1NPAFR22XXXX"])
def test_a_bic_with_a_mistake_is_refused(value):
    assert code_of(identifiers.bic, value) == "bic_invalid"


def test_a_bic_has_eight_or_eleven_signs():
    assert identifiers.bic("bnpa frpp") == "BNPAFRPP"
    assert identifiers.bic("BNPAFRPPXXX") == "BNPAFRPPXXX"
