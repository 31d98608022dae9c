"""What one webhook is still to be told, in memory for a turn: which delivery may go now.

A delivery waits for those before it that are about the same message, and for nothing else.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from datetime import datetime

import msgspec

from sofy.webhooks.events import Happened


class Delivery(msgspec.Struct, gc=False, eq=False):
    """One request to come. `attempt`: how often it was tried, `since` when."""

    id: bytes
    events: list[Happened]
    attempt: int
    since: datetime
    due_at: datetime

    def about(self) -> set[bytes]:
        """The messages it is about."""
        return {event.message for event in self.events if event.message is not None}


class Queue:
    """Deliveries of one webhook, in the order in which things happened."""

    def __init__(self) -> None:
        self._lines: dict[bytes, deque[Delivery]] = {}
        self._blocked: dict[bytes, int] = {}
        self._ready: list[tuple[datetime, bytes, Delivery]] = []
        self._open = 0

    def __len__(self) -> int:
        """All that are not over: ready, blocked and on their way."""
        return self._open

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Append deliveries; those of one webhook are added in their order."""
        for delivery in deliveries:
            self._open += 1
            before = 0
            for key in delivery.about():
                line = self._lines.setdefault(key, deque())
                before += bool(line)
                line.append(delivery)
            if before:
                self._blocked[delivery.id] = before
            else:
                self._push(delivery)

    def next(self, now: datetime, most: int) -> list[Delivery]:
        """Take deliveries that may go; each comes back by `over` or `again`."""
        found: list[Delivery] = []
        while self._ready and len(found) < most and self._ready[0][0] <= now:
            found.append(heapq.heappop(self._ready)[2])
        return found

    def has_ready(self, now: datetime) -> bool:
        """Whether something may go."""
        return bool(self._ready) and self._ready[0][0] <= now

    def hurry(self, now: datetime) -> None:
        """What waits after a failure need not wait longer."""
        self._ready = [(min(due, now), name, delivery) for due, name, delivery in self._ready]
        heapq.heapify(self._ready)

    def again(self, delivery: Delivery, due_at: datetime) -> None:
        """It failed: what is about the same messages goes on waiting."""
        delivery.due_at = due_at
        self._push(delivery)

    def over(self, delivery: Delivery) -> None:
        """It was taken, or given up: what waited for it may go."""
        self._open -= 1
        for key in delivery.about():
            line = self._lines[key]
            line.popleft()
            if not line:
                del self._lines[key]
                continue
            after = line[0]
            self._blocked[after.id] -= 1
            if not self._blocked[after.id]:
                del self._blocked[after.id]
                self._push(after)

    def _push(self, delivery: Delivery) -> None:
        heapq.heappush(self._ready, (delivery.due_at, delivery.id, delivery))
