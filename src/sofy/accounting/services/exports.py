"""Files for the accountant, line by line: the FEC, and CSV of documents, lines, VAT and revenue."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from sofy.accounting import queries
from sofy.accounting.rules import fec
from sofy.accounting.services import books, charts, entries
from sofy.billing import tabular
from sofy.billing.document import decoded
from sofy.billing.models import Invoice
from sofy.contracts.queries import EntityLine
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope


def told(kind: str, entity: EntityLine, first: date, last: date, actor: str) -> None:
    """That a file of the books was taken is in the platform's journal."""
    facts = {"file": kind, "entity": entity.code, "period": f"{first}/{last}"}
    with staff_scope():
        audit.append(audit.PLATFORM, "books.exported", actor, facts, using="staff")


def fec_lines(entity: EntityLine, first: date, last: date) -> Iterator[bytes]:
    """The FEC of days of one financial year; its numbers are those of the whole year's file.

    Raises: Refused (siren_missing, two_years, books_behind, books_unreadable).
    """
    accounts = charts.of(entity.id)
    if not entity.data.siren:
        raise Refused("siren_missing", 409, entity=entity.code)
    year = accounts.year_of(last)
    if first < year[0]:
        raise Refused("two_years", 409, first=year[0].isoformat(), last=year[1].isoformat())
    books.need(entity.id)
    unreadable = queries.unreadable(entity.id)
    if unreadable:
        raise Refused("books_unreadable", 409, order_form=unreadable[0])
    return fec.lines(entries.of_period(entity.id, accounts, year[0], last), first, last)


def fec_name(entity: EntityLine, last: date) -> str:
    """The name of the file: its day is the last one of the financial year."""
    return fec.file_name(entity.data.siren.replace(" ", ""), charts.of(entity.id).year_of(last)[1])


def rows_of_documents(entity_id: UUID, first: date, last: date, *, by_line: bool) -> Iterator[tuple[Any, ...]]:
    """Documents issued in a period, or their lines; credit notes are below zero."""
    rows = Invoice.objects.using("staff").filter(entity_id=entity_id, issued_on__gte=first, issued_on__lte=last)
    names = entries.Names()
    yield tabular.LINES if by_line else tabular.DOCUMENTS
    for batch in entries.batches(rows, "frozen_at"):
        with staff_scope():
            known = names.of(row.client_id for row in batch)
        for row in batch:
            document = decoded(str(row.document).encode())
            slug = known[row.client_id][0]
            if by_line:
                yield from tabular.by_line(document, slug)
            else:
                yield tabular.whole(document, slug)


def rows_of_sums(kind: str, entity_id: UUID, first: date, last: date) -> Iterator[tuple[Any, ...]]:
    """The VAT or the revenue report, as its page shows it."""
    if kind == "vat":
        yield ("category", "percent", "base_eur", "vat_eur", "documents")
        for vat in queries.vat(entity_id, first, last):
            yield vat.category, vat.rate, vat.base_eur, vat.vat_eur, vat.documents
        return
    yield ("month", "product", "net_eur")
    for sold in queries.revenue(entity_id, first, last):
        yield f"{sold.month:%Y-%m}", sold.code, sold.net_eur
