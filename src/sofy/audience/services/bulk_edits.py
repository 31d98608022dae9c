"""One change of every contact of a filtered list: at once when they are few, by the worker when they are many."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from sofy.audience import queries
from sofy.audience.arrays import UuidArray, cursor
from sofy.audience.models import BulkEdit, BulkItem
from sofy.audience.queries import Filter
from sofy.audience.segments.compile import Compiler, from_contacts
from sofy.audience.services import contacts
from sofy.audience.services.retention import AFTER
from sofy.audience.sqlfiles import sql
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.jobs import defer
from sofy.kit.rls import client_scope

AT_ONCE = 1_000
BATCH = 2_000
LISTED = 10_000  # ids per statement while the list is written down
State, Outcome = BulkEdit.State, BulkItem.Outcome
REVERSE = {"add": "take", "take": "add", "remove": "restore"}


def count(client: Client, wanted: Filter) -> int:
    """Exactly how many contacts a filter holds for. Raises: Refused not_found (the segment of the filter)."""
    if wanted.name:
        return sum(map(len, _matching(client, wanted)))
    compiler = Compiler(queries._context(client, wanted))
    statement = from_contacts("count(*)", queries._where(client, wanted, compiler))
    with connection.cursor() as cur:
        cur.execute(statement, compiler.params)
        return int(cur.fetchone()[0])


def start(*, client: Client, wanted: Filter, verb: str, book_id: UUID | None, actor: str) -> BulkEdit:
    """Keep what is asked and do it, or leave it to the worker when it is about many.

    A name searched is personal data and stays out of the row: who it finds is written down at once.
    Raises: Refused choice_unknown, book_missing, book_unknown, not_found.
    """
    from sofy.audience.tasks import run_bulk_edit

    if verb not in BulkEdit.Verb.values:
        raise Refused("choice_unknown")
    if verb != "remove":
        if book_id is None:
            raise Refused("book_missing")
        contacts.existing_book(client.pk, book_id)
    total = count(client, wanted)
    places = client.viewer_establishments
    with transaction.atomic():
        edit = BulkEdit.objects.create(
            client_id=client.pk,
            verb=verb,
            book_id=None if verb == "remove" else book_id,
            asked={name: str(value) for name, value in asdict(wanted).items() if value is not None and name != "name"},
            places=None if places is None else [str(place) for place in sorted(places)],
            actor=actor[:64],
            total=total,
        )
        audit.append(client.pk, "contacts.bulk_started", actor, {"bulk": edit.id, "verb": verb, "count": total})
        if wanted.name:
            _write_down(client, wanted, edit)
        if total > AT_ONCE:
            defer(run_bulk_edit, client.pk, bulk_id=edit.id)
    return edit if total > AT_ONCE else run(client_id=client.pk, bulk_id=edit.id)


def run(*, client_id: UUID, bulk_id: UUID) -> BulkEdit:
    """Bring a bulk edit, or its undo, to its end from wherever it stands. Raises: Refused not_found."""
    edit = _get(client_id, bulk_id)
    if edit.state == State.LISTING:
        with client_scope(client_id):
            client = Client.objects.get(pk=client_id)
            client.viewer_establishments = None if edit.places is None else frozenset(map(UUID, edit.places))
            _write_down(client, _filter(edit.asked), edit)
    forth = edit.state == State.RUNNING
    if edit.state in (State.RUNNING, State.UNDOING):
        _through(edit, Outcome.WAITING if forth else Outcome.CHANGED, edit.verb if forth else REVERSE[edit.verb])
        with client_scope(client_id):
            edit.state, edit.finished_at = (State.DONE if forth else State.UNDONE), clock.now()
            edit.save(update_fields=["state", "finished_at"])
            facts = {"bulk": edit.id, "verb": edit.verb, "count": edit.changed}
            audit.append(client_id, "contacts.bulk_done" if forth else "contacts.bulk_undone", edit.actor, facts)
    return edit


def undo(*, client_id: UUID, bulk_id: UUID, actor: str) -> BulkEdit:
    """Take a bulk edit back, contact by contact.

    Raises: Refused not_found, bulk_running, bulk_undone, bulk_too_late.
    """
    from sofy.audience.tasks import run_bulk_edit

    with transaction.atomic():
        edit = BulkEdit.objects.select_for_update(no_key=True).filter(client_id=client_id, id=bulk_id).first()
        if edit is None:
            raise Refused("not_found", 404)
        if edit.state in (State.UNDONE, State.UNDOING):
            raise Refused("bulk_undone", 409)
        if edit.state != State.DONE or edit.finished_at is None:
            raise Refused("bulk_running", 409)
        if clock.now() - edit.finished_at > AFTER:
            raise Refused("bulk_too_late", 409, days=AFTER.days)
        edit.state, edit.total, edit.done, edit.changed, edit.actor = State.UNDOING, edit.changed, 0, 0, actor[:64]
        edit.save()
        if edit.total > AT_ONCE:
            defer(run_bulk_edit, client_id, bulk_id=bulk_id)
    return edit if edit.total > AT_ONCE else run(client_id=client_id, bulk_id=bulk_id)


def _through(edit: BulkEdit, waiting: int, verb: str) -> None:
    """Batch by batch, each in one transaction with its outcome; only this process remembers how far it looked."""
    after = UUID(int=0)
    while True:
        with client_scope(edit.client_id):
            rows = BulkItem.objects.filter(client_id=edit.client_id, bulk_id=edit.id)
            found = rows.filter(contact_id__gt=after, outcome=waiting).order_by("contact_id")
            ids = list(found.values_list("contact_id", flat=True)[:BATCH])
            if not ids:
                return
            changed = set(_do(edit, verb, ids))
            rows.filter(contact_id__in=changed).update(
                outcome=Outcome.CHANGED if waiting == Outcome.WAITING else Outcome.UNDONE
            )
            rows.filter(contact_id__in=set(ids) - changed).update(outcome=Outcome.SAME)
            edit.done, edit.changed, after = edit.done + len(ids), edit.changed + len(changed), ids[-1]
            edit.save(update_fields=["done", "changed"])


def _do(edit: BulkEdit, verb: str, ids: list[UUID]) -> list[UUID]:
    who: dict[str, Any] = {"client_id": edit.client_id, "ids": ids, "actor": edit.actor, "audited": False}
    if verb == "remove":
        return contacts.remove(**who)
    if verb == "restore":
        return contacts.restore(**who)
    if edit.book_id is None:
        raise Refused("book_missing")
    do = contacts.add_to_book if verb == "add" else contacts.take_from_book
    return do(**who, book_id=edit.book_id)


def _write_down(client: Client, wanted: Filter, edit: BulkEdit) -> None:
    """Who it is about, as the list is at this moment."""
    cur, total = cursor(), 0
    for ids in _matching(client, wanted):
        array = UuidArray.of([each.bytes for each in ids])
        cur.execute(sql("list_items"), {"client": client.pk, "bulk": edit.id, "ids": array})
        total += len(ids)
    edit.total, edit.state = total, State.RUNNING
    edit.save(update_fields=["total", "state"])


def _matching(client: Client, wanted: Filter) -> Iterator[list[UUID]]:
    """Ids of all contacts of a list, some thousand at a time."""
    after: UUID | None = None
    while True:
        if wanted.name:
            page = queries.page(client, wanted, after=after, size=BATCH)
            ids, after = [contact.id for contact in page.contacts], page.after
        else:
            ids = queries._ids(client, wanted, after, LISTED)
            after = ids[-1] if len(ids) == LISTED else None
        if ids:
            yield ids
        if after is None:
            return


def _filter(asked: dict[str, str]) -> Filter:
    return Filter(
        place=asked.get("place", ""),
        book=UUID(asked["book"]) if "book" in asked else None,
        segment=UUID(asked["segment"]) if "segment" in asked else None,
        sms=int(asked["sms"]) if "sms" in asked else None,
        email=int(asked["email"]) if "email" in asked else None,
    )


def _get(client_id: UUID, bulk_id: UUID) -> BulkEdit:
    with client_scope(client_id):
        edit = BulkEdit.objects.filter(client_id=client_id, id=bulk_id).first()
    if edit is None:
        raise Refused("not_found", 404)
    return edit
