"""From a file of unknown make to rows of text: format, encoding, delimiter, quoting.

Everything is decided before the first row is applied, in one pass over the bytes that holds one chunk in memory, so
that a hopeless file is refused with a message and changes nothing.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

from sofy.audience.imports import encodings, sheet
from sofy.kernel.errors import Refused

MAX_COLUMNS = 200
MAX_CELL = 100_000  # characters
MAX_LINE = 4_000_000  # bytes
MAX_LINES_IN_CELL = 100  # more, and a quote was opened that nothing closes
HEAD_BYTES = 4096
SNIFF_BYTES = 128 * 1024
DELIMITERS = ";,\t|"
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|meta)\b", re.IGNORECASE).match
#: What keeps a program from taking a number for one: ="0639980001".
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
#: How many rows are looked at, and how many of them must agree, before cells are taken apart.
FOLDED_ROWS, FOLDED_AGREEMENT = 100, 0.9

#: One row as the spreadsheet numbers it (the header is 1); cells are None when the row cannot be read.
Row = tuple[int, list[str] | None]


@dataclass(frozen=True)
class Table:
    """A file whose make is known, ready to be read from the start as often as needed."""

    content: BinaryIO
    format: str  # csv, xlsx or ods
    encoding: str = ""
    delimiter: str = ""
    password: str = field(default="", repr=False)

    def rows(self) -> Iterator[Row]:
        """Every row from the first, header included; rows without any text are left out, their numbers too.

        Raises: Refused with what is wrong with the file.
        """
        self.content.seek(0)
        if self.format != "csv":
            return _unfolded(sheet.rows(self.content, self.format, self.password, MAX_COLUMNS, MAX_CELL))
        return _unfolded(_csv_rows(self.content, self.encoding, self.delimiter))


def open_table(content: BinaryIO, *, name: str = "", password: str = "") -> Table:
    """Find out what a file is, by its bytes rather than its name.

    Raises: Refused file_empty, file_not_text, file_not_table, file_damaged, line_too_long.
    """
    content.seek(0)
    head = content.read(HEAD_BYTES)
    content.seek(0)
    if not head:
        raise Refused("file_empty")
    if _MARKUP(head):
        raise Refused("file_not_table")  # a web page or an old XML that calls itself a spreadsheet
    if head.startswith(b"PK\x03\x04"):
        return Table(content, sheet.zip_format(content), password=password)
    if head.startswith(sheet.OLE_MAGIC):
        return Table(content, "xlsx", password=password)  # a password is asked for, or it is refused, when it is read
    encoding = encodings.guess(content, MAX_LINE)
    content.seek(0)
    start = content.read(SNIFF_BYTES).decode(encoding, errors="ignore" if encoding.startswith("utf-16") else "replace")
    if not start.strip("\ufeff \r\n\t;,|\"'"):
        raise Refused("file_empty")
    return Table(content, "csv", encoding, delimiter(start))


def delimiter(start: str) -> str:
    """The separator of a CSV that begins like this; a semicolon when it has only one column."""
    declared = re.match(r"\ufeff?sep=(.)\r?\n", start)
    if declared:
        return declared[1]
    lines = start.splitlines(keepends=True)
    if len(start) >= SNIFF_BYTES - 4:
        lines = lines[:-1]  # cut in the middle
    return _separator(lines)[1] or ";"


def _separator(lines: list[str]) -> tuple[float, str]:
    """The separator under which lines agree best on their number of columns, and the share of them that do."""
    best, choice = (0.0, 0), ""
    for candidate in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines[:400], delimiter=candidate) if row]
        except csv.Error:
            continue
        usual = max(set(widths), key=widths.count, default=1)
        if usual > 1:
            agreement = (widths.count(usual) / len(widths), usual)
            if agreement > best:
                best, choice = agreement, candidate
    return best[0], choice


def _unfolded(rows: Iterator[Row]) -> Iterator[Row]:
    """Take apart lines of a CSV that were kept whole in the first cell, as a spreadsheet does that was not asked."""
    start = list(islice(rows, FOLDED_ROWS))
    whole = [cells[0] for _, cells in start if cells is not None and not any(cells[1:])]
    agreement, separator = _separator(whole)
    if len(whole) < len(start) or agreement < FOLDED_AGREEMENT:
        yield from chain(start, rows)
        return
    for number, cells in chain(start, rows):
        apart = next(csv.reader(cells[:1], delimiter=separator), []) + cells[1:] if cells is not None else None
        if apart is not None and any(apart[MAX_COLUMNS:]):
            raise Refused("too_many_columns", row=number, columns=len(apart), limit=MAX_COLUMNS)
        yield number, apart


def _csv_rows(content: BinaryIO, encoding: str, separator: str) -> Iterator[Row]:
    """Records of a CSV; a quote that nothing closes costs its own line and no other."""
    csv.field_size_limit(MAX_CELL)
    text: io.TextIOWrapper[Any] = io.TextIOWrapper(
        _Unclosable(content), encoding, errors=encodings.ERRORS.get(encoding, "strict"), newline=""
    )
    lines = _Lines(text)
    taken = lines.taken
    number = width = 0
    reader = csv.reader(lines, delimiter=separator)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell past the limit
            if len(taken) == 1 or (width > 1 and not any(separator in line for line in taken[1:])):
                raise Refused("cell_too_long", row=number + 1, limit=MAX_CELL) from None
            cells = None
        number += 1
        if cells is None or (len(taken) > 1 and _is_swallowed(taken, lines, separator, width)):
            lines.give_back(1)
            reader = csv.reader(lines, delimiter=separator)
            yield number, None
            continue
        if len(cells) > MAX_COLUMNS and any(cell for cell in cells[MAX_COLUMNS:]):
            raise Refused("too_many_columns", row=number, columns=len(cells), limit=MAX_COLUMNS)
        if number == 1 and _is_declaration(cells, taken[0]):
            number = 0  # no spreadsheet shows or counts this line
        elif "".join(cells).strip():
            width = width or len(cells)
            yield number, [_shown(cell) for cell in cells] if '="' in taken[0] else cells


def _shown(cell: str) -> str:
    """A cell as a spreadsheet shows it."""
    formula = _FORMULA.fullmatch(cell)
    return formula[1] if formula else cell


def _is_swallowed(taken: list[str], lines: "_Lines", separator: str, width: int) -> bool:
    """Whether a record has several lines because somebody typed a quote, not because a cell does."""
    if len(taken) > MAX_LINES_IN_CELL or _open_quote(taken, lines):
        return True
    if not taken[0].count(separator) + 1 >= width > 1:
        return False
    # the first line alone is a row, and so it is one, unless its quote means something
    return len(next(csv.reader(taken[:1], delimiter=separator))) < width


def _open_quote(taken: list[str], lines: "_Lines") -> bool:
    """A record of several lines that ended only because the file did."""
    return lines.ended and "".join(taken).count('"') % 2 == 1


def _is_declaration(cells: list[str], line: str) -> bool:
    return line.lstrip("\ufeff").startswith("sep=") and len(line.strip()) <= 6 and bool(cells)


class _Lines:
    """Physical lines that remembers those of the current record, to read them again when the record made no sense."""

    def __init__(self, text: "io.TextIOWrapper[Any]") -> None:
        self.text = text
        self.taken: list[str] = []
        self.waiting: list[str] = []
        self.ended = False
        first = text.readline()
        if first.startswith("\ufeff"):
            first = first[1:]
        if first:
            self.waiting.append(first)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.waiting:
            line = self.waiting.pop()
        else:
            line = self.text.readline()
            if not line:
                self.ended = True
                raise StopIteration
        line = line.replace("\0", "")  # padding of fields of fixed length
        self.taken.append(line)
        return line

    def give_back(self, keep: int) -> None:
        """Let every line of the record be read again, except the first `keep`."""
        self.waiting.extend(reversed(self.taken[keep:]))
        self.ended = False


class _Unclosable(io.BufferedIOBase):
    """Lets a text layer be dropped without closing the file it read."""

    def __init__(self, content: BinaryIO) -> None:
        self.content = content

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self.content.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        return self.content.read(SNIFF_BYTES if size < 0 else size)
