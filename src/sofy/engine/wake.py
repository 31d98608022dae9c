"""Being told at once: of new work, and of people who said no elsewhere."""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

from sofy.engine.permissions import STOP_CHANNEL, WAKE_CHANNEL

log = structlog.get_logger(__name__)

_AGAIN_AFTER_S = 1.0


class Listener:
    """Listens on a connection of its own. What it misses while the database is away, facts read again will tell."""

    def __init__(self, url: str, wake: Callable[[], None], refused: Callable[[bytes, bytes], None]) -> None:
        self._url = url
        self._wake = wake
        self._refused = refused

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {WAKE_CHANNEL}")
                    await connection.execute(f"LISTEN {STOP_CHANNEL}")
                    async for notice in connection.notifies():
                        self._hear(notice.channel, notice.payload)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await asyncio.sleep(_AGAIN_AFTER_S)

    def _hear(self, channel: str, payload: str) -> None:
        if channel == WAKE_CHANNEL:
            self._wake()
            return
        client, _, recipient = payload.partition(":")
        try:
            self._refused(bytes.fromhex(client), bytes.fromhex(recipient))
        except ValueError:
            log.warning("engine.notice_unreadable", channel=channel)
