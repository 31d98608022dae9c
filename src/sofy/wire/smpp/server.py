"""The server end (SMSC): log-ins, submits in batches, deliveries within a window.

Source: SMPP 3.4 sections 2.2, 4.1, 4.4, 4.6.
"""

import asyncio
from enum import Enum
from typing import Any, Final, Literal, Protocol

import msgspec

from sofy.wire.smpp.codes import INTERFACE_VERSION, RESPONSE, Command, Status, Tag
from sofy.wire.smpp.errors import Malformed
from sofy.wire.smpp.layouts import LAYOUTS
from sofy.wire.smpp.pdu import Frame, Pdu, Sm, decode, decode_sm, encode, encode_sm, frame
from sofy.wire.smpp.peer import Peer
from sofy.wire.smpp.session import BindKind
from sofy.wire.smpp.tlv import EMPTY, encode_tlvs

_SUBMIT, _SUBMIT_RESP = Command.SUBMIT_SM.value, Command.SUBMIT_SM_RESP.value
_DELIVER, _DELIVER_RESP = Command.DELIVER_SM.value, Command.DELIVER_SM_RESP.value
_KINDS = {kind.command.value: kind for kind in BindKind}
#: What a program of SMPP 3.4 may be told beside an answer; older ones know no optional parameters.
_VERSION_TLV: Final[dict[int, bytes]] = {Tag.SC_INTERFACE_VERSION: bytes((INTERFACE_VERSION,))}
#: Longest additional_status_info_text, without its NUL. Unit: octets.
_MOST_WORDS: Final = 255


class Later(Enum):
    """What `Operator.on_request` answers for a request that `reply` will answer."""

    LATER = 1


LATER: Final = Later.LATER

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
    farewell_s: float = 5.0


class Operator(Protocol):
    """What stands behind a server session; calls come from the event loop and must not block."""

    async def authenticate(self, session: "ServerSession", system_id: str, password: str) -> Status:
        """Decide a log-in: ROK, or the status of the refusal."""

    def on_submits(self, session: "ServerSession", submissions: list[Submission]) -> None:
        """Messages in the order they came; each is to be answered once."""

    def on_delivered(self, session: "ServerSession", delivered: list[Delivered]) -> None:
        """Answers to deliveries."""

    def on_request(self, session: "ServerSession", request: Pdu) -> Pdu | Literal[Later.LATER] | None:
        """Any other request; None answers that this server does not do it, `LATER` that `reply` will."""

    def on_lost(self, session: "ServerSession", undelivered: list[Any]) -> None:
        """The connection ended; the tokens are deliveries without an answer."""


class ServerSession(Peer):
    """One connection of a client (ESME)."""

    def __init__(self, settings: ServerSettings, operator: Operator) -> None:
        super().__init__(enquire_link_s=settings.enquire_link_s, enquire_timeout_s=settings.enquire_timeout_s)
        self.settings = settings
        self.kind: BindKind | None = None
        self.asked: BindKind | None = None
        """What the log-in under way is for."""
        self.modern = True
        """Whether the other end knows optional parameters (SMPP 3.4)."""
        self.system_id = ""
        self.leaving = False
        """Whether the other end, or this one, has said that it goes: nothing more is delivered."""
        self._due = 0  # requests without an answer
        self._unbinding: int | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._operator = operator
        self._login: asyncio.Task[None] | None = None
        self._early: list[Frame] = []
        self._submissions: list[Submission] = []
        self._pending: dict[int, Any] = {}
        self._delivered: list[Delivered] = []
        self._bind_timer = self.loop.call_later(settings.bind_timeout_s, self._bind_overdue)

    @property
    def due(self) -> int:
        """Requests that wait for their answer."""
        return self._due

    def room(self) -> int:
        """How many deliveries the window takes now."""
        if self.kind is None or not self.kind.receives or not self.writable or self.transport is None or self.leaving:
            return 0
        return self.settings.window - len(self._pending)

    def answer(self, sequence: int, status: int, message_id: str = "", words: str = "") -> None:
        """Answer one submit_sm; `words` say what a refusal means, to programs that can read them."""
        if status == 0:
            body = message_id.encode("latin-1") + b"\0"
        else:
            body = b"\0" + explained(words) if words and self.modern else b""
        self.send(frame(_SUBMIT_RESP, sequence, status, body))
        self._answered()

    def reply(self, answer: Pdu) -> None:
        """Answer a request of `on_request` that was to be answered later."""
        self.send(encode(answer))
        self._answered()

    def leave_unanswered(self, requests: int, reason: str) -> None:
        """Nobody knows what became of so many requests: no answer would be true. The other end is logged out."""
        self._due -= requests
        if self.leaving:
            self._say_farewell()
        self.dismiss(reason)

    def deliver(self, sm: Sm, token: Any = None) -> None:
        """Send a receipt or a message; the caller keeps to `room`."""
        sequence = self.next_sequence()
        self._pending[sequence] = token
        self.send(encode_sm(_DELIVER, sequence, sm))

    def dismiss(self, reason: str) -> None:
        """Log the other end out: what is due is answered first, then it is told, and the connection ends.

        Safe to call again. Whoever does not agree in time is cut off.
        """
        if self.leaving or self.transport is None:
            return
        self.leaving, self.reason = True, reason
        self._patience = self.loop.call_later(self.settings.farewell_s, self.close, reason)
        self._say_farewell()

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
            self._take(sequence, body)
        elif command in (_DELIVER_RESP, Command.GENERIC_NACK):
            if sequence in self._pending:
                self._delivered.append((self._pending.pop(sequence), status))
        elif command in _KINDS:
            self._begin_login(decode(raw))
        elif command == Command.UNBIND:
            self._let_go(sequence)
        elif command == Command.UNBIND_RESP and self.leaving:
            self.close(self.reason)
        elif command & RESPONSE or command not in LAYOUTS:
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
        if self._patience is not None:
            self._patience.cancel()
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
        self.asked = _KINDS[request.command]
        version = request.fields["interface_version"]
        assert isinstance(version, int)
        self.modern = version >= INTERFACE_VERSION
        status = await self._operator.authenticate(self, self.system_id, str(request.fields["password"]))
        answer = request.command | RESPONSE
        if status == Status.ROK:
            self.kind = self.asked
            self._bind_timer.cancel()
            tlvs = _VERSION_TLV if self.modern else EMPTY
            self.send(encode(Pdu(answer, request.sequence, 0, {"system_id": self.settings.system_id}, tlvs)))
        else:
            self.send(frame(answer, request.sequence, status))
        self._login = None
        early, self._early = self._early, []
        if self.transport is not None:
            self.transport.resume_reading()
            self.process(early)

    def _take(self, sequence: int, body: bytes) -> None:
        """A submit_sm: one that cannot be read is refused alone, since its end is known."""
        if self.kind is None or not self.kind.sends or self.leaving:
            self.send(frame(_SUBMIT_RESP, sequence, Status.RINVBNDSTS))
            return
        try:
            sm = decode_sm(body)
        except Malformed as error:
            self.send(frame(_SUBMIT_RESP, sequence, error.status))
            return
        self._due += 1
        self._submissions.append((sequence, sm))

    def _other(self, raw: Frame) -> None:
        command, _, sequence, _ = raw
        try:
            request = decode(raw)
        except Malformed as error:
            self.send(frame(command | RESPONSE, sequence, error.status))
            return
        reply = self._operator.on_request(self, request)
        if reply is LATER:
            self._due += 1
        elif reply is None:
            self.send(frame(Command.GENERIC_NACK, sequence, Status.RINVCMDID))
        else:
            self.send(encode(reply))

    def _answered(self) -> None:
        self._due -= 1
        if self.leaving and not self._due:
            self._say_farewell()

    def _let_go(self, sequence: int) -> None:
        """The other end logs out: it hears what became of what it sent before we agree."""
        self._unbinding, self.leaving = sequence, True
        if self._patience is None:
            self._patience = self.loop.call_later(self.settings.farewell_s, self._agree)
        self._say_farewell()

    def _say_farewell(self) -> None:
        if self._due:
            return
        if self._unbinding is not None:
            self._agree()
        elif self.kind is None:
            self.close(self.reason)
        else:
            self.send(frame(Command.UNBIND, self.next_sequence()))

    def _agree(self) -> None:
        if self._unbinding is not None and self.transport is not None:
            self.send(frame(Command.UNBIND_RESP, self._unbinding))
            self._unbinding = None
            self.close("the other end unbound")

    def _bind_overdue(self) -> None:
        self.close("no bind in time")


def explained(words: str) -> bytes:
    """additional_status_info_text, as an optional parameter: what an error means, in Latin-1."""
    plain = words.translate({0x2019: "'", 0x2026: "...", 0x201C: '"', 0x201D: '"'})
    octets = plain.encode("latin-1", "replace").replace(b"\0", b"")
    return encode_tlvs({Tag.ADDITIONAL_STATUS_INFO_TEXT: octets[:_MOST_WORDS] + b"\0"})


async def stop_listening(server: asyncio.Server) -> None:
    """Close a server so that nobody stays between the door and the room.

    A connection accepted in the very turn of the loop in which its server closes has no transport yet, and asyncio then
    forgets it with its socket open. So nobody new first, a turn for whoever is inside, and only then the door.
    """
    for listening in server.sockets:
        server.get_loop().remove_reader(listening.fileno())
    await asyncio.sleep(0)
    server.close()
