"""The engine: lanes -> gate -> connectors -> receipts -> ledger, on one event loop, any number of them at once."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import structlog

from sofy.connectors.base import (
    Accepted,
    HandOver,
    Inbound,
    InboundPart,
    NotOurs,
    NotSent,
    Receipt,
    Refused,
    Reported,
    Throttled,
    own_key,
)
from sofy.engine import handover
from sofy.engine.announce import announce
from sofy.engine.callbacks import Callbacks
from sofy.engine.called_back import CalledBack
from sofy.engine.capability import Capabilities
from sofy.engine.circuit import OF_THE_ROUTE
from sofy.engine.claim import NEWCOMERS_EVERY_S, Claims, next_look
from sofy.engine.dispatch import Dispatcher, Leaving, Refusals
from sofy.engine.fraud.analyser import Analyser
from sofy.engine.fraud.watch import Watch
from sofy.engine.inbound import InboundDesk
from sofy.engine.item import Batch, Item
from sofy.engine.journal import Answered, Heard, Journal, Received
from sofy.engine.keystore import KeyStore
from sofy.engine.ladder import Ladders
from sofy.engine.link import HotLink
from sofy.engine.outcomes import Ledger, now_micros
from sofy.engine.receipts import Receipts
from sofy.engine.recent import Recent
from sofy.engine.recovery import recover
from sofy.engine.routes import Counters, RouteTable
from sofy.engine.stranded import take_elsewhere
from sofy.engine.sweepers import Sweepers
from sofy.engine.waiting import until_set
from sofy.engine.wake import Listener
from sofy.kernel import opt_out
from sofy.kernel.channels import LANES

log = structlog.get_logger(__name__)

_RELOAD_EVERY_S = 2.0
_LOOK_EVERY_S = 0.25
#: A batch that found no way out goes back to the queue, for an engine or a moment that has one.
_BUFFER_AT_MOST_S = 60.0
_BUFFER_ROWS = 3000
_ANNOUNCE_RETRY_S = 1.0
#: Messages without an answer whose late answer would still be understood.
_SILENT_KEPT = 10_000


class Engine:
    """One engine process. `start` brings it up after replaying what dead ones left; `stop` ends it in order."""

    def __init__(self, url: str, keystore: KeyStore, spool: Path, *, base_url: str = "") -> None:
        self.instance = uuid4()
        self.items: dict[UUID, Item] = {}
        self.silent: dict[UUID, Item] = {}
        self._url = url
        self._keystore = keystore
        self._spool = spool
        self._base_url = base_url
        self._links = {duty: HotLink(url, duty) for duty in (*LANES, "outcomes", "receipts")}
        self._links |= {f"announce {lane}": HotLink(url, f"announce {lane}") for lane in LANES}
        self._links |= {duty: HotLink(url, duty, prepared=False) for duty in ("inbound", "house", "callbacks")}
        self.journal = Journal(spool, self.instance)
        self.ledger = Ledger(self._links["outcomes"], self._settled)
        self.recent = Recent()
        self.receipts = Receipts(self._links["receipts"], self.ledger, self.recent, keystore)
        self.refusals = Refusals()
        self.table = RouteTable(self._links["house"], keystore)
        self.receipts.told = self.table.choice.note
        self.watch = Watch(self._links["house"], keystore)
        self.dispatcher = Dispatcher(
            self.table,
            self.ledger,
            self.refusals,
            self.watch,
            self._refresh_soon,
            self._announce_soon,
            self._opt_out_url,
        )
        self.called_back = CalledBack(self.items, self.table, self.ledger, self.refusals, self.dispatcher)
        self.inbound = InboundDesk(self._links["inbound"], keystore, partial(self.called_back.refuse, reason="stop"))
        self.claims = {lane: Claims(lane, self._links[lane], keystore, self.instance) for lane in LANES}
        self.capabilities = Capabilities(self._links["house"], keystore, self.table, self.inbound.aliases)
        self.callbacks = Callbacks(
            self._links["callbacks"], keystore, self.table, self._events, self.inbound, self.capabilities
        )
        ladders = Ladders(self._links["house"], keystore)
        self.sweepers = Sweepers(self._links["house"], self.instance, self.table, self.claims, self.items, ladders)
        self.analyser = Analyser(self._links["house"], keystore, self.instance)
        self._room = {lane: asyncio.Event() for lane in LANES}
        self._full = dict.fromkeys(LANES, False)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._claiming: list[asyncio.Task[Any]] = []
        self._announcing: dict[str, asyncio.Task[Any]] = {}
        self._dispatch_due = False
        self._stopping = False
        self._token = 0

    async def start(self) -> None:
        """Replay what dead engines left, open the routes, begin."""
        await recover(self._spool, self._links["house"], self.instance, self._keystore)
        self._spawn("ledger", self.ledger.run())
        self._spawn("receipts", self.receipts.run())
        await self.table.reload(self._events)
        self._spawn("routes", self._watch_routes())
        self._spawn("listener", Listener(self._url, self._wake, self.called_back.channels).run())
        for duty in (self.sweepers, self.callbacks, self.capabilities):
            self._spawn(type(duty).__name__.lower(), duty.run())
        self._spawn("fraud", self._look_for_fraud())
        self._spawn("tidy", self._tidy())
        self._claiming = [self._spawn(f"claim {lane}", self._claim(lane)) for lane in LANES]
        log.info("engine.started", instance=str(self.instance), pid=os.getpid(), host=socket.gethostname())

    async def stop(self, grace_s: float = 5.0) -> None:
        """Claim nothing more, give back what was not handed over, wait for answers, write everything.

        With a database that stays away, the journal stays too: the next engine reads it.
        """
        if self._stopping:
            return
        self._stopping = True
        for task in self._claiming:
            task.cancel()
        await asyncio.gather(*self._claiming, return_exceptions=True)
        if self._announcing:
            await asyncio.wait(self._announcing.values(), timeout=grace_s)
        for lane in LANES:
            self.dispatcher.put_back(lane)
            for batch in self.dispatcher.ready[lane]:
                self.dispatcher.take_back(batch)
            self.dispatcher.ready[lane].clear()
        await self.table.close(grace_s)
        written = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._write_everything()
                written = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.journal.close(all_written=written)
        for link in self._links.values():
            await link.close()
        log.info("engine.stopped", instance=str(self.instance), unsettled=self.journal.unsettled)

    async def _write_everything(self) -> None:
        """All that is known goes to the database; while that is away, this waits."""
        await self.receipts.look()
        await self.receipts.close()
        await self.ledger.drain()
        while self.ledger.waiting or self.ledger.writing:
            await asyncio.sleep(0.02)
        await self.sweepers.leave()

    # claiming and handing over

    async def _claim(self, lane: str) -> None:
        claims, event, newcomers_from = self.claims[lane], self._room[lane], 0.0
        while True:
            event.clear()
            room = _BUFFER_ROWS - self.dispatcher.waiting(lane)
            self._full[lane] = room < _BUFFER_ROWS // 2
            batch = None
            newcomer = self._full[lane] and -room < _BUFFER_ROWS and time.monotonic() >= newcomers_from
            if (newcomer or not self._full[lane]) and self.table.serves(lane):
                async with claims.turn:
                    here, busy = {each.client for each in self.dispatcher.ready[lane]}, self.dispatcher.busy(lane)
                    batch = await (claims.newcomer(here) if newcomer else claims.take(room, busy))
                    self.items.update((item.uid, item) for item in (batch.items if batch is not None else ()))
                    self._give_up(claims)
                newcomers_from = time.monotonic() + next_look(batch)
            if batch is not None:
                try:
                    await self.capabilities.look_up(batch)
                finally:  # an engine that stops meanwhile gives it back
                    self.dispatcher.take(lane, batch, first=newcomer)
                self._dispatch_soon()
                continue
            await until_set(event, NEWCOMERS_EVERY_S if self._full[lane] else _LOOK_EVERY_S)
            if self.dispatcher.ready[lane]:
                self._dispatch_soon()

    def _opt_out_url(self, item: Item) -> str:
        """Where the person says no with a click."""
        key = self._keystore.entity(opt_out.KEY)
        return opt_out.url(self._base_url, key, item.uid_client, item.uid)

    def _give_up(self, claims: Claims) -> None:
        """Messages that cannot be opened: the key of their client was destroyed, or the row is damaged."""
        for item in claims.failures:
            item.status, item.reason, item.article, item.at = "withheld", "unreadable", "DPA 13", now_micros()
            self.items[item.uid] = item
            self.ledger.changed(item)
        claims.failures.clear()

    def _dispatch_soon(self) -> None:
        if not self._dispatch_due:
            self._dispatch_due = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatch_due = False
        if self._stopping:
            return
        self.dispatcher.run()
        for lane in LANES:
            if self._full[lane] and self.dispatcher.waiting(lane) <= _BUFFER_ROWS // 2:
                self._full[lane] = False
                self._room[lane].set()

    def _refresh_soon(self, batch: Batch) -> None:
        batch.refreshing = True

        async def refresh() -> None:
            try:
                await self.claims[batch.lane].refresh(batch)
            finally:
                batch.refreshing = False
            self._dispatch_soon()

        self._spawn("refresh", refresh())

    def _announce_soon(self, lane: str, group: list[Leaving]) -> None:
        async def note() -> None:
            try:
                await announce(self._links[f"announce {lane}"], [one.item for one in group])
            except psycopg.Error as error:
                log.error("engine.announce_failed", lane=lane, messages=len(group), error=type(error).__name__)
                await asyncio.sleep(_ANNOUNCE_RETRY_S)
                self.dispatcher.put_back(lane)
            else:
                if self._stopping:
                    self.dispatcher.put_back(lane)
                else:
                    self.dispatcher.release(lane)
            self._dispatch_soon()

        self._announcing[lane] = self._spawn(f"announce {lane}", note())

    def _settled(self, item: Item) -> None:
        """Everything about this message is committed."""
        if (current := self.items.get(item.uid)) in (None, item):  # news of one hand-over settle no other
            self.journal.settle(item.key)
        if item.exposed:
            self.dispatcher.uncount(item)
        if current is item:
            del self.items[item.uid]
            if item.status == "unknown":
                self.silent[item.uid] = item
        item.text = item.to = ""

    # routes

    def _events(self, route: bytes, counters: Counters) -> "RouteEvents":
        return RouteEvents(self, route, counters)

    async def _watch_routes(self) -> None:
        while True:
            await asyncio.sleep(_RELOAD_EVERY_S)
            await self.table.reload(self._events)
            self._dispatch_soon()

    # housekeeping

    async def _look_for_fraud(self) -> None:
        """Each second; a look that fails is tried again."""
        while True:
            try:
                await self.watch.refresh()
                await self.analyser.look()
            except psycopg.Error as error:
                log.error("engine.fraud_look_failed", error=repr(error))
            await asyncio.sleep(1.0)

    async def _tidy(self) -> None:
        """Once a second: forget journal files and refusals, give back what found no way out."""
        while True:
            await asyncio.sleep(1.0)
            take_elsewhere(self.items, self.table, self.ledger)
            self.journal.trim()
            self.refusals.forget_old()
            for uid in list(self.silent)[:-_SILENT_KEPT]:
                del self.silent[uid]
            moment = time.monotonic()
            for lane in LANES:
                for batch in self.dispatcher.ready[lane]:
                    self.dispatcher.drop_late(batch)
                    if moment - batch.claimed_at > _BUFFER_AT_MOST_S and not batch.refreshing:
                        self.dispatcher.take_back(batch)

    def _wake(self) -> None:
        for event in self._room.values():
            event.set()

    def token(self) -> bytes:
        """A name for a batch of receipts in the journal."""
        self._token += 1
        return self._token.to_bytes(8)

    def _spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("engine.task_failed", task=task.get_name(), error=repr(error))
            self.on_failure(error)

    on_failure: Callable[[BaseException], None] = staticmethod(lambda error: None)


class RouteEvents:
    """What one connector tells the engine."""

    def __init__(self, engine: Engine, route: bytes, counters: Counters) -> None:
        self._engine = engine
        self._route = route
        self._counters = counters
        self._circuit = engine.table.choice.circuit(route)

    def on_before_write(self, records: list[HandOver]) -> None:
        """Journal the hand-over of parts; nothing is written to the socket when this fails."""
        items = self._engine.items
        try:
            known = [items[record.message_id] for record in records]
        except KeyError:
            raise NotOurs({one.message_id for one in records if one.message_id not in items}) from None
        for item, record in zip(known, records, strict=True):
            if item.pieces is None:
                handover.begin(item, record.of)
        keys, parts = [item.key for item in known], [record.part for record in records]
        self._engine.journal.handing_over(now_micros(), self._route, keys, parts)
        self._counters.handed_over += len(records)

    def on_outcomes(self, outcomes: list[Reported]) -> None:
        """Journal the answers, then enter them; a message whose parts are all answered goes to the ledger."""
        engine, counters, at = self._engine, self._counters, now_micros()
        answers: list[tuple[bytes, int, str, str, str]] = []
        known: list[tuple[Item, Reported]] = []
        for report in outcomes:
            item = engine.items.get(report.message_id) or engine.silent.get(report.message_id)
            outcome = report.outcome
            if type(outcome) is Throttled:
                counters.throttled += 1
                if item is not None:
                    answers.append((item.key, report.part, "T", outcome.code, ""))
            elif item is not None:
                known.append((item, report))
                if type(outcome) is Accepted:
                    answers.append((item.key, report.part, "A", outcome.supplier_id, ""))
                elif type(outcome) is Refused:
                    answers.append((item.key, report.part, "RF"[outcome.fault], outcome.code, outcome.action))
                elif type(outcome) is NotSent:
                    answers.append((item.key, report.part, "N", outcome.reason, ""))
        if answers:
            try:
                engine.journal.answered(Answered(at, self._route, answers))
            except OSError as error:  # the answers are still committed below; only a kill before that would cost
                log.error("engine.journal_failed", answers=len(answers), error=str(error))
        for item, report in known:
            self._enter(item, report, at)

    def _enter(self, item: Item, report: Reported, at: int) -> None:
        counters, outcome = self._counters, report.outcome
        last = handover.note(item, report)
        self._engine.capabilities.hear(self._route, item, outcome)
        if type(outcome) is Accepted:
            counters.accepted += 1
            self._circuit.good += 1
            if outcome.supplier_id:
                self._engine.recent.add((self._route, outcome.supplier_id), item, report.part)
            if item.status == "unknown":  # silence, then an answer after all: its receipt will now be understood
                item.keys_written = False
                self._engine.ledger.changed(item)
        elif type(outcome) is Refused:
            counters.refused += 1
            counters.count_code("refused", outcome.code)
            self._circuit.bad += outcome.action in OF_THE_ROUTE
        elif type(outcome) is not NotSent:
            counters.unknown += 1
            self._circuit.bad += 1
            self._engine.recent.add((self._route, own_key(item.uid)), item, report.part)
        if last:
            handover.conclude(item, at, self._may_leave_elsewhere, idempotent=item.lost and self._takes_an_id_once())
            self._engine.ledger.changed(item)

    def _takes_an_id_once(self) -> bool:
        running = self._engine.table.running.get(self._route)
        return running is not None and running.connector.capabilities.idempotent

    def _may_leave_elsewhere(self, item: Item) -> bool:
        return any(one.route.id != self._route for one, _ in self._engine.table.choose(item))

    async def on_receipts(self, receipts: list[Receipt]) -> None:
        """Receipts are safe once the journal holds them: a killed engine finds them there again."""
        engine, counters, at, token = self._engine, self._counters, now_micros(), self._engine.token()
        counters.receipts += len(receipts)
        for one in receipts:
            if one.status == "delivered":
                counters.delivered += 1
            elif one.status in ("failed", "expired"):
                counters.failed += 1
                counters.count_code("failed", one.code)
        told = [Heard(one.keys, one.status, one.code, at, one.action or "") for one in receipts]
        engine.journal.received(Received(at, self._route, told), token)
        engine.receipts.take(self._route, receipts, partial(engine.journal.settle, token))

    async def on_inbound(self, messages: list[Inbound]) -> None:
        """Messages from people are committed before the operator is answered."""
        self._counters.inbound += len(messages)
        await self._engine.inbound.take(self._route, self._engine.table.routes.get(self._route), messages)

    async def on_parts(self, parts: list[InboundPart]) -> list[list[InboundPart]]:
        """Parts whose siblings are late are committed before the operator is answered."""
        return await self._engine.inbound.parts.keep(self._route, parts)

    async def overdue_parts(self, older_than_s: float) -> list[list[InboundPart]]:
        """Long messages that nobody completed."""
        return await self._engine.inbound.parts.overdue(self._route, older_than_s)

    def on_capacity(self) -> None:
        """There is room again."""
        self._engine._dispatch_soon()
