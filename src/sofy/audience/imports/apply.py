"""One batch of rows into the database, in one transaction with its checkpoint.

A batch is found, decided, written: which identities exist already, what consent comes to, then one statement per
table over finished arrays. Killed at any moment, the import goes on from the last batch that was committed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from sofy.audience import ledger, rules
from sofy.audience.arrays import (
    BoolArray,
    ByteaArray,
    DateArray,
    Float8Array,
    IndexArray,
    Int2Array,
    Int4Array,
    TextArray,
    UuidArray,
    cursor,
)
from sofy.audience.imports import attributes, consents, update
from sofy.audience.imports.prepare import Handle, Prepared
from sofy.audience.imports.rows import Record
from sofy.audience.ledger import Cursor, Known
from sofy.audience.models import Reach
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.crypto import ClientKeys
from sofy.kit.rls import client_scope

KINDS = ("email", "phone")  # as `prepare.in_storing_order` has them
CREATED, UPDATED, REJECTED = "created", "updated", "rejected"
#: The planner knows nothing of tables that grow under it; these look-ups are always by key.
BY_KEY_ONLY = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"


@dataclass(frozen=True)
class Job:
    """What all rows of one import share."""

    client_id: UUID
    import_id: UUID
    book_id: UUID
    keys: ClientKeys
    started_at: datetime
    purpose: str  # what consent in this file is about
    actor: str
    source: str
    text_hash: bytes | None
    kinds: dict[str, tuple[str, bool]]


@dataclass
class Tally:
    """Counts since the first row, kept with the checkpoint."""

    done: int = 0
    imported: int = 0
    updated: int = 0
    rejected: int = 0
    warnings: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Decided:
    """What becomes of each row of a batch."""

    fresh: list[Prepared] = field(default_factory=list)
    changes: list[tuple[Prepared, bytes]] = field(default_factory=list)
    ambiguous: list[Prepared] = field(default_factory=list)
    rejected: list[Record] = field(default_factory=list)
    owners: dict[bytes, bytes] = field(default_factory=dict)  # blind index -> contact


def write_batch(
    job: Job,
    tally: Tally,
    batch: Sequence[Prepared],
    rejected: Sequence[Record],
    handed_over: Callable[[], None] = lambda: None,
) -> None:
    """Store a batch; counts move only when it is committed.

    `batch` and `rejected` together are consecutive rows of the file. `handed_over` is told when most of what is left to
    do is up to PostgreSQL.
    """
    after = Tally(tally.done, tally.imported, tally.updated, tally.rejected, Counter(tally.warnings))
    with client_scope(job.client_id):
        cur = cursor()
        ledger.lock(cur, job.client_id)
        cur.execute(BY_KEY_ONLY)
        now = clock.now()
        decided = _decide(cur, job, batch)
        decided.rejected = list(rejected)
        known = ledger.known(cur, job.client_id, list({handle.index for each in batch for handle in each.handles}))
        with cur.connection.pipeline():  # PostgreSQL stores one table while the arrays of the next are made
            _insert_people(cur, job, decided.fresh, now)
            consents.record(cur, job, decided, known, now)
            _insert_contacts(cur, job, decided.fresh, known, now)
            handed_over()
        images = update.apply_changes(cur, job, decided.changes, now)
        unclear = {
            decided.owners[h.index] for each in decided.ambiguous for h in each.handles if h.index in decided.owners
        }
        with cur.connection.pipeline():
            ledger.refresh_reach(cur, job.client_id, unclear, now=now)
            _insert_rows(cur, job, decided, images, now)
            _count(decided, after)
            _checkpoint(cur, job, after)
    tally.__dict__.update(after.__dict__)


def _decide(cur: Cursor, job: Job, batch: Sequence[Prepared]) -> Decided:
    """New, known or unclear: by the identities of each row, in the order of the file."""
    decided = Decided(owners=find_owners(cur, job.client_id, [handle for each in batch for handle in each.handles]))
    owners, fresh = decided.owners, decided.fresh
    for each in batch:
        mine = {owners[handle.index] for handle in each.handles if handle.index in owners}
        if not mine:
            fresh.append(each)
            for handle in each.handles:
                owners[handle.index] = each.id
        elif len(mine) == 1:
            (owner,) = mine
            decided.changes.append((each, owner))
            for handle in each.handles:
                owners[handle.index] = owner
        else:
            each.record.problems.append("matches_two_contacts")
            decided.ambiguous.append(each)
    return decided


def find_owners(cur: Cursor, client_id: UUID, handles: Sequence[Handle]) -> dict[bytes, bytes]:
    """Contacts that hold identities, by blind index."""
    owners: dict[bytes, bytes] = {}
    for kind in KINDS:
        indexes = [handle.index for handle in handles if handle.kind == kind]
        if indexes:
            values = {"client": client_id, "kind": kind, "indexes": IndexArray.of(indexes)}
            for index, contact in cur.execute(sql("find_identities"), values):
                owners[index] = contact.bytes
    return owners


def _insert_people(cur: Cursor, job: Job, fresh: Sequence[Prepared], now: datetime) -> None:
    """What does not depend on consent, the longest statement first: by what else a new contact is found."""
    if not fresh:
        return
    ids = [each.id for each in fresh]
    insert_tokens(cur, job.client_id, [(each.tokens, each.id) for each in fresh])
    insert_identities(cur, job.client_id, [(handle, each.id) for each in fresh for handle in each.handles], now)
    members = {"client": job.client_id, "book": job.book_id, "contacts": UuidArray.of(ids), "now": now}
    cur.execute(sql("insert_new_members"), members)
    attributes.write(cur, job.client_id, job.keys, job.kinds, [(each.id, each.record.attributes) for each in fresh])


def _insert_contacts(cur: Cursor, job: Job, fresh: Sequence[Prepared], known: Known, now: datetime) -> None:
    """Last, because consent decides whether they can be written to."""
    if not fresh:
        return
    records = [each.record for each in fresh]
    shops = [record.establishment_id for record in records]
    reaches = [reach(each.handles, known) for each in fresh]
    cur.execute(
        sql("insert_contacts"),
        {
            "client": job.client_id,
            "import": job.import_id,
            "now": now,
            "ids": UuidArray.of([each.id for each in fresh]),
            "titles": TextArray.of([record.title or "" for record in records]),
            "firsts": ByteaArray.of([each.first_name for each in fresh]),
            "lasts": ByteaArray.of([each.last_name for each in fresh]),
            "births": DateArray.of([record.birth_date for record in records]),
            "languages": TextArray.of([record.language or "" for record in records]),
            "streets": ByteaArray.of([each.street for each in fresh]),
            "postcodes": TextArray.of([record.postcode or "" for record in records]),
            "towns": TextArray.of([record.town or "" for record in records]),
            "town_keys": TextArray.of([record.town_key or "" for record in records]),
            "latitudes": Float8Array.of([record.latitude for record in records]),
            "longitudes": Float8Array.of([record.longitude for record in records]),
            "establishments": UuidArray.of([shop.bytes if shop else None for shop in shops]),
            "zones": TextArray.of([record.zone for record in records]),
            "sms": Int2Array.of([sms for sms, _ in reaches]),
            "emails": Int2Array.of([email for _, email in reaches]),
        },
    )


def reach(handles: Sequence[Handle], known: Known) -> tuple[int, int]:
    """Reach of a new contact by SMS and by e-mail; `refresh_reach` says the same of one that is stored."""
    best = {"phone": _NONE, "email": _NONE}
    for handle in handles:
        if handle.kind == "phone" and not handle.mobile:
            found = _INVALID
        else:
            state = known.state((handle.index, rules.CHANNEL_OF_KIND[handle.kind], "marketing"))
            found = _REACH[state]
        if _BETTER[found] > _BETTER[best[handle.kind]]:
            best[handle.kind] = found
    return best["phone"], best["email"]


_NONE, _INVALID = Reach.NONE.value, Reach.INVALID.value
_REACH = {
    "granted": Reach.REACHABLE.value,
    "cleared": Reach.NO_CONSENT.value,
    "withdrawn": Reach.OPTED_OUT.value,
    "opposed": Reach.OPTED_OUT.value,
}
_BETTER = {0: 0, 1: 1, 4: 2, 2: 3, 3: 4}


def insert_identities(cur: Cursor, client_id: UUID, owned: Sequence[tuple[Handle, bytes]], now: datetime) -> None:
    """Store identities under their contacts; an identity that comes twice in a batch is stored once."""
    unique = {handle.index: (handle, contact) for handle, contact in reversed(owned)}
    for kind in KINDS:
        rows = [each for each in unique.values() if each[0].kind == kind]
        if rows:
            rows.sort(key=_by_index)  # neighbours are stored on the same pages of the unique index
            cur.execute(
                sql("insert_identities"),
                {
                    "client": client_id,
                    "kind": kind,
                    "now": now,
                    "ids": UuidArray.of([handle.id for handle, _ in rows]),
                    "contacts": UuidArray.of([contact for _, contact in rows]),
                    "values": ByteaArray.of([handle.sealed for handle, _ in rows]),
                    "indexes": IndexArray.of([handle.index for handle, _ in rows]),
                    "mobiles": BoolArray.of([handle.mobile for handle, _ in rows]),
                    "positions": Int2Array.of([handle.position for handle, _ in rows]),
                },
            )


def _by_index(owned: tuple[Handle, bytes]) -> bytes:
    return owned[0].index


def insert_tokens(cur: Cursor, client_id: UUID, named: Sequence[tuple[Sequence[bytes], bytes]]) -> None:
    """Make contacts findable by their names: pairs of tokens and contact id, contacts in ascending order."""
    holders: dict[bytes, list[bytes]] = {}
    for tokens, contact in named:
        for token in tokens:
            holders.setdefault(token, []).append(contact)
    if holders:
        ordered = sorted(holders)
        values = {
            "client": client_id,
            "tokens": IndexArray.of([token for token in ordered for _ in holders[token]]),
            "contacts": UuidArray.of([contact for token in ordered for contact in holders[token]]),
        }
        cur.execute(sql("insert_tokens"), values)


def _insert_rows(cur: Cursor, job: Job, decided: Decided, images: dict[int, bytes], now: datetime) -> None:
    """Rows in any order: the table is read by row number."""
    rows: list[tuple[Record, str, bytes | None]] = [(each.record, CREATED, each.id) for each in decided.fresh]
    rows += [(each.record, UPDATED, owner) for each, owner in decided.changes]
    rows += [(each.record, UPDATED, None) for each in decided.ambiguous]
    rows += [(record, REJECTED, None) for record in decided.rejected]
    cur.execute(
        sql("insert_rows"),
        {
            "client": job.client_id,
            "import": job.import_id,
            "now": now,
            "rows": Int4Array.of([record.row for record, _, _ in rows]),
            "actions": TextArray.of([action for _, action, _ in rows]),
            "contacts": UuidArray.of([contact for _, _, contact in rows]),
            "befores": ByteaArray.of([images.get(record.row) if images else None for record, _, _ in rows]),
            "problems": TextArray.of([",".join(record.problems)[:200] for record, _, _ in rows]),
        },
    )


def _count(decided: Decided, tally: Tally) -> None:
    changed = len(decided.changes) + len(decided.ambiguous)
    tally.imported += len(decided.fresh)
    tally.updated += changed
    tally.rejected += len(decided.rejected)
    tally.done += len(decided.fresh) + changed + len(decided.rejected)
    for each in decided.fresh:
        if each.record.problems:
            tally.warnings.update(each.record.problems)
    for each, _ in decided.changes:
        tally.warnings.update(each.record.problems)
    for each in decided.ambiguous:
        tally.warnings.update(each.record.problems)
    for record in decided.rejected:
        tally.warnings.update(record.problems)


def _checkpoint(cur: Cursor, job: Job, tally: Tally) -> None:
    cur.execute(
        sql("checkpoint"),
        {
            "client": job.client_id,
            "import": job.import_id,
            "done": tally.done,
            "imported": tally.imported,
            "updated": tally.updated,
            "rejected": tally.rejected,
            "warnings": msgspec.json.encode(dict(tally.warnings)).decode(),
        },
    )
