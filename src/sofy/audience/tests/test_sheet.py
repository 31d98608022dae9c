"""Spreadsheets, the hostile ones included: a message, never a crash."""

import datetime as dt
import io
import time
import zipfile
from typing import Any

import msoffcrypto.format.ooxml
import odswriter
import pytest
import xlsxwriter

from sofy.audience.imports import read
from sofy.kernel.errors import Refused


def xlsx(*rows: list[Any], places: dict[tuple[int, int], str] | None = None) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for place, value in (places or {}).items():
            sheet.write(*place, value)
    return target.getvalue()


def rows_of(content: bytes, password: str = "") -> list[read.Row]:
    return list(read.open_table(io.BytesIO(content), password=password).rows())


def test_xlsx_cells_become_text() -> None:
    content = xlsx(
        ["Prénom", "Portable", "CP", "Né le", "Points"], ["Zoé", 639980001, 1000, dt.date(1980, 3, 12), 12.5]
    )

    assert rows_of(content)[1] == (2, ["Zoé", "639980001", "1000", "1980-03-12", "12.5"])


def test_ods() -> None:
    target = io.BytesIO()
    with odswriter.writer(target) as book:
        sheet = book.new_sheet("Contacts")
        sheet.writerow(["Prénom", "Portable"])
        sheet.writerow(["Zoé", "06 39 98 00 01"])

    opened = read.open_table(io.BytesIO(target.getvalue()))

    assert opened.format == "ods"
    assert list(opened.rows())[1] == (2, ["Zoé", "06 39 98 00 01"])


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    assert [number for number, _ in rows_of(xlsx(places={(2, 0): "a", (5, 0): "b"}))] == [3, 6]


def zip_bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b"0" * 1_000_000)
    return target.getvalue()


@pytest.mark.parametrize(
    ("_case", "content", "code"),
    [
        ("A1 and XFD1048576", xlsx(places={(0, 0): "a", (1048575, 16383): "z"}), "too_many_columns"),
        ("A1 and the last row of column 200", xlsx(places={(0, 0): "a", (1048575, 199): "z"}), "sheet_"),
        ("300 columns", xlsx([f"c{n}" for n in range(300)]), "too_many_columns"),
        ("nothing in it", xlsx(), "file_empty"),
        ("zip bomb", zip_bomb(), "file_unpacks_too_large"),
        ("another document", b"", "file_not_table"),
        ("cut in the middle", xlsx(["a", "b"])[:2000], "file_damaged"),
    ],
)
def test_hostile_spreadsheets_get_a_message(_case: str, content: bytes, code: str) -> None:
    if not content:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("word/document.xml", "<x/>")
        content = target.getvalue()
    started = time.monotonic()

    with pytest.raises(Refused, match=code):
        rows_of(content)

    assert time.monotonic() - started < 60


@pytest.fixture(scope="module")
def protected() -> bytes:
    target = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(xlsx(["Portable"], ["0639980001"]))).encrypt("open sesame", target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("_case", "password", "code"),
    [("no password", "", "file_password_needed"), ("wrong password", "guess", "file_wrong_password")],
)
def test_protected_workbook_is_refused(_case: str, password: str, code: str, protected: bytes) -> None:
    with pytest.raises(Refused, match=code):
        rows_of(protected, password)


def test_protected_workbook_opens_with_its_password(protected: bytes) -> None:
    assert rows_of(protected, "open sesame")[1] == (2, ["0639980001"])
