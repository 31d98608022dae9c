"""Being told at once: of new work, of people who said no elsewhere, and of messages taken back."""

import asyncio
from collections.abc import Callable, Mapping

import psycopg
import structlog
from psycopg import sql

from sofy.engine.permissions import WAKE_CHANNEL

log = structlog.get_logger(__name__)

_AGAIN_AFTER_S = 1.0


class Listener:
    """Listens on a connection of its own. What it misses while the database is away, facts read again will tell.

    `told`: by channel, what hears a client and one of its people or messages.
    """

    def __init__(self, url: str, wake: Callable[[], None], told: Mapping[str, Callable[[bytes, bytes], None]]) -> None:
        self._url = url
        self._wake = wake
        self._told = told

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    for channel in (WAKE_CHANNEL, *self._told):
                        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    async for notice in connection.notifies():
                        self._hear(notice.channel, notice.payload)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await asyncio.sleep(_AGAIN_AFTER_S)

    def _hear(self, channel: str, payload: str) -> None:
        if channel == WAKE_CHANNEL:
            self._wake()
            return
        client, _, about = payload.partition(":")
        try:
            self._told[channel](bytes.fromhex(client), bytes.fromhex(about))
        except ValueError:
            log.warning("engine.notice_unreadable", channel=channel)
