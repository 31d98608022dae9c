"""Documents and their lines as CSV, which spreadsheets open as it is; credit notes are below zero."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sofy.billing.document import Document

#: A cell that a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_HEAD: Final = (
    "number", "kind", "issued_on", "due_on", "client", "buyer", "siren", "vat_id", "order_form",
)  # fmt: skip
DOCUMENTS: Final = (*_HEAD, "net_eur", "vat_eur", "gross_eur")
LINES: Final = (
    *_HEAD, "line", "code", "label", "establishment", "from", "to", "quantity", "unit_price_eur", "line_net_eur",
    "vat_category", "vat_percent", "article",
)  # fmt: skip


def rows(documents: Iterable[tuple[Document, str, str]]) -> Iterator[tuple[Any, ...]]:
    """A row per line of each document, with its state; a heading first."""
    yield (*LINES, "state")
    for document, client, state in documents:
        for row in by_line(document, client):
            yield (*row, state)


def whole(document: Document, client: str) -> tuple[Any, ...]:
    """A document as a row of DOCUMENTS."""
    sign = -1 if document.kind == "credit_note" else 1
    return (*_head(document, client), sign * document.net_eur, sign * document.vat_eur, sign * document.gross_eur)


def _head(document: Document, client: str) -> tuple[Any, ...]:
    buyer = document.buyer
    due_on = "" if document.kind == "credit_note" else document.payment.due_on
    return (
        document.number, document.kind, document.issued_on, due_on, client, buyer.name, buyer.siren, buyer.vat_id,
        document.order_form,
    )  # fmt: skip


def by_line(document: Document, client: str) -> Iterator[tuple[Any, ...]]:
    """A row of LINES per line of a document."""
    sign = -1 if document.kind == "credit_note" else 1
    for line in document.lines:
        period = line.period
        yield (
            *_head(document, client), line.number, line.code, line.label, line.establishment,
            period.start if period else "", period.end if period else "", sign * line.quantity, line.unit_price_eur,
            sign * line.net_eur, line.vat_category, line.vat_rate, line.because.article,
        )  # fmt: skip


def csv_lines(found: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Rows as UTF-8 with its mark, semicolons between them, no formula of anybody's."""
    yield b"\xef\xbb\xbf"
    for row in found:
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerow([_cell(value) for value in row])
        yield out.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return f"{value:f}" if hasattr(value, "normalize") else str(value)
