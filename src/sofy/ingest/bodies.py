"""The body of a request: whole, bounded in size and in time."""

import asyncio
from typing import Final

from starlette.requests import Request

from sofy.ingest.problems import Fault

LONGEST_BODY: Final = 16 << 20
SLOWEST_BODY_S: Final = 30
_JSON: Final = "application/json"


async def read_body(request: Request) -> bytes:
    """The body of a request of the API. Raises: Fault media_type, body_too_large, body_slow."""
    if request.headers.get("content-type", _JSON).partition(";")[0].strip().lower() != _JSON:
        raise Fault("media_type", 415)
    return await whole_body(request, LONGEST_BODY)


async def whole_body(request: Request, longest: int) -> bytes:
    """Everything that comes. Raises: Fault body_too_large, body_slow."""
    chunks, size = [], 0
    try:
        async with asyncio.timeout(SLOWEST_BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > longest:
                    raise Fault("body_too_large", 413, limit=longest >> 20)
                chunks.append(chunk)
    except TimeoutError:
        raise Fault("body_slow", 408, seconds=SLOWEST_BODY_S) from None
    return b"".join(chunks)
