"""The client end (ESME): bind, submit within a window, answers and deliveries in batches.

Nothing here waits per message: a submit is a token in a table, and its answer comes back with the others of the same
segment. Source: SMPP 3.4 sections 2.2, 2.7, 4.1-4.6.
"""

import asyncio
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol

import msgspec

from sofy.wire.smpp.codes import INTERFACE_VERSION, RESPONSE, Command, Status, Tag
from sofy.wire.smpp.errors import Malformed
from sofy.wire.smpp.pdu import Frame, Pdu, Sm, decode, decode_sm, encode, frame, resp_id
from sofy.wire.smpp.peer import Peer

_SUBMIT_RESP, _DELIVER = Command.SUBMIT_SM_RESP.value, Command.DELIVER_SM.value
_DELIVER_RESP, _NACK, _DATA = Command.DELIVER_SM_RESP.value, Command.GENERIC_NACK.value, Command.DATA_SM.value
_UNBIND, _DATA_RESP = Command.UNBIND.value, Command.DATA_SM_RESP.value
_LAST_ANSWERS_S = 2.0


class BindKind(StrEnum):
    """Which way messages flow on a bind."""

    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"

    @property
    def command(self) -> Command:
        """The bind request of this kind."""
        return _BINDS[self]

    @property
    def sends(self) -> bool:
        """Whether submit_sm is allowed."""
        return self is not BindKind.RECEIVER

    @property
    def receives(self) -> bool:
        """Whether deliver_sm comes."""
        return self is not BindKind.TRANSMITTER


_BINDS = {
    BindKind.TRANSMITTER: Command.BIND_TRANSMITTER,
    BindKind.RECEIVER: Command.BIND_RECEIVER,
    BindKind.TRANSCEIVER: Command.BIND_TRANSCEIVER,
}


class BindRefused(Exception):
    """The SMSC answered the bind with an error status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"bind refused with status 0x{status:02x}")
        self.status = status


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to bind and how long to wait. Unit: seconds for `_s`, messages for window."""

    system_id: str
    password: str
    system_type: str = ""
    kind: BindKind = BindKind.TRANSCEIVER
    window: int = 10
    response_timeout_s: float = 30.0
    enquire_link_s: float = 30.0
    enquire_timeout_s: float = 10.0


Answer = tuple[Any, int, str]
"""(token of the submit, command_status, message_id)."""
Delivery = tuple[int, Sm, int]
"""(sequence_number, message, command of the answer): what `acknowledge` needs back."""


class Listener(Protocol):
    """Who is told what happens on a session; calls come from the event loop and must not block."""

    def on_answers(self, session: "ClientSession", answers: list[Answer]) -> None:
        """Answers to submits, in the order they came; also late ones, after their `on_unknown`.

        None, when a link that had gone silent is heard again.
        """

    def on_deliveries(self, session: "ClientSession", deliveries: list[Delivery]) -> None:
        """Receipts and messages; each waits for `acknowledge`."""

    def on_unknown(self, session: "ClientSession", tokens: list[Any], reason: str) -> None:
        """Submits whose outcome is unknown: no answer in time, or the connection was lost."""


class ClientSession(Peer):
    """One bind to an SMSC. Connect it with `loop.create_connection`, then await `bind`.

    `doubtful`: the bind before it ended without answers to its submits, so one of them goes first, alone.
    """

    def __init__(self, settings: SessionSettings, listener: Listener, doubtful: bool = False) -> None:
        super().__init__(enquire_link_s=settings.enquire_link_s, enquire_timeout_s=settings.enquire_timeout_s)
        self.settings = settings
        self.bound = False
        self.peer_system_id = ""
        self.unacknowledged = 0
        self.heard = 0
        """Answers and deliveries so far."""
        self._deaf = False
        self._missed = settings.window - 1 if doubtful else 0  # submits without an answer since the last one came
        self._missed_at = self.loop.time()
        self._listener = listener
        self._pending: dict[int, tuple[float, Any]] = {}
        self._overdue: dict[int, Any] = {}
        self._requests: dict[int, asyncio.Future[Frame]] = {}
        self._answers: list[Answer] = []
        self._deliveries: list[Delivery] = []
        self._timer: asyncio.TimerHandle | None = None
        self._unbinding: int | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def bind(self) -> None:
        """Log in. Raises: BindRefused, TimeoutError, ConnectionError."""
        body = {
            "system_id": self.settings.system_id,
            "password": self.settings.password,
            "system_type": self.settings.system_type,
            "interface_version": INTERFACE_VERSION,
        }
        command, status, _, answer = await self._request(self.settings.kind.command, body)
        if command == _NACK or status != Status.ROK:
            self.close("bind refused")
            raise BindRefused(status)
        self.peer_system_id = resp_id(answer)
        self.bound = True
        self._timer = self.loop.call_later(self._tick_s, self._sweep)

    def room(self) -> int:
        """How many submits the window takes now; none while nobody knows whether the other end is still there.

        A half-open connection would otherwise swallow one window after the other, and so would an SMSC that answers
        enquire_link and no submit: after one without an answer they go alone, at most a window of them.
        """
        if not self.bound or not self.writable or not self.settings.kind.sends or self._deaf:
            return 0
        if self._missed:
            return int(not self._pending and self._missed < self.settings.window)
        return self.settings.window - len(self._pending)

    @property
    def doubtful(self) -> bool:
        """Whether the last submits had no answer."""
        return self._missed > 0

    @property
    def in_flight(self) -> int:
        """Submits waiting for their answer."""
        return len(self._pending)

    def submit(self, batch: list[tuple[int, Any, bytes]]) -> None:
        """Send (sequence, token, frame) of `next_sequence` and the codec; the caller keeps to `room`."""
        now = self.loop.time()
        for sequence, token, _ in batch:
            self._pending[sequence] = (now, token)
        self.send(*[raw for _, _, raw in batch])

    def acknowledge(self, deliveries: list[Delivery], status: int = 0) -> None:
        """Answer deliveries: 0 says that they are safe here, an error that the SMSC shall send them again."""
        self.unacknowledged -= len(deliveries)
        if self.transport is not None:
            self.send(*[frame(answer, sequence, status, b"\0") for sequence, _, answer in deliveries])
            if self._unbinding is not None:
                self._agree()

    async def request(self, command: Command, fields: dict[str, Any]) -> Pdu:
        """Any other exchange (query_sm, cancel_sm, replace_sm). Raises: TimeoutError, ConnectionError, Malformed."""
        return decode(await self._request(command, fields))

    async def unbind(self, timeout_s: float = 5.0) -> None:
        """Wait for the answers still due, log out and close."""
        if self.transport is None:
            return
        self.bound = False
        try:
            async with asyncio.timeout(timeout_s):
                while self._pending and self.transport is not None:
                    await asyncio.sleep(0.02)
                await self._request(Command.UNBIND, {})
        except (TimeoutError, ConnectionError):
            pass
        self.close("unbound")
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(self.closed)
        except TimeoutError:  # the other end does not even read our farewell
            self.abort("unbound")
            await self.closed

    # Peer

    def close(self, reason: str) -> None:
        self.bound = False  # before the connection is: what is written now would be lost
        super().close(reason)

    def abort(self, reason: str) -> None:
        self.bound = False
        super().abort(reason)

    def handle(self, raw: Frame) -> None:
        command, status, sequence, body = raw
        if command == _SUBMIT_RESP:
            entry = self._pending.pop(sequence, None)
            if entry is not None:
                self._answers.append((entry[1], status, resp_id(body)))
            elif sequence in self._overdue:
                self._answers.append((self._overdue.pop(sequence), status, resp_id(body)))
        elif command == _DELIVER:
            try:
                self._deliveries.append((sequence, decode_sm(body), _DELIVER_RESP))
            except Malformed as error:  # its end is known: the link and everything else on it need not suffer
                self.send(frame(_DELIVER_RESP, sequence, error.status, b"\0"))
        elif command == _NACK and sequence in self._pending:
            self._answers.append((self._pending.pop(sequence)[1], status or Status.RUNKNOWNERR, ""))
        elif command & RESPONSE and sequence in self._requests:
            waiting = self._requests.pop(sequence)
            if not waiting.done():
                waiting.set_result(raw)
        elif command == _DATA:
            try:
                self._deliveries.append((sequence, _from_data_sm(raw), _DATA_RESP))
            except Malformed as error:
                self.send(frame(_DATA_RESP, sequence, error.status, b"\0"))
        elif command == _UNBIND:
            self._let_go(sequence)
        elif command not in (Command.ALERT_NOTIFICATION, Command.OUTBIND):
            self.unexpected(raw)

    def batch_end(self) -> None:
        self.heard += len(self._answers) + len(self._deliveries)
        if self._answers:
            self._missed = 0
        if self._answers or self._deaf:  # heard again: there is room, which only this tells
            self._missed_at = self.loop.time()
            answers, self._answers, self._deaf = self._answers, [], False
            self._listener.on_answers(self, answers)
        if self._deliveries:
            deliveries, self._deliveries = self._deliveries, []
            self.unacknowledged += len(deliveries)
            self._listener.on_deliveries(self, deliveries)
        if self._unbinding is not None:
            self._agree()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.bound = False
        for timer in (self._timer, self._patience):
            if timer is not None:
                timer.cancel()
        for waiting in self._requests.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError(self.reason))
        self._requests.clear()
        lost = [token for _, token in self._pending.values()]
        self._pending.clear()
        self._overdue.clear()
        if lost:
            self._listener.on_unknown(self, lost, "connection lost")

    # inside

    def _let_go(self, sequence: int) -> None:
        """The SMSC logs us out: nothing more is sent, and what is due either way has a moment before we agree."""
        self.bound = False
        self._unbinding = sequence
        self._patience = self.loop.call_later(_LAST_ANSWERS_S, self._agree, True)

    def _agree(self, now: bool = False) -> None:
        if self._unbinding is not None and (now or not (self._pending or self.unacknowledged)):
            self.send(frame(Command.UNBIND_RESP, self._unbinding))
            self._unbinding = None
            self.close("the other end unbound")

    @property
    def _tick_s(self) -> float:
        return min(1.0, self.settings.response_timeout_s / 4)

    def _sweep(self) -> None:
        """Give up on submits without an answer; insertion order is age, so the scan stops at the first young one."""
        self._timer = self.loop.call_later(self._tick_s, self._sweep)
        now = self.loop.time()
        if self._held:
            self._missed_at = now
            return  # the answers may be waiting in the socket
        limit = now - self.settings.response_timeout_s
        late = []
        for sequence, (sent_at, _) in self._pending.items():
            if sent_at > limit:
                break
            late.append(sequence)
        if not late:
            if self._missed >= self.settings.window and not self._deaf and self._missed_at <= limit:
                self.abort("submits are not answered")
            return
        tokens = []
        for sequence in late:
            token = self._pending.pop(sequence)[1]
            self._overdue[sequence] = token
            tokens.append(token)
        self._missed += len(tokens)
        self._missed_at = now
        excess = len(self._overdue) - 4 * self.settings.window
        for sequence in list(islice(self._overdue, max(excess, 0))):
            del self._overdue[sequence]
        if self._heard_at <= limit and self._enquire_link_s:
            self._deaf = True
            self.send(frame(Command.ENQUIRE_LINK, self.next_sequence()))
        self._listener.on_unknown(self, tokens, "no answer in time")

    async def _request(self, command: Command, fields: dict[str, Any]) -> Frame:
        if self.transport is None:
            raise ConnectionError(self.reason or "not connected")
        sequence = self.next_sequence()
        waiting: asyncio.Future[Frame] = self.loop.create_future()
        self._requests[sequence] = waiting
        self.send(encode(Pdu(command, sequence, 0, fields)))
        try:
            async with asyncio.timeout(self.settings.response_timeout_s):
                return await waiting
        finally:
            self._requests.pop(sequence, None)


def _from_data_sm(raw: Frame) -> Sm:
    pdu = decode(raw)
    fields: dict[str, Any] = dict(pdu.fields)
    return Sm(
        destination=fields["destination_addr"],
        short_message=pdu.tlvs.get(Tag.MESSAGE_PAYLOAD, b""),
        source=fields["source_addr"],
        source_ton=fields["source_addr_ton"],
        source_npi=fields["source_addr_npi"],
        dest_ton=fields["dest_addr_ton"],
        dest_npi=fields["dest_addr_npi"],
        esm_class=fields["esm_class"],
        data_coding=fields["data_coding"],
        registered_delivery=fields["registered_delivery"],
        service_type=fields["service_type"],
        tlvs=pdu.tlvs,
    )
