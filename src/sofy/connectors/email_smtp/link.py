"""One connection to the mail server that comes back by itself."""

import asyncio
import random
import ssl
from collections.abc import Callable

import structlog

from sofy.connectors.email_smtp.config import Config
from sofy.wire.email.smtp import ClientSession, Listener, Login, Malformed, SetupFailed

log = structlog.get_logger(__name__)

#: A connection that the server closed when nothing had needed it for so long is no trouble: servers do so after minutes
#: of silence. One that is closed sooner may be closed again at once. Source: RFC 5321, 4.5.3.2.7. Unit: seconds.
_RESTED_S = 10.0


class Link:
    """Connects, logs in, and does so again with growing, jittered pauses when the connection ends."""

    def __init__(self, number: int, config: Config, listener: Listener, on_change: Callable[[], None]) -> None:
        self.number = number
        self.session: ClientSession | None = None
        self.last_error = ""
        self.stopping = False
        self._config = config
        self._listener = listener
        self._on_change = on_change
        self._leaving: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether it may carry mails now."""
        return self.session is not None and self.session.ready

    def room(self) -> int:
        """How many mails it takes now; one that carried its share is closed first."""
        session = self.session
        if session is None or not session.ready:
            return 0
        left = self._config.mails_per_connection - session.carried - session.in_flight
        if left <= 0:
            if not session.in_flight and self._leaving is None:
                self._leaving = asyncio.get_running_loop().create_task(session.quit(1.0))
            return 0
        return min(session.room(), left)

    async def run(self) -> None:
        """Keep the connection alive until `stop`."""
        failures, loop = 0, asyncio.get_running_loop()
        while not self.stopping:
            worked = False
            try:
                await self._connect()
                since = loop.time()
                self._on_change()
                assert self.session is not None
                reason = await self.session.closed
                rested = not self.session.cut and loop.time() - since >= _RESTED_S
                worked = self.session.carried > 0 or rested
                self.last_error = "" if self._leaving is not None or rested else reason
            except (OSError, ssl.SSLError, SetupFailed, Malformed, TimeoutError) as error:
                self.last_error = str(error) or type(error).__name__
            finally:
                self._drop()
            failures = 0 if worked else failures + 1
            if not self.stopping:
                if not worked:
                    log.warning("email.link_down", link=self.number, reason=self.last_error)
                await asyncio.sleep(self._pause_s(failures))

    async def stop(self, grace_s: float) -> None:
        """Log out; `run` then ends."""
        self.stopping = True
        if self.session is not None:
            await self.session.quit(grace_s)

    async def _connect(self) -> None:
        config = self._config
        context = config.tls_context()
        server_name = config.tls_server_name or config.host
        direct = context if config.tls == "tls" else None
        async with asyncio.timeout(config.connect_timeout_s):
            _, session = await asyncio.get_running_loop().create_connection(
                lambda: ClientSession(self._listener, response_timeout_s=config.response_timeout_s),
                config.host,
                config.port,
                ssl=direct,
                server_hostname=server_name if direct else None,
            )
            self.session = session
            await session.open(
                config.hello,
                tls=context if direct is None else None,
                tls_name=server_name,
                login=Login(config.user, config.password) if config.user else None,
            )
        self.last_error = ""

    def _drop(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self.session is not None:
            self.session.abort(self.last_error)
            self.session = None
            self._on_change()

    def _pause_s(self, failures: int) -> float:
        """Full jitter above half, so that many connections do not come back in step."""
        if not failures:
            return 0.0
        longest = min(self._config.reconnect_s * 2.0 ** min(failures - 1, 16), self._config.reconnect_max_s)
        return longest * random.uniform(0.5, 1.0)
