"""Contacts as a CSV or XLSX file: at once when few, by a job into an encrypted file when many.

An import reads such a file back: the same people with the same fields, the client's own included.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sofy.audience import queries, vault
from sofy.audience.imports.values import plain
from sofy.audience.models import Attribute, Contact, Reach
from sofy.audience.queries import Filter
from sofy.audience.services import attributes
from sofy.clients.models import Client, Establishment
from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

DIRECT = 5_000
XLSX_MOST = queries.COUNTED  # a sheet is held in memory until it is whole
BATCH = 2_000
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
NOWHERE = UUID(int=0)

Row = list[Any]


def direct(*, client: Client, wanted: Filter, actor: str, kind: str = "csv", sealed: bool = False) -> bytes:
    """The file now, and an audit entry. `sealed`: with the client's own fields that are sealed."""
    table = _Table(client, wanted, sealed=sealed)
    body = _xlsx(table) if kind == "xlsx" else b"".join(_csv(table))
    audit.append(client.pk, "contacts.exported", actor, {"count": table.count})
    return body


def by_job(*, client: Client, wanted: Filter, actor: str, kind: str = "csv", sealed: bool = False) -> UUID:
    """Queue the file; answers its id. A filter by name is personal data and is left to `direct`."""
    from sofy.audience.tasks import export_contacts

    file_id = uuid7()
    facts = {name: str(value) for name, value in asdict(wanted).items() if value is not None and name != "name"}
    places = client.viewer_establishments
    limit = None if places is None else [str(place) for place in sorted(places)]
    how = {"kind": kind, "sealed": sealed, "language": translation.get_language() or "fr"}
    defer(export_contacts, client.pk, file_id=file_id, wanted=facts, limit=limit, how=how)
    audit.append(client.pk, "contacts.export_started", actor, {"file": file_id})
    return file_id


def write(
    *,
    client_id: UUID,
    file_id: UUID,
    wanted: dict[str, str],
    limit: list[str] | None,
    how: dict[str, Any] | None = None,
) -> None:
    """What the job does: the whole file, sealed on disk under the client's key."""
    asked = Filter(
        place=wanted.get("place", ""),
        book=UUID(wanted["book"]) if "book" in wanted else None,
        segment=UUID(wanted["segment"]) if "segment" in wanted else None,
        sms=int(wanted["sms"]) if "sms" in wanted else None,
        email=int(wanted["email"]) if "email" in wanted else None,
    )
    how = how or {}
    with client_scope(client_id), translation.override(how.get("language", "fr")):
        client = Client.objects.get(pk=client_id)
        client.viewer_establishments = None if limit is None else frozenset(UUID(place) for place in limit)
        table = _Table(client, asked, sealed=bool(how.get("sealed")))
        pieces = iter([_xlsx(table)]) if how.get("kind") == "xlsx" else _csv(table)
        vault.store(keys_for(client_id), file_id, _Stream(pieces))  # type: ignore[arg-type]


class _Stream:
    """Pieces of bytes read as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, b""

    def read(self, size: int) -> bytes:
        while len(self.rest) < size and (piece := next(self.pieces, b"")):
            self.rest += piece
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken


class _Table:
    """The header, and the rows by the batch; under headings that an import understands."""

    def __init__(self, client: Client, wanted: Filter, *, sealed: bool) -> None:
        self.client, self.wanted, self.count = client, wanted, 0
        self.own = [field for field in attributes.definitions(client.pk) if sealed or not field.private]
        self.shops = dict(Establishment.objects.filter(client_id=client.pk).values_list("id", "name"))
        self.titles = {"mrs": pgettext("title", "Mrs"), "mr": pgettext("title", "Mr")}
        self.words = {Reach.REACHABLE: _("yes"), Reach.OPTED_OUT: "stop"}

    def header(self) -> list[str]:
        """What stands above the columns."""
        heads = [
            _("Title"), _("First name"), _("Last name"), _("Phone"), _("Other phones"), _("E-mail"), _("Other e-mails"),
            _("Birth date"), _("Language"), _("Street"), _("Postcode"), _("Town"), _("Point of sale"), _("Time zone"),
            _("Latitude"), _("Longitude"), _("Consent to SMS"), _("Consent to e-mail"), _("Entered"),
        ]  # fmt: skip
        return heads + _labels(self.own, heads)

    def batches(self) -> Iterator[list[Row]]:
        """The people of the list, newest first."""
        after = None
        while True:
            page = queries.page(self.client, self.wanted, after=after, size=BATCH)
            ids = [contact.id for contact in page.contacts]
            addresses = queries.addresses_of(self.client.pk, ids)
            values = attributes.values_of(self.client.pk, ids) if self.own else {}
            yield [self._row(each, addresses.get(each.id, {}), values.get(each.id, {})) for each in page.contacts]
            self.count += len(ids)
            after = page.after
            if after is None:
                return

    def _row(self, contact: Contact, addresses: dict[str, list[str]], own: dict[str, attributes.Value]) -> Row:
        phones, emails = addresses.get("phone", []), addresses.get("email", [])
        consents = [self.words.get(Reach(state), "") for state in (contact.sms, contact.email)]
        return [
            self.titles.get(contact.title, ""), contact.first_name, contact.last_name, *_first_and_rest(phones, " / "),
            *_first_and_rest(emails, ", "), contact.birth_date, contact.language, contact.street, contact.postcode,
            contact.town, self.shops.get(contact.establishment_id or NOWHERE), contact.zone, contact.latitude,
            contact.longitude, *consents, contact.created_at.astimezone(clock.PARIS).date(),
            *(own.get(field.name) for field in self.own),
        ]  # fmt: skip


def _labels(own: Iterable[Attribute], taken: Iterable[str]) -> list[str]:
    """The names of own fields as people read them; the one that messages use where two would be the same."""
    fields = list(own)
    often = Counter([*taken, *(field.label for field in fields)])
    return [field.label if often[field.label] == 1 else field.name for field in fields]


def _first_and_rest(values: list[str], mark: str) -> tuple[str, str]:
    return (values[0], mark.join(values[1:])) if values else ("", "")


def _csv(table: _Table) -> Iterator[bytes]:
    """Semicolons and a byte order mark: what a spreadsheet in France opens with a double click."""
    point = "," if translation.get_language() == "fr" else "."
    yield _lines([table.header()], point, bom="\ufeff")
    for rows in table.batches():
        yield _lines(rows, point)


def _lines(rows: Iterable[Row], point: str, bom: str = "") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([[_written(cell, point) for cell in row] for row in rows])
    return (bom + out.getvalue()).encode()


def _written(value: Any, point: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, (Decimal, float)):
        return f"{Decimal(str(value)).normalize():f}".replace(".", point)
    return plain(value) if isinstance(value, str) else str(value)


def _xlsx(table: _Table) -> bytes:
    """One sheet, held in memory: nothing in clear reaches the disk, and no cell is a formula."""
    import xlsxwriter

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet = book.add_worksheet(_("Contacts"))
        sheet.freeze_panes(1, 0)
        for column, head in enumerate(table.header()):
            sheet.write_string(0, column, head, bold)
            sheet.set_column(column, column, 18)
        for line, row in enumerate((row for rows in table.batches() for row in rows), start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(line, column, cell, day)
                elif isinstance(cell, (Decimal, float)) and Decimal(str(float(cell))) == Decimal(str(cell)):
                    sheet.write_number(line, column, float(cell))
                elif text := _written(cell, "."):
                    sheet.write_string(line, column, text)
    return target.getvalue()
