"""Who has the channel at all: what suppliers said of phones, kept for every engine, and asked for many at a time.

A campaign's people are asked about together, ten thousand in a request, before their messages leave; whoever is known
not to have the channel is not tried, and the next rung begins. Of a single message the supplier's answer to it says as
much: it is noted, and nobody is asked first. What is known is believed for as long as the route says. Whom a supplier
wants left alone is not reached by marketing for as long either, and is kept with it.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import psycopg
import structlog

from sofy.connectors.base import NOT_RCS, Accepted, Outcome, Reach, Refused, Rest
from sofy.engine.aliases import Aliases
from sofy.engine.db import sql
from sofy.engine.intake import decode_payload
from sofy.engine.item import Batch, Item
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import ByteaArray, Int2Array, TextArray, TimeArray, micros
from sofy.engine.routes import Route, RouteTable, Running
from sofy.kernel import clock, ids
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused as NoKey

log = structlog.get_logger(__name__)

#: So many are asked about at once, and written so.
AT_ONCE: Final = 10_000
_WRITTEN_AT_ONCE: Final = 1_000
#: A supplier that said nothing of anybody is left alone this long.
_SILENT_S: Final = 30.0
#: Messages that leave within this time are asked about with those that leave now.
_AHEAD: Final = timedelta(hours=1)
_MOST_HEARD: Final = 50_000
#: Where a question of some seconds holds nobody up who is in a hurry.
_ASKED_IN: Final = "marketing.rcs"


class Known(NamedTuple):
    """What is known of a person at an agent. Unit: seconds for `age_s`."""

    recipient: bytes
    agent: str
    reach: Reach
    age_s: float


class Capabilities:
    """Asks, notes what is said, and writes it down."""

    def __init__(self, link: HotLink, keystore: KeyStore, table: RouteTable, aliases: Aliases) -> None:
        self._link = link
        self._keystore = keystore
        self._table = table
        self._aliases = aliases
        self._heard: dict[tuple[bytes, bytes, str], Known] = {}
        self._rest_until: dict[bytes, float] = {}

    async def look_up(self, batch: Batch) -> None:
        """Ask about those people of campaigns in a batch of whom nothing is known, and about those behind them."""
        if batch.lane != _ASKED_IN:
            return
        unknown: dict[bytes, list[Item]] = {}
        for item in batch.items:
            if item.campaign is None or (running := self._asked_of(item)) is None:
                continue
            if item.reach is None or running.route.short_code not in item.reach:
                unknown.setdefault(running.route.id, []).append(item)
        for route, items in unknown.items():
            if self._rest_until.get(route, 0.0) < time.monotonic():
                await self._ask(self._table.running[route], batch, items)

    def hear(self, route: bytes, item: Item, outcome: Outcome) -> None:
        """What the answer to a message says of its person."""
        if item.channel != "rcs":
            if type(outcome) is Refused and outcome.rest_s and (running := self._table.running.get(route)) is not None:
                self._keep(item, running.route.short_code, Reach(there=False), outcome.rest_s)
            return
        there = type(outcome) is Accepted
        if not there and not (type(outcome) is Refused and outcome.code == NOT_RCS):
            return
        running = self._table.running.get(route)
        if running is None or (age_s := running.connector.capability_age_s) <= 0:
            return
        agent = running.route.short_code
        if agent is None or (item.reach is not None and item.reach.get(agent) is there):
            return  # known before: saying it again would make it younger than it is
        self._keep(item, agent, Reach(there), age_s)

    async def leave_alone(self, way: Route | None, rests: Iterable[Rest]) -> None:
        """Note whom the supplier of a route wants left alone, for every client that wrote to them by it."""
        if way is None or not way.short_code:
            return
        by_client: dict[bytes, list[Known]] = {}
        for rest in rests:
            for client, names in (await self._aliases.known_as(way, rest.names)).items():
                known = [Known(name, way.short_code, Reach(there=False), rest.rest_s) for name in names]
                by_client.setdefault(client, []).extend(known)
        for client, rows in by_client.items():
            await self._note(UUID(bytes=client), rows)

    def _keep(self, item: Item, agent: str | None, reach: Reach, age_s: float) -> None:
        if agent is None:
            return
        item.reach = {**(item.reach or {}), agent: reach.there}
        if len(self._heard) < _MOST_HEARD:
            self._heard[item.client, item.recipient, agent] = Known(item.recipient, agent, reach, age_s)

    async def run(self) -> None:
        """Write what was heard, once a second."""
        while True:
            await asyncio.sleep(1.0)
            await self.write()

    async def write(self) -> None:
        """Write down what was heard; what cannot be written will be heard again."""
        heard, self._heard = self._heard, {}
        by_client: dict[bytes, list[Known]] = {}
        for (client, _, _), known in heard.items():
            by_client.setdefault(client, []).append(known)
        for client, rows in by_client.items():
            await self._note(UUID(bytes=client), rows)

    def _asked_of(self, item: Item) -> Running | None:
        """The route that a message would take, where its supplier can be asked about people."""
        ways = self._table.candidates(item.client, item.channel, item.purpose, item.encoding, item.short_code)
        if not ways or ways[0].connector.capability_age_s <= 0 or not ways[0].route.short_code:
            return None
        return ways[0]

    async def _ask(self, running: Running, batch: Batch, items: list[Item]) -> None:
        client, agent = UUID(bytes=batch.client), running.route.short_code or ""
        people = {item.to: item.recipient for item in items}
        if len(people) < AT_ONCE:
            people |= await self._behind(client, batch.lane, agent, AT_ONCE - len(people))
        said = await running.connector.look_up(list(people))
        if not said:
            self._rest_until[running.route.id] = time.monotonic() + _SILENT_S
            return
        age_s = running.connector.capability_age_s
        await self._note(client, [Known(people[to], agent, reach, age_s) for to, reach in said.items() if to in people])
        for item in items:
            if (reach := said.get(item.to)) is not None:
                item.reach = {**(item.reach or {}), agent: reach.there}
        there = sum(reach.there for reach in said.values())
        log.info("engine.looked_up", client=str(client), route=running.route.code, asked=len(people), there=there)

    async def _behind(self, client: UUID, lane: str, agent: str, room: int) -> dict[str, bytes]:
        """The people of the next messages in the queue, as far as nothing is known of them: number -> index."""
        now = clock.now()
        values = {"client": client, "lane": lane, "agent": agent, "n": room, "now": now, "before": now + _AHEAD}
        found: dict[str, bytes] = {}
        try:
            unseal = self._keystore.client(client).opener("engine_message", "payload")
        except NoKey:
            return found
        for mid, recipient, payload in await self._link.rows("next_unknown", values):
            try:
                found[decode_payload(unseal(ids.from_bytes(mid), payload)).to] = recipient
            except (Unreadable, msgspec.DecodeError):
                continue
        return found

    async def _note(self, client: UUID, rows: Iterable[Known]) -> None:
        """In pieces: nobody waits long for a row that another engine writes as well."""
        now, kept = clock.now(), list({(row.recipient, row.agent): row for row in rows}.values())
        kept.sort()

        async def work(conn: Hot) -> None:
            for start in range(0, len(kept), _WRITTEN_AT_ONCE):
                some = kept[start : start + _WRITTEN_AT_ONCE]
                await conn.execute(sql("write_capabilities"), {
                    "client": client, "now": now,
                    "recipients": ByteaArray.of([row.recipient for row in some]),
                    "agents": TextArray.of([row.agent for row in some]),
                    "capable": Int2Array.of([int(row.reach.there) for row in some]),
                    "features": TextArray.of([",".join(sorted(row.reach.features)) for row in some]),
                    "untils": TimeArray.of([micros(now + timedelta(seconds=row.age_s)) for row in some]),
                })  # fmt: skip

        try:
            await self._link.call(work)
        except psycopg.Error as error:
            log.warning("engine.capabilities_not_written", client=str(client), rows=len(kept), error=repr(error))
