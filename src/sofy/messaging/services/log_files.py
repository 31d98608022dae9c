"""Messages that somebody searched, as a file for a spreadsheet: written by the worker, sealed, kept a week."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID

import msgspec
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from sofy.audience import vault
from sofy.engine.intake import decode_payload
from sofy.kernel import clock, phone
from sofy.kernel.crypto import Unreadable
from sofy.kernel.text import plain_cell
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import search, words
from sofy.messaging.models import LogFile
from sofy.messaging.search import LogLine, Wanted
from sofy.ui import statuses

KEPT: Final = timedelta(days=7)
#: A file longer than this opens in no spreadsheet.
MOST_ROWS: Final = 1_000_000
_PAYLOADS = "SELECT id, payload FROM engine_message WHERE client_id = %s AND id = ANY(%s)"


def ask(client_id: UUID, wanted: Wanted, *, language: str, actor: str) -> LogFile:
    """Have the file written; the journal says who asked, not what."""
    from sofy.messaging.tasks import write_log_file

    asked = msgspec.json.encode(wanted).decode()
    row = LogFile.objects.create(client_id=client_id, asked=asked, language=language, actor=actor)
    defer(write_log_file, client_id, file_id=row.pk)
    audit.append(client_id, "messages.exported", actor, {"file": str(row.pk)})
    return row


def write(client_id: UUID, file_id: UUID) -> None:
    """What the job does: the file, a piece at a time, encrypted on its way to the disk; a second run is harmless."""
    with client_scope(client_id):
        row = LogFile.objects.filter(client_id=client_id, pk=file_id).first()
        if row is None or row.ready_at is not None:
            return
        wanted = msgspec.json.decode(str(row.asked), type=Wanted)
        with translation.override(row.language):
            written = _Written(client_id, wanted)
            vault.store(keys_for(client_id), row.pk, vault.Pieces(written.pieces()))  # type: ignore[arg-type]
        row.rows, row.ready_at = written.rows, clock.now()
        row.save(update_fields=["rows", "ready_at"])


def find(client_id: UUID, file_id: UUID, *, actor: str) -> LogFile | None:
    """A file for whoever asked for it; to anybody else there is none."""
    rows = LogFile.objects.filter(client_id=client_id, pk=file_id, actor=actor)
    return rows.filter(asked_at__gt=clock.now() - KEPT).first()


def open_file(row: LogFile) -> BinaryIO:
    """The content. Raises: Refused file_gone."""
    return vault.open_file(keys_for(row.client_id), row.pk)


def discard_old() -> int:
    """Remove files nobody needs any more, of every client; answers how many."""
    with staff_scope():
        rows = LogFile.objects.using("staff").filter(asked_at__lte=clock.now() - KEPT)
        old = list(rows.values_list("client_id", "id"))
    for client_id, file_id in old:
        with client_scope(client_id):
            vault.discard(client_id, file_id)
            LogFile.objects.filter(client_id=client_id, id=file_id).delete()
    return len(old)


class _Written:
    """The table in pieces; `rows` counts what was written."""

    def __init__(self, client_id: UUID, wanted: Wanted) -> None:
        self.client_id, self.wanted, self.rows = client_id, wanted, 0

    def pieces(self) -> Iterator[bytes]:
        """Semicolons and a byte order mark: what a spreadsheet in France opens with a double click."""
        yield b"\xef\xbb\xbf" + _lines([_header()])
        for batch in search.every(self.client_id, self.wanted):
            batch = batch[: MOST_ROWS - self.rows]
            self.rows += len(batch)
            yield _lines(self._cells(batch))
            if self.rows >= MOST_ROWS:
                return

    def _cells(self, batch: Sequence[LogLine]) -> list[list[Any]]:
        to = self._recipients([line.id for line in batch])
        return [
            [
                str(line.id), _moment(line.created_at), line.channel, line.purpose, plain_cell(line.sender),
                _written(to.get(line.id, "")), str(statuses.look(line.status, line.channel).label),
                words.reason_text(line.reason, line.channel, line.supplier_code) if line.reason else "",
                line.article, plain_cell(line.supplier_code), line.parts, plain_cell(line.reference),
            ]
            for line in batch
        ]  # fmt: skip

    def _recipients(self, message_ids: list[UUID]) -> dict[UUID, str]:
        keys = keys_for(self.client_id)
        with connection.cursor() as cursor:
            cursor.execute(_PAYLOADS, [self.client_id, message_ids])
            rows = cursor.fetchall()
        found = {}
        for message_id, payload in rows:
            try:
                found[message_id] = decode_payload(keys.unseal("engine_message", "payload", message_id, payload)).to
            except (Unreadable, msgspec.DecodeError):
                continue  # it was forgotten
        return found


def _header() -> list[str]:
    return [
        _("Message"), _("Time"), _("Channel"), _("Type of message"), _("Sender"), _("Recipient"), _("State"),
        _("Reason"), _("Article"), _("Operator’s code"), _("SMS parts"), _("Reference"),
    ]  # fmt: skip


def _written(to: str) -> str:
    """A number as people write it, which no spreadsheet takes for a sum."""
    return phone.display(to) if to.startswith("+") else plain_cell(to)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(clock.PARIS):%Y-%m-%d %H:%M:%S}"


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    sheet = io.StringIO()
    csv.writer(sheet, delimiter=";").writerows(rows)
    return sheet.getvalue().encode()
