"""Rows about contacts that exist: what the file says replaces what is stored, blanks change nothing.

What a row replaced is kept as a sealed image with the row, so that it can be put back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from sofy.audience import ledger
from sofy.audience.arrays import ByteaArray, DateArray, Float8Array, TextArray, TimeArray, UuidArray, micros
from sofy.audience.imports import attributes
from sofy.audience.imports.prepare import CONTACT, Handle, Prepared, Preparer
from sofy.audience.ledger import Cursor
from sofy.audience.sqlfiles import sql
from sofy.kernel.crypto import ClientKeys

if TYPE_CHECKING:
    from sofy.audience.imports.apply import Job

SEALED = ("first_name", "last_name", "street")
FIELDS = (
    "title",
    "first_name",
    "last_name",
    "birth_date",
    "language",
    "street",
    "postcode",
    "town",
    "town_key",
    "latitude",
    "longitude",
    "establishment_id",
    "zone",
)
CLEAR = tuple(name for name in FIELDS if name not in SEALED)
IMAGE_TABLE = "audience_import_row"


class Image(msgspec.Struct, omit_defaults=True):
    """What one row replaced: old values of the fields it changed, and what it added."""

    updated_at: datetime
    fields: dict[str, Any] = msgspec.field(default_factory=dict)  # sealed fields in clear: the whole image is sealed
    identities: list[UUID] = msgspec.field(default_factory=list)
    attributes: dict[str, list[Any] | None] = msgspec.field(default_factory=dict)  # None: there was no value
    member: bool = False  # the row put the contact into the book


@dataclass(slots=True)
class Person:
    """A stored contact while a batch changes it; sealed fields are opened when a row names them."""

    id: UUID
    values: dict[str, Any]
    updated_at: datetime
    opened: dict[str, str | None] = field(default_factory=dict)
    changed: bool = False

    def open(self, keys: ClientKeys, name: str) -> str | None:
        """The text of a sealed field."""
        if name not in self.opened:
            blob = self.values[name]
            self.opened[name] = None if blob is None else keys.unseal(CONTACT, name, self.id, bytes(blob))
        return self.opened[name]

    def replace(self, keys: ClientKeys, name: str, text: str | None) -> None:
        """Put another text into a sealed field."""
        self.opened[name] = text
        self.values[name] = None if text is None else keys.seal(CONTACT, name, self.id, text)
        self.changed = True


def load_people(cur: Cursor, client_id: UUID, ids: Iterable[bytes]) -> dict[bytes, Person]:
    """Contacts to change, locked until the transaction ends."""
    keys = UuidArray.of(sorted(set(ids)))
    rows = cur.execute(sql("load_contacts"), {"client": client_id, "ids": keys})
    return {row[0].bytes: Person(row[0], dict(zip(FIELDS, row[1:-1], strict=True)), row[-1]) for row in rows}


def save_people(cur: Cursor, client_id: UUID, people: Sequence[Person]) -> None:
    """Write changed contacts back."""
    if not people:
        return
    columns = {name: [person.values[name] for person in people] for name in FIELDS}
    cur.execute(
        sql("update_contacts"),
        {
            "client": client_id,
            "ids": UuidArray.of([person.id.bytes for person in people]),
            "titles": TextArray.of(columns["title"]),
            "firsts": ByteaArray.of(columns["first_name"]),
            "lasts": ByteaArray.of(columns["last_name"]),
            "births": DateArray.of(columns["birth_date"]),
            "languages": TextArray.of(columns["language"]),
            "streets": ByteaArray.of(columns["street"]),
            "postcodes": TextArray.of(columns["postcode"]),
            "towns": TextArray.of(columns["town"]),
            "town_keys": TextArray.of(columns["town_key"]),
            "latitudes": Float8Array.of(columns["latitude"]),
            "longitudes": Float8Array.of(columns["longitude"]),
            "establishments": UuidArray.of([shop.bytes if shop else None for shop in columns["establishment_id"]]),
            "zones": TextArray.of(columns["zone"]),
            "updated": TimeArray.of([micros(person.updated_at) for person in people]),
        },
    )


def apply_changes(
    cur: Cursor, job: "Job", changes: Sequence[tuple[Prepared, bytes]], now: datetime
) -> dict[int, bytes]:
    """Apply rows to the contacts they are about, in the order of the file; answers the sealed image per row number."""
    from sofy.audience.imports.apply import find_owners, insert_identities

    if not changes:
        return {}
    people = load_people(cur, job.client_id, [owner for _, owner in changes])
    renamed = {owner for each, owner in changes if each.record.first_name or each.record.last_name}
    names_before = {key: names(people[key], job.keys) for key in renamed}
    stored = attributes.load(cur, job.client_id, people) if job.kinds else {}
    taken = find_owners(cur, job.client_id, [handle for each, _ in changes for handle in each.handles])
    members = _join_book(cur, job, [owner for _, owner in changes], now)
    added: list[tuple[Handle, bytes]] = []
    images: dict[int, Image] = {}
    for each, owner in changes:
        person = people[owner]
        image = images[each.record.row] = Image(person.updated_at)
        _change_fields(person, each, job, image)
        for handle in each.handles:
            if handle.index not in taken:
                taken[handle.index] = owner
                added.append((handle, owner))
                image.identities.append(UUID(bytes=handle.id))
        for name, value in (each.record.attributes or {}).items():
            old = stored.get((owner, name))
            image.attributes[name] = [_plain(part) for part in old] if old else None
            stored[owner, name] = _as_stored(job, owner, name, value)
        if owner in members:
            members.discard(owner)
            image.member = True
        person.updated_at = now
    save_people(cur, job.client_id, list(people.values()))
    insert_identities(cur, job.client_id, added, now)
    attributes.write(
        cur, job.client_id, job.keys, job.kinds, [(owner, each.record.attributes) for each, owner in changes]
    )
    rename(cur, job.client_id, Preparer(job.keys), names_before, {k: names(people[k], job.keys) for k in renamed})
    ledger.refresh_reach(cur, job.client_id, people, now=None)
    return {row: seal_image(job.keys, job.import_id, row, image) for row, image in images.items()}


def seal_image(keys: ClientKeys, import_id: UUID, row: int, image: Image) -> bytes:
    """The image of a row, readable only in its place."""
    return keys.seal(IMAGE_TABLE, f"before:{row}", import_id, msgspec.json.encode(image).decode())


def open_image(keys: ClientKeys, import_id: UUID, row: int, blob: bytes) -> Image:
    """What `seal_image` sealed."""
    return msgspec.json.decode(keys.unseal(IMAGE_TABLE, f"before:{row}", import_id, blob), type=Image)


def _change_fields(person: Person, each: Prepared, job: "Job", image: Image) -> None:
    record = each.record
    for name in CLEAR:
        value = getattr(record, name)
        if value is not None and value != person.values[name]:
            image.fields[name] = person.values[name]
            person.values[name] = value
    for name in SEALED:
        text = getattr(record, name)
        if text is not None and text != (old := person.open(job.keys, name)):
            image.fields[name] = old
            person.replace(job.keys, name, text)


def _join_book(cur: Cursor, job: "Job", contacts: Iterable[bytes], now: datetime) -> set[bytes]:
    ids = UuidArray.of(sorted(set(contacts)))
    rows = cur.execute(
        sql("insert_members"), {"client": job.client_id, "book": job.book_id, "contacts": ids, "now": now}
    )
    return {row[0].bytes for row in rows}


def names(person: Person, keys: ClientKeys) -> tuple[str | None, str | None]:
    """First and last name of a stored contact."""
    return person.open(keys, "first_name"), person.open(keys, "last_name")


def rename(
    cur: Cursor,
    client_id: UUID,
    preparer: Preparer,
    before: dict[bytes, tuple[str | None, str | None]],
    after: dict[bytes, tuple[str | None, str | None]],
) -> None:
    """Bring the search tokens of contacts in line with their names."""
    from sofy.audience.imports.apply import insert_tokens

    gone: list[tuple[bytes, bytes]] = []
    new: list[tuple[list[bytes], bytes]] = []
    for contact, names in after.items():
        if names != before[contact]:
            old, now = set(preparer.tokens(*before[contact])), set(preparer.tokens(*names))
            gone += [(token, contact) for token in old - now]
            new.append((list(now - old), contact))
    if gone:
        values = {
            "client": client_id,
            "tokens": ByteaArray.of([token for token, _ in gone]),
            "contacts": UuidArray.of([contact for _, contact in gone]),
        }
        cur.execute(sql("delete_tokens"), values)
    insert_tokens(cur, client_id, new)


def _plain(part: Any) -> Any:
    return part.hex() if isinstance(part, bytes) else part.isoformat() if isinstance(part, date) else part


def _as_stored(job: "Job", contact: bytes, name: str, value: Any) -> tuple[Any, ...]:
    """The row `attributes.write` makes of a value, for the image of a later row of the same batch."""
    kind, private = job.kinds.get(name, ("text", False))
    if private:
        sealed = job.keys.seal(attributes.TABLE, attributes.sealed_column(name), UUID(bytes=contact), str(value))
        return kind, None, None, None, None, sealed
    columns: dict[str, Any] = {"text": None, "number": None, "date": None, "bool": None}
    columns["text" if kind == "choice" else kind] = format(value, "f") if kind == "number" else value
    return kind, columns["text"], columns["number"], columns["date"], columns["bool"], None
