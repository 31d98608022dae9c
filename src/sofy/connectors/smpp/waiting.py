"""Parts that wait for the wire: alerts before marketing, throttled parts of a lane before its fresh ones."""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from uuid import UUID

import msgspec

from sofy.connectors.smpp.encoder import Part


class Lane(msgspec.Struct, gc=False, eq=False):
    """What waits for one purpose. `again`: throttled parts, a heap by order; `last`: the part that left last."""

    fresh: deque[Part] = msgspec.field(default_factory=deque)
    again: list[Part] = msgspec.field(default_factory=list)
    last: Part | None = None

    def __len__(self) -> int:
        return len(self.fresh) + len(self.again)

    def __iter__(self) -> Iterator[Part]:
        yield from self.again
        yield from self.fresh


class Waiting:
    """Both lanes. A code is worth nothing after a minute; a promotion may wait for a thousand codes."""

    def __init__(self) -> None:
        self.alerts, self.marketing = Lane(), Lane()
        self._order = 0

    def __len__(self) -> int:
        return len(self.alerts) + len(self.marketing)

    def __iter__(self) -> Iterator[Part]:
        yield from self.alerts
        yield from self.marketing

    def lane_of(self, part: Part) -> Lane:
        return self.marketing if part.message.purpose == "marketing" else self.alerts

    def add(self, parts: Iterable[Part]) -> None:
        """Parts of one message, in order; they leave after what came before."""
        for part in parts:
            self._order += 1
            part.order = self._order
            self.lane_of(part).fresh.append(part)

    def again(self, part: Part) -> None:
        """A part that could not leave yet: it goes first, in its order."""
        heappush(self.lane_of(part).again, part)

    def next(self) -> tuple[Lane, Part]:
        """The part whose turn it is, with its lane. Raises: IndexError when nothing waits."""
        lane = self.alerts if self.alerts.again or self.alerts.fresh else self.marketing
        return lane, heappop(lane.again) if lane.again else lane.fresh.popleft()

    def take_all(self) -> list[Part]:
        """Everything, in the order it came."""
        parts = sorted(self)
        self.alerts, self.marketing = Lane(), Lane()
        return parts

    def drop(self, messages: set[UUID]) -> None:
        """Forget the parts of these messages."""
        for lane in (self.alerts, self.marketing):
            lane.fresh = deque(part for part in lane.fresh if part.message.message_id not in messages)
            lane.again = sorted(part for part in lane.again if part.message.message_id not in messages)
