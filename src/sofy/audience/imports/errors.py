"""The rows of a file that need a look, in the format of the file, with their row numbers and what is wrong.

Made again each time from the encrypted upload and the import's rows: nothing more is kept.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

from sofy.audience import vault
from sofy.audience.imports import read
from sofy.audience.imports.values import plain
from sofy.audience.models import Import, ImportRow
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

Label = Callable[[str], str]
_BOM = {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}


def error_file(
    *,
    client_id: UUID,
    import_id: UUID,
    label: Label = str,
    heads: tuple[str, str] = ("Row", "Problem"),
    password: str = "",
) -> tuple[str, bytes]:
    """Extension and content of the error file of an import; `label` puts a problem code into words.

    Raises: Refused import_unknown; file_gone when the upload has expired.
    """
    with client_scope(client_id):
        row = Import.objects.filter(client_id=client_id, id=import_id).first()
        if row is None:
            raise Refused("import_unknown", 404)
        rows = ImportRow.objects.filter(client_id=client_id, import_id=import_id).exclude(problems="")
        problems = dict(rows.values_list("row", "problems"))
    if not row.upload:
        raise Refused("file_gone", 410)
    content = vault.open_file(keys_for(client_id), UUID(row.upload))
    with closing(content):
        table = read.Table(content, row.file_format, row.encoding, row.delimiter, password)
        lines = _lines(table, problems, int(row.mapping.get("header", 0)), label, heads)
        if row.file_format == "csv":
            return "csv", _csv(lines, row.encoding, row.delimiter)
        return row.file_format, (_xlsx(lines) if row.file_format == "xlsx" else _ods(lines))


def _lines(
    table: read.Table, problems: dict[int, str], above: int, label: Label, heads: tuple[str, str]
) -> Iterator[list[str]]:
    for position, (number, cells) in enumerate(table.rows()):
        if position == max(0, above - 1):
            width = len(cells or ())
            yield [*heads, *((cells or []) if above else [""] * width)]
        codes = problems.get(number)
        if codes:
            yield [str(number), ", ".join(dict.fromkeys(label(code) for code in codes.split(","))), *(cells or [])]


def _csv(lines: Iterator[list[str]], encoding: str, delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter or ";")
    writer.writerows([plain(cell) for cell in cells] for cells in lines)
    return text.getvalue().encode(_BOM.get(encoding, encoding), errors="replace")


def _xlsx(lines: Iterator[list[str]]) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(lines):
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, cell)  # never a formula or a number that loses its zero
    return target.getvalue()


def _ods(lines: Iterator[list[str]]) -> bytes:
    import odswriter

    target: Any = io.BytesIO()
    with odswriter.writer(target) as book:
        sheet = book.new_sheet("1")
        for cells in lines:
            sheet.writerow(cells)
    return bytes(target.getvalue())
