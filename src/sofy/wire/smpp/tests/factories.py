"""What the tests of the session share."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from sofy.wire.smpp.peer import Peer
from sofy.wire.smpp.server import stop_listening


async def true(condition: Callable[[], bool]) -> None:
    """Wait until it is."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def hang_up(server: asyncio.Server, ends: Iterable[Peer | asyncio.StreamWriter]) -> None:
    """Stop listening, and leave no socket open: neither those of `ends` nor one the server has only just accepted.

    `ends` may grow meanwhile. Clients of TLS are to be gone before: an end in its handshake is closed by them.
    """
    await stop_listening(server)
    async with asyncio.timeout(10):
        while _connected(server) or any(isinstance(end, Peer) and end.transport is not None for end in ends):
            for end in ends:
                if isinstance(end, Peer):
                    end.abort("over")
                else:
                    end.transport.abort()
            await asyncio.sleep(0.001)


def _connected(server: asyncio.Server) -> int:
    """How many transports a server made that are not over: there is no public way to ask before Python 3.13."""
    return int(vars(server)["_active_count"])


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
