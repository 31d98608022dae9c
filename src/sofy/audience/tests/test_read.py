"""Files of any make: encodings, delimiters, quotes, and those that are no use."""

import io
from pathlib import Path

import pytest

from sofy.audience.imports import read
from sofy.kernel.errors import Refused

TEXT = (
    'Civilité;Prénom;Nom;Portable\r\n;Élodie;Sœur;0639980000\r\nM.;Jérôme;"Fèvre\r\nd’Été";0639980001\r\n'
    ";Noël;ÜRGÜP ÇELİK;0639980002\r\n"
).replace("İ", "I")


def table(content: bytes) -> read.Table:
    return read.open_table(io.BytesIO(content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_keep_the_accents(encoding: str) -> None:
    rows = list(table(TEXT.encode(encoding)).rows())

    assert [number for number, _ in rows] == [1, 2, 3, 4]
    assert rows[1][1] == ["", "Élodie", "Sœur", "0639980000"]
    assert rows[2][1] == ["M.", "Jérôme", "Fèvre\r\nd’Été", "0639980001"]
    assert rows[3][1] == ["", "Noël", "ÜRGÜP ÇELIK", "0639980002"]


def test_dos_encoding() -> None:
    text = "nom;ville\nHélène;Évry\nÇelik;Saint-Étienne à côté\n" * 5

    assert table(text.encode("cp850")).encoding == "cp850"


def test_old_bytes_in_a_utf8_file_are_read() -> None:
    content = "nom;ville\nHélène;Évry\nZoé;Orléans\n".encode() * 3 + "Noël;Besançon\n".encode("cp1252")

    rows = list(table(content).rows())

    assert rows[-1][1] == ["Noël", "Besançon"]
    assert rows[1][1] == ["Hélène", "Évry"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    lines = [delimiter.join(("nom", "portable", "ville")), delimiter.join(("Dupré", "0639980000", "Évry"))]

    opened = table(end.join(lines).encode() + end.encode())

    assert opened.delimiter == delimiter
    assert list(opened.rows())[1] == (2, ["Dupré", "0639980000", "Évry"])


def test_one_column_needs_no_delimiter() -> None:
    assert [cells for _, cells in table(b"portable\n0639980000\n0639980001\n").rows()][1] == ["0639980000"]


def test_declared_delimiter_is_not_a_row() -> None:
    assert list(table(b"sep=,\na,b\n1,2\n").rows()) == [(1, ["a", "b"]), (2, ["1", "2"])]


def test_empty_rows_keep_their_numbers() -> None:
    rows = list(table(b"a;b\n\n;;\n1;2\n").rows())

    assert rows == [(1, ["a", "b"]), (4, ["1", "2"])]


def test_a_quote_that_never_closes_costs_one_row() -> None:
    content = b'nom;ville\n"Dupont;Paris\n' + b"".join(b"N%d;Lyon\n" % n for n in range(300))

    rows = list(table(content).rows())

    assert rows[1] == (2, None)
    assert [cells for _, cells in rows[2:]] == [[f"N{n}", "Lyon"] for n in range(300)]


def test_a_quote_open_at_the_end_costs_one_row() -> None:
    rows = list(table(b'nom;ville\nA;B\n"C;D\nE;F\n').rows())

    assert rows == [(1, ["nom", "ville"]), (2, ["A", "B"]), (3, None), (4, ["E", "F"])]


def test_two_stray_quotes_cost_their_own_row_and_none_between() -> None:
    content = (
        b'nom;ville;tel\n"Dupont;Paris;1\nPetit;Lyon;2\nTV 42";Brest;3\n"No\xc3\xabl\nbis";Nice;4\nRoux;Lille;"5\n6"\n'
    )

    rows = list(table(content).rows())

    assert [cells for _, cells in rows[1:]] == [
        None, ["Petit", "Lyon", "2"], ['TV 42"', "Brest", "3"], ["Noël\nbis", "Nice", "4"], ["Roux", "Lille", "5\n6"]
    ]  # fmt: skip


def test_rows_of_spaces_are_no_rows() -> None:
    assert [number for number, _ in table(b"a;b\n ;  \n1;2\n").rows()] == [1, 3]


@pytest.mark.parametrize(
    ("_case", "content", "code"),
    [
        ("empty", b"", "file_empty"),
        ("web page", b"\xef\xbb\xbf\n<html><table><tr><td>0639980001</td></tr></table></html>", "file_not_table"),
        ("old XML", b'<?xml version="1.0"?><Workbook></Workbook>', "file_not_table"),
        ("5 MB cell on many lines", b'a;b\n1;2\n"' + b"x" * 9 + b"\n" * 500_000, "cell_too_long"),
        ("only a mark", b"\xef\xbb\xbf", "file_empty"),
        ("only separators", b";;;\n;;;\n", "file_empty"),
        ("binary", bytes(range(256)) * 40, "file_not_text"),
        ("zeros", b"\0" * 10_000, "file_not_text"),
        ("50 MB cell", b"a;b\n" + b"x" * 50_000_000 + b";1\n", "line_too_long"),
        ("1 MB cell", b"a;b\n" + b"x" * 1_000_000 + b";1\n", "cell_too_long"),
        ("300 columns", b";".join(b"c%d" % n for n in range(300)) + b"\n", "too_many_columns"),
        ("cut archive", b"PK\x03\x04" + b"\0" * 100, "file_damaged"),
    ],
)
def test_hopeless_files_get_a_message(_case: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        list(table(content).rows())


def test_the_file_can_be_read_again(tmp_path: Path) -> None:
    opened = table(TEXT.encode())

    assert list(opened.rows()) == list(opened.rows())
