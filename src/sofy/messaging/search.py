"""Messages of a client, searched: by who received them, reference, campaign, state, day and channel.

A person and a reference lead to their messages by an index. Everything else is looked for among the latest messages, a
stretch at a time: however many there are, one look reads a bounded number of rows and says how far back it went.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from sofy.kernel import ids
from sofy.kit.keys import keys_for

#: How many messages one look reads at most.
STRETCH: Final = 50_000
LAST: Final = UUID(int=2**128 - 1)
FIRST: Final = UUID(int=0)


@dataclass(frozen=True)
class Wanted:
    """What is searched; what is empty does not count. `who`: a kind ("phone" or "email") and its canonical value."""

    who: tuple[str, str] | None = None
    reference: str = ""
    campaign: UUID | None = None
    status: str = ""
    purpose: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def narrow(self) -> bool:
        """Whether an index leads to the few messages that fit."""
        return self.who is not None or bool(self.reference)

    @property
    def anything(self) -> bool:
        """Whether every message fits, but for the days."""
        return not (self.narrow or self.campaign or self.status or self.purpose or self.channel)


@dataclass(frozen=True)
class LogLine:
    """One message of the log. Number and text stay sealed until somebody opens the message."""

    id: UUID
    created_at: datetime
    channel: str
    purpose: str
    sender: str
    status: str
    reason: str
    article: str
    supplier_code: str
    parts: int
    campaign_id: UUID | None
    contact_id: UUID | None
    not_before: datetime | None
    reference: str


@dataclass(frozen=True)
class Found:
    """What one look found. `after`: where the next one begins, None at the end; `back_to`: how far this one looked."""

    rows: list[LogLine] = field(default_factory=list)
    after: UUID | None = None
    back_to: datetime | None = None


# An article explains what a rule stopped or put off; that an operator failed has no article.
COLUMNS: Final = (
    "m.id, m.created_at, m.channel, m.purpose, m.sender, s.status, coalesce(s.reason, ''),"
    " CASE WHEN s.status IN ('deferred', 'held', 'withheld', 'cancelled') THEN coalesce(s.article, '') ELSE '' END,"
    " coalesce(s.supplier_code, ''), s.parts, m.campaign_id, m.contact_id, s.not_before, coalesce(m.reference, '')"
)
JOINED: Final = "FROM engine_message m JOIN engine_state s ON s.client_id = m.client_id AND s.message_id = m.id"
# OFFSET 0: the few messages of a person first, whatever the planner believes of many.
OF_PERSON: Final = (
    "FROM (SELECT * FROM engine_state WHERE client_id = %s AND recipient_index = %s OFFSET 0) s"
    " JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id"
)
_STEP = "SELECT id FROM engine_message WHERE client_id = %s AND id < %s AND id >= %s ORDER BY id DESC OFFSET %s LIMIT 1"


def find(client_id: UUID, wanted: Wanted, *, before: UUID = LAST, limit: int = 50) -> Found:
    """The messages that fit, the newest first (ids are in the order of time)."""
    low = ids.before(wanted.since) if wanted.since else FIRST
    before = min(before, ids.before(wanted.until)) if wanted.until else before
    edge = low if wanted.narrow or wanted.anything else _edge(client_id, before, low)
    rows = _rows(client_id, wanted, before=before, low=edge, limit=limit + 1)
    if len(rows) > limit:
        return Found(rows[:limit], rows[limit - 1].id)
    if edge == low:
        return Found(rows)
    return Found(rows, edge, ids.moment(edge))


def every(client_id: UUID, wanted: Wanted, *, batch: int = 2_000) -> Iterator[list[LogLine]]:
    """All messages that fit, in batches, however far back: for files."""
    after: UUID | None = LAST
    while after is not None:
        found = find(client_id, wanted, before=after, limit=batch)
        if found.rows:
            yield found.rows
        after = found.after


def _edge(client_id: UUID, before: UUID, low: UUID) -> UUID:
    """The oldest message of this stretch."""
    with connection.cursor() as cursor:
        cursor.execute(_STEP, [client_id, before, low, STRETCH - 1])
        row = cursor.fetchone()
    return row[0] if row else low


def _rows(client_id: UUID, wanted: Wanted, *, before: UUID, low: UUID, limit: int) -> list[LogLine]:
    bounds = "{0}.client_id = %s AND {0}.{1} < %s AND {0}.{1} >= %s"
    where = [bounds.format("m", "id"), bounds.format("s", "message_id")]
    params: list[Any] = [client_id, before, low] * 2
    conditions: list[tuple[str, Any]] = [
        ("m.reference", wanted.reference), ("m.campaign_id", wanted.campaign), ("s.status", wanted.status),
        ("m.purpose", wanted.purpose), ("m.channel", wanted.channel),
    ]  # fmt: skip
    joined = JOINED
    if wanted.who is not None:
        joined, params = OF_PERSON, [client_id, keys_for(client_id).index(*wanted.who), *params]
    for column, value in conditions:
        if value:
            where.append(f"{column} = %s")
            params.append(value)
    statement = f"SELECT {COLUMNS} {joined} WHERE {' AND '.join(where)} ORDER BY m.id DESC LIMIT {int(limit)}"
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [LogLine(*row) for row in cursor.fetchall()]
