"""A database connection that comes back: when the server is away, the engine waits instead of failing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
import structlog

from sofy.engine import db

log = structlog.get_logger(__name__)
T = TypeVar("T")
Hot = psycopg.AsyncConnection[Any]

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 3.0
#: What a server says while it stops, starts or cuts a connection, besides the errors of a dead socket.
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)


class HotLink:
    """One connection for one duty (claims, outcomes, receipts...), so that duties never wait for one another."""

    def __init__(self, url: str, duty: str, *, prepared: bool = True) -> None:
        self.duty = duty
        self.up = False
        self.losses = 0
        self._url = url
        self._prepared = prepared
        self._connection: Hot | None = None
        self._lock = asyncio.Lock()

    async def call(self, work: Callable[[Hot], Awaitable[T]]) -> T:
        """Run `work` on the connection, again and again while the database is away.

        `work` must be safe to repeat: the answer to a commit may have been lost with the connection.
        """
        pause_s = _FIRST_PAUSE_S
        async with self._lock:
            while True:
                try:
                    return await work(await self._open())
                except _AWAY as error:
                    if isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
                        raise
                    await self._lost(error)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def rows(self, name: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What one named statement answers; a uuid as 16 bytes."""

        async def work(conn: Hot) -> list[tuple[Any, ...]]:
            return await (await conn.execute(db.sql(name), values, binary=True)).fetchall()

        return await self.call(work)

    async def run(self, name: str, values: dict[str, Any]) -> int:
        """Carry one named statement out; answers how many rows it touched."""

        async def work(conn: Hot) -> int:
            return (await conn.execute(db.sql(name), values)).rowcount

        return await self.call(work)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _open(self) -> Hot:
        if self._connection is None or self._connection.closed:
            self._connection = await db.connect_hot(self._url, prepared=self._prepared)
            if not self.up and self.losses:
                log.info("engine.database_back", duty=self.duty)
            self.up = True
        return self._connection

    async def _lost(self, error: Exception) -> None:
        if self.up or not self.losses:
            log.warning("engine.database_away", duty=self.duty, error=type(error).__name__)
        self.up = False
        self.losses += 1
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
