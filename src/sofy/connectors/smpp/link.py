"""One bind that comes back by itself."""

import asyncio
import random
import ssl
from collections.abc import Callable

import structlog

from sofy.connectors.smpp.config import Config
from sofy.wire.smpp.session import BindKind, BindRefused, ClientSession, Listener, SessionSettings

log = structlog.get_logger(__name__)


class Link:
    """Connects, binds, and does so again with growing, jittered pauses when the connection ends."""

    def __init__(
        self, number: int, kind: BindKind, config: Config, listener: Listener, on_change: Callable[[], None]
    ) -> None:
        self.number = number
        self.kind = kind
        self.session: ClientSession | None = None
        self.last_error = ""
        self._config = config
        self._listener = listener
        self._on_change = on_change
        self.stopping = False
        self._settings = SessionSettings(
            system_id=config.system_id,
            password=config.password,
            system_type=config.system_type,
            kind=kind,
            window=config.window,
            response_timeout_s=config.response_timeout_s,
            enquire_link_s=config.enquire_link_s,
            enquire_timeout_s=config.enquire_timeout_s,
        )

    @property
    def up(self) -> bool:
        """Whether it is bound now."""
        return self.session is not None and self.session.bound

    async def run(self) -> None:
        """Keep the bind alive until `stop`."""
        failures = 0
        doubtful = False
        while not self.stopping:
            worked = False
            try:
                await self._connect(doubtful)
                self._on_change()
                assert self.session is not None
                self.last_error = await self.session.closed
                doubtful = self.session.doubtful
                worked = self.session.heard > 0 and not doubtful
            except (OSError, ssl.SSLError, BindRefused, TimeoutError) as error:
                self.last_error = str(error) or type(error).__name__
            finally:
                self._drop()
            failures = 1 if worked else failures + 1  # a link that carried messages is worth coming back to soon
            if not self.stopping:
                log.warning("smpp.link_down", bind=self.number, kind=self.kind.value, reason=self.last_error)
                await asyncio.sleep(self._pause_s(failures))

    async def stop(self, grace_s: float) -> None:
        """Log out; `run` then ends."""
        self.stopping = True
        if self.session is not None:
            await self.session.unbind(grace_s)

    async def _connect(self, doubtful: bool) -> None:
        config = self._config
        loop = asyncio.get_running_loop()
        context = config.tls_context()
        async with asyncio.timeout(config.connect_timeout_s):
            _, session = await loop.create_connection(
                lambda: ClientSession(self._settings, self._listener, doubtful),
                config.host,
                config.port,
                ssl=context,
                server_hostname=(config.tls_server_name or config.host) if context else None,
            )
            self.session = session
            await session.bind()
        log.info("smpp.bound", bind=self.number, kind=self.kind.value, smsc=session.peer_system_id)

    def _drop(self) -> None:
        if self.session is not None:
            self.session.abort(self.last_error)
            self.session = None
            self._on_change()

    def _pause_s(self, failures: int) -> float:
        """Full jitter above half, so that many binds do not come back in step."""
        longest = min(self._config.reconnect_s * 2.0 ** min(failures - 1, 16), self._config.reconnect_max_s)
        return longest * random.uniform(0.5, 1.0)
