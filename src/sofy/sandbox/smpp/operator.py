"""The simulated operator: takes messages, decides their fate, sends receipts and replies, and has bad days."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from sofy.connectors.smpp.texts import decode_text
from sofy.sandbox.smpp.fate import Fate, Fates, Progress
from sofy.sandbox.smpp.handsets import Handsets
from sofy.sandbox.smpp.journal import AcceptedLog
from sofy.sandbox.smpp.messages import identifiers, in_time, receipt, replies
from sofy.sandbox.smpp.profile import Profile, SandboxConfig
from sofy.sandbox.smpp.timeline import Timeline
from sofy.sandbox.smpp.visits import Visitor, Visits, link_in
from sofy.wire.smpp.codes import Command, Status, Tag
from sofy.wire.smpp.pdu import Pdu, Sm
from sofy.wire.smpp.server import Delivered, ServerSession, ServerSettings, Submission, stop_listening

_RESEND_S = 2.0


class Outbound(NamedTuple):
    """A deliver_sm to come, for the account that sent the message it is about."""

    account: str
    kind: str
    about: Sm
    named: str
    progress: Progress


class Accepted(NamedTuple):
    """A submit_sm taken: what its phone shows by now, what will become of it, and its identifier in both writings."""

    sequence: int
    sm: Sm
    whole: Sm | None
    fate: Fate
    given: str
    written: str


class Answer(NamedTuple):
    """A submit_sm_resp to come."""

    session: ServerSession
    sequence: int
    status: int
    message_id: str


class SimulatedOperator:
    """An SMSC on loopback. `await start()`, `.port`, `await stop()`; `.stats` counts what happened."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.profile: Profile = config.profile
        self.log = AcceptedLog(config.log)
        self.stats: Counter[str] = Counter()
        self.port = config.port
        self._fates = Fates(self.profile)
        self._phones = Handsets()
        self._connected: set[ServerSession] = set()
        self._sessions: set[ServerSession] = set()  # bound, and served
        self._mute: set[ServerSession] = set()  # half-open: connected, and silent
        self._waiting: dict[str, deque[Outbound | tuple[str, Sm]]] = {}
        self._unanswered: Counter[ServerSession] = Counter()
        self._seen = 0
        self._number = self.profile.first_id or int(time.time() * 1000) << 8
        self._tokens = self.profile.rate_per_s
        self._tokens_at = 0.0
        self._first_at = self._last_at = 0.0

    async def start(self) -> None:
        """Listen."""
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._answers: Timeline[Answer] = Timeline(self._answer)
        self._deliveries: Timeline[Outbound] = Timeline(self._deliver)
        await self._listen()
        self._visits = Visits(self.stats)
        self._openings: Timeline[tuple[str, Visitor]] = Timeline(self._visit)
        self._restarts = self._loop.create_task(self._restart()) if self.profile.restart_every_s else None

    async def stop(self) -> None:
        """Stop as a process does that ends: connections close, nothing more is said."""
        if self._restarts is not None:
            self._restarts.cancel()
            await asyncio.gather(self._restarts, return_exceptions=True)
        self._answers.stop()
        self._deliveries.stop()
        self._openings.stop()
        await self._visits.stop()
        await self._hang_up()
        self.log.close()

    def summary(self) -> str:
        """One JSON object of what happened."""
        seconds = self._last_at - self._first_at
        rate = (self.stats["accepted"] - 1) / seconds if seconds > 0 else 0.0
        return json.dumps({**self.stats, "seconds": round(seconds, 3), "per_second": round(rate)})

    @property
    def pending(self) -> int:
        """Receipts and replies still to be sent."""
        return len(self._deliveries) + sum(map(len, self._waiting.values()))

    @property
    def visits_waiting(self) -> int:
        """Links that phones are still to open."""
        return len(self._openings) + len(self._visits)

    # Operator, of wire.smpp.server

    async def authenticate(self, session: ServerSession, system_id: str, password: str) -> Status:
        self.stats["binds"] += 1
        if self._loop.time() - self._began < self.profile.refuse_binds_s:
            return Status.RBINDFAIL
        if self.profile.password and password != self.profile.password:
            return Status.RINVPASWD
        self._sessions.add(session)
        self._loop.call_later(0.01, self._flush, system_id)  # what waited for a receiver goes out after the answer
        return Status.ROK

    def on_submits(self, session: ServerSession, submissions: list[Submission]) -> None:
        accepted: list[tuple[str, Sm]] = []
        planned: list[Accepted] = []
        refused: list[tuple[int, int, float]] = []
        cut = ""
        for sequence, sm in submissions:
            self._seen += 1
            status = self._overload(session, len(planned))
            fate = self._fates.of(sm, self._phones.nth(sm))
            if status or fate.status:
                self.stats["throttled" if status else "refused"] += 1
                refused.append((sequence, status or fate.status, fate.answer_s))
                continue
            self._number += 1
            given, written = identifiers(self._number, self.profile.id_style)
            accepted.append((given, sm))
            whole = self._phones.take(sm)
            cut = self._bad_day()
            if cut:
                break  # it is accepted, and nobody will say so
            planned.append(Accepted(sequence, sm, whole, fate, given, written))
        if accepted:
            self._account(accepted)
        for one in planned:
            self._plan(session, one)
        for sequence, status, answer_s in refused:
            self._unanswered[session] += 1
            self._answer_after(answer_s, Answer(session, sequence, status, ""))
        if cut:
            self.stats[f"links_{cut}"] += 1
        if cut == "cut":
            session.abort("the operator cut the line")
        elif cut == "half_open":
            session.hold_reading(True)
            self._sessions.discard(session)
            self._mute.add(session)

    def on_delivered(self, session: ServerSession, delivered: list[Delivered]) -> None:
        for token, status in delivered:
            if status == Status.ROK:
                self.stats["acknowledged"] += 1
            else:
                self.stats["refused_deliveries"] += 1
                self._loop.call_later(_RESEND_S, self._again, session.system_id, token)
        self._flush(session.system_id)

    def on_request(self, session: ServerSession, request: Pdu) -> Pdu | None:
        if request.command == Command.QUERY_SM:
            return Pdu(Command.QUERY_SM_RESP, request.sequence, Status.RQUERYFAIL)
        if request.command == Command.CANCEL_SM:
            return Pdu(Command.CANCEL_SM_RESP, request.sequence, Status.RCANCELFAIL)
        return None

    def on_lost(self, session: ServerSession, undelivered: list[Any]) -> None:
        self._connected.discard(session)
        self._sessions.discard(session)
        self._mute.discard(session)
        self._unanswered.pop(session, None)
        if undelivered and session.system_id:
            self._waiting.setdefault(session.system_id, deque()).extendleft(
                ("again", token) for token in reversed(undelivered)
            )
            self._flush(session.system_id)

    # inside

    def _overload(self, session: ServerSession, ahead: int) -> int:
        p = self.profile
        if p.throttle_every and self._seen % p.throttle_every == 0:
            return Status.RTHROTTLED
        if p.queue_full_every and self._seen % p.queue_full_every == 0:
            return Status.RMSGQFUL
        if p.window and self._unanswered[session] + ahead >= p.window:
            return Status.RTHROTTLED
        if p.rate_per_s:
            now = self._loop.time()
            self._tokens = min(self._tokens + (now - self._tokens_at) * p.rate_per_s, max(1.0, p.rate_per_s / 5))
            self._tokens_at = now
            if self._tokens < 1:
                return Status.RTHROTTLED
            self._tokens -= 1
        return Status.ROK

    def _bad_day(self) -> str:
        p = self.profile
        if p.cut_every and self._seen % p.cut_every == 0:
            return "cut"
        if p.half_open_every and self._seen % p.half_open_every == 0:
            return "half_open"
        return ""

    def _account(self, accepted: list[tuple[str, Sm]]) -> None:
        self.log.accepted(accepted)
        self._last_at = self._loop.time()
        if not self.stats["accepted"]:
            self._first_at = self._last_at
        self.stats["accepted"] += len(accepted)

    def _plan(self, session: ServerSession, one: Accepted) -> None:
        account = session.system_id
        sequence, sm, whole, fate, given, written = one
        answer = Answer(session, sequence, Status.ROK, given)
        self._unanswered[session] += 1
        if fate.receipts and fate.receipts[0].stat == "DELIVRD" and not in_time(sm, fate.receipts[0].after_s):
            fate = fate._replace(receipts=(fate.receipts[0]._replace(stat="EXPIRED"),), reply="")
        if fate.early and fate.receipts and sm.registered_delivery & 1:
            first, *rest = fate.receipts
            self._deliver([Outbound(account, "receipt", sm, written, first)])
            self._answers.add(fate.answer_s + 0.02, answer)
        else:
            rest = list(fate.receipts)
            self._answer_after(fate.answer_s, answer)
        if sm.registered_delivery & 1:
            if not fate.receipts:
                self.stats["receipts_lost"] += 1
            for progress in rest:
                after_s = fate.answer_s + progress.after_s
                self._deliveries.add(after_s, Outbound(account, "receipt", sm, written, progress))
        if whole is None:  # the phone shows nothing yet
            return
        if fate.visitor and fate.receipts[0].stat == "DELIVRD" and (link := _link(whole)):
            self._openings.add(fate.visit_s, (link, fate.visitor))
        if fate.reply:
            reply = Outbound(account, "reply", whole, fate.reply, Progress(0, "", ""))
            self._deliveries.add(fate.reply_s, reply)

    def _visit(self, due: Sequence[tuple[str, Visitor]]) -> None:
        for link, visitor in due:
            self._visits.open(link, visitor)

    def _answer_after(self, after_s: float, answer: Answer) -> None:
        if after_s:
            self._answers.add(after_s, answer)
        else:
            self._answer([answer])

    def _answer(self, answers: Sequence[Answer]) -> None:
        for session, sequence, status, message_id in answers:
            if session in self._sessions:
                self._unanswered[session] -= 1
                session.answer(sequence, status, message_id)

    def _deliver(self, due: Sequence[Outbound]) -> None:
        for outbound in due:
            self._waiting.setdefault(outbound.account, deque()).append(outbound)
        for account in {outbound.account for outbound in due}:
            self._flush(account)

    def _again(self, account: str, sm: Sm) -> None:
        self._waiting.setdefault(account, deque()).append(("again", sm))
        self._flush(account)

    def _flush(self, account: str) -> None:
        """Send what waits for an account, to whichever of its binds takes deliveries."""
        queue = self._waiting.get(account)
        if not queue:
            return
        receivers = [s for s in self._sessions if s.system_id == account and s.kind and s.kind.receives]
        for session in receivers:
            room = session.room()
            while queue and room > 0:
                for sm in self._write(queue.popleft()):
                    session.deliver(sm, sm)
                    room -= 1

    def _write(self, item: Outbound | tuple[str, Sm]) -> list[Sm]:
        if not isinstance(item, Outbound):
            return [item[1]]
        if item.kind == "receipt":
            self.stats["receipts"] += 1
            _, stat, err = item.progress
            return [receipt(item.about, item.named, stat, err, self.profile.receipt_layout)]
        self.stats["replies"] += 1
        written = replies(item.about, item.named, self.profile.short_code, self.stats["replies"])
        for sm in written:
            self.log.replied(sm)
        return written

    async def _listen(self) -> None:
        settings = ServerSettings(window=self.profile.delivery_window)
        # Known before it serves: whoever cancels this in the middle can still close it.
        self._server = await self._loop.create_server(
            partial(self._accept, settings), self.config.host, self.port, start_serving=False
        )
        self.port = self._server.sockets[0].getsockname()[1]
        await self._server.start_serving()

    def _accept(self, settings: ServerSettings) -> ServerSession:
        session = ServerSession(settings, self)
        self._connected.add(session)
        return session

    async def _hang_up(self) -> None:
        await stop_listening(self._server)
        while self._connected:
            for session in self._connected:
                session.abort("the operator stopped")
            await asyncio.sleep(0)

    async def _restart(self) -> None:
        while True:
            await asyncio.sleep(self.profile.restart_every_s)
            self.stats["restarts"] += 1
            await self._hang_up()
            await asyncio.sleep(self.profile.restart_s)
            await self._listen()


def _link(sm: Sm) -> str:
    """The link in a message as its phone shows it."""
    return link_in(decode_text(sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b""), sm.data_coding))
