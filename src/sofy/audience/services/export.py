"""Contacts as a CSV file: at once when few, by a job into an encrypted file when many."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from sofy.audience import queries, vault
from sofy.audience.models import Contact
from sofy.audience.queries import Filter
from sofy.audience.templatetags.audience import reach_word
from sofy.clients.models import Client
from sofy.kernel.ids import uuid7
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

DIRECT = 5_000
BATCH = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def direct(*, client: Client, wanted: Filter, actor: str) -> bytes:
    """The file now, and an audit entry."""
    body, count = io.StringIO(), 0
    for text, number in _lines(client, wanted):
        body.write(text)
        count += number
    audit.append(client.pk, "contacts.exported", actor, {"count": count})
    return body.getvalue().encode("utf-8-sig")


def by_job(*, client: Client, wanted: Filter, actor: str) -> UUID:
    """Queue the file; answers its id. A filter by name is personal data and is left to `direct`."""
    from sofy.audience.tasks import export_contacts

    file_id = uuid7()
    facts = {name: str(value) for name, value in asdict(wanted).items() if value is not None and name != "name"}
    places = client.viewer_establishments
    limit = None if places is None else [str(place) for place in sorted(places)]
    defer(export_contacts, client.pk, file_id=file_id, wanted=facts, limit=limit)
    audit.append(client.pk, "contacts.export_started", actor, {"file": file_id})
    return file_id


def write(*, client_id: UUID, file_id: UUID, wanted: dict[str, str], limit: list[str] | None) -> None:
    """What the job does: the whole file, sealed on disk under the client's key."""
    asked = Filter(
        place=wanted.get("place", ""),
        book=UUID(wanted["book"]) if "book" in wanted else None,
        segment=UUID(wanted["segment"]) if "segment" in wanted else None,
        sms=int(wanted["sms"]) if "sms" in wanted else None,
        email=int(wanted["email"]) if "email" in wanted else None,
    )
    with client_scope(client_id):
        client = Client.objects.get(pk=client_id)
        client.viewer_establishments = None if limit is None else frozenset(UUID(place) for place in limit)
        lines = _lines(client, asked)
        vault.store(keys_for(client_id), file_id, _Stream(text.encode() for text, _number in lines))  # type: ignore[arg-type]


class _Stream:
    """Pieces of bytes read as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, "\ufeff".encode()

    def read(self, size: int) -> bytes:
        while len(self.rest) < size and (piece := next(self.pieces, b"")):
            self.rest += piece
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken


def _lines(client: Client, wanted: Filter) -> Iterator[tuple[str, int]]:
    """Texts of the file with the number of contacts in each, the header first."""
    header = [_("Title"), _("First name"), _("Last name"), _("Phone"), _("E-mail"), _("Birth date"), _("Language")]
    header += [_("Street"), _("Postcode"), _("Town"), _("SMS"), _("E-mail consent"), _("Entered")]
    yield _csv([header]), 0
    after = None
    while True:
        page = queries.page(client, wanted, after=after, size=BATCH)
        if page.contacts:
            yield _csv(_row(contact, page) for contact in page.contacts), len(page.contacts)
        after = page.after
        if after is None:
            return


def _row(contact: Contact, page: queries.Page) -> list[Any]:
    reach = [str(reach_word(state)) for state in (contact.sms, contact.email)]
    return [
        contact.title, contact.first_name or "", contact.last_name or "", page.phones.get(contact.id, ""),
        page.emails.get(contact.id, ""), contact.birth_date or "", contact.language, contact.street or "",
        contact.postcode, contact.town, *reach, contact.created_at.date(),
    ]  # fmt: skip


def _csv(rows: Any) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([[_plain(cell) for cell in row] for row in rows])
    return out.getvalue()


def _plain(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe. Source: OWASP, CSV Injection."""
    if isinstance(value, str) and value.lstrip(" \u00a0\ufeff").startswith(_FORMULA):
        return "'" + value
    return value
