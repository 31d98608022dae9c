"""What is remembered of the traffic of one client: counters that fade, bounded whatever is sent.

Every instant is in epoch seconds and comes from the caller: the same events give the same memory.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from math import exp2
from typing import Final, TypeVar

import msgspec

V = TypeVar("V")

#: A range counts what it saw lately: half of it is forgotten after a quarter of an hour.
LATELY_S: Final = 900.0
#: What is usual for a client is learned and forgotten over weeks.
USUALLY_S: Final = 14 * 86400.0
#: Suspicion that nothing feeds fades within a day: who pumps a few messages an hour is not forgotten in between.
SUSPICION_S: Final = 6 * 3600.0
#: A fresh number so long after the one before, in its range, came by itself: not with others in one go.
APART_S: Final = 90.0
#: Of the codes of people who used theirs before so few were used lately that no report can have come in.
_FEW_REGULARS: Final = 0.3
#: Clients that write to one range within this time, of whom so many are counted, are a crowd.
CROWD_S, CROWD = 3600.0, 16
#: Of so many codes it has to be known what came of them, before anything is said of more.
FEW: Final = 12
#: So few of all messages have a code that is used: a client that tells nothing, or pumping that fakes some.
_HARDLY: Final = 0.12
#: So many ranges, numbers and messages are remembered per client and purpose.
RANGES, NUMBERS, SENT = 16384, 16384, 20_000


class Range(msgspec.Struct, gc=False, eq=False):
    """One range of numbers, as one client writes to it for one purpose.

    `fresh`: numbers written to lately that were not known before. `usual`: messages before that. `unused` and `runs`:
    how much codes that nobody used, and numbers in a row, speak for fraud. `instant`, `silent`, `slow`: receipts that
    came at once, never, or as they should. `hours`: fresh numbers of the last hours; `apart`: those that came each
    by itself.
    """

    fresh: float = 0.0
    usual: float = 0.0
    usual_at: float = 0.0
    at: float = 0.0
    unused: float = 0.0
    runs: float = 0.0
    hours: float = 0.0
    apart: float = 0.0
    fresh_at: float = -1e12
    nearby: deque[int] = msgspec.field(default_factory=lambda: deque(maxlen=48))
    used: float = 0.0
    left: float = 0.0
    instant: float = 0.0
    silent: float = 0.0
    slow: float = 0.0
    again: float = 0.0
    held: float = 0.0
    sent: float = 0.0
    squares: float = 0.0

    def fade(self, now: float) -> None:
        """Bring everything to the present."""
        gone = now - self.at
        if gone <= 0:
            return
        self.at = now
        lately = exp2(-gone / LATELY_S)
        self.fresh *= lately
        self.again *= lately
        if self.squares:
            self.squares *= lately * lately
        longer = exp2(-gone / SUSPICION_S)
        self.held *= longer
        self.unused *= longer
        self.runs *= lately
        self.used *= longer
        self.left *= longer
        self.instant *= longer
        self.silent *= longer
        self.slow *= longer
        self.sent *= longer
        self.hours *= longer
        self.apart *= longer

    @property
    def told(self) -> float:
        """Messages of which it is known what receipt came."""
        return self.instant + self.silent + self.slow

    def usually(self, now: float) -> float:
        return self.usual * exp2(-max(0.0, now - self.usual_at) / USUALLY_S)

    def usually_before(self, now: float) -> float:
        """What was usual before the last hours."""
        return max(0.0, self.usually(now) - self.hours)

    def settled(self, now: float) -> float:
        """What is usual without what lately came by itself, as pumping in drips does."""
        return max(0.0, self.usually(now) - self.apart)

    def learn(self, now: float, weight: float = 1.0) -> None:
        """One message more that nothing was wrong with."""
        self.usual = self.usually(now) + weight
        self.usual_at = now


class Sent(msgspec.Struct, gc=False, eq=False):
    """One message that went out, until nothing more can be learned from it.

    `told`: what its code not being used added to each of its ranges so far. `regular`: to somebody who used theirs.
    """

    at: float
    ranges: tuple[str, ...]
    weight: float
    told: float = 0.0
    used: bool = False
    receipt: bool = False
    judged: bool = False
    regular: bool = False


class Crowd(msgspec.Struct, gc=False, eq=False):
    """Who came to write to one range abroad since an instant: clients none of whose people have codes there."""

    since: float = -1e12
    clients: set[str] = msgspec.field(default_factory=set)

    def join(self, now: float, client: str) -> None:
        if now - self.since > CROWD_S:
            self.since = now
            self.clients.clear()
        if len(self.clients) < CROWD:
            self.clients.add(client)


class Lru(OrderedDict[str, V]):
    """A dict of so many entries: what was not asked for longest goes first."""

    def __init__(self, size: int, make: Callable[[], V]) -> None:
        super().__init__()
        self._size, self._make = size, make

    def of(self, key: str) -> V:
        value = self.get(key)
        if value is None:
            value = self[key] = self._make()
            if len(self) > self._size:
                self.popitem(last=False)
        else:
            self.move_to_end(key)
        return value


class Seen(msgspec.Struct, gc=False, eq=False):
    """A number a client wrote to: since when, how often lately and in all, and how many of its codes were used."""

    since: float = -1.0
    at: float = 0.0
    often: float = 0.0
    asked: int = 0
    used: int = 0

    @property
    def lives(self) -> bool:
        """Whether somebody uses the codes: of every four at least one."""
        return self.used > 0 and 4 * self.used >= self.asked

    def regular(self, now: float) -> bool:
        """Whether this is somebody who has been coming for a while, and does not come all the time."""
        return self.lives and now - self.since > 3600 and self.often < 4

    def once_more(self, now: float) -> float:
        """How much this message says: a number nobody wrote to says most, a usual one nearly nothing."""
        first, known = self.since < 0, self.used or (self.since >= 0 and now - self.since > 3600)
        self.often = 1.0 + self.often * exp2(-max(0.0, now - self.at) / LATELY_S)
        self.at = now
        self.asked += 1
        if first:
            self.since = now
            return 1.0
        if self.often > 8:
            return 0.6
        return 0.1 if known else 0.15


class Habits(msgspec.Struct, gc=False, eq=False):
    """What is usual for one client and purpose.

    `rate`: of the codes sent where codes are used at all, how many are used, `half_s` and `most_s` after how long.
    `width`: over how many ranges of ten thousand numbers its usual messages go. `away`: those abroad, nearby ones less.
    `ascending`: how far numbers come in order across ranges, as a contact book has them. `squares`: the sum of the
    squares of the fresh numbers of each range of ten thousand. `far_left`, `far_unused`: codes to far countries that
    nobody used lately, and how much they speak for fraud. `held`: messages stopped lately. `closed`: ranges closed
    lately. `regulars`: of people whose codes were always used, how many used the last ones.
    """

    all: Range = msgspec.field(default_factory=Range)
    ranges: Lru[Range] = msgspec.field(default_factory=lambda: Lru(RANGES, Range))
    numbers: Lru[Seen] = msgspec.field(default_factory=lambda: Lru(NUMBERS, Seen))
    width: int = 0
    early: deque[Sent] = msgspec.field(default_factory=deque)
    ripe: deque[Sent] = msgspec.field(default_factory=deque)
    old: deque[Sent] = msgspec.field(default_factory=deque)
    rate: float = 0.0
    sample: float = 0.0
    overall: float = 0.0
    ripened: float = 0.0
    half_s: float = 25.0
    most_s: float = 75.0
    away: float = 0.0
    squares: float = 0.0
    far_left: float = 0.0
    far_unused: float = 0.0
    held: float = 0.0
    closed: float = 0.0
    ascending: float = 0.0
    last: int = 0
    regulars: float = 1.0
    regulars_at: float = -1e12
    hours: list[float] = msgspec.field(default_factory=lambda: [0.0] * 24)
    blocked_at: float = -1e12
    seen_at: float = 0.0
    since: float = 1e18

    def fade(self, now: float) -> None:
        """Bring what is counted over all ranges to the present."""
        gone = now - self.all.at
        if gone <= 0:
            return
        lately = exp2(-gone / LATELY_S)
        self.away *= lately
        self.squares *= lately * lately
        self.far_left *= lately
        self.far_unused *= lately
        longer = exp2(-gone / SUSPICION_S)
        self.held *= longer
        self.closed *= longer
        self.all.fade(now)

    @property
    def spread(self) -> float:
        """Over how many ranges of ten thousand numbers, each as busy as the others, the fresh numbers would go."""
        return self.all.fresh * self.all.fresh / self.squares if self.squares > 0 else 0.0

    def note_delay(self, delay: float) -> None:
        """Two quantiles of how long people take, followed step by step. Of somebody new the quick ones come first: only
        longer ones count for a while.
        """
        if self.seen_at - self.since < 300 and delay < self.most_s:
            return
        step = max(1.0, 0.06 * self.half_s)
        self.half_s = min(300.0, max(4.0, self.half_s + step * (0.5 if delay > self.half_s else -0.5)))
        step = max(2.0, 0.08 * self.most_s)
        self.most_s = min(600.0, max(20.0, self.most_s + step * (0.9 if delay > self.most_s else -0.1)))

    def note_all(self, used: bool) -> None:
        self.overall += (used - self.overall) / min(2000.0, self.ripened + 1)
        self.ripened += 1

    @property
    def tells(self) -> bool:
        """Whether this client says that codes are used: a few that somebody faked are no habit."""
        return self.sample >= FEW and self.rate >= 0.3 and self.overall >= _HARDLY

    @property
    def mute(self) -> bool:
        """Whether this client sends no codes, or never says that one was used."""
        return self.ripened >= 200 and self.overall < _HARDLY

    @property
    def unheard(self) -> bool:
        """Whether not even people who always used their codes do: the client's reports fail, not its people."""
        return self.regulars < _FEW_REGULARS and self.seen_at - self.regulars_at < SUSPICION_S

    def note_regular(self, used: bool) -> None:
        self.regulars += (used - self.regulars) / 8
        self.regulars_at = self.seen_at

    def note_outcome(self, used: bool, weight: float) -> None:
        """Regulars, who use theirs and ask again until they can, say less of how many people use a code."""
        weight = weight if self.sample >= FEW else 1.0
        keep = min(self.sample, 200.0)
        self.rate = (self.rate * keep + used * weight) / (keep + weight)
        self.sample += weight
