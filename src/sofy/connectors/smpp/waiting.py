"""Parts that wait for the wire: alerts before marketing, throttled parts of a lane before its fresh ones."""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from uuid import UUID

import msgspec

from sofy.connectors.smpp.encoder import Part


class Lane(msgspec.Struct, gc=False, eq=False):
    """What waits for one purpose: clients take turns, a message each, so that who has little passes who has much.

    `fresh`: by the number of a client's id (a UUID as key costs more than all the rest); `turns`: the same queues;
    `again`: throttled parts, a heap by order; `last`: the part that left last.
    """

    fresh: dict[int, deque[Part]] = msgspec.field(default_factory=dict)
    turns: deque[deque[Part]] = msgspec.field(default_factory=deque)
    again: list[Part] = msgspec.field(default_factory=list)
    last: Part | None = None
    count: int = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Part]:
        yield from self.again
        for parts in self.fresh.values():
            yield from parts

    def add(self, part: Part) -> None:
        """After what its client has here."""
        client = part.message.client_id.int
        mine = self.fresh.get(client)
        if mine is None:
            mine = self.fresh[client] = deque()
            self.turns.append(mine)
        mine.append(part)
        self.count += 1

    def next(self) -> Part:
        """The part whose turn it is. Raises: IndexError when nothing waits."""
        if self.again:
            self.count -= 1
            return heappop(self.again)
        mine = self.turns[0]
        part = mine.popleft()
        self.count -= 1
        if not mine:
            self.turns.popleft()
            del self.fresh[part.message.client_id.int]
        elif part.index == part.of - 1:  # parts of one message stay together
            self.turns.rotate(-1)
        return part


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
            self.lane_of(part).add(part)

    def again(self, part: Part) -> None:
        """A part that could not leave yet: it goes first, in its order."""
        lane = self.lane_of(part)
        heappush(lane.again, part)
        lane.count += 1

    def next(self) -> tuple[Lane, Part]:
        """The part whose turn it is, with its lane. Raises: IndexError when nothing waits."""
        lane = self.alerts if self.alerts.count else self.marketing
        return lane, lane.next()

    def take_all(self) -> list[Part]:
        """Everything, in the order it came."""
        parts = sorted(self)
        self.alerts, self.marketing = Lane(), Lane()
        return parts

    def drop(self, messages: set[UUID]) -> None:
        """Forget the parts of these messages."""
        left = [part for part in sorted(self) if part.message.message_id not in messages]
        again = {id(part) for lane in (self.alerts, self.marketing) for part in lane.again}
        self.alerts, self.marketing = Lane(last=self.alerts.last), Lane(last=self.marketing.last)
        for part in left:
            if id(part) in again:
                self.again(part)
            else:
                self.lane_of(part).add(part)
