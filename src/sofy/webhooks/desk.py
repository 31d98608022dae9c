"""What notify asks and tells the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sofy.engine.db import sql
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import Int2Array, Int8Array, TextArray, TimeArray, UuidArray, micros
from sofy.kernel import clock, ids
from sofy.webhooks.events import Happened, unfold
from sofy.webhooks.queue import Delivery

#: Notices that become deliveries in one transaction.
AT_ONCE = 1_000
#: Of one webhook, so many events may wait in requests at once; beyond, notices stay where they are.
MOST_OPEN = 20_000


class Endpoint(NamedTuple):
    """A webhook for a turn, as the database keeps it: address and secrets sealed."""

    client: UUID
    id: UUID
    events: frozenset[str]
    url: bytes
    secret: bytes
    old_secret: bytes | None
    old_secret_until: datetime | None
    batch: int
    failing_since: datetime | None


class Noted(NamedTuple):
    """What became of a request."""

    delivery: Delivery
    state: str
    at: datetime
    answer: int
    problem: str | None
    latency: int


class Lost(Exception):
    """The answer to a commit was lost: what is in memory is not all there is."""


class Desk:
    """The statements about one webhook. Each names its client."""

    def __init__(self, reads: HotLink, writes: HotLink, me: UUID, endpoint: Endpoint) -> None:
        self.rows = reads.rows
        self._reads, self._writes = reads, writes
        self._endpoint = endpoint
        self._names = {"client": endpoint.client, "endpoint": endpoint.id, "me": me}
        #: So many requests may wait at once.
        self.most_open = MOST_OPEN // endpoint.batch

    async def open(self) -> list[Delivery]:
        """What was made before and is not over."""
        rows = await self.rows("open_deliveries", self._names | {"n": self.most_open})
        found = []
        for name, kinds, ats, orders, messages, inbounds, data, attempt, since, due_at in rows:
            nothing = [None] * len(kinds)
            events = zip(kinds, ats, orders, messages, inbounds or nothing, data or nothing, strict=True)
            found.append(Delivery(name, [Happened(*event) for event in events], attempt, since, due_at))
        return sorted(found, key=lambda each: each.id)

    async def take(self) -> list[Delivery]:
        """Turn notices into deliveries, the oldest first. Raises: Lost."""
        tried = False

        async def work(conn: Hot) -> list[Delivery]:
            nonlocal tried
            if tried:
                raise Lost
            tried = True
            async with conn.transaction():
                values = self._names | {"n": AT_ONCE}
                rows = await (await conn.execute(sql("take_notices"), values, binary=True)).fetchall()
                made = self._deliveries(sorted(rows))
                if made:
                    await conn.execute(sql("keep_deliveries"), self._columns(made))
            return made

        return await self._writes.call(work)

    def _deliveries(self, rows: Sequence[tuple[Any, ...]]) -> list[Delivery]:
        """Events of these notices that were asked for, cut into requests."""
        wanted, size, now = self._endpoint.events, self._endpoint.batch, clock.now()
        events = [event for row in rows for event in unfold(row, wanted)]
        parts = [events[start : start + size] for start in range(0, len(events), size)]
        return [
            Delivery(name, part, 0, now, now) for name, part in zip(ids.uuid7_bytes(len(parts)), parts, strict=True)
        ]

    def _columns(self, deliveries: Sequence[Delivery]) -> dict[str, Any]:
        flat = [(each.id, event) for each in deliveries for event in each.events]
        return self._names | {
            "now": clock.now(),
            "ids": UuidArray.of([name for name, _ in flat]),
            "kinds": TextArray.of([event.kind for _, event in flat]),
            "ats": TimeArray.of([micros(event.at) for _, event in flat]),
            "orders": Int8Array.of([event.order for _, event in flat]),
            "messages": UuidArray.of([event.message for _, event in flat]),
            "inbounds": UuidArray.of([event.inbound for _, event in flat]),
            "data": TextArray.of([event.data for _, event in flat]),
        }

    async def note(self, noted: Sequence[Noted]) -> None:
        """Write what became of requests; twice changes nothing.

        Nobody waits for the disk: what a crash of the server takes back is told again, under the same id.
        """
        values = self._names | {
            "ids": UuidArray.of([each.delivery.id for each in noted]),
            "states": TextArray.of([each.state for each in noted]),
            "attempts": Int2Array.of([each.delivery.attempt for each in noted]),
            "dues": TimeArray.of([micros(each.delivery.due_at) for each in noted]),
            "ats": TimeArray.of([micros(each.at) for each in noted]),
            "answers": Int2Array.of([each.answer for each in noted]),
            "problems": TextArray.of([each.problem for each in noted]),
            "latencies": Int8Array.of([each.latency for each in noted]),
        }

        async def work(conn: Hot) -> None:
            async with conn.transaction(), conn.pipeline():
                await conn.execute("SET LOCAL synchronous_commit = off")
                await conn.execute(sql("note_deliveries"), values)

        await self._writes.call(work)

    async def works(self) -> None:
        """Something came through again."""
        await self._reads.run("webhook_works", self._names | {"now": clock.now()})

    async def fails(self, until: datetime) -> None:
        """Nothing comes through: leave it alone until then."""
        await self._reads.run("webhook_fails", self._names | {"now": clock.now(), "until": until})

    async def disable(self, because: str) -> None:
        """Tell it nothing more; the rooms above tell its client."""
        values = {"now": clock.now(), "because": because, "id": ids.uuid7()}
        await self._reads.run("disable_webhook", self._names | values)

    async def release(self) -> None:
        """The turn is over."""
        await self._reads.run("release_webhook", self._names)
