"""`sofy smpp`: one process that serves SMPP, from settings to an orderly end. Any number may run."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import psycopg
import structlog

from sofy.engine.db import role_url
from sofy.engine.link import HotLink
from sofy.ingest.house import House
from sofy.ingest.problems import Fault
from sofy.kernel.config import Config
from sofy.smsc import accounts, certificates
from sofy.smsc.accounts import Accounts
from sofy.smsc.deliveries import Deliveries
from sofy.smsc.door import Door
from sofy.smsc.parts import Parts
from sofy.smsc.requests import Requests
from sofy.smsc.submits import Submits, message
from sofy.wire.smpp.server import stop_listening

log = structlog.get_logger(__name__)

#: Whoever is being answered has so long when the process ends. Unit: seconds.
GRACE_S: Final = 6.0
_PARTS_S: Final = 30.0


class Server:
    """Listeners and duties of one process. `port` and `tls_port`: where it listens, 0 when it does not."""

    def __init__(self, config: Config, url: str | None = None) -> None:
        url = url or role_url(config, "sofy_engine")
        self._config = config
        self.house = House(config, url)
        self._links = [HotLink(url, duty, prepared=False) for duty in ("smpp binds", "smpp parts", "smpp receipts")]
        binds, parts, receipts = self._links
        self.accounts = Accounts(binds, url, lambda account: self.door.end(account))
        self.parts = Parts(parts, message)
        submits = Submits(self.house, self.parts)
        requests = Requests(self.house, submits, self.parts)
        self._deliveries = Deliveries(receipts, self.house.keystore, self.accounts.process)
        self.door = Door(self.accounts, submits, requests, self._deliveries)
        self._listening: list[asyncio.Server] = []
        self.port = self.tls_port = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Server"]:
        """Serve for as long as the block lasts."""
        async with self.house.open():
            duties = [
                asyncio.create_task(self.accounts.listen()),
                asyncio.create_task(_again(accounts.RENEW_S, self.accounts.renew)),
                asyncio.create_task(_again(_PARTS_S, self.parts.give_up)),
            ]
            try:
                await self._listen()
                yield self
            finally:
                for server in self._listening:
                    await stop_listening(server)
                await self.door.leave(GRACE_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._deliveries.stop(), 2.0)
                for duty in duties:
                    duty.cancel()
                await asyncio.gather(*duties, return_exceptions=True)
                await asyncio.gather(*(link.close() for link in self._links))

    async def _listen(self) -> None:
        config, loop = self._config, asyncio.get_running_loop()
        plain = await loop.create_server(self.door.new, config.smpp_host, config.smpp_port)
        self._listening.append(plain)
        self.port = plain.sockets[0].getsockname()[1]
        if (context := certificates.context(config)) is not None:
            tls = await loop.create_server(
                self.door.new, config.smpps_host, config.smpps_port, ssl=context, ssl_handshake_timeout=10
            )
            self._listening.append(tls)
            self.tls_port = tls.sockets[0].getsockname()[1]
        log.info("smpp.listening", port=self.port, tls_port=self.tls_port)


async def main(config: Config, url: str | None = None, ready: Callable[[Server], Any] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is called once it listens."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with Server(config, url).open() as server:
        # Messages live for a moment and point at nothing that points back: collecting cycles over them is wasted time.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        if ready is not None:
            ready(server)
        await over.wait()


async def _again(pause_s: float, duty: Callable[[], Awaitable[Any]]) -> None:
    while True:
        await asyncio.sleep(pause_s)
        try:
            await duty()
        except (psycopg.Error, Fault) as error:
            log.error("smpp.duty_failed", duty=getattr(duty, "__name__", ""), error=type(error).__name__)
        except accounts.NotAdmitted as error:  # the database is away
            log.error("smpp.duty_failed", duty=getattr(duty, "__name__", ""), error=error.code)
