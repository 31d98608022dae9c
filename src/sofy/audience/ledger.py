"""The consent ledger: append events, keep the current state, and tell the gate, in one transaction.

Everything that changes consent goes through `append`: a form, a STOP, an import, an undo. The state is computed by
`rules.current` alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg

from sofy.audience import rules
from sofy.audience.arrays import ByteaArray, IndexArray, Int4Array, TextArray, TimeArray, UuidArray, micros
from sofy.audience.bulk import row_ids
from sofy.audience.rules import Fact, Instants
from sofy.audience.sqlfiles import sql
from sofy.engine.db import sql as engine_sql
from sofy.engine.permissions import Permission, write_permissions

Cursor = psycopg.Cursor[tuple[Any, ...]]
#: Identity, channel, purpose.
Key = tuple[bytes, str, str]
GATE_STATE = {"granted": "granted", "withdrawn": "withdrawn", "opposed": "opposed", "cleared": "withdrawn"}
_TELL_AT_ONCE = 100  # above, the engine learns of refusals from its table rather than one by one


@dataclass(frozen=True)
class Circumstances:
    """What events recorded together share: how, why and by whom."""

    channel: str
    purpose: str
    source: str
    detail: str = ""
    lifts: bool = False
    import_id: UUID | None = None
    text_hash: bytes | None = None
    actor: str = ""


class Word(NamedTuple):
    """What one person said. `contact_id` as bytes; `evidence` is sealed already."""

    identity_index: bytes
    state: str
    at: datetime
    contact_id: bytes | None = None
    line: int | None = None
    evidence: bytes | None = None
    id: bytes | None = None


@dataclass(frozen=True)
class Event:
    """One fact with its own circumstances, as a form or a STOP brings it. `evidence` is sealed for `id`."""

    identity_index: bytes
    channel: str
    purpose: str
    state: str
    at: datetime
    source: str
    contact_id: UUID | None = None
    lifts: bool = False
    detail: str = ""
    text_hash: bytes | None = None
    evidence: bytes | None = None
    actor: str = ""
    id: UUID | None = None

    def split(self) -> tuple[Circumstances, Word]:
        """What it may share with other events, and what is its own."""
        shared = Circumstances(
            self.channel, self.purpose, self.source, self.detail, self.lifts, None, self.text_hash, self.actor
        )
        contact, row_id = self.contact_id, self.id
        return shared, Word(
            self.identity_index,
            self.state,
            self.at,
            contact.bytes if contact else None,
            None,
            self.evidence,
            row_id.bytes if row_id else None,
        )


@dataclass(slots=True)
class Known:
    """What is recorded about some people: the ledger's instants per key, the gate's words included.

    `told`: what the gate has as granted from the very moment that was asked about.
    """

    instants: dict[Key, Instants]
    told: frozenset[Key] = frozenset()

    def state(self, key: Key) -> str:
        """Current state, "cleared" when nothing is known."""
        found = self.instants.get(key)
        return rules.current(found) if found else "cleared"


def lock(cursor: Cursor, client_id: UUID) -> None:
    """Take this client's turn to write identities and consent, until the transaction ends."""
    cursor.execute(sql("lock_people"), {"client": client_id})


def known(cursor: Cursor, client_id: UUID, indexes: Sequence[bytes], *, since: datetime | None = None) -> Known:
    """What is recorded about these identities, under the lock. `since`: when consents came that the gate may have.

    A STOP that the engine has received and whose event is still on its way here counts already: the gate holds a
    refusal younger than anything this room told it.
    """
    if not indexes:
        return Known({})
    values: dict[str, Any] = {"client": client_id, "indexes": IndexArray.of(indexes), "since": since}
    gate = cursor.execute(sql("known_permissions"), values).fetchall()
    if not gate:
        return Known({})
    values["indexes"] = IndexArray.of(list({row[0] for row in gate}))
    rows = cursor.execute(sql("known_states"), values).fetchall()
    found = {(index, channel, purpose): Instants(*times) for index, channel, purpose, *times in rows}
    for index, channel, purpose, state, refused_at, _ in gate:
        if refused_at is None or purpose == "all":
            continue
        mine = found.get((index, channel, purpose), Instants())
        last = max((instant for instant in mine if instant), default=None)
        if last is None or refused_at > last:
            stopped = Instants(withdrawn_at=refused_at) if state == "withdrawn" else Instants(opposed_at=refused_at)
            found[index, channel, purpose] = rules.join(mine, stopped)
    return Known(found, frozenset((index, channel, purpose) for index, channel, purpose, *_, told in gate if told))


def append(cursor: Cursor, client_id: UUID, events: Sequence[Event], *, now: datetime) -> None:
    """Record single events. The caller holds the lock and is inside the client's scope."""
    groups: dict[Circumstances, list[Word]] = {}
    for event in events:
        shared, word = event.split()
        groups.setdefault(shared, []).append(word)
    for shared, words in groups.items():
        append_words(cursor, client_id, shared, words, now=now)


def append_words(
    cursor: Cursor,
    client_id: UUID,
    shared: Circumstances,
    words: Sequence[Word],
    *,
    now: datetime,
    since: datetime | None = None,
    before: Known | None = None,
) -> Known:
    """Record what many people said in the same circumstances, and what it comes to, under the lock.

    `since` is when a consent counts from for the gate, where the latest word wins; an import tells its start, so that a
    STOP received while it runs is never overwritten. `before` is what is `known`, asked with the same `since`.
    """
    if not words:
        return before or Known({})
    words = sorted(words, key=_by_index)  # neighbours on the pages of three indexes
    state = before or known(cursor, client_id, list({word.identity_index for word in words}))
    _insert(cursor, client_id, shared, words, now)
    heard = set(state.instants)
    touched = _join(state, shared, words, now)
    for statement, keys in (
        ("replace_states", [key for key in touched if key in heard]),
        ("insert_states", [key for key in touched if key not in heard]),
    ):
        if keys:
            _write_states(cursor, sql(statement), client_id, shared, state, {key: touched[key] for key in keys})
    _tell_gate(cursor, client_id, shared, state, list(touched), now=now, granted_since=since or now)
    return state


def _by_index(word: Word) -> bytes:
    return word.identity_index


def _insert(cursor: Cursor, client_id: UUID, shared: Circumstances, words: Sequence[Word], now: datetime) -> None:
    cursor.execute(
        sql("append_events"),
        {
            "client": client_id,
            "now": now,
            "channel": shared.channel,
            "purpose": shared.purpose,
            "lifts": shared.lifts,
            "source": shared.source,
            "detail": shared.detail[:120],
            "import": shared.import_id,
            "text": shared.text_hash,
            "actor": shared.actor[:64],
            "ids": UuidArray.of([word.id or made for word, made in zip(words, row_ids(len(words)), strict=True)]),
            "indexes": IndexArray.of([word.identity_index for word in words]),
            "states": TextArray.of([word.state for word in words]),
            "ats": _times([word.at for word in words]),
            "contacts": UuidArray.of([word.contact_id for word in words]),
            "lines": Int4Array.of([word.line for word in words]),
            "evidences": ByteaArray.of([word.evidence for word in words]),
        },
    )


def _join(state: Known, shared: Circumstances, words: Sequence[Word], now: datetime) -> dict[Key, datetime]:
    """Bring events into what is known; answers the keys that moved, with the date to show."""
    touched: dict[Key, datetime] = {}
    contributes: dict[tuple[str, datetime | None], Instants] = {}  # a file says the same of thousands
    instants, channel, purpose, lifts = state.instants, shared.channel, shared.purpose, shared.lifts
    for word in words:
        key = (word.identity_index, channel, purpose)
        sort = (word.state, word.at if lifts or word.state in rules.OPT_OUTS else None)
        fact = contributes.get(sort)
        if fact is None:
            fact = contributes[sort] = rules.instant(Fact(word.state, word.at, now, lifts))
        old = instants.get(key)
        instants[key] = rules.join(old, fact) if old else fact
        touched[key] = word.at if old is None else max(word.at, touched.get(key, word.at))
    return touched


def _write_states(
    cursor: Cursor,
    statement: LiteralString,
    client_id: UUID,
    shared: Circumstances,
    state: Known,
    touched: dict[Key, datetime],
) -> None:
    instants = [state.instants[key] for key in touched]
    granted, cleared, withdrawn, opposed, lifted = zip(*instants, strict=True)
    cursor.execute(
        statement,
        {
            "client": client_id,
            "channel": shared.channel,
            "purpose": shared.purpose,
            "indexes": IndexArray.of([key[0] for key in touched]),
            "states": TextArray.of([rules.current(each) for each in instants]),
            "sinces": _times(list(touched.values())),
            "granted": _times(granted),
            "cleared": _times(cleared),
            "withdrawn": _times(withdrawn),
            "opposed": _times(opposed),
            "lifted": _times(lifted),
        },
    )


def _tell_gate(
    cursor: Cursor,
    client_id: UUID,
    shared: Circumstances,
    state: Known,
    touched: Sequence[Key],
    *,
    now: datetime,
    granted_since: datetime,
) -> None:
    if state.told:  # by the door the consents came in through
        touched = [k for k in touched if k not in state.told or rules.current(state.instants[k]) != "granted"]
    states = [rules.current(state.instants[key]) for key in touched]
    if len(touched) <= _TELL_AT_ONCE:
        rows = [
            Permission(*key, GATE_STATE[each], granted_since if each == "granted" else now)  # type: ignore[arg-type]
            for key, each in zip(touched, states, strict=True)
        ]
        write_permissions(cursor.connection, client_id, rows)
        return
    # The same statement with finished arrays: the adapters of lists would cost more than the rest of an import.
    consented, refused = micros(granted_since), micros(now)
    cursor.execute(
        engine_sql("write_permissions"),
        {
            "client": client_id,
            "recipients": IndexArray.of([key[0] for key in touched]),
            "channels": TextArray.of([shared.channel] * len(touched)),
            "purposes": TextArray.of([shared.purpose] * len(touched)),
            "states": TextArray.of([GATE_STATE[each] for each in states]),
            "sinces": TimeArray.of([consented if each == "granted" else refused for each in states]),
        },
    )


def _times(values: Sequence[datetime | None]) -> TimeArray:
    done: dict[datetime | None, int | None] = {None: None}  # few distinct instants in a batch
    for value in values:
        if value not in done and value is not None:
            done[value] = micros(value.astimezone(UTC))
    return TimeArray.of([done[value] for value in values])


def refresh_reach(cursor: Cursor, client_id: UUID, contacts: Iterable[bytes | UUID], *, now: datetime | None) -> None:
    """Bring the derived reach of contacts up to date; `now` also marks them as changed."""
    ids = sorted({contact if isinstance(contact, bytes) else contact.bytes for contact in contacts})
    if ids:
        cursor.execute(sql("refresh_reach"), {"client": client_id, "contacts": UuidArray.of(ids), "now": now})
