"""A report as files for a spreadsheet: one row per person of the audience.

A cell that a spreadsheet would run as a formula is written as text: names come from files of strangers.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import xlsxwriter
from django.utils.translation import gettext as _

from sofy.audience.models import Contact
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.text import plain_cell
from sofy.soreach import channel_tables, figures, report, words
from sofy.soreach.models import Campaign, Click

BATCH = 2_000


def header() -> list[str]:
    """The columns, in the reader's language."""
    return [
        _("Contact"), _("First name"), _("Last name"), _("Point of sale"), _("Variant"), _("Channel"), _("State"),
        _("Reason"), _("Time"), _("SMS parts"), _("Clicked"),
    ]  # fmt: skip


def rows(client: Client, campaign: Campaign) -> Iterator[list[Any]]:
    """Everybody of the audience this person may see: recipients first, then those left out."""
    shops = figures.shop_names(campaign)
    clicked = set(
        Click.objects.filter(client_id=client.pk, campaign_id=campaign.id, human=True).values_list(
            "contact_id", flat=True
        )
    )
    for figure in ("recipients", "excluded"):
        after = report.START
        while people := report.people(campaign, figure, after=after, limit=BATCH):
            names = _contacts(client.pk, [person.contact_id for person in people])
            for person in people:
                contact = names.get(person.contact_id)
                if contact is not None and client.sees_establishment(contact.establishment_id):
                    yield _row(person, contact, shops, person.contact_id in clicked)
            after = people[-1].contact_id


def _contacts(client_id: UUID, ids: list[UUID]) -> dict[UUID, Contact]:
    found = Contact.objects.filter(client_id=client_id, id__in=ids).only(
        "client_id", "id", "first_name", "last_name", "establishment_id"
    )
    return {contact.id: contact for contact in found}


def _row(person: report.Person, contact: Contact, shops: dict[str, str], clicked: bool) -> list[Any]:
    received = _("Received") if person.status == "delivered" else ""
    channel = str(words.CHANNELS.get(person.channel, person.channel))
    cells = [
        str(person.contact_id), contact.first_name or "", contact.last_name or "",
        shops.get(str(contact.establishment_id), ""), person.variant, channel,
        received or words.status_text(person.status),
        words.reason_text(person.status, person.reason, person.channel) if person.reason else "",
        _moment(person.at), person.parts,
        _("yes") if clicked else "",
    ]  # fmt: skip
    return [plain_cell(cell) for cell in cells]


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(clock.PARIS):%Y-%m-%d %H:%M:%S}" if at else ""


def to_csv(client: Client, campaign: Campaign) -> bytes:
    """The whole table."""
    return b"".join(csv_pieces(client, campaign))


def csv_pieces(client: Client, campaign: Campaign) -> Iterator[bytes]:
    """The table in pieces: semicolons and a byte order mark, what a spreadsheet in France opens with a double click."""
    yield b"\xef\xbb\xbf" + _lines([header()])
    people = rows(client, campaign)
    while batch := list(islice(people, BATCH)):
        yield _lines(batch)


def _lines(rows: list[list[Any]]) -> bytes:
    sheet = io.StringIO()
    csv.writer(sheet, delimiter=";").writerows(rows)
    return sheet.getvalue().encode()


def to_xlsx(client: Client, campaign: Campaign) -> bytes:
    """The figures, what each channel did, and one row per person. No cell is ever written as a formula."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        built = report.build(campaign)
        summary = book.add_worksheet(_("Figures"))
        summary.set_column(0, 0, 34)
        summary.write_string(0, 0, plain_cell(campaign.name), bold)
        summary.write_string(1, 0, words.sentence(built))
        for line, (label, value, _code) in enumerate(figures.key_figures(built), start=3):
            summary.write_string(line, 0, label)
            summary.write_string(line, 1, value)
        _write_channels(book, built, bold)
        people = book.add_worksheet(_("People"))
        people.set_column(0, 0, 38)
        people.set_column(1, 10, 18)
        people.freeze_panes(1, 0)
        for column, title in enumerate(header()):
            people.write_string(0, column, title, bold)
        for line, cells in enumerate(rows(client, campaign), start=1):
            for column, cell in enumerate(cells):
                people.write_number(line, column, cell) if isinstance(cell, int) else people.write_string(
                    line, column, cell
                )
    return target.getvalue()


def _write_channels(book: xlsxwriter.Workbook, built: report.Report, bold: Any) -> None:
    """A sheet of what each channel did; none for SMS alone."""
    found = channel_tables.tables(built)
    if not found:
        return
    sheet, line = book.add_worksheet(_("Channels")), 0
    sheet.set_column(0, 12, 20)
    for table in found:
        for row, style in [([table.title], bold), (list(table.columns), bold), *((row, None) for row in table.plain)]:
            for column, text in enumerate(row):
                sheet.write_string(line, column, text, style)
            line += 1
        line += 1
