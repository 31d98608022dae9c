"""Statements in lines of 120 signs."""

import io
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.camt import Return, StatementEnd
from sofy.wire.cfonb import load, looks_like, read
from sofy.wire.iso20022 import BankFileError, Limits

LETTERS = "{ABCDEFGHI", "}JKLMNOPQR"


def signed(amount: str) -> str:
    """An amount as the standard writes it: its last digit is a letter that holds its sign."""
    cents = f"{abs(Decimal(amount)).scaleb(2):.0f}".zfill(14)
    return cents[:-1] + LETTERS[amount.startswith("-")][int(cents[-1])]


def record(kind: str, *, day="010726", amount="", label="", value="010726", qualifier="", said="") -> str:
    middle = {"04": f"  {value}{label:<31}  0000000  ", "05": f"     {qualifier:<3}{said:<70}  "}.get(kind, "")
    operation = "18" if middle else "  "
    line = f"{kind}30006    00001EUR2 12345678901{operation}{day}{middle}"
    return (line.ljust(90) + (signed(amount) if amount else "")).ljust(120)


def file(*lines: str, opening="100.00", closing: str | None = None, end="\r\n") -> bytes:
    moved = sum((amount_of(line) for line in lines if line.startswith("04")), Decimal(opening))
    whole = [record("01", amount=opening, day="300626"), *lines, record("07", amount=closing or str(moved))]
    return "".join(line + end for line in whole).encode("latin-1")


def amount_of(line: str) -> Decimal:
    text = line[90:104]
    sign = text[-1] in LETTERS[1]
    return Decimal(text[:-1] + str(LETTERS[sign].index(text[-1]))).scaleb(-2) * (-1 if sign else 1)


PAID = (
    record("04", amount="1440.05", label="VIR SEPA CREPERIE LE GOFF"),
    record("05", qualifier="NPY", said="CRÊPERIE LE GOFF"),
    record("05", qualifier="RCN", said="NOTPROVIDED"),
    record("05", qualifier="LCC", said="Reglement de la facture de juin de notre magasin, numero FA-2026-00000"),
    record("05", qualifier="LC2", said="1 merci"),
    record("05", qualifier="LCS", said="RF31FA2026000123"),
)
BACK = (
    record("04", amount="-23.00", label="IMPAYE PRLV SEPA"),
    record("05", qualifier="RCN", said="FA-2026-000002"),
    record("05", qualifier="RUM", said="RUM-2                              RCUR"),
    record("05", qualifier="RET", said="AM04 01 PROVISION INSUFFISANTE"),
)
GOOD = file(*PAID, *BACK)


def test_lines_and_their_complements_become_entries_as_those_of_other_files():
    (found,) = load(GOOD)
    paid, back = found.entries

    assert found.head.account == "FR7630006000011234567890189"
    assert (found.head.opening.amount, found.head.opening.on) == (Decimal("100.00"), date(2026, 6, 30))
    assert found.head.final
    assert (paid.signed, paid.booked_on, paid.code) == (Decimal("1440.05"), date(2026, 7, 1), "PMNT-RCDT-ESCT")
    (payment,) = paid.details
    assert (payment.debtor, payment.end_to_end_id, payment.references) == (
        "CRÊPERIE LE GOFF",
        "",
        ("RF31FA2026000123",),
    )
    assert "FA-2026-000001 merci" in payment.texts[0]
    assert (back.signed, back.code) == (Decimal("-23.00"), "PMNT-IDDT-UPDD")
    (payment,) = back.details
    assert (payment.end_to_end_id, payment.mandate_id) == ("FA-2026-000002", "RUM-2")
    assert payment.returned == Return("AM04", "AM04 01 PROVISION INSUFFISANTE")


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_lines_may_have_ends_or_none(end):
    assert load(file(*PAID, *BACK, end=end)) == load(GOOD)


def test_spaces_that_an_editor_cut_off_are_no_loss():
    cut = b"\n".join(line.rstrip() for line in GOOD.split(b"\n"))

    assert load(cut) == load(GOOD)


@pytest.mark.parametrize(
    ("label", "amount", "code"),
    [
        ("VIREMENT RECU", "1.00", "PMNT-RCDT-ESCT"),
        ("VIR FOURNISSEUR", "-1.00", "PMNT-ICDT-ESCT"),
        ("REM PRLV SEPA 123", "1.00", "PMNT-IDDT-ESDD"),
        ("PRLV SEPA TELECOM", "-1.00", "PMNT-RDDT-ESDD"),
        ("REJET PRLV SEPA", "-1.00", "PMNT-IDDT-UPDD"),
        ("REMISE CHEQUE 12", "1.00", "PMNT-RCHQ-CCHQ"),
        ("REMISE CB 0107", "1.00", "PMNT-MCRD-POSP"),
        ("FRAIS TENUE COMPTE", "-1.00", "PMNT-MDOP-CHRG"),
        ("COMMISSIONS", "-1.00", "PMNT-MDOP-CHRG"),
        ("COMPTOIR DU LIN", "-1.00", ""),
        ("DIVERS", "1.00", ""),
    ],
)
def test_a_label_says_what_kind_of_line_it_is(label, amount, code):
    (found,) = load(file(record("04", amount=amount, label=label)))

    assert found.entries[0].code == code


def test_keys_tell_lines_apart_and_stay_the_same():
    twice = (record("04", amount="1.00", label="A"), record("04", amount="1.00", label="A"))

    first, again = load(file(*twice)), load(file(*twice, end=""))

    assert len({one.key for one in first[0].entries}) == 2
    assert [one.key for one in first[0].entries] == [one.key for one in again[0].entries]


def test_several_statements_of_one_file():
    found = load(GOOD + file(record("04", amount="5.00", label="VIR")))

    assert [len(one.entries) for one in found] == [2, 1]


def test_an_end_comes_for_a_statement_that_adds_up():
    *_, end = read(io.BytesIO(GOOD))

    assert end == StatementEnd(id="2026-06-30 100.00", entries=2, booked=Decimal("1417.05"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"hello", "other"),
        (b"<Document/>", "other"),
        (file(*PAID, closing="1.00"), "balance"),
        (GOOD[:-130], "missing"),
        (GOOD + GOOD[:122], "missing"),
        (GOOD[:122] + GOOD, "missing"),
        (file(record("05", qualifier="LIB")), "nested"),
        (GOOD.replace(b"\r\n04", b"\r\n09", 1), "nested"),
        (GOOD.replace(b"01072600", b"31022600").replace(b"18010726", b"18310226"), "value"),
        (GOOD.replace(b"0000000144005", b"0000000X44005").replace(b"14400E", b"1440E!"), "value"),
        (GOOD.replace(b"\r\n0430006    00001EUR2 12345678901", b"\r\n0430006    00001EUR2 12345678999", 1), "value"),
        (GOOD.replace(b"CR\xcaPERIE", b"CR\xcaPERIE TROP LONG"), "value"),
        (file(record("04", amount="5.00", day="      ", label="A")), "missing"),
        (GOOD[:50] + b"x" * 100_000, "value"),
    ],
)
def test_what_is_wrong_is_said(content, code):
    with pytest.raises(BankFileError) as refused:
        load(content)

    assert refused.value.code == f"bank_file_{code}"


def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(BankFileError) as refused:
        load(GOOD, Limits(most_bytes=500))

    assert refused.value.code == "bank_file_too_large"


def test_only_its_beginning_says_what_a_file_is():
    assert looks_like(GOOD)
    assert not looks_like(b"<?xml version='1.0'?>")


@given(st.data())
def test_a_damaged_file_is_a_statement_or_a_clear_error(data):
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 130))
        content[at : at + length] = data.draw(
            st.one_of(st.binary(max_size=30), st.just(bytes(content[at : at + length])))
        )

    with suppress(BankFileError):
        for statement in load(bytes(content)):
            assert all(one.amount >= 0 and one.key for one in statement.entries)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_in_utf_8_say_the_same(mark):
    assert load(mark + GOOD.decode("latin-1").encode()) == load(GOOD)
