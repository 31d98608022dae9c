"""SMTP as a client, written in one go where the server lets it: one round trip per mail and connection.

Sources: RFC 5321 (SMTP), RFC 2920 (pipelining: DATA ends a group, the text of a mail may begin one), RFC 3207
(STARTTLS), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 2034 and 3463 (enhanced codes), RFC 3461 4.3 (RET).
"""

import asyncio
import re
import ssl
from base64 import b64encode
from collections import deque
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol, cast

import msgspec

_LONGEST_LINE: Final = 4_096
_MOST_LINES: Final = 128
#: Answers of a server that knows HELO only. Source: RFC 5321 3.2.
_OLD_SERVER: Final = (500, 502)
_AHEAD: Final = 2  # one mail whose text was written, one whose envelope is
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\s+")


class Malformed(Exception):
    """What came is no SMTP."""


class SetupFailed(Exception):
    """The server would not have us: what it said."""


class Reply(NamedTuple):
    """What the server answered. `enhanced` is its code of RFC 3463, empty without one."""

    code: int
    enhanced: str
    text: str

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300


class Sent(msgspec.Struct, gc=False, eq=False):
    """A mail in the hands of a session. `token` is whatever its owner knows it by."""

    token: Any
    sender: str
    recipient: str
    data: bytes
    refusal: Reply | None = None
    begun: bool = False
    written: bool = False


class Listener(Protocol):
    """Who owns the mails."""

    def on_answer(self, session: "ClientSession", token: Any, reply: Reply) -> None:
        """The last word about a mail; taken when the reply is good."""

    def on_lost(self, session: "ClientSession", unsent: list[Any], doubtful: list[Any], reason: str) -> None:
        """The connection is gone: those never written, and those of which nobody knows."""

    def on_room(self, session: "ClientSession") -> None:
        """Another mail may be handed over."""


class Login(NamedTuple):
    """Who we are on the server."""

    user: str
    password: str


class ReplyReader:
    """Cuts the stream into replies. Raises: Malformed."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []

    def feed(self, data: bytes) -> list[Reply]:
        replies = []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > _LONGEST_LINE:
            raise Malformed("a line of an answer does not end")
        for raw in lines:
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if not (line[:3].isascii() and line[:3].isdigit()) or line[3:4] not in ("", " ", "-"):
                raise Malformed("a line of an answer has no code")
            self._lines.append(line)
            if len(self._lines) > _MOST_LINES or len(line) > _LONGEST_LINE:
                raise Malformed("an answer does not end")
            if line[3:4] != "-":
                replies.append(_reply(self._lines))
                self._lines = []
        return replies

    @property
    def empty(self) -> bool:
        return not self._buffer and not self._lines


def _reply(lines: list[str]) -> Reply:
    said = [line[4:] for line in lines]
    found = _ENHANCED.match(said[-1] + " ")
    enhanced = found[1] if found else ""
    if enhanced:
        said = [line.removeprefix(enhanced).strip() for line in said]
    return Reply(int(lines[-1][:3]), enhanced, "\n".join(said))


class _Step(Enum):
    MAIL = 0
    RCPT = 1
    DATA = 2
    TEXT = 3
    EMPTY = 4
    RESET = 5


class ClientSession(asyncio.Protocol):
    """One connection to a mail server."""

    def __init__(self, listener: Listener, *, response_timeout_s: float) -> None:
        self.ready = False
        self.carried = 0
        self.cut = False
        """Whether mails were on their way when it ended."""
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._listener = listener
        self._timeout_s = response_timeout_s
        self._reader = ReplyReader()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._early: deque[Reply] = deque()
        self._features: dict[str, str] = {}
        self._mails: deque[Sent] = deque()
        self._expected: deque[tuple[_Step, Sent]] = deque()
        self._out: list[bytes] = []
        self._reason = "closed by the server"
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._quitting = False

    # setting up

    async def open(self, name: str, *, tls: ssl.SSLContext | None, tls_name: str, login: Login | None) -> None:
        """Greet; with `tls`, only go on once it is on. Raises: SetupFailed, Malformed, OSError."""
        greeting = await self._next_reply()
        if not greeting.good:
            raise SetupFailed(f"greeted with {greeting.code}")
        await self._hello(name)
        if tls is not None:
            await self._start_tls(tls, tls_name)
            await self._hello(name)
        if login is not None:
            await self._log_in(login)
        self.ready = True
        self._watch()

    async def _hello(self, name: str) -> None:
        reply = await self._command(f"EHLO {name}")
        if reply.code in _OLD_SERVER:  # one that has no extensions either
            reply = (await self._command(f"HELO {name}"))._replace(text="")
        if not reply.good:
            raise SetupFailed(f"EHLO was answered {reply.code}")
        words = (line.partition(" ") for line in reply.text.split("\n")[1:])
        self._features = {word.upper(): rest.upper() for word, _, rest in words}

    async def _start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        if "STARTTLS" not in self._features:
            raise SetupFailed("the server offers no STARTTLS")
        reply = await self._command("STARTTLS")
        if not reply.good or not self._reader.empty or self._early:
            raise SetupFailed(f"STARTTLS was answered {reply.code}")
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        upgraded = await loop.start_tls(self._transport, self, context, server_hostname=server_name)
        if upgraded is None:
            raise SetupFailed("the connection was lost during STARTTLS")
        self._transport = upgraded

    async def _log_in(self, login: Login) -> None:
        offered = self._features.get("AUTH", "").split()
        if "PLAIN" in offered:
            raw = f"\0{login.user}\0{login.password}".encode()
            reply = await self._command(f"AUTH PLAIN {b64encode(raw).decode()}")
        elif "LOGIN" in offered:
            reply = await self._command("AUTH LOGIN")
            for word in (login.user, login.password):
                if reply.code == 334:
                    reply = await self._command(b64encode(word.encode()).decode())
        else:
            raise SetupFailed("the server offers no log-in that is known here (PLAIN, LOGIN)")
        if not reply.good:
            raise SetupFailed(f"the log-in was answered {reply.code}")

    async def _command(self, line: str) -> Reply:
        assert self._transport is not None
        self._transport.write(line.encode() + b"\r\n")
        return await self._next_reply()

    async def _next_reply(self) -> Reply:
        if self._early:
            return self._early.popleft()
        if self.closed.done():
            raise SetupFailed(self.closed.result())
        self._answer = asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._answer = None

    # mails

    @property
    def in_flight(self) -> int:
        return len(self._mails)

    def room(self) -> int:
        """How many mails may be handed over now."""
        if not self.ready or self._quitting:
            return 0
        return (_AHEAD if "PIPELINING" in self._features else 1) - len(self._mails)

    def submit(self, mail: Sent) -> None:
        """Send a mail; its owner made sure that there is room."""
        self._mails.append(mail)
        self._begin_next()
        self._flush()

    async def quit(self, grace_s: float) -> None:
        """Let what is on its way be answered, then say goodbye."""
        self._quitting = True
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_s
        while self._mails and not self.closed.done() and loop.time() < end:
            await asyncio.wait([self.closed], timeout=0.02)
        if self.ready and not self.closed.done() and not self._mails:
            self._transport_write(b"QUIT\r\n")
            await asyncio.wait([self.closed], timeout=min(grace_s, 1.0))
        self.abort("logged out")

    def abort(self, reason: str) -> None:
        """Close now."""
        if not self.closed.done():
            self._reason = reason
            if self._transport is not None:
                self._transport.abort()

    def _begin_next(self) -> None:
        """Write the envelope of the next mail, if the text of the one before is written."""
        for mail in self._mails:
            if not mail.begun:
                mail.begun = True
                commands = [(_Step.MAIL, self._mail_from(mail))]
                if "PIPELINING" in self._features:
                    commands += [(_Step.RCPT, _recipient(mail)), (_Step.DATA, b"DATA\r\n")]
                for step, line in commands:
                    self._expected.append((step, mail))
                    self._out.append(line)
                return
            if not mail.written:
                return

    def _mail_from(self, mail: Sent) -> bytes:
        size = f" SIZE={len(mail.data)}" if "SIZE" in self._features else ""
        short = " RET=HDRS" if "DSN" in self._features else ""
        return f"MAIL FROM:<{mail.sender}>{size}{short}\r\n".encode("ascii")

    def _take(self, reply: Reply) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reply)
            return
        if not self.ready:
            self._early.append(reply)
            return
        if not self._expected:  # a goodbye, or a server that says why it closes
            self._reason = f"{reply.code} {reply.enhanced}".strip()
            return
        step, mail = self._expected.popleft()
        if reply.code == 421:
            self._reason = f"421 {reply.enhanced}".strip()
        getattr(self, f"_on_{step.name.lower()}")(mail, reply)

    def _on_mail(self, mail: Sent, reply: Reply) -> None:
        self._on_envelope(mail, reply, _Step.RCPT, _recipient(mail))

    def _on_rcpt(self, mail: Sent, reply: Reply) -> None:
        self._on_envelope(mail, reply, _Step.DATA, b"DATA\r\n")

    def _on_envelope(self, mail: Sent, reply: Reply, following: _Step, line: bytes) -> None:
        if not reply.good:
            mail.refusal = mail.refusal or reply
        if "PIPELINING" in self._features:
            return
        if mail.refusal is None:
            self._expected.append((following, mail))
            self._out.append(line)
        else:
            self._give_up(mail, mail.refusal)

    def _on_data(self, mail: Sent, reply: Reply) -> None:
        if reply.code != 354:
            self._give_up(mail, mail.refusal or (reply if not reply.good else Reply(451, "", "no 354 came")))
        elif mail.refusal is not None:  # RFC 2920 3.1: a server that wants the text all the same gets none
            self._expected.append((_Step.EMPTY, mail))
            self._out.append(b".\r\n")
        else:
            mail.written = True
            self._expected.append((_Step.TEXT, mail))
            self._out.append(_stuffed(mail.data))
            self._begin_next()

    def _on_text(self, mail: Sent, reply: Reply) -> None:
        self._finish(mail, reply)

    def _on_empty(self, mail: Sent, reply: Reply) -> None:
        assert mail.refusal is not None
        self._give_up(mail, mail.refusal)

    def _on_reset(self, mail: Sent, reply: Reply) -> None:
        """Whatever it says: the next envelope shows whether it helped."""

    def _give_up(self, mail: Sent, reply: Reply) -> None:
        self._expected.append((_Step.RESET, mail))
        self._out.append(b"RSET\r\n")
        mail.written = True
        self._finish(mail, reply)

    def _finish(self, mail: Sent, reply: Reply) -> None:
        self._mails.remove(mail)
        self.carried += 1
        self._begin_next()
        self._listener.on_answer(self, mail.token, reply)

    # the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        try:
            replies = self._reader.feed(data)
        except Malformed as error:
            self.abort(str(error))
            return
        for reply in replies:
            self._take(reply)
        self._flush()
        if self.room() > 0:
            self._listener.on_room(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reason = str(error) if error else self._reason
        self.ready = False
        self.cut = bool(self._mails)
        if not self.closed.done():
            self.closed.set_result(reason)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(SetupFailed(reason))
        left, self._mails = list(self._mails), deque()
        for mail in left:
            if mail.refusal is not None:  # it said no, and closed
                self._listener.on_answer(self, mail.token, mail.refusal)
        unsent = [mail.token for mail in left if not mail.written and mail.refusal is None]
        doubtful = [mail.token for mail in left if mail.written]
        if unsent or doubtful:
            self._listener.on_lost(self, unsent, doubtful, reason)

    def _flush(self) -> None:
        if self._out:
            self._transport_write(b"".join(self._out))
            self._out.clear()

    def _transport_write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if not self._expected or self._heard_at == 0.0:
                self._heard_at = asyncio.get_running_loop().time()
            self._transport.write(data)

    def _watch(self) -> None:
        """End a connection on which an answer is overdue."""
        loop = asyncio.get_running_loop()
        if self._expected and loop.time() - self._heard_at > self._timeout_s:
            self.abort("no answer in time")
            return
        if not self._expected:
            self._heard_at = loop.time()
        self._timer = loop.call_later(min(self._timeout_s / 4, 5.0), self._watch)


def _recipient(mail: Sent) -> bytes:
    return f"RCPT TO:<{mail.recipient}>\r\n".encode("ascii")


def _stuffed(data: bytes) -> bytes:
    """The text of a mail as it goes over the wire, its end included."""
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
