"""What has to be looked at now and then: heartbeat, health, leases, receipts that never came, campaigns over."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.types.json import Jsonb

from sofy.engine.claim import Claims
from sofy.engine.item import Item
from sofy.engine.ladder import Ladders
from sofy.engine.link import HotLink
from sofy.engine.recovery import Held, held_by, release
from sofy.engine.routes import HEALTH_EVERY_S, RouteTable
from sofy.kernel import clock, ids
from sofy.kernel.clauses import clause

log = structlog.get_logger(__name__)

QUALITY_EVERY_S = 10.0
HORIZON_EVERY_S = 10.0
CAMPAIGNS_EVERY_S = 1.0
LADDERS_EVERY_S = 0.5
FORGET_EVERY_S = 60.0
#: How long ago a message may have been submitted whose key is written only now: its engine was cut off meanwhile.
_WRITTEN_WITHIN = timedelta(days=3)
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
#: How long messages, what became of them and what was answered are kept about a person.
KEPT = timedelta(days=3 * 365)
#: What programs asked of the API is there for their developers for this long.
REQUESTS_KEPT = timedelta(days=7)
#: An Idempotency-Key is free again after this long.
ANSWERS_KEPT = timedelta(hours=24)
#: Of so many clients so many messages at a time: the other duties wait meanwhile, for less than a second.
_FORGET_CLIENTS, _FORGET_MESSAGES = 5, 2_000


class Sweepers:
    """Everything periodic of one engine, on the connection for house work."""

    def __init__(
        self,
        link: HotLink,
        instance: UUID,
        table: RouteTable,
        claims: Mapping[str, Claims],
        items: Mapping[UUID, Item],
        ladder: Ladders,
    ) -> None:
        self._link = link
        self._me = instance
        self._table = table
        self._claims = claims
        self._items = items
        self._ladder = ladder
        self._looked: dict[bytes, datetime] = {}
        self._waiting: dict[UUID, UUID] = {}
        self._sampled_at = time.monotonic()
        self._duties: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (LADDERS_EVERY_S, self._ladders),
            (CAMPAIGNS_EVERY_S, self._campaigns),
            (2.0, self._beat),
            (HEALTH_EVERY_S, self._health),
            (QUALITY_EVERY_S, self._quality),
            (HORIZON_EVERY_S, self._horizon),
            (20.0, self._orphans),
            (60.0, self._leases),
            (FORGET_EVERY_S, self._forget_people),
            (3600.0, self._forget),
        ]

    async def run(self) -> None:
        """Each duty at its pace, one after the other; a duty that fails is tried again at its next turn."""
        await self._beat()
        due = {n: time.monotonic() + every for n, (every, _) in enumerate(self._duties)}
        while True:
            await asyncio.sleep(max(0.05, min(due.values()) - time.monotonic()))
            for n, (every, duty) in enumerate(self._duties):
                if due[n] > time.monotonic():
                    continue
                due[n] = time.monotonic() + every
                try:
                    await duty()
                except psycopg.Error as error:
                    log.error("engine.sweep_failed", duty=duty.__name__, error=repr(error))

    async def leave(self) -> None:
        """This engine ends in order."""
        await self._link.run("end_claims", {"me": self._me})
        await self._link.run("leave", {"me": self._me})

    async def _beat(self) -> None:
        await self._link.run("beat", {"me": self._me, "host": socket.gethostname(), "pid": os.getpid()})

    async def _health(self) -> None:
        elapsed_s = max(0.001, time.monotonic() - self._sampled_at)
        self._sampled_at = time.monotonic()
        for key, running in list(self._table.running.items()):
            health, done = running.connector.health(), running.counters
            now_counted = done.copy()
            counted = now_counted.since(running.sampled)
            values = counted | {
                "codes": Jsonb(counted["codes"]),
                "factor": self._table.choice.circuit(key).factor,
                "route": UUID(bytes=key),
                "now": clock.now(),
                "me": self._me,
                "binds_up": health.binds_up,
                "binds_down": max(0, health.binds - health.binds_up),
                "in_flight": health.in_flight,
                "waiting": health.queued,
                "rate_per_s": counted["handed_over"] / elapsed_s,
                "problem": health.last_error or None,
            }
            running.sampled = now_counted
            await self._link.run("write_health", values)

    async def _quality(self) -> None:
        if (values := self._table.choice.take_told(self._me)) is not None:
            await self._link.run("note_quality", values)

    async def _ladders(self) -> None:
        while await self._ladder.step():
            pass

    async def _campaigns(self) -> None:
        """As long as one waiting message of a campaign is known, nothing else of it is looked at."""
        known = {"campaigns": list(self._waiting), "messages": list(self._waiting.values())}
        for client, key, message in await self._link.rows("finished_campaigns", known):
            campaign = UUID(bytes=key)
            if message is not None:
                self._waiting[campaign] = UUID(bytes=message)
                continue
            self._waiting.pop(campaign, None)
            payload = msgspec.json.encode({"campaign_id": str(campaign)}).decode()
            values = {"client": UUID(bytes=client), "campaign": campaign, "now": clock.now()}
            values |= {"id": ids.uuid7(), "topic": "campaign.finished", "payload": payload}
            await self._link.run("finish_campaign", values)

    async def _horizon(self) -> None:
        """The first look at a route goes back to the beginning, later ones to what may have been written since."""
        now = clock.now()
        for key, horizon_s in list(self._table.horizons_s.items()):
            before = now - timedelta(seconds=horizon_s)
            after = self._looked[key] - _WRITTEN_WITHIN if key in self._looked else _BEGINNING
            values: dict[str, Any] = {"route": UUID(bytes=key), "before": before, "after": after, "now": now}
            for (client,) in await self._link.rows("overdue", values):
                await self._link.run("expire_unreceipted", values | {"client": UUID(bytes=client)})
            self._looked[key] = before

    async def _orphans(self) -> None:
        """Messages that are ours in the database but not in memory: the answer to a claim, or to a return, was lost.

        Whether it was lost or is only on its way is known while nobody claims.
        """
        if not await self._strays():
            return
        async with contextlib.AsyncExitStack() as pause:
            for claims in self._claims.values():
                await pause.enter_async_context(claims.turn)
            await release(self._link, await self._strays())

    async def _strays(self) -> Held:
        held = await held_by(self._link, self._me)
        return {key: claim for key, claim in held.items() if UUID(bytes=key[16:]) not in self._items}

    async def _leases(self) -> None:
        await self._link.run("renew_leases", {"me": self._me})
        await self._link.run("end_claims", {"me": self._me})
        for client, claim, messages in await self._link.rows("dead_leases", {}):
            log.warning("engine.lease_over", client=str(UUID(bytes=client)), claim=str(UUID(bytes=claim)))
            values = {"client": UUID(bytes=client), "now": clock.now(), "claims": [UUID(bytes=claim)]}
            values |= {"messages": [UUID(bytes=message) for message in messages]}
            await self._link.run("give_up", values)
            await self._link.run("forget_claims", values)

    @clause("DPA 12")
    async def _forget_people(self) -> None:
        at = clock.now() - KEPT
        values = {"at": at, "before": ids.before(at), "n": _FORGET_MESSAGES, "clients": _FORGET_CLIENTS}
        for (client,) in await self._link.rows("clients_to_forget", values):
            for name in ("forget_messages", "forget_answers"):
                await self._link.run(name, values | {"client": UUID(bytes=client)})

    async def _forget(self) -> None:
        await self._link.run("forget_writers", {"at": clock.now() - KEPT})
        await self._link.run("forget_aliases", {"at": clock.now() - KEPT})
        await self._link.run("forget_capabilities", {"now": clock.now()})
        await self._link.run("forget_old", {"now": clock.now()})
        await self._link.run("forget_quality", {"now": clock.now()})
        await self._link.run("forget_requests", {"before": clock.now() - REQUESTS_KEPT})
        await self._link.run("forget_answers_given", {"before": clock.now() - ANSWERS_KEPT})
        await self._link.run("forget_receipt_keys", {"now": clock.now()})
        await self._link.run("forget_smpp_parts", {"now": clock.now()})
