"""`sofy notify`: webhooks take turns in as many processes as there are, until everything is told."""

import asyncio
import contextlib
import gc
import os
import signal
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

import structlog

from sofy.engine.db import role_url
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.kernel import clock, ids
from sofy.kernel.config import Config
from sofy.webhooks.courier import Courier
from sofy.webhooks.desk import Desk, Endpoint
from sofy.webhooks.turn import Turn

log = structlog.get_logger(__name__)

#: Webhooks a process takes at a time, so that processes share them, and has at once.
TAKEN_TOGETHER: Final = 2
MOST_TURNS: Final = 500
LOOK_EVERY_S: Final = 0.2
_LINKS: Final = 2
_LOOK_UPS: Final = 100
TIDY_EVERY_S: Final = 600.0
#: Deliveries are shown so long; a webhook that is disabled finds what it missed when it is at work again within this.
DELIVERIES_KEPT, NOTICES_KEPT = timedelta(days=30), timedelta(days=7)
_GIVES_WAY: Final = 10
_FORGOTTEN_AT_ONCE: Final = 10_000


class Notify:
    """One process. It shares nothing with others but the database."""

    def __init__(self, config: Config, url: str | None = None, *, resolver: Any = None) -> None:
        url = url or role_url(config, "sofy_engine")
        self.me = ids.uuid7()
        self._keystore = KeyStore(config)
        self._config = config
        self._resolver = resolver
        self._link = HotLink(url, "webhooks", prepared=False)
        self._reads = [HotLink(url, f"webhook reads {n}", prepared=False) for n in range(_LINKS)]
        self._writes = [HotLink(url, f"webhook writes {n}") for n in range(_LINKS)]
        self._turns: dict[asyncio.Task[None], Turn] = {}
        self._next = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Tell webhooks what there is for as long as the block lasts; turns that run are ended in order."""
        # Looking a name up blocks a thread: slow names of some must not keep others waiting.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_LOOK_UPS, "names"))
        self._courier = Courier(production=self._config.production, resolver=self._resolver)
        duties = [asyncio.create_task(self._look()), asyncio.create_task(self._tidy())]
        try:
            yield
        finally:
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)
            for turn in self._turns.values():
                turn.end()
            if self._turns:
                await asyncio.wait(self._turns, timeout=20)
            await self._courier.close()
            await asyncio.gather(*(link.close() for link in (self._link, *self._reads, *self._writes)))

    async def _look(self) -> None:
        """Give turns to webhooks that have something to be told."""
        while True:
            began, taken = time.monotonic(), 0
            if room := min(TAKEN_TOGETHER, MOST_TURNS - len(self._turns)):
                values = {"me": self.me, "now": clock.now(), "n": room}
                for row in await self._link.rows("claim_webhooks", values):
                    taken += 1
                    self._begin(row)
            # Looking at many idle webhooks may take long: it must not become what the database is busy with.
            pause_s = LOOK_EVERY_S / 10 if taken == TAKEN_TOGETHER else LOOK_EVERY_S
            await asyncio.sleep(max(pause_s, 10 * (time.monotonic() - began)))

    def _begin(self, row: tuple[Any, ...]) -> None:
        client, name, events, *others = row
        endpoint = Endpoint(ids.from_bytes(client), ids.from_bytes(name), frozenset(events), *others)
        self._next = (self._next + 1) % _LINKS
        desk = Desk(self._reads[self._next], self._writes[self._next], self.me, endpoint)
        turn = Turn(endpoint, desk, self._courier, self._keystore)
        task = asyncio.create_task(_whole(turn, desk, endpoint))
        self._turns[task] = turn
        task.add_done_callback(lambda done: self._turns.pop(done, None))

    async def _tidy(self) -> None:
        """Forget what is old, and webhooks that were removed."""
        while True:
            now = clock.now()
            for client, endpoint, state, because in await self._link.rows("webhooks_to_tidy"):
                values = {
                    "client": ids.from_bytes(client),
                    "endpoint": ids.from_bytes(endpoint),
                    "n": _FORGOTTEN_AT_ONCE,
                    "before": ids.before(now - DELIVERIES_KEPT),
                    "at": now if state == "off" else now - NOTICES_KEPT,
                }
                for name in ("forget_deliveries", *(("forget_notices",) if state != "active" else ())):
                    while await self._link.run(name, values) == _FORGOTTEN_AT_ONCE:
                        await asyncio.sleep(0.1)
                if because == "removed":
                    await self._link.run("forget_webhook", values)
            await asyncio.sleep(TIDY_EVERY_S)


async def _whole(turn: Turn, desk: Desk, endpoint: Endpoint) -> None:
    try:
        await turn.run()
    except Exception as error:  # one webhook must not end the others; its lease runs out by itself
        log.error("notify.fault", webhook=str(endpoint.id), error=type(error).__name__)
        return
    await desk.release()


async def main(config: Config, url: str | None = None) -> None:
    """Run until SIGTERM or SIGINT."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    os.nice(_GIVES_WAY)  # where processors are short, messages leave before anybody is told of them
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    notify = Notify(config, url)
    async with notify.open():
        await over
