"""Who binds: accounts, their passwords, how many binds they have open on all processes, and how much they may send."""

import asyncio
import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable, Collection
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import psycopg
import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sofy.engine.db import sql
from sofy.engine.link import Hot, HotLink
from sofy.engine.permissions import SMPP_CHANNEL
from sofy.ingest import reading as patience
from sofy.ingest.shapes import Language, Purpose
from sofy.kernel import clock, ids
from sofy.smsc.reading import Limits
from sofy.wire.smpp.codes import Status
from sofy.wire.smpp.session import BindKind

log = structlog.get_logger(__name__)
T = TypeVar("T")

#: A bind counts for so long after its process was heard of last. Unit: seconds.
LEASE_S: Final = 10
RENEW_S: Final = 3.0
#: Passwords are looked at by so many threads; more log-ins than this wait for none.
_CHECKING: Final = 2
_MOST_WAITING: Final = 200
_NOBODY: Final = UUID(int=0)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Account(msgspec.Struct, eq=False):
    """An account as its binds in this process share it."""

    client: UUID
    id: UUID
    purpose: Purpose
    password: str
    networks: tuple[Network, ...]
    senders: tuple[str, ...]
    max_binds: int
    per_s: int
    language: Language
    active: bool
    tokens: float = 0.0
    counted_at: float = 0.0

    @property
    def limits(self) -> Limits:
        return Limits(self.purpose, self.senders)

    def take(self, wanted: int) -> int:
        """How many submits of so many fit into the rate now. A second's worth may come at once."""
        now = time.monotonic()
        self.tokens = min(float(self.per_s), self.tokens + (now - self.counted_at) * self.per_s)
        self.counted_at = now
        taken = min(wanted, int(self.tokens))
        self.tokens -= taken
        return taken

    def learn(self, other: "Account") -> None:
        """What staff changed since."""
        self.purpose, self.networks, self.senders = other.purpose, other.networks, other.senders
        self.max_binds, self.per_s, self.language = other.max_binds, other.per_s, other.language
        self.active = other.active and other.password == self.password  # a new password ends what the old one opened


class Bind(msgspec.Struct, eq=False, frozen=True):
    """A place among the binds of an account."""

    account: Account
    id: UUID
    kind: BindKind
    peer: str


class NotAdmitted(Exception):
    """A log-in that is refused. `status` is its answer; `code` goes into the log."""

    def __init__(self, status: Status, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Accounts:
    """Looks accounts up, counts binds in the database, and hears of accounts that were changed."""

    def __init__(self, link: HotLink, url: str, on_ended: Callable[[Account], None]) -> None:
        self.process = ids.uuid7()
        self._link = link
        self._url = url
        self._on_ended = on_ended
        self._hasher = PasswordHasher()
        #: What nobody's password is: whoever names an unknown account waits as long as anybody.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._room = asyncio.Semaphore(_CHECKING)
        self._waiting = 0
        self._known: dict[UUID, Account] = {}
        self._binds: dict[UUID, dict[UUID, tuple[Bind, object]]] = {}

    async def admit(self, system_id: str, password: str, kind: BindKind, peer: str) -> Bind:
        """A place for one more bind. Raises: NotAdmitted."""
        digest = sha256(system_id.encode("latin-1", "replace")).digest()
        rows = await self._ask(self._link.rows("smpp_login", {"digest": digest}))
        # Nobody learns which system ids there are: the same is asked, checked and answered when there is none.
        client, account = (UUID(bytes=raw) for raw in rows[0]) if rows else (_NOBODY, _NOBODY)
        found = await self.look_up(client, account)
        if not await self._opens(found.password if found else self._nobody, password) or found is None:
            raise NotAdmitted(Status.RINVPASWD, "login_unknown")
        if not found.active:
            raise NotAdmitted(Status.RBINDFAIL, "disabled")
        if found.networks and not _from_one_of(peer, found.networks):
            raise NotAdmitted(Status.RBINDFAIL, "network")
        known = self._known.setdefault(found.id, found)
        if known is not found:
            known.learn(found)
            if not known.active:  # of a password that is no more
                self._on_ended(known)
                self._known[found.id] = known = found
        bind = Bind(known, ids.uuid7(), kind, peer)
        if not await self._ask(self._link.call(lambda conn: self._open(conn, bind))):
            raise NotAdmitted(Status.RBINDFAIL, "too_many_binds")
        self._binds.setdefault(known.id, {})[bind.id] = (bind, clock.now())
        return bind

    async def look_up(self, client: UUID, account: UUID) -> Account | None:
        """An account as it is written now."""
        rows = await self._ask(self._link.rows("smpp_account", {"client": client, "account": account}))
        for purpose, password, networks, senders, most, per_s, language, active in rows:
            return Account(
                client, account, purpose, password, tuple(map(ipaddress.ip_network, networks)), tuple(senders), most,
                per_s, language, active, tokens=float(per_s), counted_at=time.monotonic(),
            )  # fmt: skip
        return None

    async def close(self, binds: Collection[Bind]) -> None:
        """Give places back."""
        for bind in binds:
            held = self._binds.get(bind.account.id, {})
            held.pop(bind.id, None)
            if not held:
                self._binds.pop(bind.account.id, None)
            values = {"client": bind.account.client, "account": bind.account.id, "binds": [bind.id]}
            await self._link.run("smpp_bind_close", values)

    async def renew(self) -> None:
        """Keep the places of this process, and learn what was changed about their accounts."""
        for account_id, held in list(self._binds.items()):
            binds = [bind for bind, _ in held.values()]
            account = binds[0].account
            values = {
                "client": account.client, "account": account_id, "process": self.process, "lease": f"{LEASE_S} s",
                "binds": [bind.id for bind in binds], "kinds": [bind.kind.value for bind in binds],
                "peers": [bind.peer or None for bind in binds], "sinces": [since for _, since in held.values()],
            }  # fmt: skip
            await self._link.run("smpp_bind_renew", values)
            await self._refresh(account)

    async def listen(self) -> None:
        """Hear of accounts that were changed or ended; for ever."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {SMPP_CHANNEL}")
                    await self.renew()  # something may have been said while nobody listened
                    async for notice in connection.notifies():
                        await self._hear(notice.payload)
            except (psycopg.OperationalError, psycopg.InterfaceError, NotAdmitted):  # the database is away, or slow
                await asyncio.sleep(1.0)

    async def _hear(self, payload: str) -> None:
        for account in list(self._known.values()):
            if payload == account.id.hex:
                await self._refresh(account)

    async def _refresh(self, account: Account) -> None:
        found = await self.look_up(account.client, account.id)
        if found is None:
            account.active = False
        else:
            account.learn(found)
        if not account.active:
            self._on_ended(account)

    async def _open(self, conn: Hot, bind: Bind) -> bool:
        """Take a place if there is one; safe to repeat, as it names the place."""
        account = bind.account
        values = {
            "client": account.client, "account": account.id, "bind": bind.id, "process": self.process,
            "kind": bind.kind.value, "peer": bind.peer or None, "now": clock.now(), "lease": f"{LEASE_S} s",
        }  # fmt: skip
        async with conn.transaction():
            locked = await (await conn.execute(sql("smpp_account_lock"), values)).fetchone()
            if locked is None:
                return False
            await conn.execute(sql("smpp_bind_forget"), values)
            opened = await (await conn.execute(sql("smpp_bind_open"), values | {"most": locked[0]})).fetchone()
            return opened is not None

    async def _opens(self, kept: str, password: str) -> bool:
        """Whether a password is the one of this hash; threads look, so that nobody else waits."""
        if self._waiting >= _MOST_WAITING:
            raise NotAdmitted(Status.RBINDFAIL, "too_many_logins")
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(self._verify, kept, password)
        finally:
            self._waiting -= 1

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _ask(self, asked: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(asked, patience.PATIENCE_S)
        except TimeoutError:
            raise NotAdmitted(Status.RSYSERR, "database_away") from None


def _from_one_of(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
