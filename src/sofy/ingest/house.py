"""What the endpoints share: connections, keys, and what is known of clients and routes for a moment."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
import structlog

from sofy.engine import gate
from sofy.engine.claim import client_facts
from sofy.engine.db import role_url
from sofy.engine.intake import MessageIn
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.pgarray import ByteaArray
from sofy.ingest.acceptance import Desk, Offers, Tariff, routes_of
from sofy.ingest.callers import Callers
from sofy.ingest.problems import Fault
from sofy.ingest.reading import Reader
from sofy.ingest.storing import Answer, Named, Store, as_before
from sofy.kernel import clock
from sofy.kernel.config import Config
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.errors import Refused
from sofy.kernel.prices import Book, Networks, Price

log = structlog.get_logger(__name__)

#: Keys, senders and routes are looked at again after this long.
_FRESH_S: Final = 1.0
#: A price begins on a day: nobody waits for it to the second.
_PRICES_FRESH_S: Final = 10.0
_STORING: Final = 2
_MOST_CLIENTS: Final = 10_000


class _Client(NamedTuple):
    """What is known of a client for a moment."""

    since: float
    keys: ClientKeys
    senders: tuple[str, ...]


class House:
    """One process that answers programs. Any number may run on any machine: they share nothing but the database."""

    def __init__(self, config: Config, url: str | None = None) -> None:
        url = url or role_url(config, "sofy_engine")
        self.keystore = KeyStore(config)
        self.link = Reader(HotLink(url, "api reads", prepared=False))
        of_keys = Reader(HotLink(url, "api keys", prepared=False))
        self.callers = Callers(of_keys, url, config.proxies)
        storing = [HotLink(url, f"api writes {n + 1}") for n in range(_STORING)]
        self.store = Store(storing, self.keystore)
        self._links: list[HotLink | Reader] = [self.link, of_keys, *storing]
        self._fictional = config.fictional_numbers
        self._tariff: tuple[float, Tariff] | None = None
        self._offers: tuple[float, Offers] | None = None
        self._clients: dict[UUID, _Client] = {}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve for as long as the block lasts."""
        duties = [
            asyncio.create_task(self.store.run()),
            asyncio.create_task(self.callers.listen()),
            asyncio.create_task(_again(20.0, self.callers.note_use)),
        ]
        try:
            yield
        finally:
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)
            with contextlib.suppress(TimeoutError, Fault):
                await asyncio.wait_for(self.callers.note_use(), 1.0)
            await asyncio.gather(*(link.close() for link in self._links))

    async def answers(self) -> bool:
        """Whether the database is there."""
        try:
            await asyncio.wait_for(self.link.rows("offers"), 2.0)
        except (TimeoutError, Fault):
            return False
        return True

    async def desk(self, client: UUID) -> tuple[Desk, ClientKeys]:
        """What messages of a client are held against. Raises: Fault client_ended."""
        moment = time.monotonic()
        if self._offers is None or moment - self._offers[0] > _FRESH_S:
            self._offers = (moment, Offers(routes_of(await self.link.rows("offers"))))
        known = self._clients.get(client)
        if known is None or moment - known.since > _FRESH_S:
            known = await self._look_up(client, moment)
        if self._tariff is None or moment - self._tariff[0] > _PRICES_FRESH_S:
            self._tariff = (moment, await self._prices())
        now = clock.now()
        return Desk(client, self._offers[1], known.senders, self._fictional, now, self._tariff[1]), known.keys

    async def _prices(self) -> Tariff:
        prefixes = {prefix: (country, network) for prefix, country, network in await self.link.rows("networks")}
        rows = await self.link.rows("sale_prices")
        sales = Book(Price(None if owner is None else UUID(bytes=owner), *rest) for owner, *rest in rows)
        return Tariff(Networks(prefixes), sales)

    async def _look_up(self, client: UUID, moment: float) -> "_Client":
        try:
            keys = self.keystore.client(client)
        except Refused:
            self._clients.pop(client, None)
            raise Fault("client_ended", 403) from None
        rows = await self.link.rows("senders_of", {"client": client})
        if len(self._clients) >= _MOST_CLIENTS:
            self._clients.clear()
        known = self._clients[client] = _Client(moment, keys, tuple(name for (name,) in rows))
        return known

    async def answered_before(self, client: UUID, named: Named) -> Answer | None:
        """What a named request was answered within a day. Raises: Fault idempotency_key_reused."""
        values = {"client": client, "names": [named.name], "now": clock.now()}
        for _, *kept in await self.link.rows("kept_answers", values):
            told = as_before(named, *kept)
            if isinstance(told, Fault):
                raise told
            return told
        return None

    async def verdict(self, desk: Desk, message: MessageIn, keys: ClientKeys, consents: bool) -> gate.Verdict:
        """What the gate would say of a message at this moment; `consents`: it brings a consent with it."""
        number = self.keystore.platform().index("phone", message.to)
        recipient = keys.index("phone", message.to)
        values = {
            "client": desk.client,
            "channel": "sms",
            "recipients": ByteaArray.of([recipient]),
            "numbers": ByteaArray.of([number]),
        }
        facts = client_facts(desk.client.bytes, await self.link.rows("client_facts", values))
        allowed = {purpose: state for _, purpose, state in await self.link.rows("permissions_of", values)}
        banned = bool(await self.link.rows("platform_suppressed", values))
        permission = allowed.get(message.purpose) or ("granted" if consents else None)
        left_eur = None if facts.left_micro is None else Decimal(facts.left_micro) / 1_000_000
        known = gate.Facts(
            facts.suspended, facts.policy, left_eur, None, permission, allowed.get("all") == "opposed", banned
        )
        asked = gate.Message(
            message.purpose, message.to, message.text, message.sender, message.short_code, message.zone,
            message.unit_price_eur * message.parts, message.expires_at,
        )  # fmt: skip
        return gate.judge(asked, known, message.due_at or desk.now)


async def _again(pause_s: float, duty: Callable[[], Awaitable[Any]]) -> None:
    while True:
        await asyncio.sleep(pause_s)
        try:
            await duty()
        except (psycopg.Error, Fault) as error:
            log.error("ingest.duty_failed", duty=getattr(duty, "__name__", ""), error=type(error).__name__)
