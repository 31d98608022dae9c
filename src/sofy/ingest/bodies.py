"""The body of a request: whole, bounded in size and in time."""

import asyncio
from typing import Final

from starlette.requests import Request

from sofy.ingest.problems import Fault

LONGEST_BODY: Final = 16 << 20
SLOWEST_BODY_S: Final = 30
#: So often within that time it is looked for slow ones.
_LOOKS: Final = 30
_JSON: Final = "application/json"


async def read_body(request: Request) -> bytes:
    """The body of a request of the API. Raises: Fault media_type, body_encoding, body_too_large, body_slow."""
    if request.headers.get("content-type", _JSON).partition(";")[0].strip().lower() != _JSON:
        raise Fault("media_type", 415)
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Fault("body_encoding", 415)
    return await whole_body(request, LONGEST_BODY)


async def whole_body(request: Request, longest: int) -> bytes:
    """Everything that comes. Raises: Fault body_too_large, body_slow."""
    # In a task of its own: the one of the server that runs this cannot be cancelled.
    reading = asyncio.get_running_loop().create_task(_read(request, longest))
    _patience.begin(reading)
    try:
        return await reading
    except asyncio.CancelledError:
        if not _patience.is_over(reading):
            raise
        raise Fault("body_slow", 408, seconds=SLOWEST_BODY_S) from None
    finally:
        _patience.end(reading)


async def _read(request: Request, longest: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > longest:
            raise Fault("body_too_large", 413, limit=longest >> 20)
        chunks.append(chunk)
    return b"".join(chunks)


class _Patience:
    """One timer for all bodies that are on their way: one of its own costs each request a tenth of its time."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[bytes], float] = {}  # the first began first
        self._over: set[asyncio.Task[bytes]] = set()
        self._looking: asyncio.AbstractEventLoop | None = None

    def begin(self, task: "asyncio.Task[bytes]") -> None:
        """Somebody's body is waited for."""
        loop = asyncio.get_running_loop()
        self._until[task] = loop.time() + SLOWEST_BODY_S
        if self._looking is not loop:
            self._looking = loop
            loop.call_later(SLOWEST_BODY_S / _LOOKS, self._look, loop)

    def is_over(self, task: "asyncio.Task[bytes]") -> bool:
        """Whether it was given up for being slow, and for nothing else."""
        return task in self._over

    def end(self, task: "asyncio.Task[bytes]") -> None:
        """It is there, or will never be."""
        self._until.pop(task, None)
        self._over.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, until in list(self._until.items()):
            if until > now:
                break
            del self._until[task]
            self._over.add(task)
            task.cancel()
        if self._until:
            loop.call_later(SLOWEST_BODY_S / _LOOKS, self._look, loop)
        else:
            self._looking = None


_patience = _Patience()
