"""Waiting for something to happen, but not for ever."""

import asyncio
import contextlib


async def until_set(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, or so long.

    `asyncio.wait_for` may swallow that its task is cancelled in the moment in which the event is set (Python 3.11), and
    a loop around it then never ends.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
