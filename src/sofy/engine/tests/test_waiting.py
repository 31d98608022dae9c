"""Waiting for an event ends with it, with the time, or with the task."""

import asyncio
import time

import pytest

from sofy.engine.waiting import until_set


async def test_it_ends_when_the_event_is_set_and_when_the_time_is_over():
    event = asyncio.Event()

    began = time.monotonic()
    await until_set(event, 0.05)
    waited = time.monotonic() - began
    event.set()
    await until_set(event, 60)

    assert 0.04 < waited < 5
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("steps", range(5))
async def test_a_task_that_is_cancelled_as_the_event_is_set_is_cancelled(steps: int):
    event, ended = asyncio.Event(), asyncio.Event()

    async def for_ever() -> None:
        while not ended.is_set():
            event.clear()
            await until_set(event, 0.5)

    task = asyncio.create_task(for_ever())
    await asyncio.sleep(0.01)
    event.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0.05)

    assert task.cancelled()
    ended.set()
