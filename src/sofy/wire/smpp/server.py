"""The server end (SMSC): log-ins, submits in batches, deliveries within a window.

Source: SMPP 3.4 sections 2.2, 4.1, 4.4, 4.6.
"""

import asyncio
from typing import Any, Protocol

import msgspec

from sofy.wire.smpp.codes import RESPONSE, Command, Status
from sofy.wire.smpp.layouts import LAYOUTS
from sofy.wire.smpp.pdu import Frame, Pdu, Sm, decode, decode_sm, encode, encode_sm, frame
from sofy.wire.smpp.peer import Peer
from sofy.wire.smpp.session import BindKind

_SUBMIT, _SUBMIT_RESP = Command.SUBMIT_SM.value, Command.SUBMIT_SM_RESP.value
_DELIVER, _DELIVER_RESP = Command.DELIVER_SM.value, Command.DELIVER_SM_RESP.value
_KINDS = {kind.command.value: kind for kind in BindKind}

Submission = tuple[int, Sm]
"""(sequence_number, message): each waits for `ServerSession.answer`."""
Delivered = tuple[Any, int]
"""(token of the delivery, command_status of its answer)."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server names itself and how long it waits. Unit: seconds for `_s`, messages for window."""

    system_id: str = "SOFY"
    window: int = 1000
    bind_timeout_s: float = 10.0
    enquire_link_s: float = 60.0
    enquire_timeout_s: float = 20.0


class Operator(Protocol):
    """What stands behind a server session; calls come from the event loop and must not block."""

    async def authenticate(self, session: "ServerSession", system_id: str, password: str) -> Status:
        """Decide a log-in: ROK, or the status of the refusal."""

    def on_submits(self, session: "ServerSession", submissions: list[Submission]) -> None:
        """Messages in the order they came; each is to be answered once."""

    def on_delivered(self, session: "ServerSession", delivered: list[Delivered]) -> None:
        """Answers to deliveries."""

    def on_request(self, session: "ServerSession", request: Pdu) -> Pdu | None:
        """Any other request; None answers that this server does not do it."""

    def on_lost(self, session: "ServerSession", undelivered: list[Any]) -> None:
        """The connection ended; the tokens are deliveries without an answer."""


class ServerSession(Peer):
    """One connection of a client (ESME)."""

    def __init__(self, settings: ServerSettings, operator: Operator) -> None:
        super().__init__(enquire_link_s=settings.enquire_link_s, enquire_timeout_s=settings.enquire_timeout_s)
        self.settings = settings
        self.kind: BindKind | None = None
        self.system_id = ""
        self._operator = operator
        self._login: asyncio.Task[None] | None = None
        self._early: list[Frame] = []
        self._submissions: list[Submission] = []
        self._pending: dict[int, Any] = {}
        self._delivered: list[Delivered] = []
        self._bind_timer = self.loop.call_later(settings.bind_timeout_s, self._bind_overdue)

    def room(self) -> int:
        """How many deliveries the window takes now."""
        if self.kind is None or not self.kind.receives or not self.writable or self.transport is None:
            return 0
        return self.settings.window - len(self._pending)

    def answer(self, sequence: int, status: int, message_id: str = "") -> None:
        """Answer one submit_sm."""
        body = message_id.encode("latin-1") + b"\0" if status == 0 else b""
        self.send(frame(_SUBMIT_RESP, sequence, status, body))

    def deliver(self, sm: Sm, token: Any = None) -> None:
        """Send a receipt or a message; the caller keeps to `room`."""
        sequence = self.next_sequence()
        self._pending[sequence] = token
        self.send(encode_sm(_DELIVER, sequence, sm))

    # Peer

    def process(self, frames: list[Frame]) -> None:
        if self._login is not None:
            self._early += frames  # PDUs may follow the bind in its own segment; reading is paused meanwhile
        else:
            super().process(frames)

    def handle(self, raw: Frame) -> None:
        command, status, sequence, body = raw
        if self._login is not None:
            self._early.append(raw)
        elif command == _SUBMIT:
            if self.kind is None or not self.kind.sends:
                self.send(frame(_SUBMIT_RESP, sequence, Status.RINVBNDSTS))
            else:
                self._submissions.append((sequence, decode_sm(body)))
        elif command in (_DELIVER_RESP, Command.GENERIC_NACK):
            if sequence in self._pending:
                self._delivered.append((self._pending.pop(sequence), status))
        elif command in _KINDS:
            self._begin_login(decode(raw))
        elif command == Command.UNBIND or command & RESPONSE or command not in LAYOUTS:
            self.unexpected(raw)
        elif self.kind is None:
            self.send(frame(command | RESPONSE, sequence, Status.RINVBNDSTS))
        else:
            self._other(raw)

    def batch_end(self) -> None:
        if self._submissions:
            submissions, self._submissions = self._submissions, []
            self._operator.on_submits(self, submissions)
        if self._delivered:
            delivered, self._delivered = self._delivered, []
            self._operator.on_delivered(self, delivered)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._bind_timer.cancel()
        if self._login is not None:
            self._login.cancel()
        undelivered = list(self._pending.values())
        self._pending.clear()
        self._operator.on_lost(self, undelivered)

    # inside

    def _begin_login(self, request: Pdu) -> None:
        if self.kind is not None:
            self.send(frame(request.command | RESPONSE, request.sequence, Status.RALYBND))
            return
        if self.transport is not None:
            self.transport.pause_reading()
        self._login = self.loop.create_task(self._log_in(request))

    async def _log_in(self, request: Pdu) -> None:
        self.system_id = str(request.fields["system_id"])
        status = await self._operator.authenticate(self, self.system_id, str(request.fields["password"]))
        answer = request.command | RESPONSE
        if status == Status.ROK:
            self.kind = _KINDS[request.command]
            self._bind_timer.cancel()
            self.send(encode(Pdu(answer, request.sequence, 0, {"system_id": self.settings.system_id})))
        else:
            self.send(frame(answer, request.sequence, status))
        self._login = None
        early, self._early = self._early, []
        if self.transport is not None:
            self.transport.resume_reading()
            self.process(early)

    def _other(self, raw: Frame) -> None:
        reply = self._operator.on_request(self, decode(raw))
        if reply is None:
            self.send(frame(Command.GENERIC_NACK, raw[2], Status.RINVCMDID))
        else:
            self.send(encode(reply))

    def _bind_overdue(self) -> None:
        self.close("no bind in time")


async def stop_listening(server: asyncio.Server) -> None:
    """Close a server so that nobody stays between the door and the room.

    A connection accepted in the very turn of the loop in which its server closes has no transport yet, and asyncio then
    forgets it with its socket open. So nobody new first, a turn for whoever is inside, and only then the door.
    """
    for listening in server.sockets:
        server.get_loop().remove_reader(listening.fileno())
    await asyncio.sleep(0)
    server.close()
