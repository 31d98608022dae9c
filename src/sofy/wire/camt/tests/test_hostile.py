"""Files that are damaged, cut, huge or meant to hurt: a clear error, and nothing that looks like a success."""

import io
import resource
import zipfile
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.wire.camt import StatementEnd, load, read, write
from sofy.wire.camt.tests.factories import NOW, OLDER, detail, entry, head, written
from sofy.wire.iso20022 import BankFileError, Limits

GOOD = written(
    entry("5.00", detail(end_to_end_id="E1", amount=Decimal("5.00"), texts=("Facture 1",)), reference="A"),
    entry("6.00", credit=False, text="frais"),
)
NAMESPACE = b"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
LAUGHS = (
    b'<!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "'
    + b"&a;" * 50
    + b'"><!ENTITY c "'
    + b"&b;" * 50
    + b'"><!ENTITY d "'
    + b"&c;" * 50
    + b'"><!ENTITY e "'
    + b"&d;" * 50
    + b'">]>'
)


def code_of(content, limits=None) -> str:
    with pytest.raises(BankFileError) as refused:
        load(content, limits)
    return refused.value.code.removeprefix("bank_file_")


def with_prologue(prologue: bytes, text: bytes = b"frais") -> bytes:
    return GOOD.replace(b"\n<Document", b"\n" + prologue + b"<Document", 1).replace(b"frais", text)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("statement.xml", GOOD)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \n", "not_xml"),
        (b"date;amount\n2026-07-01;5,00\n", "not_xml"),
        (zipped(), "packed"),
        (b"\x1f\x8b\x08\x00", "packed"),
        (b"%PDF-1.7", "packed"),
        (GOOD.decode().encode("utf-16-le"), "not_xml"),
        (GOOD.decode().encode("utf-16")[:-1], "not_xml"),
        (GOOD.decode().encode("utf-16")[:-20] + b"\x00\xd8", "not_xml"),
        (with_prologue(LAUGHS, b"&e;").decode().encode("utf-16"), "doctype"),
        (GOOD.replace(b"UTF-8", b"UTF-7"), "encoding"),
        (GOOD.replace(b"UTF-8", b"EBCDIC-CP-FR"), "encoding"),
        (with_prologue(LAUGHS, b"&e;"), "doctype"),
        (with_prologue(LAUGHS), "doctype"),
        (with_prologue(b'<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>', b"&x;"), "doctype"),
        (with_prologue(b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">'), "doctype"),
        (with_prologue(b'<!DOCTYPE Document [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'), "doctype"),
        (GOOD.replace(b"frais", b"&undefined;"), "not_xml"),
        (GOOD.replace(b"frais", b"<a>" * 300 + b"</a>" * 300), "too_deep"),
        (GOOD.replace(NAMESPACE, NAMESPACE[:-2] + b"05"), "other"),
        (GOOD.replace(b"camt.053.001", b"pain.008.001"), "other"),
        (GOOD.replace(NAMESPACE, b""), "other"),
        (b"<html><Ntry/></html>", "other"),
        (b"<html></html>", "other"),
        (b"<Document xmlns='" + NAMESPACE + b"'/>", "missing"),
        (GOOD + GOOD, "not_xml"),
        (GOOD.replace(b"<Id>2026-07-01</Id>", b""), "missing"),
        (GOOD.replace(b"<Acct>", b"<Acxx>").replace(b"</Acct>", b"</Acxx>"), "missing"),
        (GOOD.replace(b"<AcctSvcrRef>A</AcctSvcrRef>", b"<Ntry/>"), "nested"),
        (GOOD.replace(b"<AcctSvcrRef>A</AcctSvcrRef>", b"<TxDtls/>"), "nested"),
        (GOOD.replace(b"<AcctSvcrRef>A</AcctSvcrRef>", b"<Stmt/>"), "nested"),
        (GOOD.replace(b"\n<Ntry>", b"\n<Ntry>" * 2, 1).replace(b"</Ntry>", b"</Ntry></Ntry>", 1), "nested"),
        (GOOD.replace(b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>", b"<Sts>"), "missing"),
        (GOOD.replace(b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>", b"<CdtDbtInd>C</CdtDbtInd><Sts>"), "value"),
        (GOOD.replace(b"<Cd>BOOK</Cd>", b"<Cd>DONE</Cd>"), "missing"),
        (GOOD.replace(b'<Amt Ccy="EUR">6.00', b'<Amt Ccy="EUR">-6.00'), "value"),
        (GOOD.replace(b'<Amt Ccy="EUR">6.00', b'<Amt Ccy="EUR">6,00'), "value"),
        (GOOD.replace(b'<Amt Ccy="EUR">6.00', b'<Amt Ccy="EUR">NaN'), "value"),
        (GOOD.replace(b'<Amt Ccy="EUR">6.00', b'<Amt Ccy="EUR">\xd9\xa6.00'), "value"),
        (GOOD.replace(b'<Amt Ccy="EUR">6.00', b'<Amt Ccy="EUR">1e2'), "value"),
        (GOOD.replace(b'<Amt Ccy="EUR">6.00', b'<Amt Ccy="USD">6.00'), "currency"),
        (GOOD.replace(b"<BookgDt><Dt>2026-07-01", b"<BookgDt><Dt>2026-02-30"), "value"),
    ],
)
def test_what_is_wrong_is_said(content, code):
    assert code_of(content) == code


def test_the_place_is_said_by_line_element_and_entry():
    content = OLDER.replace(b'<Amt Ccy="EUR">2.00', b'<Amt Ccy="EUR">two')

    with pytest.raises(BankFileError) as refused:
        load(content)

    line = 1 + content[: content.index(b">two")].count(b"\n")
    assert refused.value.facts == {"line": line, "element": "Amt", "expected": "amount", "entry": 3}


def test_every_cut_of_a_file_is_refused_and_no_end_of_a_statement_is_told_before_the_statement_ends():
    for content in (GOOD, OLDER):
        for length in range(0, len(content.rstrip()) - 1, 7):
            told = []

            with pytest.raises(BankFileError):
                for item in read(content[:length]):
                    told.append(item)

            assert not any(isinstance(item, StatementEnd) for item in told) or b"</Stmt>" in content[:length]


@given(st.data())
def test_a_damaged_file_is_a_statement_or_a_clear_error(data):
    content = bytearray(data.draw(st.sampled_from([GOOD, OLDER])))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 60))
        piece = st.one_of(
            st.binary(max_size=30),
            st.sampled_from([b"<Ntry>", b"</Ntry>", b"<TxDtls>", b"<Amt>", b"<Bal/>", b"&#0;", b"<![CDATA[", b"-->"]),
            st.just(bytes(content[at : at + 200])),
        )
        content[at : at + length] = data.draw(piece)

    with suppress(BankFileError):
        for statement in load(bytes(content)):
            assert statement.head.account
            assert all(one.amount >= 0 and one.key for one in statement.entries)


def test_a_file_that_is_too_large_is_refused_before_it_is_kept():
    endless = io.BytesIO(GOOD[: GOOD.index(b"<Ntry>")] + b"<x/>" * 400_000)

    assert code_of(endless, Limits(most_piece=500_000)) == "too_large"
    assert code_of(GOOD, Limits(most_bytes=500)) == "too_large"


def test_junk_that_looks_like_something_does_not_pass_for_progress():
    endless = GOOD[: GOOD.index(b"<Ntry>")] + b"<Rpt/>" * 200_000

    assert code_of(endless, Limits(most_piece=500_000)) == "too_large"


def test_an_entry_has_only_so_many_payments():
    many = written(entry("5.00", *(detail(end_to_end_id=f"E{n}") for n in range(6))))

    assert len(load(many, Limits(most_details=6))[0].entries[0].details) == 6
    assert code_of(many, Limits(most_details=5)) == "too_large"


def test_reading_takes_only_so_long():
    assert code_of(GOOD, Limits(most_seconds=0.0)) == "too_slow"


def test_memory_does_not_grow_with_the_number_of_entries(tmp_path):
    count = 20_000
    lines = (entry("5.00", detail(texts=("x" * 140,)), reference=f"R{n}") for n in range(count))
    made = write(head(closing=str(5 * count)), lines, created_at=NOW)
    with (tmp_path / "big.xml").open("wb") as out:
        for piece in made:
            out.write(piece)
    size_mb = (tmp_path / "big.xml").stat().st_size / 1e6
    with (tmp_path / "big.xml").open("rb") as source:
        items = read(source)
        for _ in range(1000):
            next(items)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        rest = sum(1 for _ in items)

    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert rest == count + 2 - 1000
    assert size_mb > 8
    assert grown_mb < 12  # 20,000 keys; as a tree the file takes more than ten times its size
