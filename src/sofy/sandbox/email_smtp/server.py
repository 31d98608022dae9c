"""The simulated mail server: takes mails on loopback, and lets come back what its mailboxes make of them."""

import asyncio
import hmac
from collections import Counter, deque
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from sofy.sandbox.email_smtp import returns
from sofy.sandbox.email_smtp.fate import PLAIN, Fate, Profile, fate_of
from sofy.sandbox.smpp.visits import is_here

_KEPT = 2_000
_MOST_KNOWN = 200_000
_MAX_BYTES = 2_000_000
_ANSWER_WITHIN_S = 10.0
_AGAIN_AFTER_S = (0.5, 1, 2, 4, 8, 15, 30, 60)


class EmailSandboxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where it listens, and where mails that come back are posted (empty: nowhere), with which secret.

    `hook_file`: JSON of url and secret instead, read each time: whoever starts the server may not know them yet.
    `log`: a line per mail that was taken, written before it is answered: recipient, sender of the envelope.
    """

    host: str = "127.0.0.1"
    port: int = 0
    hook_url: str = ""
    hook_secret: str = ""
    hook_file: Path | None = None
    log: Path | None = None
    profile: Profile = PLAIN


class Arrived(NamedTuple):
    """A mail in a mailbox."""

    sender: str
    recipient: str
    content: bytes


class SimulatedMailServer:
    """Mailboxes of everybody, on this machine only."""

    def __init__(self, config: EmailSandboxConfig) -> None:
        self.config = config
        self.port = config.port
        self.mails: deque[Arrived] = deque(maxlen=_KEPT)
        self.stats: Counter[str] = Counter()
        self._tries: Counter[str] = Counter()
        self._later: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._fates: dict[str, Fate] = {}

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.config.host, self.config.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and leave what has not come back yet."""
        if self._server is not None:
            self._server.close()
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    def _session(self) -> SMTP:
        return SMTP(self, hostname="mx.sandbox.example", data_size_limit=_MAX_BYTES, enable_SMTPUTF8=False)

    # what aiosmtpd asks

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        fate = fate_of(address, self._tries[address], self.config.profile)
        if len(self._tries) < _MOST_KNOWN:
            self._tries[address] += 1
        self.stats[fate.kind] += 1
        if fate.answer:
            return fate.answer
        if fate.kind == "slow":
            await asyncio.sleep(self.config.profile.slow_s)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        for recipient in envelope.rcpt_tos:
            mail = Arrived(envelope.mail_from or "", recipient, content)
            self.mails.append(mail)
            self.stats["taken"] += 1
            self._note(mail)
            fate = fate_of(recipient, 1, self.config.profile)
            if fate.after:
                self._soon(self._come_back(mail, fate.after))
        return "250 2.0.0 Kept"

    def _note(self, mail: Arrived) -> None:
        if self.config.log is not None:
            with self.config.log.open("a", encoding="utf-8") as log:
                log.write(f"{mail.recipient} {mail.sender}\n")

    # what comes back

    def _soon(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _come_back(self, mail: Arrived, what: str) -> None:
        await asyncio.sleep(self.config.profile.returns_after_s)
        if what == "unsubscribe":
            await self._unsubscribe(mail)
        elif what == "complain":
            await self._post(returns.complaint(mail.sender, mail.recipient, mail.content))
        else:
            words = {"bounce": ("failed", "5.1.1", "550 5.1.1 No such mailbox after all"),
                     "later": ("delayed", "4.4.1", "connection timed out")}[what]  # fmt: skip
            await self._report(mail, *words)
            if what == "later":
                await asyncio.sleep(self.config.profile.returns_after_s)
                await self._report(mail, "failed", "4.4.7", "message expired")

    async def _report(self, mail: Arrived, action: str, status: str, said: str) -> None:
        body = returns.report(mail.sender, mail.recipient, mail.content, action=action, status=status, said=said)
        await self._post(body)

    async def _unsubscribe(self, mail: Arrived) -> None:
        address = urlsplit(returns.one_click(mail.content))
        if is_here(address):
            body = b"List-Unsubscribe=One-Click"
            await self._request(address, body, {"Content-Type": "application/x-www-form-urlencoded"}, "unsubscribed")

    async def _post(self, body: bytes) -> None:
        for pause_s in _AGAIN_AFTER_S:  # a mail that cannot be left stays in its server's queue
            url, secret = self._hook()
            if not url:
                return
            mark = hmac.new(secret.encode(), body, "sha256").hexdigest()
            headers = {"Content-Type": "message/rfc822", "X-Sofy-Signature": f"sha256={mark}"}
            if await self._request(urlsplit(url), body, headers, "returned"):
                return
            await asyncio.sleep(pause_s)

    def _hook(self) -> tuple[str, str]:
        path = self.config.hook_file
        if path is None or not path.exists():
            return self.config.hook_url, self.config.hook_secret
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        return told["url"], told["secret"]

    async def _request(self, address: SplitResult, body: bytes, headers: dict[str, str], what: str) -> bool:
        """Whether it was taken, or refused for good."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                status = await post(address, body, headers)
        except (OSError, TimeoutError, ValueError):
            self.stats[f"{what}_unanswered"] += 1
            return False
        self.stats[what if status < 400 else f"{what}_refused"] += 1
        return status < 500


async def post(address: SplitResult, body: bytes, headers: dict[str, str]) -> int:
    """POST to this machine; answers the status. Raises: OSError, ValueError."""
    host = "127.0.0.1" if address.hostname == "localhost" else address.hostname
    reader, writer = await asyncio.open_connection(host, address.port or 80)
    try:
        fields = {"Host": address.netloc, "Content-Length": str(len(body)), "Connection": "close"} | headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"POST {address.path or '/'} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body)
        await writer.drain()
        return int((await reader.readline()).split()[1])
    except IndexError:
        raise ValueError("no answer") from None
    finally:
        writer.close()
