"""Formulas that failed, in the process that reads sheets: the reader takes their cells for empty ones, and a failed
formula in a column of oppositions must not read as "nothing against it".

Source: ECMA-376 part 1, 18.3.1.4 (a cell of type "e" holds the text of its error); OpenDocument 1.3 part 3, 19.385
(value-type), to which LibreOffice adds calcext:value-type="error" and an empty string-value.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO

BLOCK = 1 << 20
#: Kind of workbook -> the start tag of a cell that holds an error, and the same tag of a cell that holds its text.
_CELLS = {
    "xlsx": (re.compile(rb"""(<(?:\w+:)?c\b[^>]*?\st=["'])e(["'])"""), rb"\1str\2"),
    "ods": (
        re.compile(rb"""(<table:table-cell\b(?=[^>]*:value-type=["']error["'])[^>]*?)\soffice:string-value=["'][^"'>]*["']"""),
        rb"\1",
    ),
}  # fmt: skip


#: What such a tag cannot do without, found five times sooner in the millions of tags that are none.
_MARKS = {"xlsx": (b't="e"', b"t='e'"), "ods": (b'value-type="error"', b"value-type='error'")}


def shown_as_text(content: BinaryIO, kind: str) -> BinaryIO:
    """The workbook with each error as the text the sheet shows (#N/A, #DIV/0!), in memory; itself when it has none."""
    with zipfile.ZipFile(content) as archive:
        found = {part for part in _tables(archive, kind) if _has_errors(archive, part, kind)}
        plain = _rewritten(archive, found, kind) if found else content
    plain.seek(0)
    return plain


def _tables(archive: zipfile.ZipFile, kind: str) -> list[str]:
    if kind == "ods":
        return ["content.xml"]
    return [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]


def _has_errors(archive: zipfile.ZipFile, part: str, kind: str) -> bool:
    cell, _ = _CELLS[kind]
    with archive.open(part) as stream:
        pieces = (piece for piece in _whole_tags(stream) if any(mark in piece for mark in _MARKS[kind]))
        return any(cell.search(piece) for piece in pieces)


def _rewritten(archive: zipfile.ZipFile, parts: set[str], kind: str) -> BinaryIO:
    cell, instead = _CELLS[kind]
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in archive.namelist():
            with archive.open(name) as source, target.open(name, "w", force_zip64=True) as sink:
                if name not in parts:
                    while block := source.read(BLOCK):
                        sink.write(block)
                    continue
                for piece in _whole_tags(source):
                    sink.write(cell.sub(instead, piece))
    return copy


def _whole_tags(stream: IO[bytes]) -> Iterator[bytes]:
    """The text of a part in pieces that cut no tag in two."""
    rest = b""
    while block := stream.read(BLOCK):
        text = rest + block
        cut = max(0, text.rfind(b"<"))
        rest = text[cut:]
        yield text[:cut]
    yield rest
