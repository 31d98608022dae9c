"""Taking due messages out of the queue, client by client, and reading what the gate must know about them."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Collection
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import structlog

from sofy.engine.db import sql
from sofy.engine.intake import decode_payload
from sofy.engine.item import Batch, Claim, ClientFacts, Item
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import ByteaArray, UuidArray
from sofy.kernel import clock, ids
from sofy.kernel.channels import TRAITS, identity
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused
from sofy.kernel.hours import CONTRACT_HOURS, HoursPolicy

log = structlog.get_logger(__name__)

BIGGEST_CLAIM = 1000
SMALLEST_CLAIM = 50
#: While others come with a few at a time, who has many is taken in smaller claims: each of theirs waits for one.
CLAIM_BESIDE_FEW = 300
_FEW_REMEMBERED_S = 1.0
#: While others fill the buffer, a client who begins is looked for so often; less often after one who brought much.
NEWCOMERS_EVERY_S = 0.1
_AFTER_MUCH_S = 0.3
#: A client whose due rows are all in other engines' hands is left alone this long.
_NOTHING_THERE_S = 0.2


class Claims:
    """The claims of one lane. Each lane has its own connection: alerts never queue behind marketing."""

    def __init__(self, lane: str, link: HotLink, keystore: KeyStore, instance: UUID) -> None:
        self.lane = lane
        self.failures: list[Item] = []
        #: Held from a claim until its messages are in the engine's memory.
        self.turn = asyncio.Lock()
        self._link = link
        self._keystore = keystore
        self._platform = keystore.platform()
        self._number_index = self._platform.indexer("phone")
        self._me = instance
        self._clients: deque[tuple[bytes, int]] = deque()
        self._last = b""
        self._few_until = 0.0
        self._much_at: dict[bytes, float] = {}
        self._rest_until: dict[bytes, float] = {}

    async def take(self, want: int, busy: Collection[bytes] = ()) -> Batch | None:
        """The next client's share of up to `want` messages, with the gate's facts; None when nothing is due.

        Nothing is taken of clients who are `busy`.
        """
        if not self._clients and not await self._next_round():
            return None
        client, seq = self._clients.popleft()
        self._last = client
        if client in busy:
            self._rest_until[client] = time.monotonic() + _NOTHING_THERE_S
            return await self.take(want, busy) if self._clients else None
        most = CLAIM_BESIDE_FEW if time.monotonic() < self._few_until else BIGGEST_CLAIM
        n = min(most, max(SMALLEST_CLAIM, want // (len(self._clients) + 1)))
        values = {"client": UUID(bytes=client), "lane": self.lane, "now": clock.now(), "n": n, "me": self._me}

        async def work(conn: Hot) -> tuple[UUID, list[tuple[Any, ...]]]:
            claim = ids.uuid7()  # another at each try: what one whose answer was lost holds is found
            cursor = await conn.execute(sql("claim"), values | {"id": claim}, binary=True)
            return claim, await cursor.fetchall()

        claim, rows = await self._link.call(work)
        self._note_size(client, len(rows))
        if len(rows) < n:
            taken_elsewhere = await self._settle(client, seq)
            if not rows:
                if taken_elsewhere:
                    self._rest_until[client] = time.monotonic() + _NOTHING_THERE_S
                return await self.take(want, busy) if self._clients else None
        items = self._open(Claim(client, claim.bytes, len(rows)), rows)
        batch = Batch(client, self.lane, deque(items), ClientFacts(), {}, time.monotonic(), 0.0)
        await self.refresh(batch)
        return batch

    async def newcomer(self, known: Collection[bytes]) -> Batch | None:
        """A little of a client of whom nothing is `known` to wait here; None when there is none."""
        await self._next_round()
        self._clients = deque(each for each in self._clients if each[0] not in known)
        return await self.take(SMALLEST_CLAIM) if self._clients else None

    def _note_size(self, client: bytes, taken: int) -> None:
        """Whether somebody comes with a few; what is left of much is not that."""
        moment = time.monotonic()
        if taken >= SMALLEST_CLAIM:
            self._much_at[client] = moment
        elif taken and moment - self._much_at.get(client, -_FEW_REMEMBERED_S) >= _FEW_REMEMBERED_S:
            self._few_until = moment + _FEW_REMEMBERED_S

    async def refresh(self, batch: Batch) -> None:
        """Read what the gate must know about the messages of a batch, as it stands now."""
        by_channel: dict[str, list[Item]] = defaultdict(list)
        for item in batch.items:
            by_channel[TRAITS[item.channel].permission].append(item)
        groups = list(by_channel.items())
        client = UUID(bytes=batch.client)
        campaigns = list({item.campaign for item in batch.items if item.campaign is not None})
        asked: list[tuple[LiteralString, dict[str, Any]]] = [("client_facts", {"client": client})]
        for channel, items in groups:
            values = {"client": client, "channel": channel}
            recipients, numbers = [item.recipient for item in items], [item.number_index for item in items]
            asked.append(("permissions_of", values | {"recipients": ByteaArray.of(recipients)}))
            asked.append(("platform_suppressed", values | {"numbers": ByteaArray.of(numbers)}))
        if campaigns:
            asked.append(("campaign_states", {"client": client, "campaigns": UuidArray.of(campaigns)}))
        rich = [item for item in batch.items if _may_be_absent(item)]
        if rich:
            people = ByteaArray.of([item.recipient for item in rich])
            asked.append(("capabilities_of", {"client": client, "recipients": people, "now": clock.now()}))
        free = [item for item in batch.items if _needs_window(item)]
        if free:
            people = ByteaArray.of([item.recipient for item in free])
            asked.append(("last_written", {"client": client, "recipients": people, "now": clock.now()}))

        async def work(conn: Hot) -> list[list[tuple[Any, ...]]]:
            async with conn.pipeline():
                cursors = [await conn.execute(sql(name), values, binary=True) for name, values in asked]
            return [await cursor.fetchall() for cursor in cursors]

        told = iter(await self._link.call(work))
        batch.facts = client_facts(batch.client, next(told))
        for _, items in groups:
            _note_permissions(items, next(told), next(told))
        batch.campaigns = dict(next(told)) if campaigns else {}
        if rich:
            _note_reach(rich, next(told))
        wrote = dict(next(told)) if free else {}
        for item in free:
            item.wrote_at = wrote.get(item.recipient)
        batch.read_at = time.monotonic()

    async def _next_round(self) -> bool:
        """Who is due now, each once, beginning after whose turn was last: who has more follows those who came since."""
        moment = time.monotonic()
        self._rest_until = {client: until for client, until in self._rest_until.items() if until > moment}
        due = await self._link.rows("due_clients", {"lane": self.lane, "now": clock.now()})
        clients = [(client, seq) for client, seq in due if client not in self._rest_until]
        self._clients = deque(sorted(clients, key=lambda each: each[0] <= self._last))
        return bool(self._clients)

    async def _settle(self, client: bytes, seq: int) -> bool:
        values = {"client": UUID(bytes=client), "lane": self.lane, "seq": seq, "now": clock.now()}
        return any(due for (due,) in await self._link.rows("settle_backlog", values))

    def _open(self, claim: Claim, rows: list[tuple[Any, ...]]) -> list[Item]:
        """Decrypt what was claimed. What cannot be read goes to `failures`: its key is gone, or the data is damaged."""
        client, owner = claim.client, UUID(bytes=claim.client)
        try:
            unseal = self._keystore.client(owner).opener("engine_message", "payload")
        except Refused:
            unseal = _unreadable
        items, number_index, lane = [], self._number_index, self.lane
        for (mid, channel, purpose, campaign, contact, recipient, sender, short_code, zone, payload, parts, encoding,
             price_micro, attempt, avoid, expires_at, due_s, by, answers) in rows:  # fmt: skip
            uid = ids.from_bytes(mid)
            to = text = ""
            content = None
            try:
                opened = decode_payload(unseal(uid, payload))
                to, text, content = opened.to, opened.text, opened.content
            except (Unreadable, msgspec.DecodeError):
                pass
            item = Item(client + mid, client, mid, uid, owner, lane, channel, purpose, campaign, contact, recipient,
                        sender, short_code, zone, to, text, parts, encoding, price_micro, attempt, avoid,
                        expires_at, to[-6:])  # fmt: skip
            item.claim = claim
            item.due_s = due_s
            item.answers = (by, answers) if by is not None and answers else None
            if to:
                item.content = content
                item.number_index = number_index(to) if to[0] == "+" else self._platform.index(identity(to), to)
                items.append(item)
            else:
                self.failures.append(item)
        return items


def next_look(batch: Batch | None) -> float:
    """In how many seconds somebody new is looked for after this claim: after a few there may be a few of others."""
    if batch is None:
        return NEWCOMERS_EVERY_S
    return 0.0 if len(batch.items) < SMALLEST_CLAIM else _AFTER_MUCH_S


def _note_permissions(items: list[Item], permissions: list[tuple[Any, ...]], suppressed: list[tuple[Any, ...]]) -> None:
    """What the people of these messages, of one channel of consent, allow."""
    allowed: dict[str, dict[bytes, str]] = defaultdict(dict)
    for index, purpose, state in permissions:
        allowed[purpose][index] = state
    everything = allowed["all"]
    banned = {row[0] for row in suppressed}
    for item in items:
        item.permission = allowed[item.purpose].get(item.recipient)
        item.suppressed = everything.get(item.recipient) == "opposed"
        item.platform_suppressed = item.number_index in banned


def _note_reach(items: list[Item], known: list[tuple[Any, ...]]) -> None:
    """Which agents reach the phones of these people, and which are known not to."""
    agents: dict[bytes, dict[str, bool]] = defaultdict(dict)
    for index, agent, capable in known:
        agents[index][agent] = capable
    for item in items:
        item.reach = agents.get(item.recipient)


def _may_be_absent(item: Item) -> bool:
    """Whether suppliers say of people that they do not have the channel, or are to get no marketing for a while."""
    return item.channel == "rcs" or (item.channel == "whatsapp" and item.purpose == "marketing")


def _needs_window(item: Item) -> bool:
    """Whether it may only leave to somebody who wrote lately."""
    return item.channel == "whatsapp" and (item.content is None or item.content.template is None)


def _unreadable(row_id: UUID, blob: bytes) -> str:
    raise Unreadable("the key of this client was destroyed")


def client_facts(client: bytes, rows: list[tuple[Any, ...]]) -> ClientFacts:
    """What the gate knows of a client, from the row of the statement of that name; none: nothing stops it."""
    if not rows:
        return ClientFacts()
    state, hours, left_micro, _, channels_off = rows[0]
    policy: HoursPolicy | None = CONTRACT_HOURS
    if hours is not None:
        try:
            policy = msgspec.convert(hours, HoursPolicy)
        except (msgspec.ValidationError, Refused):
            log.error("engine.hours_unreadable", client=str(UUID(bytes=client)))
            policy = None  # it may be narrower than the contract: marketing waits until somebody repairs it
    return ClientFacts(state != "active", policy, left_micro, frozenset(channels_off))
