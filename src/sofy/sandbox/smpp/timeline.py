"""Many things to do later, on one timer."""

import asyncio
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Timeline(Generic[T]):
    """Hands items over when they are due, in batches of one tick. Unit: seconds."""

    def __init__(self, due: Callable[[Sequence[T]], None], tick_s: float = 0.005) -> None:
        self._due = due
        self._tick_s = tick_s
        self._loop = asyncio.get_running_loop()
        self._buckets: dict[int, list[T]] = {}
        self._order: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def add(self, after_s: float, item: T) -> None:
        """Have `item` handed over after a delay."""
        tick = int((self._loop.time() + after_s) / self._tick_s) + 1
        bucket = self._buckets.get(tick)
        if bucket is None:
            bucket = self._buckets[tick] = []
            heappush(self._order, tick)
            if self._timer is None or tick < self._next:
                self._arm(tick)
        bucket.append(item)

    def stop(self) -> None:
        """Forget everything."""
        if self._timer is not None:
            self._timer.cancel()
        self._buckets.clear()
        self._order.clear()

    def _arm(self, tick: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = tick
        self._timer = self._loop.call_at(tick * self._tick_s, self._run)

    def _run(self) -> None:
        self._timer = None
        now = int(self._loop.time() / self._tick_s)
        while self._order and self._order[0] <= now:
            self._due(self._buckets.pop(heappop(self._order)))
        if self._order:
            self._arm(max(self._order[0], now + 1))
