"""What the endpoints share: connections, keys, and what is known of clients and routes for a moment."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
import structlog

from sofy.engine import gate
from sofy.engine.choice import heard_of
from sofy.engine.claim import client_facts
from sofy.engine.db import role_url
from sofy.engine.intake import MessageIn
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.pgarray import ByteaArray, UuidArray
from sofy.engine.routes import terms
from sofy.engine.rungs import Rung
from sofy.ingest.callers import Callers
from sofy.ingest.hooks import Hooks
from sofy.ingest.offers import Desk, Offers, Tariff, routes_of
from sofy.ingest.polls import Polls
from sofy.ingest.problems import Fault
from sofy.ingest.reading import Reader
from sofy.ingest.request_log import RequestLog
from sofy.ingest.shapes import Message, Reach
from sofy.ingest.storing import Answer, Named, Store, as_before
from sofy.ingest.templates import Templates
from sofy.kernel import channels, clock
from sofy.kernel.clauses import clause
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
#: A service message answers what the person wrote within this time.
_CONVERSATION: Final = timedelta(hours=24)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class _Client(NamedTuple):
    """What is known of a client for a moment."""

    since: float
    keys: ClientKeys
    senders: Mapping[str, tuple[str, ...]]
    channels_off: frozenset[str]
    ladder: tuple[tuple[str, int], ...]
    suspended: bool


class House:
    """One process that answers programs. Any number may run on any machine: they share nothing but the database."""

    def __init__(self, config: Config, url: str | None = None) -> None:
        url = url or role_url(config, "sofy_engine")
        self.keystore = KeyStore(config)
        self.link = Reader(HotLink(url, "api reads", prepared=False))
        self.polls = Polls(self.link.rows, self.keystore)
        of_keys = Reader(HotLink(url, "api keys", prepared=False))
        self.callers = Callers(of_keys, url, config.proxies)
        self.requests = RequestLog(of_keys)
        self.templates = Templates(self.link)
        storing = [HotLink(url, f"api writes {n + 1}") for n in range(_STORING)]
        aside = HotLink(url, "api writes aside")
        self.store = Store(storing, self.keystore, aside)
        of_hooks = HotLink(url, "callbacks")
        self.hooks = Hooks(self.link, of_hooks, self.keystore)
        self._links: list[HotLink | Reader] = [self.link, of_keys, of_hooks, *storing, aside]
        self._fictional = config.fictional_numbers
        self._tariff: tuple[float, Tariff] | None = None
        self._offers: tuple[float, Offers] | None = None
        self._clients: dict[UUID, _Client] = {}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve for as long as the block lasts."""
        duties = [
            asyncio.create_task(self.store.run()),
            asyncio.create_task(self.hooks.run()),
            asyncio.create_task(self.callers.listen()),
            asyncio.create_task(_again(20.0, self.callers.note_use)),
            asyncio.create_task(_again(1.0, self.requests.write)),
        ]
        try:
            yield
        finally:
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)
            with contextlib.suppress(TimeoutError, Fault):
                await asyncio.wait_for(self.callers.note_use(), 1.0)
                await asyncio.wait_for(self.requests.write(), 1.0)
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
        desk = Desk(
            client, client.bytes, self._offers[1], known.senders, self._fictional, now, {}, self._tariff[1],
            known.ladder, known.channels_off,
        )  # fmt: skip
        return desk, known.keys

    @clause("CGVU 7.2", "CGVU 11")
    async def open_desk(self, client: UUID) -> tuple[Desk, ClientKeys]:
        """The desk where messages are taken: closed while the client is suspended. Everything else stays open.

        Raises: Fault client_ended, client_suspended.
        """
        desk, keys = await self.desk(client)
        if self._clients[client].suspended:
            raise Fault("client_suspended", 403, article="CGVU 11")
        return desk, keys

    async def _prices(self) -> Tariff:
        prefixes = {prefix: (country, network) for prefix, country, network in await self.link.rows("networks")}
        rows = await self.link.rows("sale_prices")
        sales = Book(Price(None if owner is None else UUID(bytes=owner), *rest) for owner, *rest in rows)
        purchases = Book(Price(*row) for row in await self.link.rows("purchase_prices"))
        heard = heard_of(await self.link.rows("route_quality", {"now": clock.now()}))
        wanted = {row[0]: terms(row) for row in await self.link.rows("route_terms")}
        return Tariff(Networks(prefixes), sales, purchases, heard, wanted)

    async def _look_up(self, client: UUID, moment: float) -> "_Client":
        try:
            keys = self.keystore.client(client)
        except Refused:
            self._clients.pop(client, None)
            raise Fault("client_ended", 403) from None
        senders: dict[str, tuple[str, ...]] = {}
        for channel, name in await self.link.rows("senders_of", {"client": client}):
            senders[channel] = (*senders.get(channel, ()), name)
        chosen = await self.link.rows("channels_of", {"client": client})
        off, ladder, suspended = chosen[0] if chosen else ((), None, False)
        steps = tuple((step["channel"], int(step["after_s"])) for step in ladder or ())
        if len(self._clients) >= _MOST_CLIENTS:
            self._clients.clear()
        known = self._clients[client] = _Client(moment, keys, senders, frozenset(off), steps, suspended)
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

    async def placed(self, desk: Desk, asked: Sequence[Message]) -> Desk:
        """The same, knowing the templates and the points of sale that these messages name."""
        codes = {each.template for each in asked if each.template is not None}
        if codes:
            keys = self._clients[desk.client].keys
            known = await self.templates.of(desk.client, keys, codes, time.monotonic())
            desk = desk._replace(templates=known)
        named = {each.establishment for each in asked if each.establishment is not None}
        if not named:
            return desk
        values = {"client": desk.client, "ids": [UUID(n) for n in named if _UUID.fullmatch(n)], "codes": list(named)}
        found: dict[str, UUID] = {}
        for row, code in await self.link.rows("establishments_of", values):
            shop = UUID(bytes=row)
            found |= {name: shop for name in named if name == code or name.lower() == str(shop)}
        return desk._replace(establishments=found)

    @clause("CGVU 14.2")
    async def answering(self, desk: Desk, taken: Sequence[tuple[int, Message, MessageIn]]) -> dict[int, Fault]:
        """Note what each service message answers; why those that answer nobody are refused, by their place.

        It is worth nothing once a day has gone since the person wrote.
        """
        faults = await self._replying(desk, taken)
        service = [(n, message) for n, asked, message in taken if asked.purpose == "service" and n not in faults]
        if not service:
            return faults
        values = {
            "client": desk.client,
            "recipients": ByteaArray.of([message.recipient_index for _, message in service]),
            "since": desk.now - _CONVERSATION,
        }
        heard = {index: (row, at) for index, row, at in await self.link.rows("last_heard", values)}
        for n, message in service:
            if message.recipient_index not in heard:
                faults[n] = Fault("service_unanswered", article="CGVU 14.2", pointer="/purpose")
                continue
            row, at = heard[message.recipient_index]
            message.answers, ends = message.answers or UUID(bytes=row), at + _CONVERSATION
            message.expires_at = min(ends, message.expires_at or ends)
        return faults

    async def _replying(self, desk: Desk, taken: Sequence[tuple[int, Message, MessageIn]]) -> dict[int, Fault]:
        """Note which message of the person each one replies to; why those that name none are refused."""
        replies = [(n, asked.reply_to, message) for n, asked, message in taken if asked.reply_to is not None]
        if not replies:
            return {}
        values = {
            "client": desk.client,
            "ids": UuidArray.of([reply_to.bytes for _, reply_to, _ in replies]),
            "recipients": ByteaArray.of([message.recipient_index for _, _, message in replies]),
        }
        known = {UUID(bytes=row) for (row,) in await self.link.rows("said_by", values)}
        for _, reply_to, message in replies:
            message.answers = reply_to if reply_to in known else None
        return {n: Fault("reply_unknown", pointer="/reply_to") for n, reply_to, _ in replies if reply_to not in known}

    async def reach(self, client: UUID, keys: ClientKeys, tried: Rung) -> Reach:
        """What is known of the phone that a rung goes to, at the agent it comes from; nobody is asked for it."""
        recipient = keys.index(channels.identity(tried.to), tried.to)
        values = {"client": client, "recipient": recipient, "agent": tried.short_code or "", "now": clock.now()}
        for capable, features, known_at in await self.link.rows("capability_of", values):
            return Reach(capable, known_at, features)
        return Reach()

    async def verdict(
        self, desk: Desk, tried: Rung, message: MessageIn, ends: datetime | None, keys: ClientKeys, consents: bool
    ) -> gate.Verdict:
        """What the gate would say of one channel of a message now. `ends`: until when it is tried.

        `consents`: a consent comes with it.
        """
        kind = channels.identity(tried.to)
        values = {
            "client": desk.client,
            "channel": channels.TRAITS[tried.channel].permission,
            "recipients": ByteaArray.of([keys.index(kind, tried.to)]),
            "numbers": ByteaArray.of([self.keystore.platform().index(kind, tried.to)]),
        }
        facts = client_facts(desk.owner, await self.link.rows("client_facts", values))
        allowed = {purpose: state for _, purpose, state in await self.link.rows("permissions_of", values)}
        banned = bool(await self.link.rows("platform_suppressed", values))
        wrote = None
        if tried.channel == "whatsapp":
            lately = await self.link.rows("last_written", values | {"now": desk.now})
            wrote = lately[0][1] if lately else None
        permission = allowed.get(message.purpose) or ("granted" if consents else None)
        left_eur = None if facts.left_micro is None else Decimal(facts.left_micro) / 1_000_000
        known = gate.Facts(
            facts.suspended, facts.policy, left_eur, None, permission, allowed.get("all") == "opposed", banned,
            facts.channels_off, wrote_at=wrote,
        )  # fmt: skip
        asked = gate.Message(
            message.purpose, tried.to, tried.text, tried.sender, tried.short_code, message.zone,
            tried.unit_price_eur * tried.parts, ends, tried.channel, tried.content,
        )  # fmt: skip
        return gate.judge(asked, known, message.due_at or desk.now)


async def _again(pause_s: float, duty: Callable[[], Awaitable[Any]]) -> None:
    while True:
        await asyncio.sleep(pause_s)
        try:
            await duty()
        except (psycopg.Error, Fault) as error:
            log.error("ingest.duty_failed", duty=getattr(duty, "__name__", ""), error=type(error).__name__)
