"""SMS over SMPP: the connector. Protocol facts and sources are in the README beside it."""

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import Any, ClassVar
from uuid import UUID

import structlog

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, HandOver, Outgoing, Reported
from sofy.connectors.pacing import Pacer
from sofy.connectors.pump import Pump
from sofy.connectors.smpp import config as settings
from sofy.connectors.smpp.deliveries import Deliveries
from sofy.connectors.smpp.encoder import Encoder, ForeignAlphabet, Part
from sofy.connectors.smpp.failures import action_for, status_code
from sofy.connectors.smpp.ids import IdFormatLearner, canonical
from sofy.connectors.smpp.link import Link
from sofy.connectors.smpp.waiting import Waiting
from sofy.kernel import clock
from sofy.wire.smpp.session import Answer, ClientSession, Delivery

log = structlog.get_logger(__name__)

_AHEAD_WINDOWS = 2
_AHEAD_S = 1.0
_JOURNAL_RETRY_S = 1.0


class SmppConnector(base.Connector):
    """One SMPP account: its binds, its pace, and what waits for them."""

    code: ClassVar[str] = "smpp"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="sms", encodings=frozenset({"gsm7", "latin1", "ucs2"}), receipts=True, inbound=True, max_parts=255
    )
    Config: ClassVar[type[Any]] = settings.Config

    def __init__(self, config: settings.Config, events: base.Events) -> None:
        self.config = config
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._pump = Pump(self._loop, self._work)
        self._encoder = Encoder(config)
        self._learner = IdFormatLearner(config.id_format)
        self._pacer = Pacer(config.rate_per_s, self._loop.time())
        self._deliveries = Deliveries(config, events, self._learner, self._hold_reading)
        self._links = [Link(n, kind, config, self, self._pump.soon) for n, kind in enumerate(config.bind_kinds())]
        self._senders = [link for link in self._links if link.kind.sends]
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting = Waiting()
        self._stopping = False

    # the contract

    async def start(self) -> None:
        self._tasks = [self._loop.create_task(link.run()) for link in self._links]
        self._tasks.append(self._loop.create_task(self._deliveries.run()))

    async def stop(self, grace_s: float = 5.0) -> None:
        self._stopping = True
        self._report([_reported(part, base.NotSent("stopping")) for part in self._waiting.take_all()])
        await asyncio.gather(*(link.stop(grace_s) for link in self._links))
        self._pump.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def capacity(self) -> int:
        return max(0, self._most() - len(self._waiting))

    def capacity_for(self, purpose: str) -> int:
        return self.capacity() if purpose == "marketing" else max(0, self._most() - len(self._waiting.alerts))

    def _most(self) -> int:
        """How many parts may wait here: what two windows hold, or a second of the rate."""
        window = sum(self.config.window for link in self._senders if link.up)
        if not window or self._stopping or self._loop.time() < self._pacer.paused_until:
            return 0
        return int(min(window * _AHEAD_WINDOWS, max(self._pacer.rate * _AHEAD_S, 1.0)))

    def submit(self, messages: list[Outgoing]) -> None:
        refused = []
        for message in messages:
            try:
                parts = self._encoder.parts(message)
            except ValueError as error:
                action = Action.OTHER_ROUTE if isinstance(error, ForeignAlphabet) else Action.PERMANENT
                refused.append(Reported(message.message_id, 0, 1, base.Refused("unencodable", action)))
                continue
            self._waiting.add(parts)
        self._report(refused)
        self._pump.soon()

    def withdraw(self, message_ids: Collection[UUID]) -> list[UUID]:
        wanted = set(message_ids)
        waiting = [part for part in self._waiting if part.message.message_id in wanted]
        here = Counter(part.message.message_id for part in waiting)
        gone = {part.message.message_id for part in waiting if here[part.message.message_id] == part.of}
        if gone:
            self._waiting.drop(gone)
        return list(gone)

    def health(self) -> base.Health:
        errors = [link.last_error for link in self._links if not link.up and link.last_error]
        return base.Health(
            binds_up=sum(link.up for link in self._links),
            binds=len(self._links),
            in_flight=sum(link.session.in_flight for link in self._links if link.session is not None),
            queued=len(self._waiting),
            rate_per_s=self._pacer.rate,
            paused=self._loop.time() < self._pacer.paused_until,
            last_error=errors[0] if errors else "",
        )

    # what the sessions tell

    def on_answers(self, session: ClientSession, answers: list[Answer]) -> None:
        outcomes = []
        throttled = 0
        for part, status, supplier_id in answers:
            if status == 0:
                key = canonical(supplier_id)
                if key:  # some give none: such a message is taken, and no receipt will ever name it
                    self._learner.accepted(key, part.message.to)
                outcomes.append(_reported(part, Accepted(key)))
                continue
            code = status_code(status)
            action = action_for("submit", code, self.config.submit_errors)
            if action is Action.SLOW_LINK and part.given_up:
                throttled += 1
                outcomes.append(_reported(part, base.Refused(code, action)))
            elif action is Action.SLOW_LINK:
                throttled += 1
                outcomes.append(self._try_again(part, code))
            else:
                outcomes.append(_reported(part, base.Refused(code, action)))
        self._pacer.answered(len(answers) - throttled, throttled, self._loop.time())
        self._report(outcomes)
        self._pump.soon()

    def on_unknown(self, session: ClientSession, tokens: list[Any], reason: str) -> None:
        for part in tokens:
            part.given_up = True  # it is the engine's again: a late "not now" must not write it once more
        self._report([_reported(part, base.Unknown(reason)) for part in tokens])
        self._pump.soon()

    def on_deliveries(self, session: ClientSession, deliveries: list[Delivery]) -> None:
        self._deliveries.take(session, deliveries)

    # inside

    def _try_again(self, part: Part, code: str) -> Reported:
        part.attempts += 1
        if self._stopping:
            return _reported(part, base.NotSent("stopping"))
        if part.attempts > self.config.throttle_retries:
            return _reported(part, base.Refused(code, Action.OTHER_ROUTE))
        self._waiting.again(part)
        return _reported(part, base.Throttled(code))

    def _report(self, outcomes: list[Reported]) -> None:
        if outcomes:
            self._events.on_outcomes(outcomes)

    def _hold_reading(self, hold: bool) -> None:
        for link in self._links:
            if link.session is not None:
                link.session.hold_reading(hold)

    def _work(self) -> None:
        """Write as much as pace and windows allow, then say whether there is room for more."""
        if self._stopping:
            return
        now = self._loop.time()
        allowed = self._pacer.allowance(now)
        if allowed > 0:
            self._write(allowed)
        if self._waiting and (delay_s := self._pacer.wait_s(now)) > 0:
            self._pump.later(delay_s)
        if self.capacity_for("alert") > 0:
            self._events.on_capacity()

    def _write(self, allowed: int) -> None:
        chosen, too_late = self._choose(allowed)
        if chosen:
            batches: list[list[tuple[int, Any, bytes]]] = [[] for _ in self._links]
            records = []
            for part, session in chosen:
                sequence, message = session.next_sequence(), part.message
                batches[part.bind].append((sequence, part, part.frame(sequence)))
                records.append(HandOver(message.message_id, part.index, part.of, part.bind, sequence))
            try:
                self._events.on_before_write(records)
            except base.NotOurs as error:
                log.error("smpp.not_ours", messages=len(error.message_ids))
                for part, _ in chosen:
                    if part.message.message_id not in error.message_ids:
                        self._waiting.again(part)
                self._pump.soon()
            except Exception as error:  # nothing may leave that the journal does not hold
                log.error("smpp.journal_failed", parts=len(records), error=type(error).__name__)
                for part, _ in chosen:
                    self._waiting.again(part)
                self._pacer.pause(_JOURNAL_RETRY_S, self._loop.time())
            else:
                for number, batch in enumerate(batches):
                    session_or_none = self._links[number].session
                    if batch and session_or_none is not None:
                        session_or_none.submit(batch)
                self._pacer.take(len(records))
        self._report([_reported(part, base.NotSent("too_late")) for part in too_late])

    def _choose(self, allowed: int) -> tuple[list[tuple[Part, ClientSession]], list[Part]]:
        """The next parts, alerts first, each with its bind; parts of one message keep to one bind while it is up."""
        rooms = {link.number: room for link in self._senders if link.session and (room := link.session.room()) > 0}
        instant = clock.now()
        chosen: list[tuple[Part, ClientSession]] = []
        too_late: list[Part] = []
        while rooms and len(chosen) < allowed and self._waiting:
            lane, part = self._waiting.next()
            until = part.message.validity_until
            if until is not None and until <= instant:
                too_late.append(part)
                continue
            last = lane.last
            if part.index and last is not None and last.message is part.message and last.bind in rooms:
                number = last.bind
            else:
                number = max(rooms, key=rooms.__getitem__) if len(rooms) > 1 else next(iter(rooms))
            part.bind = number
            rooms[number] -= 1
            if not rooms[number]:
                del rooms[number]
            session = self._links[number].session
            assert session is not None
            chosen.append((part, session))
            lane.last = part
        return chosen, too_late


def _reported(part: Part, outcome: base.Outcome) -> Reported:
    return Reported(part.message.message_id, part.index, part.of, outcome)
