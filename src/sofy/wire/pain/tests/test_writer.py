"""pain.008.001.08 as banks take it."""

import re
from datetime import date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel.errors import Refused
from sofy.wire.pain import Address, Amendment, Debtor, Mandate, blocks, problems, read, write
from sofy.wire.pain.tests.factories import SHOP, SOFY, batch, debit


def refusal(made) -> str:
    with pytest.raises(Refused) as refused:
        write(made)
    return refused.value.code


def text_of(written: bytes, element: str) -> list[str]:
    return re.findall(rf"<{element}(?: [^>]*)?>([^<]*)</{element}>", written.decode())


def test_the_file_is_valid_adds_up_and_is_the_same_every_time():
    made = batch(debit(1), debit(2, amount_eur=Decimal("0.10")), debit(3, amount_eur=Decimal("9.9")))

    written = write(made)

    assert problems(written) == []
    assert written == write(made)
    assert text_of(written, "CtrlSum") == ["1450.00", "1450.00"]
    assert text_of(written, "NbOfTxs") == ["3", "3"]
    assert text_of(written, "InstdAmt") == ["1440.00", "0.10", "9.90"]
    assert text_of(written, "ChrgBr") == ["SLEV"]
    assert text_of(written, "CreDtTm") == ["2026-06-17T12:00:00"]


def test_debits_are_grouped_by_day_sequence_scheme_and_account():
    other_account = msgspec.structs.replace(SOFY, iban="FR1420041010050500013M02606")
    made = batch(
        debit(1, collect_on=date(2026, 7, 2)),
        debit(2),
        debit(3, sequence="FRST"),
        debit(4, scheme="B2B"),
        debit(5, creditor=other_account),
        debit(6),
    )

    grouped = blocks(made)
    found = read(write(made))

    assert [[one.end_to_end_id[-1] for one in block.debits] for block in grouped] == [
        ["2", "6"], ["3"], ["4"], ["5"], ["1"],
    ]  # fmt: skip
    assert [block.payment_id for block in grouped] == [f"SOFY-20260617-1-{n}" for n in range(1, 6)]
    assert [(b.payment_id, b.sequence, b.scheme, b.iban, b.collect_on, b.count, b.sum_eur) for b in found.blocks] == [
        (b.payment_id, b.sequence, b.scheme, b.creditor.iban, b.collect_on, len(b.debits), b.total_eur) for b in grouped
    ]
    assert found.sum_eur == sum(block.total_eur for block in grouped)


def test_names_and_texts_are_in_the_characters_of_sepa_and_addresses_in_fields():
    written = write(batch())

    assert text_of(written, "Nm") == ["Sofy", "Sofy + Fils", "Creperie Le Goff"]
    assert text_of(written, "TwnNm") == ["Saint-Etienne", "Koln"]
    assert b"AdrLine" not in written
    assert written.isascii()


def test_what_changed_in_a_mandate_is_told_to_the_bank():
    change = Amendment(old_mandate_id="OLD-1", old_creditor_id="DE98ZZZ09999999999", account_changed=True)

    written = write(batch(debit(mandate=Mandate(id="RUM-1", signed_on=date(2026, 4, 1), amendment=change))))

    assert text_of(written, "AmdmntInd") == ["true"]
    assert text_of(written, "OrgnlMndtId") == ["OLD-1"]
    assert "SMNDA" in text_of(written, "Id")
    assert "DE98ZZZ09999999999" in text_of(written, "Id")
    assert read(written).blocks[0].debits[0].amended


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"end_to_end_id": "é"}, "sepa_id"),
        ({"end_to_end_id": "x" * 36}, "sepa_id"),
        ({"mandate": Mandate(id="RUM 1", signed_on=date(2026, 4, 1))}, "sepa_id"),
        ({"mandate": Mandate(id="R", signed_on=date(2026, 7, 2))}, "sepa_signed_after"),
        ({"mandate": Mandate(id="R", signed_on=date(2026, 4, 1), amendment=Amendment())}, "sepa_amendment_empty"),
        ({"amount_eur": Decimal("0.00")}, "sepa_amount"),
        ({"amount_eur": Decimal("1.001")}, "sepa_amount"),
        ({"amount_eur": Decimal("NaN")}, "sepa_amount"),
        ({"amount_eur": Decimal("1E9")}, "sepa_amount"),
        ({"amount_eur": Decimal("1E99")}, "sepa_amount"),
        ({"amount_eur": Decimal("-1.00")}, "sepa_amount"),
        ({"amount_eur": 12.5}, "sepa_amount"),
        ({"sequence": "ALL"}, "sepa_sequence"),
        ({"debtor": Debtor(name="日本", iban=SHOP.iban)}, "sepa_name"),
        ({"debtor": Debtor(name="A", iban="FR00")}, "iban_invalid"),
        ({"debtor": Debtor(name="A", iban=SHOP.iban, address=Address(country="FR", town=" "))}, "sepa_address"),
        ({"debtor": Debtor(name="A", iban=SHOP.iban, address=Address(country="fr", town="Lyon"))}, "sepa_address"),
        ({"creditor": msgspec.structs.replace(SOFY, creditor_id="FR00ZZZ123456")}, "creditor_id_invalid"),
    ],
)
def test_what_a_bank_would_refuse_is_refused_here(wrong, code):
    assert refusal(batch(debit(**wrong))) == code


def test_a_file_without_debits_or_with_one_twice_is_refused():
    assert refusal(batch(debits=())) == "sepa_empty"
    assert refusal(batch(debit(1), debit(1))) == "sepa_doubled"
    assert refusal(batch(message_id="SOFY " * 3)) == "sepa_id"
    assert refusal(batch(message_id="x" * 34)) == "sepa_id"  # no room for the number of a block


def test_a_debtor_whose_bank_is_outside_the_eea_needs_an_address():
    swiss = Debtor(name="A", iban="CH9300762011623852957")
    known = msgspec.structs.replace(swiss, address=Address(country="CH", town="Zürich"))

    assert refusal(batch(debit(1, debtor=swiss))) == "sepa_address"
    assert problems(write(batch(debit(1, debtor=known)))) == []


def test_one_mandate_has_one_day_of_signature():
    other = Mandate(id="rum-1", signed_on=date(2026, 4, 2))

    assert refusal(batch(debit(1), debit(2, mandate=other))) == "sepa_mandate_twice"


def test_the_moment_of_a_file_has_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        write(batch(created_at=datetime(2026, 6, 17)))  # noqa: DTZ001


@given(
    st.lists(st.decimals(min_value="0.01", max_value="99999.99", places=2), min_size=1, max_size=8),
    st.text(max_size=200),
)
def test_any_name_and_amount_gives_a_valid_file_that_reads_back(amounts, name):
    debits = [
        debit(number, amount_eur=amount, debtor=Debtor(name=f"A{name}", iban=SHOP.iban), remittance=name)
        for number, amount in enumerate(amounts, 1)
    ]

    found = read(write(batch(*debits)))

    assert found.sum_eur == sum(amounts)
    assert [one.amount_eur for block in found.blocks for one in block.debits] == amounts


def test_the_schema_names_line_and_element_and_quotes_nothing():
    written = write(batch()).replace(b">SLEV<", b">Jean Dupont<")

    (problem,) = problems(written)

    assert re.fullmatch(r"line \d+: ChrgBr \(.*\)", problem)
