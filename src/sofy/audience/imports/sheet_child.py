"""The process that opens one spreadsheet: no database, no keys, no network, little memory and little time.

Reads the file from the descriptor named by SHEET_FD and the password from standard input; writes frames (4-byte length,
MessagePack) to standard output: lists of [row number, cells], then {} at the end or {"error": code, ...}. Asked to
`unlock`, it sends the bytes of the file without its password instead of rows.
"""

import datetime as dt
import io
import itertools
import os
import re
import resource
import sys
import zipfile
from typing import Any, BinaryIO

import msgspec

from sofy.audience.imports import odf_lock, sheet_errors

MEMORY = 2 << 30  # address space; a dense sheet of 1,048,576 x 40 cells fits
CPU_SECONDS = 120
MAX_UNPACKED = 2_000_000_000
BOMB_RATIO, BOMB_SIZE = 200, 100_000_000
FRAME_ROWS = 500
UNLOCKED_BLOCK = 1 << 20
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LOOKED_AT = 100
_ADDRESS = re.compile(r"\S@\S|(?:\d[ .-]?){9}")
_XLSX_TOO_WIDE = re.compile(rb' r="(?:G[S-Z]|[H-Z][A-Z]|[A-Z]{3})\d')  # past GR, the 200th column
_ODS_TALL = re.compile(rb'<table:table-row\b[^>]*number-rows-repeated="(\d{8,})"')  # no spreadsheet has so many rows
_ODS_WIDE = re.compile(rb'<table:table-cell\b(?=[^>]*value-type)[^>]*number-columns-repeated="(\d{3,})"')


class Bad(Exception):
    """What is wrong with the file: a code and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.report = {"error": code, **facts}


def limit_itself() -> None:
    """Give up memory and time before the first byte of the file is read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def decrypted(content: BinaryIO, password: str) -> BinaryIO:
    """Open a workbook protected by a password; other OLE files are old Excel or no table."""
    import msoffcrypto
    from msoffcrypto.exceptions import FileFormatError, InvalidKeyError

    try:
        office = msoffcrypto.OfficeFile(content)
    except FileFormatError:
        raise Bad("file_not_table") from None
    if office.format != "ooxml":  # of before 2007, never read, whether it has a password or none
        raise Bad("file_old_excel" if office.format == "xls97" else "file_not_table")
    if not password:
        raise Bad("file_password_needed")
    plain = io.BytesIO()
    try:
        office.load_key(password=password, verify_password=True)
        office.decrypt(plain)
    except InvalidKeyError:
        raise Bad("file_wrong_password") from None
    plain.seek(0)
    return plain


def opened(content: BinaryIO, password: str) -> BinaryIO:
    """A workbook without its password; the same file when it has none."""
    head = content.read(8)
    content.seek(0)
    if head == OLE_MAGIC:
        return decrypted(content, password)
    try:
        with zipfile.ZipFile(content) as archive:
            lock = odf_lock.lock_of(archive)
            if lock is not None:
                if not password:
                    raise Bad("file_password_needed")
                return odf_lock.unlocked(archive, lock, password, MAX_UNPACKED)
    except odf_lock.NotOpened as refused:
        raise Bad(str(refused), **refused.facts) from None
    content.seek(0)
    return content


def send_unlocked(content: BinaryIO, password: str) -> None:
    """Send the bytes of a protected workbook without its protection."""
    plain = opened(content, password)
    if plain is content:
        raise Bad("file_not_locked")
    while block := plain.read(UNLOCKED_BLOCK):
        send(block)
    send({})


def check_archive(content: BinaryIO, kind: str, max_columns: int) -> None:
    """Refuse what would not fit before anything tries to hold it."""
    with zipfile.ZipFile(content) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        for entry in entries:
            if entry.file_size > BOMB_SIZE and entry.file_size > BOMB_RATIO * max(1, entry.compress_size):
                raise Bad("file_unpacks_too_large", limit=MAX_UNPACKED)
        if unpacked > MAX_UNPACKED:
            raise Bad("file_unpacks_too_large", limit=MAX_UNPACKED)
        if kind == "ods":
            parts = ["content.xml"]
        else:
            parts = [entry.filename for entry in entries if entry.filename.startswith("xl/worksheets/sheet")]
        for part in parts:
            with archive.open(part) as stream:
                check_width(stream, kind, max_columns)


def check_width(stream: Any, kind: str, max_columns: int) -> None:
    """Find a cell too far to the right without building the table that would hold it."""
    rest = b""
    while block := stream.read(1 << 20):
        text = rest + block
        if kind == "xlsx" and _XLSX_TOO_WIDE.search(text):
            raise Bad("too_many_columns", limit=max_columns)
        if kind == "ods" and any(int(repeat) > max_columns for repeat in _ODS_WIDE.findall(text)):
            raise Bad("too_many_columns", limit=max_columns)
        if kind == "ods" and _ODS_TALL.search(text):
            raise Bad("sheet_too_large")
        rest = text[-300:]


def as_text(value: Any) -> str:
    """A cell as somebody would type it; dates become ISO so that their order is never in doubt."""
    if type(value) is str:
        return value
    if type(value) is float:
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if type(value) is bool:
        return "1" if value else "0"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return str(value)


def send(frame: Any) -> None:
    """Write one frame to the parent."""
    body = msgspec.msgpack.encode(frame)
    sys.stdout.buffer.write(len(body).to_bytes(4) + body)


def table_of(book: Any) -> Any:
    """The sheet to read: the first one shown that has phone numbers or e-mail addresses, else the first shown that has
    columns, else the first that has any cell.
    """
    import python_calamine

    found = wide = None
    for sheet in sorted(
        book.sheets_metadata, key=lambda each: each.visible != python_calamine.SheetVisibleEnum.Visible
    ):
        table = book.get_sheet_by_name(sheet.name) if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet else None
        if table is None or not table.height:
            continue
        if sheet.visible == python_calamine.SheetVisibleEnum.Visible:
            if has_addresses(table):
                return table
            if table.width > 1:
                wide = wide or table
        found = found or table
    if found is None:
        raise Bad("file_empty")
    return wide or found


def has_addresses(table: Any) -> bool:
    """Whether the first rows of a sheet hold what may be a phone number or an e-mail address."""
    rows = itertools.islice(table.iter_rows(), LOOKED_AT)
    return any(_ADDRESS.search(as_text(cell)) is not None for row in rows for cell in row)


def send_rows(content: BinaryIO, max_columns: int, max_cell: int) -> None:
    """Read one sheet and send its rows that have any text."""
    import python_calamine

    sheet = table_of(python_calamine.CalamineWorkbook.from_filelike(content))
    number = 0  # the rows above the first cell are given too
    frame: list[tuple[int, list[str]]] = []
    for row in sheet.iter_rows():
        number += 1
        cells = [as_text(value) for value in row]
        if not "".join(cells).strip():
            continue
        if len(cells) > max_columns and any(cells[max_columns:]):
            raise Bad("too_many_columns", row=number, limit=max_columns)
        if max(map(len, cells)) > max_cell:
            raise Bad("cell_too_long", row=number, limit=max_cell)
        frame.append((number, cells))
        if len(frame) == FRAME_ROWS:
            send(frame)
            frame = []
    send(frame)
    send({})


def main() -> None:
    """Read the file named by the environment and report in frames; never a traceback."""
    limit_itself()
    kind, max_columns, max_cell = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    password = sys.stdin.buffer.read().decode()
    content: BinaryIO = os.fdopen(int(os.environ["SHEET_FD"]), "rb")
    try:
        if kind == "unlock":
            send_unlocked(content, password)
            return
        content = opened(content, password)
        check_archive(content, kind, max_columns)
        content.seek(0)
        send_rows(sheet_errors.shown_as_text(content, kind), max_columns, max_cell)
    except Bad as bad:
        send(bad.report)
    except MemoryError:
        send({"error": "sheet_too_large"})
    except Exception:  # whatever a hostile file provokes
        send({"error": "file_damaged"})
    finally:
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
