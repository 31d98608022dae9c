"""What comes from the operator: recorded first, answered after.

Deliveries wait here while the engine commits a batch; the next batch is all that came meanwhile. When too many wait,
reading stops, and TCP tells the operator to slow down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from sofy.connectors.base import Events, Receipt
from sofy.connectors.smpp.assembly import Assembler, Late, Ready, joined
from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.echoes import Echoes
from sofy.connectors.smpp.failures import action_for
from sofy.connectors.smpp.ids import IdFormatLearner
from sofy.connectors.smpp.receipts import done_at, is_receipt, parse
from sofy.connectors.smpp.subscriber import subscriber
from sofy.wire.smpp.codes import Status
from sofy.wire.smpp.pdu import Sm
from sofy.wire.smpp.session import ClientSession, Delivery

log = structlog.get_logger(__name__)

Handle = tuple[ClientSession, list[Delivery]]
"""Deliveries to answer together, when what they brought is safe."""
_WAITING_AT_MOST = 20_000
_RETRY_S = 1.0
_OVERDUE_EVERY_S = 60.0


class Deliveries:
    """Receipts and messages of one route, on their way to the engine."""

    def __init__(
        self, config: Config, events: Events, learner: IdFormatLearner, hold_reading: Callable[[bool], None]
    ) -> None:
        self._config = config
        self._events = events
        self._learner = learner
        self._hold_reading = hold_reading
        self._assembler = Assembler(config.part_wait_s, config.assembly_timeout_s)
        self._echoes = Echoes()
        self._receipts: list[Receipt] = []
        self._receipt_handles: list[Handle] = []
        self._inbound: list[Ready] = []
        self._due = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def take(self, session: ClientSession, deliveries: list[Delivery]) -> None:
        """Sort what came in one segment."""
        receipts, told, nothing_to_record = [], [], []
        for delivery in deliveries:
            sm = delivery[1]
            sm.source = subscriber(sm.source)
            if is_receipt(sm):
                receipt = self._receipt(sm)
                if receipt is None:
                    log.warning("smpp.receipt_unreadable", length=len(sm.short_message), esm_class=sm.esm_class)
                    nothing_to_record.append(delivery)
                else:
                    receipts.append(receipt)
                    told.append(delivery)
            elif self._assembler.is_safe(sm):
                nothing_to_record.append(delivery)
            elif (ready := self._assembler.add(sm, (session, [delivery]), self._loop.time())) is not None:
                self._inbound.append(ready)
        if receipts:
            self._receipts += receipts
            self._receipt_handles.append((session, told))
        if nothing_to_record:
            session.acknowledge(nothing_to_record)
        if self._receipts or self._inbound:
            self._due.set()
        if len(self._receipts) + len(self._inbound) > _WAITING_AT_MOST:
            self._hold_reading(True)

    async def run(self) -> None:
        """Hand over batch after batch, for ever."""
        sweeper = self._loop.create_task(self._sweep())
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                await self.drain()
        finally:
            sweeper.cancel()

    async def drain(self) -> None:
        """Hand over what waits now."""
        receipts, self._receipts = self._receipts, []
        handles, self._receipt_handles = self._receipt_handles, []
        inbound, self._inbound = self._inbound, []
        self._hold_reading(False)
        if receipts:
            await self._record(self._events.on_receipts(receipts), handles)
        if inbound:
            handles = [handle for ready in inbound for handle in ready.handles]
            began = self._loop.time()
            messages = [self._echoes.seen(ready, began) for ready in inbound]
            if await self._record(self._events.on_inbound(messages), handles):
                for ready in inbound:
                    self._assembler.recorded(ready, self._loop.time())
                    self._echoes.acknowledged(ready, began, self._loop.time())

    async def _record(self, commit: Awaitable[None], handles: list[Handle]) -> bool:
        """Answer deliveries when they are safe; otherwise ask for them again, a little later."""
        try:
            await commit
        except Exception as error:  # whatever the engine's trouble, the operator must send these again
            log.error("smpp.not_recorded", deliveries=_count(handles), error=type(error).__name__)
            await asyncio.sleep(_RETRY_S)
            _acknowledge(handles, Status.RX_T_APPN)
            return False
        _acknowledge(handles, Status.ROK)
        return True

    async def _sweep(self) -> None:
        timeout_s, look_at = self._config.assembly_timeout_s, 0.0
        while True:
            await asyncio.sleep(min(1.0, self._config.part_wait_s / 2))
            late, over = self._assembler.sweep(self._loop.time())
            for one in late:
                over += await self._keep(one)
            if self._loop.time() >= look_at:
                look_at = self._loop.time() + min(_OVERDUE_EVERY_S, timeout_s / 4)
                over += await self._overdue(timeout_s)
            if over:
                self._inbound += over
                self._due.set()

    async def _keep(self, late: Late) -> list[Ready]:
        """Have parts kept that wait alone; answers their message when the others were there already."""
        try:
            kept = await self._events.on_parts(late.parts)
        except Exception as error:  # as in _record
            log.error("smpp.not_recorded", deliveries=_count(late.handles), error=type(error).__name__)
            _acknowledge(late.handles, Status.RX_T_APPN)
            return []
        if len(kept[-1]) == late.parts[-1].of:
            return [joined(kept[-1], late.handles)]
        _acknowledge(late.handles, Status.ROK)
        return []

    async def _overdue(self, timeout_s: float) -> list[Ready]:
        """What is kept and was never completed is recorded as it is."""
        try:
            return [joined(parts, []) for parts in await self._events.overdue_parts(timeout_s)]
        except Exception as error:  # looked for again at the next turn
            log.error("smpp.overdue_parts_not_read", error=type(error).__name__)
            return []

    def _receipt(self, sm: Sm) -> Receipt | None:
        parsed = parse(sm)
        if parsed is None:
            return None
        action = None
        if parsed.status in ("failed", "expired"):
            action = action_for("receipt", parsed.code, self._config.receipt_errors)
        return Receipt(
            keys=self._learner.keys(parsed.supplier_id, sm.source),
            status=parsed.status,
            code=parsed.code,
            action=action,
            at=done_at(parsed.done[:20], self._config.receipt_zone) if self._config.receipt_zone else None,
            phones=_phones(sm.source, sm.destination),
        )


def _phones(source: str, destination: str) -> tuple[str, ...]:
    """The numbers a receipt names. Some operators leave them out or swap them; a name or a short code says nothing."""
    phones: tuple[str, ...] = (source,) if 8 <= len(source) <= 15 and source.isdecimal() else ()
    if 8 <= len(destination) <= 17 and destination[1:].isdecimal():
        phones += (subscriber(destination),)
    return phones


def _count(handles: Iterable[Handle]) -> int:
    return sum(len(deliveries) for _, deliveries in handles)


def _acknowledge(handles: Iterable[Handle], status: int) -> None:
    for session, deliveries in handles:
        session.acknowledge(deliveries, status)
