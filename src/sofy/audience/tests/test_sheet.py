"""Spreadsheets, the hostile ones included: a message, never a crash."""

import datetime as dt
import hashlib
import io
import os
import time
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msoffcrypto.format.ooxml
import odswriter
import pytest
import xlsxwriter
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sofy.audience.imports import odf_lock, read, sheet
from sofy.kernel.errors import Refused


def xlsx(*rows: list[Any], places: dict[tuple[int, int], str] | None = None) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        made = book.add_worksheet()
        for number, row in enumerate(rows):
            made.write_row(number, 0, row)
        for place, value in (places or {}).items():
            made.write(*place, value)
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


def tall_ods() -> bytes:
    """A few octets that ask for four billion rows."""
    row = '<table:table-row table:number-rows-repeated="4000000000"><table:table-cell office:value-type="string"/>'
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", f"<office:document-content>{row}</table:table-row></office:document-content>")
    return target.getvalue()


def other_document() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    return target.getvalue()


@pytest.mark.parametrize(
    ("_case", "made", "code"),
    [
        ("A1 and XFD1048576", lambda: xlsx(places={(0, 0): "a", (1048575, 16383): "z"}), "too_many_columns"),
        ("A1 and the last row of column 200", lambda: xlsx(places={(0, 0): "a", (1048575, 199): "z"}), "sheet_"),
        ("300 columns", lambda: xlsx([f"c{n}" for n in range(300)]), "too_many_columns"),
        ("nothing in it", xlsx, "file_empty"),
        ("zip bomb", zip_bomb, "file_unpacks_too_large"),
        ("four billion rows", tall_ods, "sheet_too_large"),
        ("another document", other_document, "file_not_table"),
        ("cut in the middle", lambda: xlsx(["a", "b"])[:2000], "file_damaged"),
    ],
)
def test_hostile_spreadsheets_get_a_message(_case: str, made: Callable[[], bytes], code: str) -> None:
    content = made()
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


ROUNDS = 1000


def locked_ods(
    password: str, table: bytes | None = None, algorithm: str = odf_lock.AES_256_CBC, **changes: str
) -> bytes:
    """An ODS with its parts enciphered, as ODF 1.2 says. Source: ODF 1.2 part 3, sections 3.4 and 4.8."""
    if table is None:
        with zipfile.ZipFile(io.BytesIO(plain_ods())) as archive:
            table = archive.read("content.xml")
    deflater = zlib.compressobj(wbits=-15)
    deflated = deflater.compress(table) + deflater.flush()
    padded = deflated + bytes(15 - len(deflated) % 16) + bytes([16 - len(deflated) % 16])
    salt, vector = os.urandom(16), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha1", hashlib.sha256(password.encode()).digest(), salt, ROUNDS, 32)
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    facts = {"rounds": str(ROUNDS), "start": "http://www.w3.org/2000/09/xmldsig#sha256", **changes}
    data = (
        '<m:encryption-data m:checksum-type="urn:x#sha256-1k" m:checksum="AAAA">'
        f'<m:algorithm m:algorithm-name="{algorithm}" m:initialisation-vector="{b64encode(vector).decode()}"/>'
        f'<m:start-key-generation m:start-key-generation-name="{facts["start"]}" m:key-size="32"/>'
        f'<m:key-derivation m:key-derivation-name="PBKDF2" m:key-size="32" m:iteration-count="{facts["rounds"]}"'
        f' m:salt="{b64encode(salt).decode()}"/></m:encryption-data>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", cipher.update(padded) + cipher.finalize())
        archive.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<m:file-entry m:full-path="content.xml">{data}</m:file-entry></m:manifest>',
        )
    return target.getvalue()


def plain_ods() -> bytes:
    target: Any = io.BytesIO()
    with odswriter.writer(target) as book:
        made = book.new_sheet("Clients")
        made.writerow(["Prénom", "Portable"])
        made.writerow(["Élodie", "0639980001"])
    return bytes(target.getvalue())


def test_a_locked_ods_opens_with_its_password() -> None:
    content = locked_ods("sésame, ouvre-toi")

    assert rows_of(content, "sésame, ouvre-toi") == [(1, ["Prénom", "Portable"]), (2, ["Élodie", "0639980001"])]
    with sheet.unlocked(io.BytesIO(content), "sésame, ouvre-toi") as plain:
        assert rows_of(plain.read()) == rows_of(content, "sésame, ouvre-toi")


@pytest.mark.parametrize(
    ("_case", "how", "password", "code"),
    [
        ("no password", {}, "", "file_password_needed"),
        ("wrong password", {}, "Open", "file_wrong_password"),
        ("another cipher", {"algorithm": "Blowfish CFB"}, "open", "file_password_ods"),
        ("endless work", {"rounds": "2000000000"}, "open", "file_password_ods"),
        ("no number of rounds", {"rounds": "x"}, "open", "file_damaged"),
        ("a bomb", {"repeated": 30_000_000}, "open", "file_unpacks_too_large"),
        ("not a table", {"repeated": 1}, "open", "file_damaged|file_empty"),
    ],
)
def test_a_locked_ods_that_stays_closed(_case: str, how: dict[str, Any], password: str, code: str) -> None:
    times = how.pop("repeated", 0)

    with pytest.raises(Refused, match=code):
        rows_of(locked_ods("open", table=b"<a/>" * times or None, **how), password)


def test_a_package_enciphered_as_a_whole_is_refused_with_what_to_do() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("encrypted-package", b"x" * 100)

    with pytest.raises(Refused, match="file_password_ods"):
        rows_of(target.getvalue())


def test_what_an_ods_unpacks_to_is_bounded_before_it_is_held() -> None:
    with pytest.raises(odf_lock.NotOpened, match="file_unpacks_too_large"):
        odf_lock.unlocked(io.BytesIO(locked_ods("open", table=b"x" * 5_000)), "open", 4_999)
