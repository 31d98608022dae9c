"""Questions to the database while a program waits for its answer: given up after some seconds."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from sofy.engine.link import HotLink
from sofy.ingest.problems import Fault

T = TypeVar("T")
#: A program is told after this long that the database is away.
PATIENCE_S: Final = 10.0


async def patiently(asked: Awaitable[T]) -> T:
    """An answer, as long as it comes in time. Raises: Fault database_away."""
    try:
        return await asyncio.wait_for(asked, PATIENCE_S)
    except TimeoutError:
        raise Fault("database_away", 503, retry_after_s=5) from None


class Reader:
    """Named statements on a link, each answered or given up."""

    def __init__(self, link: HotLink) -> None:
        self._link = link

    async def rows(self, name: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What a statement answers. Raises: Fault database_away."""
        return await patiently(self._link.rows(name, values))

    async def run(self, name: str, values: dict[str, Any]) -> int:
        """How many rows a statement touched. Raises: Fault database_away."""
        return await patiently(self._link.run(name, values))

    async def close(self) -> None:
        await self._link.close()
