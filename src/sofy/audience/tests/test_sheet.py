"""Spreadsheets, the hostile ones included: a message, never a crash."""

import datetime as dt
import hashlib
import io
import os
import struct
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
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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


FORMS = {  # as LibreOffice writes them
    "Blowfish, of ODF 1.1": {
        "checksum-type": "SHA1/1K",
        "algorithm-name": "Blowfish CFB",
        "key-derivation-name": "PBKDF2",
        "iteration-count": "1000",
    },
    "AES, of ODF 1.2": {
        "checksum-type": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k",
        "algorithm-name": "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        "start-key-generation-name": "http://www.w3.org/2000/09/xmldsig#sha256",
        "key-derivation-name": "PBKDF2",
        "iteration-count": "1000",
    },
    "the package as a whole": {
        "algorithm-name": "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "start-key-generation-name": "http://www.w3.org/2001/04/xmlenc#sha256",
        "key-derivation-name": "urn:org:documentfoundation:names:experimental:office:manifest:argon2id",
        "argon2-iterations": "3",
        "argon2-memory": "65536",
        "argon2-lanes": "4",
    },
}
BLOWFISH, AES, WHOLE = FORMS


def locked_ods(password: str, form: str = AES, content: bytes | None = None, /, **changes: str) -> bytes:
    """An ODS enciphered as LibreOffice does, with what its manifest says changed (`argon2_memory="1"`)."""
    facts = FORMS[form]
    if content is None:
        content = plain_ods() if form == WHOLE else table_of(plain_ods())
    deflater = zlib.compressobj(wbits=-15)
    deflated = deflater.compress(content) + deflater.flush()
    digest = "sha1" if form == BLOWFISH else "sha256"
    start, salt, vector = hashlib.new(digest, password.encode()).digest(), os.urandom(16), os.urandom(16)
    if form == WHOLE:
        vector = vector[:12]
        key = hash_secret_raw(start, salt, 3, 65536, 4, 32, Type.ID)
        enciphered = vector + AESGCM(key).encrypt(vector, deflated, None)
    elif form == AES:
        padded = deflated + bytes(15 - len(deflated) % 16) + bytes([16 - len(deflated) % 16])
        key = hashlib.pbkdf2_hmac("sha1", start, salt, 1000, 32)
        enciphered = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor().update(padded)
    else:
        vector = vector[:8]
        key = hashlib.pbkdf2_hmac("sha1", start, salt, 1000, 16)
        enciphered = Cipher(Blowfish(key), CFB(vector)).encryptor().update(deflated)
    check = hashlib.new(digest, deflated[:1024]).digest()
    made = {"salt": salt, "initialisation-vector": vector, "checksum": check}
    facts = facts | {name: b64encode(value).decode() for name, value in made.items()}
    facts |= {name.replace("_", "-"): value for name, value in changes.items()}
    part = "encrypted-package" if form == WHOLE else "content.xml"
    return package({part: enciphered, "META-INF/manifest.xml": manifest(part, facts)})


def manifest(part: str, facts: dict[str, str]) -> bytes:
    said = dict.fromkeys(("checksum", "algorithm", "start-key-generation", "key-derivation", "argon2"), "")
    for name, value in facts.items():
        kind = next((each for each in said if name.startswith(each)), "key-derivation")
        kind = "algorithm" if name == "initialisation-vector" else kind
        said[kind] += f' {"lo" if kind == "argon2" else "m"}:{name}="{value}"'
    return (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
        ' xmlns:lo="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0">'
        f'<m:file-entry m:full-path="{part}"><m:encryption-data{said["checksum"]}><m:algorithm{said["algorithm"]}/>'
        f"<m:start-key-generation{said['start-key-generation']}/>"
        f"<m:key-derivation{said['key-derivation']}{said['argon2']}/>"
        "</m:encryption-data></m:file-entry></m:manifest>"
    ).encode()


def package(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def table_of(ods: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(ods)) as archive:
        return archive.read("content.xml")


def plain_ods() -> bytes:
    target: Any = io.BytesIO()
    with odswriter.writer(target) as book:
        made = book.new_sheet("Clients")
        made.writerow(["Prénom", "Portable"])
        made.writerow(["Élodie", "0639980001"])
    return bytes(target.getvalue())


@pytest.mark.parametrize("form", FORMS)
def test_a_locked_ods_opens_with_its_password(form: str) -> None:
    content = locked_ods("sésame, ouvre-toi €", form)

    assert rows_of(content, "sésame, ouvre-toi €") == [(1, ["Prénom", "Portable"]), (2, ["Élodie", "0639980001"])]
    with sheet.unlocked(io.BytesIO(content), "sésame, ouvre-toi €") as plain:
        assert rows_of(plain.read()) == rows_of(content, "sésame, ouvre-toi €")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("_case", "password", "code"),
    [("no password", "", "file_password_needed"), ("wrong password", "Open", "file_wrong_password")],
)
def test_a_locked_ods_without_its_password(_case: str, password: str, code: str, form: str) -> None:
    with pytest.raises(Refused, match=code) as refused:
        rows_of(locked_ods("open", form), password)

    assert refused.value.facts == {}


@pytest.mark.parametrize(
    ("_case", "form", "said"),
    [
        ("another cipher", AES, {"algorithm_name": "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"}),
        ("another hash of the password", AES, {"start_key_generation_name": "http://www.w3.org/2001/04/xmlenc#sha512"}),
        ("a key that is no password", WHOLE, {"key_derivation_name": "PGP"}),
        ("endless rounds", AES, {"iteration_count": "2000001"}),
        ("endless rounds of Blowfish", BLOWFISH, {"iteration_count": "2000000000"}),
        ("no rounds", BLOWFISH, {"iteration_count": "0"}),
        ("endless passes", WHOLE, {"argon2_iterations": "11"}),
        ("all the memory", WHOLE, {"argon2_memory": "131073"}),
        ("too many lanes", WHOLE, {"argon2_lanes": "9"}),
        ("no lanes", WHOLE, {"argon2_lanes": "-1"}),
    ],
)
def test_what_no_password_would_open_is_refused_before_it_is_asked_for(
    _case: str, form: str, said: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="file_password_ods") as refused:
        rows_of(locked_ods("open", form, **said))

    assert refused.value.facts == {}


def test_the_most_work_a_manifest_may_ask_for_is_within_the_limits_of_the_process() -> None:
    most = {name.replace("-", "_"): str(value) for name, value in odf_lock.MAX_WORK["argon2id"].items()}

    with pytest.raises(Refused, match="file_wrong_password"):  # and not sheet_unreadable, of a process that died
        rows_of(locked_ods("open", WHOLE, **most), "open")


@pytest.mark.parametrize(
    ("_case", "form", "made", "said", "code"),
    [
        ("no number of rounds", AES, None, {"iteration_count": "x"}, "file_damaged"),
        ("no salt", WHOLE, None, {"salt": ""}, "file_damaged"),
        ("inflates, under another checksum", BLOWFISH, None, {"checksum": "AAAA"}, "file_wrong_password"),
        ("a bomb", AES, lambda: b"<a/>" * 30_000_000, {}, "file_unpacks_too_large"),
        ("a bomb in the package", WHOLE, zip_bomb, {}, "file_unpacks_too_large"),
        ("not a table", AES, lambda: b"<a/>", {}, "file_damaged|file_empty"),
        ("not a package", WHOLE, lambda: b"<a/>", {}, "file_damaged"),
    ],
)
def test_a_locked_ods_that_stays_closed(
    _case: str, form: str, made: Callable[[], bytes] | None, said: dict[str, str], code: str
) -> None:
    content = locked_ods("open", form, made() if made else None, **said)

    with pytest.raises(Refused, match=code):
        rows_of(content, "open")


@pytest.mark.parametrize(
    ("_case", "encoding", "code"), [("plain", "utf-8", "file_password_ods"), ("hidden", "utf-16", "file_damaged")]
)
def test_a_manifest_that_grows_is_not_read(_case: str, encoding: str, code: str) -> None:
    start = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE m [<!ENTITY a "aaaa">]>'
    said = start + manifest("encrypted-package", FORMS[WHOLE] | {"salt": "&a;"}).decode()

    with pytest.raises(Refused, match=code):
        rows_of(package({"encrypted-package": b"x", "META-INF/manifest.xml": said.encode(encoding)}))


@pytest.mark.parametrize("form", FORMS)
def test_what_an_ods_unpacks_to_is_bounded_before_it_is_held(form: str) -> None:
    content = io.BytesIO(locked_ods("open", form, b"x" * 5_000))

    with zipfile.ZipFile(content) as archive, pytest.raises(odf_lock.NotOpened, match="too_large") as refused:
        odf_lock.unlocked(archive, odf_lock.lock_of(archive) or {}, "open", 4_999)

    assert refused.value.facts == {"limit": 4_999}


def test_a_package_may_be_no_larger_than_a_file_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odf_lock, "MAX_PACKAGE", 4_999)

    with (
        zipfile.ZipFile(io.BytesIO(locked_ods("open", WHOLE, b"x" * 5_000))) as archive,
        pytest.raises(odf_lock.NotOpened, match="file_unpacks_too_large"),
    ):
        odf_lock.unlocked(archive, odf_lock.lock_of(archive) or {}, "open", 2_000_000_000)


@pytest.mark.parametrize("password", ["", "open"])
@pytest.mark.parametrize(
    ("stream", "code"), [("Workbook", "file_old_excel"), ("Book", "file_not_table"), ("WordDocument", "file_not_table")]
)
def test_a_document_of_before_2007_is_refused_before_its_password_is_asked_for(
    stream: str, code: str, password: str, protected: bytes
) -> None:
    with pytest.raises(Refused, match=code):
        rows_of(of_before_2007(protected, stream), password)


def of_before_2007(protected: bytes, stream: str) -> bytes:
    """A locked old file: the stream of a new one under another name, its start a workbook and its FilePass (RC4)."""
    name = "EncryptionInfo".encode("utf-16-le")
    renamed = stream.encode("utf-16-le").ljust(64, b"\0") + (2 * len(stream) + 2).to_bytes(2, "little")
    place = protected.index(name)
    old = protected[:place] + renamed + protected[place + len(renamed) :]
    book = struct.pack("<HH16x5H", 0x0809, 16, 0x002F, 6, 1, 1, 1)
    place = old.index(b"\x04\0\x04\0\x40\0\0\0<?xml")
    return old[:place] + book + old[place + len(book) :]
