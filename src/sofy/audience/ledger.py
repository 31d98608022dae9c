"""The consent ledger: append events, keep the current state, and tell the gate, in one transaction.

Everything that changes consent goes through `append`: a form, a STOP, an import, an undo. The state is computed by
`rules.current` alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from sofy.audience import rules
from sofy.audience.arrays import BoolArray, ByteaArray, Int4Array, TextArray, TimeArray, UuidArray, micros
from sofy.audience.rules import Fact, Instants
from sofy.audience.sqlfiles import sql
from sofy.engine.db import sql as engine_sql
from sofy.engine.permissions import Permission, write_permissions
from sofy.kernel.ids import uuid7s

Cursor = psycopg.Cursor[tuple[Any, ...]]
#: Identity, channel, purpose.
Key = tuple[bytes, str, str]
GATE_STATE = {"granted": "granted", "withdrawn": "withdrawn", "opposed": "opposed", "cleared": "withdrawn"}


@dataclass(slots=True)
class Event:
    """One fact to record. `evidence` is sealed already."""

    identity_index: bytes
    channel: str
    purpose: str
    state: str
    at: datetime
    source: str
    contact_id: UUID | None = None
    lifts: bool = False
    detail: str = ""
    import_id: UUID | None = None
    line: int | None = None
    text_hash: bytes | None = None
    evidence: bytes | None = None
    actor: str = ""
    id: UUID | None = None

    @property
    def key(self) -> Key:
        return self.identity_index, self.channel, self.purpose


@dataclass(slots=True)
class Known:
    """What is recorded about some people: the ledger's instants per key, the gate's words included."""

    instants: dict[Key, Instants]

    def state(self, key: Key) -> str:
        """Current state, "cleared" when nothing is known."""
        found = self.instants.get(key)
        return rules.current(found) if found else "cleared"


def lock(cursor: Cursor, client_id: UUID) -> None:
    """Take this client's turn to write identities and consent, until the transaction ends."""
    cursor.execute(sql("lock_people"), {"client": client_id})


def known(cursor: Cursor, client_id: UUID, indexes: Sequence[bytes]) -> Known:
    """What is recorded about these identities, under the lock.

    A STOP that the engine has received and whose event is still on its way here counts already: the gate holds a refusal
    younger than anything this room told it.
    """
    values = {"client": client_id, "indexes": ByteaArray.of(list(indexes))}
    gate = cursor.execute(sql("known_permissions"), values).fetchall()
    if not gate:
        return Known({})
    values["indexes"] = ByteaArray.of(list({row[0] for row in gate}))
    rows = cursor.execute(sql("known_states"), values).fetchall()
    found = {(index, channel, purpose): Instants(*times) for index, channel, purpose, *times in rows}
    for index, channel, purpose, state, since in gate:
        if state == "granted" or purpose == "all":
            continue
        mine = found.get((index, channel, purpose), Instants())
        told = max((each for each in _told(mine)), default=None)
        if told is None or since > told:
            stopped = Instants(withdrawn_at=since) if state == "withdrawn" else Instants(opposed_at=since)
            found[index, channel, purpose] = rules.join(mine, stopped)
    return Known(found)


def _told(mine: Instants) -> Iterable[datetime]:
    every = (mine.granted_at, mine.cleared_at, mine.withdrawn_at, mine.opposed_at, mine.lifted_at)
    return (instant for instant in every if instant)


def append(
    cursor: Cursor,
    client_id: UUID,
    events: Sequence[Event],
    *,
    now: datetime,
    since: datetime | None = None,
    before: Known | None = None,
) -> Known:
    """Record events and what they come to. The caller holds the lock and is inside the client's scope.

    `since` is when a consent counts from for the gate, where the latest word wins; an import tells its start, so that a
    STOP received while it runs is never overwritten.
    """
    if not events:
        return before or Known({})
    _insert(cursor, client_id, events, now)
    state = before or known(cursor, client_id, list({event.identity_index for event in events}))
    touched: dict[Key, datetime] = {}
    contributes: dict[tuple[str, datetime | None, bool], Instants] = {}  # a file says the same of thousands
    instants = state.instants
    for event in events:
        key = event.key
        sort = (event.state, event.at if event.lifts or event.state in rules.OPT_OUTS else None, event.lifts)
        fact = contributes.get(sort)
        if fact is None:
            fact = contributes[sort] = rules.instant(Fact(event.state, event.at, now, event.lifts))
        old = instants.get(key)
        instants[key] = rules.join(old, fact) if old else fact
        touched[key] = event.at if old is None else max(event.at, touched.get(key, event.at))
    _write_states(cursor, client_id, state, touched)
    _tell_gate(cursor, client_id, state, touched, now=now, granted_since=since or now)
    return state


def _insert(cursor: Cursor, client_id: UUID, events: Sequence[Event], now: datetime) -> None:
    ids = [event.id or made for event, made in zip(events, uuid7s(len(events)), strict=True)]
    cursor.execute(
        sql("append_events"),
        {
            "client": client_id,
            "now": now,
            "ids": UuidArray.of([each.bytes for each in ids]),
            "indexes": ByteaArray.of([event.identity_index for event in events]),
            "contacts": UuidArray.of([event.contact_id.bytes if event.contact_id else None for event in events]),
            "channels": TextArray.of([event.channel for event in events]),
            "purposes": TextArray.of([event.purpose for event in events]),
            "states": TextArray.of([event.state for event in events]),
            "lifts": BoolArray.of([event.lifts for event in events]),
            "ats": TimeArray.of([micros(event.at) for event in events]),
            "sources": TextArray.of([event.source for event in events]),
            "details": TextArray.of([event.detail[:120] for event in events]),
            "imports": UuidArray.of([event.import_id.bytes if event.import_id else None for event in events]),
            "lines": Int4Array.of([event.line for event in events]),
            "texts": ByteaArray.of([event.text_hash for event in events]),
            "evidences": ByteaArray.of([event.evidence for event in events]),
            "actors": TextArray.of([event.actor[:64] for event in events]),
        },
    )


def _write_states(cursor: Cursor, client_id: UUID, state: Known, touched: dict[Key, datetime]) -> None:
    keys = list(touched)
    instants = [state.instants[key] for key in keys]
    cursor.execute(
        sql("write_states"),
        {
            "client": client_id,
            "indexes": ByteaArray.of([key[0] for key in keys]),
            "channels": TextArray.of([key[1] for key in keys]),
            "purposes": TextArray.of([key[2] for key in keys]),
            "states": TextArray.of([rules.current(each) for each in instants]),
            "sinces": TimeArray.of([micros(touched[key]) for key in keys]),
            "granted": _times([each.granted_at for each in instants]),
            "cleared": _times([each.cleared_at for each in instants]),
            "withdrawn": _times([each.withdrawn_at for each in instants]),
            "opposed": _times([each.opposed_at for each in instants]),
            "lifted": _times([each.lifted_at for each in instants]),
        },
    )


def _times(values: list[datetime | None]) -> TimeArray:
    return TimeArray.of([None if value is None else micros(value.astimezone(UTC)) for value in values])


def _tell_gate(
    cursor: Cursor,
    client_id: UUID,
    state: Known,
    touched: dict[Key, datetime],
    *,
    now: datetime,
    granted_since: datetime,
) -> None:
    states = [rules.current(state.instants[key]) for key in touched]
    if len(touched) <= 100:
        rows = [
            Permission(index, channel, purpose, GATE_STATE[each], granted_since if each == "granted" else now)  # type: ignore[arg-type]
            for (index, channel, purpose), each in zip(touched, states, strict=True)
        ]
        write_permissions(cursor.connection, client_id, rows)
        return
    # The same statement with finished arrays: the adapters of lists would cost more than the rest of an import.
    keys = list(touched)
    consented, refused = micros(granted_since), micros(now)
    cursor.execute(
        engine_sql("write_permissions"),
        {
            "client": client_id,
            "recipients": ByteaArray.of([key[0] for key in keys]),
            "channels": TextArray.of([key[1] for key in keys]),
            "purposes": TextArray.of([key[2] for key in keys]),
            "states": TextArray.of([GATE_STATE[each] for each in states]),
            "sinces": TimeArray.of([consented if each == "granted" else refused for each in states]),
        },
    )


def refresh_reach(cursor: Cursor, client_id: UUID, contacts: Iterable[UUID], *, now: datetime | None) -> None:
    """Bring the derived reach of contacts up to date; `now` also marks them as changed."""
    ids = sorted({contact.bytes for contact in contacts})
    if ids:
        cursor.execute(sql("refresh_reach"), {"client": client_id, "contacts": UuidArray.of(ids), "now": now})
