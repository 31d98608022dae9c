"""The ledger: what became of each message, written in batches, at least twice a second.

A message is written as it stands when the batch is made, not as a log of every step: a message whose receipt came
within the half second after its submit costs one row update, and its supplier id is never looked up again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from operator import itemgetter
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
import structlog

from sofy.connectors.base import own_key
from sofy.engine.db import sql
from sofy.engine.item import FOREVER, SENT_AGAIN, Claim, Item, Part
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import Int2Array, Int8Array, TextArray, TimeArray, UuidArray, micros
from sofy.engine.statuses import RANK
from sofy.engine.waiting import until_set
from sofy.kernel import clock, ids
from sofy.kernel.bounces import is_soft

log = structlog.get_logger(__name__)

_Name = tuple[bytes, str, int]
"""A supplier's name for a part: route, supplier id, when it was taken."""

FLUSH_EVERY_S = 0.5
#: A quarter of a second at full speed: a message whose receipt comes before its batch is cut is written once.
FLUSH_ROWS = 4000
#: A batch is cut at this size, so that one transaction stays short while the engine catches up.
_LARGEST_BATCH = 8000


class Ledger:
    """Collects what changed and writes it; nothing leaves it before its commit."""

    def __init__(self, link: HotLink, settled: Callable[[Item], None]) -> None:
        self.written = 0
        self._link = link
        self._settled = settled
        self._dirty: dict[int, Item] = {}
        self._over: list[Claim] = []
        self._named: dict[_Name, tuple[bytes, int]] = {}
        self._named_before: dict[_Name, tuple[bytes, int]] = {}
        self._counter = 0
        self._after: deque[tuple[int, Callable[[], None]]] = deque()
        self._wake = asyncio.Event()
        self._writing = False
        self._closing = False

    def changed(self, item: Item) -> None:
        """Something about this message is to be written."""
        if not item.dirty:
            self._counter += 1
            item.dirty = self._counter
            self._dirty[id(item)] = item
            if len(self._dirty) >= FLUSH_ROWS:
                self._wake.set()

    def after_now(self, done: Callable[[], None]) -> None:
        """Call `done` once everything that has changed until now is committed."""
        if self._dirty or self._writing:
            self._after.append((self._counter, done))
        else:
            done()

    def hurry(self) -> None:
        """Write what there is now."""
        self._wake.set()

    @property
    def writing(self) -> bool:
        return self._writing

    @property
    def waiting(self) -> int:
        return len(self._dirty)

    async def run(self) -> None:
        """Write batches until `drain`."""
        while not self._closing or self._dirty:
            await until_set(self._wake, FLUSH_EVERY_S)
            self._wake.clear()
            while self._dirty or self._over:
                await self.flush()
                if len(self._dirty) < FLUSH_ROWS and not self._closing:
                    break

    async def drain(self) -> None:
        """Write everything and end `run`."""
        self._closing = True
        self._wake.set()

    async def write_all(self) -> None:
        """Write until nothing waits, without `run`."""
        while self._dirty:
            await self.flush()

    async def flush(self) -> None:
        """One transaction with everything that changed since the last one, up to a size."""
        batch = self._next_batch()
        if not batch and not self._over:
            return
        for item in batch:
            del self._dirty[id(item)]
            item.dirty = 0
        self._named, self._named_before = {}, self._named
        self._writing = True
        started = time.monotonic()
        try:
            await self._commit(batch)
        except psycopg.Error as error:
            log.warning("engine.bad_batch", rows=len(batch), error=type(error).__name__)
            await self._one_by_one(batch)
        self._writing = False
        self.written += len(batch)
        oldest = next(iter(self._dirty.values())).dirty if self._dirty else self._counter + 1
        while self._after and self._after[0][0] < oldest:
            self._after.popleft()[1]()
        log.debug("engine.flushed", rows=len(batch), seconds=round(time.monotonic() - started, 4))

    def _next_batch(self) -> list[Item]:
        """Of each message one piece of news at a time: a statement that is told two of one row enters either."""
        first: dict[bytes, Item] = {}
        for item in islice(self._dirty.values(), _LARGEST_BATCH):
            first.setdefault(item.key, item)
        return list(first.values())

    async def _one_by_one(self, batch: list[Item]) -> None:
        """A batch the database refused: one bad row must not hold the others back."""
        for item in batch:
            try:
                await self._commit([item])
            except psycopg.Error as error:
                log.error("engine.row_refused", message=str(item.uid), error=type(error).__name__)
                await self._give_up(item)

    async def _give_up(self, item: Item) -> None:
        """What became of this message cannot be written: that is unknown, so nobody sends it again."""
        values = {"client": item.uid_client, "messages": [item.uid], "now": clock.now()}
        await self._link.run("give_up", values)
        self._leave(item)
        self._settled(item)

    async def _commit(self, batch: list[Item]) -> None:
        work = _Work(batch, self._over, self._named, self._named_before)

        async def write(conn: Hot) -> None:
            async with conn.transaction(), conn.pipeline():
                for name, values in work.statements:
                    await conn.execute(sql(name), values)

        await self._link.call(write)
        self._over = []
        for item, gone in work.finished:
            self._leave(item)
            if gone or not item.dirty:
                self._settled(item)
        for item in work.keyed:
            item.keys_written = True
        for item in work.again:
            item.resend = False

    def _leave(self, item: Item) -> None:
        """This message is written of: its claim does not hold it. One that holds nothing goes with the next batch."""
        if item.first and item.claim is not None:
            item.claim.open -= 1
            if not item.claim.open:
                self._over.append(item.claim)
        item.first = False


class _Work:
    """The statements of one batch, made at once so that what changes meanwhile belongs to the next one."""

    def __init__(
        self,
        batch: Iterable[Item],
        over: Iterable[Claim],
        named: dict[_Name, tuple[bytes, int]],
        named_before: dict[_Name, tuple[bytes, int]],
    ) -> None:
        self._named, self._named_before = named, named_before
        self.now = clock.now()
        self.statements: list[tuple[str, dict[str, Any]]] = []
        self.finished: list[tuple[Item, bool]] = []
        self.keyed: list[Item] = []
        states: dict[bytes, list[Item]] = {}
        backs: dict[bytes, list[Item]] = {}
        batch = list(batch)
        for item in batch:
            (states if item.due is None else backs).setdefault(item.client, []).append(item)
            self.finished.append((item, item.due is not None))
        self.again = [item for items in states.values() for item in items if item.resend]
        for client, items in states.items():
            self._states(client, [i for i in items if not (i.first and i.attempt >= SENT_AGAIN)])
            self._states(client, [i for i in items if i.first and i.attempt >= SENT_AGAIN], "write_second")
        moved = [item for items in states.values() for item in items]
        self._receipt_keys(moved)
        self._retract([item for item in batch if item.displaced and item.submitted_at is None and not item.lost])
        for client in dict.fromkeys(item.client for item in self.again):
            self._send_again(client, [item for item in self.again if item.client == client])
        for client, items in backs.items():
            self._requeue(client, items)
        ended: dict[bytes, list[UUID]] = {}
        for claim in over:
            ended.setdefault(claim.client, []).append(UUID(bytes=claim.id))
        for client, claims in ended.items():
            self.statements.append(("forget_claims", {"client": UUID(bytes=client), "claims": claims}))

    def _send_again(self, client: bytes, items: list[Item]) -> None:
        """Alerts that another route may still deliver; of the others `write_states` says that they failed."""
        due = TimeArray.of([micros(self.now)])
        self.statements += [
            ("send_again", {
                "client": UUID(bytes=client), "now": self.now, "attempt": SENT_AGAIN,
                "ids": UuidArray.of([i.id for i in items]),
                "routes": UuidArray.of([i.route for i in items]),
                "codes": TextArray.of([i.code for i in items]),
                "ats": TimeArray.of([i.at for i in items]),
            }),
            ("raise_backlog_to", {"client": UUID(bytes=client), "lane": "alert", "dues": due}),
        ]  # fmt: skip
        self._states(client, items, failed=True)

    def _states(
        self, client: bytes, items: list[Item], name: LiteralString = "write_states", *, failed: bool = False
    ) -> None:
        """`failed`: items that are to be sent again, a second time: first they were handed over, then they failed."""
        if not items:
            return
        early = [i.resend and not failed for i in items]
        told = ["submitted" if first else i.status for first, i in zip(early, items, strict=True)]
        self.statements.append((
            name,
            {
                "client": UUID(bytes=client),
                "now": self.now,
                "ids": UuidArray.of([i.id for i in items]),
                "statuses": TextArray.of(told),
                "ranks": Int2Array.of([RANK[status] for status in told]),
                "reasons": TextArray.of([None if first else i.reason for first, i in zip(early, items, strict=True)]),
                "articles": TextArray.of([i.article for i in items]),
                "codes": TextArray.of([None if first else i.code for first, i in zip(early, items, strict=True)]),
                "routes": UuidArray.of([i.route for i in items]),
                "done": Int2Array.of([i.parts_done for i in items]),
                "submitted": TimeArray.of([i.submitted_at for i in items]),
                "ats": TimeArray.of([i.at for i in items]),
                "firsts": Int2Array.of([i.first and not failed for i in items]),
                "costs": Int8Array.of([i.price_micro * i.parts if i.submitted_at is not None else 0 for i in items]),
            },
        ))  # fmt: skip
        for item in items:
            if item.dead_number:
                item.dead_number = False
                self._publish(client, "recipient.unreachable", _who(item))
            elif item.channel == "email" and item.status in ("failed", "expired") and is_soft(item.code or ""):
                self._publish(client, "recipient.bounced", _who(item))

    def _requeue(self, client: bytes, items: list[Item]) -> None:
        held = {
            "client": UUID(bytes=client),
            "claims": UuidArray.of(list({i.claim.id for i in items if i.claim is not None})),
            "ids": UuidArray.of([i.id for i in items]),
        }
        self.statements.append((
            "requeue",
            held | {
                "now": self.now,
                "statuses": TextArray.of([i.status for i in items]),
                "reasons": TextArray.of([i.reason for i in items]),
                "articles": TextArray.of([i.article for i in items]),
                "codes": TextArray.of([i.code for i in items]),
                "dues": TimeArray.of([i.due for i in items]),
                "attempts": Int2Array.of([i.attempt for i in items]),
                "avoids": UuidArray.of([i.avoid for i in items]),
            },
        ))  # fmt: skip
        self.statements.append(("leave_claims", held))
        self._keep_names([item for item in items if item.lost or item.fault])
        lanes: dict[str, int] = {}
        for item in items:
            due = item.due if item.due is not None else FOREVER
            lanes[item.lane] = min(due, lanes.get(item.lane, FOREVER))
        for lane, due in sorted(lanes.items()):
            values = {"client": UUID(bytes=client), "lane": lane, "dues": TimeArray.of([due])}
            self.statements.append(("raise_backlog_to", values))

    def _receipt_keys(self, items: list[Item]) -> None:
        """Parts whose receipt is still to come. What was delivered already has nothing more to hear.

        A message without a name of its own, since the supplier gave none or gave it to another in the same instant, is
        written under one that no supplier uses: the horizon finds messages by their keys.
        """
        rows: list[tuple[str, Item, int, Part]] = []
        named, before = self._named, self._named_before
        for item in items:
            if item.pieces is None or item.route is None or item.submitted_at is None:
                continue
            partial = item.parts > 1 and item.keys_written  # a receipt of one part changes its row
            heard_all = item.status == ("delivered" if item.channel == "sms" else "read")
            if (item.keys_written and not partial) or (heard_all and not item.keys_written):
                continue
            found = False
            for number, piece in enumerate(item.pieces):
                if piece.supplier_id:
                    name, part = (item.route, piece.supplier_id, item.submitted_at), (item.id, number)
                    owner = named[name] = named.get(name) or before.get(name, part)
                    if owner == part:
                        rows.append((piece.supplier_id, item, number, piece))
                        found = True
            if not found and (item.status == "submitted" or item.channel != "sms"):
                rows.append((own_key(item.uid), item, 0, item.pieces[0]))
            self.keyed.append(item)
        self._write_keys([(*row, row[1].submitted_at) for row in rows])

    def _write_keys(self, rows: list[tuple[str, Item, int, Part, int | None]]) -> None:
        if not rows:
            return
        rows.sort(key=itemgetter(0))  # the same order in every engine: no deadlock
        self.statements.append((
            "write_receipt_keys",
            {
                "routes": UuidArray.of([i.route for _, i, _, _, _ in rows]),
                "supplier_ids": TextArray.of([name for name, _, _, _, _ in rows]),
                "ats": TimeArray.of([at for _, _, _, _, at in rows]),
                "clients": UuidArray.of([i.client for _, i, _, _, _ in rows]),
                "messages": UuidArray.of([i.id for _, i, _, _, _ in rows]),
                "numbers": Int2Array.of([n for _, _, n, _, _ in rows]),
                "parts": Int2Array.of([i.parts for _, i, _, _, _ in rows]),
                "statuses": TextArray.of([p.receipt for _, _, _, p, _ in rows]),
            },
        ))  # fmt: skip

    def _keep_names(self, items: list[Item]) -> None:
        """Of messages that leave again and that their supplier may have all the same: it names them by our id."""
        rows = [(own_key(item.uid), item) for item in items if item.channel != "sms" and item.route is not None]
        self._write_keys([(name, item, 0, Part(receipt="again"), item.at) for name, item in rows])

    def _retract(self, items: list[Item]) -> None:
        """Of messages that never reached the person: answers are for whoever wrote before."""
        for item in sorted(items, key=lambda one: (one.short_code or "", one.number_index)):
            values = {"short_code": item.short_code, "number": item.number_index, "by": item.uid}
            self.statements.append(("retract", values))
            item.displaced = False

    def _publish(self, client: bytes, topic: str, payload: dict[str, str]) -> None:
        values = {
            "client": UUID(bytes=client),
            "id": ids.uuid7(),
            "topic": topic,
            "payload": msgspec.json.encode(payload).decode(),
            "now": self.now,
        }
        self.statements.append(("publish", values))


def _who(item: Item) -> dict[str, str]:
    """What the worker is told of a message."""
    return {"message_id": str(item.uid), "channel": item.channel}


def now_micros() -> int:
    """The present as the ledger writes it."""
    return micros(clock.now())
