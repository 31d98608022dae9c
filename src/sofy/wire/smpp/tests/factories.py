"""What the tests of the session share."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from sofy.wire.smpp.peer import Peer


async def true(condition: Callable[[], bool]) -> None:
    """Wait until it is."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def hang_up(ends: Iterable[Peer]) -> None:
    """Close what a test left open."""
    connected = [end for end in ends if end.transport is not None]
    for end in connected:
        end.abort("over")
    for end in connected:
        await end.closed


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False
        self.unsent = 0

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...
