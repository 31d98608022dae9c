"""Taking an import back within 30 days, row by row from the last to the first.

A contact goes back only if nobody touched it since: its `updated_at` is still the instant the row wrote. Consent
given by the file is cleared by compensating events; refusals stay, whatever the file was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sofy.audience import ledger
from sofy.audience.arrays import TextArray, UuidArray, cursor
from sofy.audience.imports import attributes, update
from sofy.audience.imports.apply import BY_KEY_ONLY, CREATED
from sofy.audience.imports.prepare import Preparer
from sofy.audience.imports.update import Image, Person
from sofy.audience.ledger import Circumstances, Cursor, Word
from sofy.audience.models import Import
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope

WITHIN = timedelta(days=30)
BATCH_ROWS = 5000
PLACE = "undo_below"  # where an interrupted undo goes on, kept in the mapping of the import


@dataclass
class UndoResult:
    """Contacts taken out, contacts put back as they were, and contacts left alone because they changed since."""

    removed: int = 0
    restored: int = 0
    kept: int = 0


@clause("CGVU 17", "DPA 5")
def undo_import(
    *, client_id: UUID, import_id: UUID, actor: str, progress: Callable[[int, int], None] | None = None
) -> UndoResult:
    """Take back what an import did; run again after an interruption, it goes on.

    Raises: Refused import_unknown, undo_not_done (the import still runs), undo_already, undo_too_late.
    """
    with client_scope(client_id):
        row = Import.objects.filter(client_id=client_id, id=import_id, kind="contacts").first()
        if row is None:
            raise Refused("import_unknown", 404)
        if row.state == Import.State.UNDONE:
            raise Refused("undo_already", 409)
        if row.state != Import.State.DONE:
            raise Refused("undo_not_done", 409)
        if clock.now() - (row.finished_at or row.started_at) > WITHIN:
            raise Refused("undo_too_late", 409, days=WITHIN.days)
    result = UndoResult()
    while _undo_batch(row, actor, result):
        if progress:
            progress(result.removed + result.restored + result.kept, row.total)
    with client_scope(client_id):
        row.state, row.undone_at = Import.State.UNDONE, clock.now()
        row.save(update_fields=["state", "undone_at"])
        facts = {"import": str(row.id), "removed": result.removed, "restored": result.restored, "kept": result.kept}
        audit.append(client_id, "contacts.import_undone", actor, facts)
    return result


def _undo_batch(row: Import, actor: str, result: UndoResult) -> bool:
    with client_scope(row.client_id):
        cur = cursor()
        ledger.lock(cur, row.client_id)
        cur.execute(BY_KEY_ONLY)
        below = row.mapping.get(PLACE, 2**31 - 1)
        values: dict[str, Any] = {"client": row.client_id, "import": row.id, "below": below, "limit": BATCH_ROWS}
        rows = cur.execute(sql("rows_to_undo"), values).fetchall()
        if not rows:
            return False
        batch = _Batch(cur, row, actor)
        batch.take_back(rows, result)
        row.mapping[PLACE] = rows[-1][0]
        row.save(update_fields=["mapping"])
    return True


class _Batch:
    """Some rows to take back, in one transaction."""

    def __init__(self, cur: Cursor, row: Import, actor: str) -> None:
        self.cur, self.row, self.actor = cur, row, actor
        self.keys: ClientKeys = keys_for(row.client_id)
        self.now = clock.now()

    def take_back(self, rows: Sequence[tuple[Any, ...]], result: UndoResult) -> None:
        """Undo rows, the last first."""
        as_of = self._as_of([contact.bytes for _, _, contact, _, _ in rows])
        removed: list[bytes] = []
        images: list[tuple[bytes, Image]] = []
        lines: set[int] = set()
        for number, action, contact, at, before in rows:
            key = contact.bytes
            if as_of.get(key) != at:
                result.kept += 1
                as_of.pop(key, None)  # earlier rows of a changed contact stay too
                continue
            lines.add(number)
            if action == CREATED:
                removed.append(key)
                del as_of[key]
            else:
                image = update.open_image(self.keys, self.row.id, number, bytes(before))
                images.append((key, image))
                as_of[key] = image.updated_at
        self._clear_consent([*removed, *(key for key, _ in images)], lines, highest=rows[0][0])
        self._remove(removed)
        self._put_back(images)
        result.removed += len(removed)
        result.restored += len(images)

    def _as_of(self, contacts: Sequence[bytes]) -> dict[bytes, datetime]:
        values = {"client": self.row.client_id, "contacts": UuidArray.of(sorted(set(contacts)))}
        return {row[0].bytes: row[1] for row in self.cur.execute(sql("contacts_as_of"), values)}

    def _clear_consent(self, contacts: Sequence[bytes], lines: set[int], *, highest: int) -> None:
        """Compensate the consents these rows gave; a consent that another source gave too stays."""
        if not contacts:
            return
        client = self.row.client_id
        values = {"client": client, "contacts": UuidArray.of(sorted(set(contacts)))}
        events = self.cur.execute(sql("consents_of_import"), values).fetchall()
        known = ledger.known(self.cur, client, list({bytes(event[0]) for event in events}))
        mine: dict[ledger.Key, Word] = {}
        elsewhere: set[ledger.Key] = set()
        for index, channel, purpose, contact, import_id, line, recorded_at in events:
            key = (bytes(index), channel, purpose)
            found = known.instants.get(key)
            if found and found.cleared_at and recorded_at <= found.cleared_at:
                continue  # taken back already
            if import_id == self.row.id and line in lines:
                mine[key] = Word(key[0], "cleared", self.now, contact.bytes if contact else None, line)
            elif import_id != self.row.id or line < highest:
                elsewhere.add(key)  # later rows of this import were dealt with before
        groups: dict[tuple[str, str], list[Word]] = {}
        for key, word in mine.items():
            if key not in elsewhere:
                groups.setdefault(key[1:], []).append(word)
        for (channel, purpose), words in groups.items():
            shared = Circumstances(channel, purpose, "undo", "", False, self.row.id, None, self.actor)
            ledger.append_words(self.cur, client, shared, words, now=self.now, before=known)

    def _remove(self, contacts: Sequence[bytes]) -> None:
        if contacts:
            values = {"client": self.row.client_id, "contacts": UuidArray.of(contacts), "now": self.now}
            self.cur.execute(sql("remove_identities_of"), values)
            self.cur.execute(sql("remove_contacts"), values)

    def _put_back(self, images: Sequence[tuple[bytes, Image]]) -> None:
        """Fields, names, identities, attributes and book as they were before the rows, the last row first."""
        if not images:
            return
        client, cur = self.row.client_id, self.cur
        people = update.load_people(cur, client, [key for key, _ in images])
        before = {key: update.names(person, self.keys) for key, person in people.items()}
        for key, image in images:
            put_fields(people[key], image, self.keys)
        update.save_people(cur, client, list(people.values()))
        after = {key: update.names(person, self.keys) for key, person in people.items()}
        update.rename(cur, client, Preparer(self.keys), before, after)
        ids = [identity.bytes for _, image in images for identity in image.identities]
        if ids:
            cur.execute(sql("remove_identities"), {"client": client, "ids": UuidArray.of(ids), "now": self.now})
        left = [key for key, image in images if image.member]
        if left:
            cur.execute(sql("leave_book"), {"client": client, "book": self.row.book_id, "contacts": UuidArray.of(left)})
        self._put_attributes(images)
        ledger.refresh_reach(cur, client, people, now=None)

    def _put_attributes(self, images: Sequence[tuple[bytes, Image]]) -> None:
        final: dict[tuple[bytes, str], list[Any] | None] = {}
        for key, image in images:  # the last row comes first: the first row's image ends on top
            for name, old in image.attributes.items():
                final[key, name] = old
        attributes.put_back(self.cur, self.row.client_id, {k: v for k, v in final.items() if v is not None})
        gone = [key for key, old in final.items() if old is None]
        if gone:
            values = {
                "client": self.row.client_id,
                "contacts": UuidArray.of([contact for contact, _ in gone]),
                "names": TextArray.of([name for _, name in gone]),
            }
            self.cur.execute(sql("delete_attributes"), values)


def put_fields(person: Person, image: Image, keys: ClientKeys) -> None:
    """Give a contact the values an image holds."""
    for name, old in image.fields.items():
        if name in update.SEALED:
            person.replace(keys, name, old)
        elif name == "birth_date":
            person.values[name] = date.fromisoformat(old) if old else None
        elif name == "establishment_id":
            person.values[name] = UUID(old) if old else None
        else:
            person.values[name] = old
    person.updated_at = image.updated_at
