"""Who calls: the key of a request, what it may do, from where and how often."""

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
import psycopg
import structlog
from starlette.requests import Request

from sofy.engine.permissions import KEYS_CHANNEL
from sofy.ingest.problems import Fault
from sofy.ingest.reading import Reader
from sofy.kernel import api_keys, clock
from sofy.kernel.api_keys import Key
from sofy.kernel.clauses import clause

log = structlog.get_logger(__name__)

WINDOW_S: Final = 10
#: A key that was ended is told at once; this is for the notice that was lost.
_TRUSTED_S: Final = 10.0
_LONG_AGO: Final = float("-inf")
_MOST_KNOWN: Final = 10_000
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Caller(msgspec.Struct, gc=False, eq=False):
    """A key that opens something, and how much of its window is used up in this process."""

    client: UUID
    key: UUID
    scopes: frozenset[str]
    networks: tuple[Network, ...]
    limit: int
    known_since: float
    window: int = 0
    used: int = 0

    def count(self, moment: float) -> None:
        """One more request. Raises: Fault rate_exceeded."""
        window = int(moment // WINDOW_S)
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        if self.used > self.limit:
            seconds = self.seconds_left(moment)
            raise Fault("rate_exceeded", 429, retry_after_s=seconds, limit=self.limit, window=WINDOW_S, seconds=seconds)

    def seconds_left(self, moment: float) -> int:
        """Until the window is over."""
        return WINDOW_S - int(moment) % WINDOW_S

    def headers(self) -> Mapping[str, str]:
        """How much is left. Source: draft-ietf-httpapi-ratelimit-headers (RateLimit, RateLimit-Policy)."""
        left = max(0, self.limit - self.used)
        return {
            "ratelimit-policy": f'"requests";q={self.limit};w={WINDOW_S}',
            "ratelimit": f'"requests";r={left};t={self.seconds_left(time.monotonic())}',
        }


class Callers:
    """Looks keys up, and remembers those that opened something for a few seconds."""

    def __init__(self, link: Reader, url: str, proxies: int) -> None:
        self._link = link
        self._url = url
        self._proxies = proxies
        self._known: dict[bytes, Caller] = {}
        self._used: dict[UUID, set[UUID]] = {}
        self._notices = 0

    @clause("DPA 7")
    async def admit(self, request: Request, scope: str) -> Caller:
        """The caller behind a request, counted. Raises: Fault, when it may not do this."""
        place = _read(request.headers.get("authorization", ""))
        moment = time.monotonic()
        caller = self._known.get(place.digest)
        if caller is None or moment - caller.known_since > _TRUSTED_S:
            caller = await self._look_up(place, caller, moment)
        request.state.caller = caller
        if caller.networks and not self._from_one_of(request, caller.networks):
            raise Fault("key_network", 403)
        if scope not in caller.scopes:
            raise Fault("scope_missing", 403, scope=scope)
        caller.count(moment)
        self._used.setdefault(caller.client, set()).add(caller.key)
        return caller

    async def _look_up(self, place: Key, before: Caller | None, moment: float) -> Caller:
        notices = self._notices
        rows = await self._link.rows("api_key", {"client": place.client, "digest": place.digest})
        if not rows:
            self._known.pop(place.digest, None)
            raise Fault("key_unknown", 401)
        known = self._known.get(place.digest)
        if known is not None and known is not before:  # another request looked meanwhile: both count in one window
            return known
        ((key, scopes, networks, limit),) = rows
        caller = Caller(
            place.client, UUID(bytes=key), frozenset(scopes), tuple(map(ipaddress.ip_network, networks)), limit, moment
        )
        if notices != self._notices:  # it may have been ended since it was read
            caller.known_since = _LONG_AGO
        if before is not None:
            caller.window, caller.used = before.window, before.used
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[place.digest] = caller
        return caller

    def _from_one_of(self, request: Request, networks: tuple[Network, ...]) -> bool:
        try:
            address = ipaddress.ip_address(self._address(request))
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in networks)

    def _address(self, request: Request) -> str:
        """Where a request comes from: what the outermost proxy of ours saw, or the other end of the connection."""
        if self._proxies:
            hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
            return hops[-self._proxies].strip() if len(hops) >= self._proxies else ""
        return request.client.host if request.client else ""

    async def listen(self) -> None:
        """Hear of clients one of whose keys was ended; for ever."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {KEYS_CHANNEL}")
                    self._doubt()  # something may have been said while nobody listened
                    async for notice in connection.notifies():
                        self._doubt(notice.payload)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await asyncio.sleep(1.0)

    def _doubt(self, client: str = "") -> None:
        """Ask again about the keys of a client, or of all; what they used of their windows still counts."""
        self._notices += 1
        for caller in self._known.values():
            if client in ("", caller.client.hex):
                caller.known_since = _LONG_AGO

    async def note_use(self) -> None:
        """Write when keys were used last."""
        used, self._used = self._used, {}
        for client, keys in used.items():
            await self._link.run("touch_api_keys", {"client": client, "ids": list(keys), "now": clock.now()})


def _read(header: str) -> Key:
    """Raises: Fault key_missing, key_unknown."""
    kind, _, text = header.partition(" ")
    text = text.strip()
    if kind.lower() != "bearer" or not text:
        raise Fault("key_missing", 401)
    key = api_keys.read(text)
    if key is None:
        raise Fault("key_unknown", 401)
    return key
