"""How many messages Meta takes: per person (a pair), and how many people may be written to first in 24 hours.

Kept in memory, per process: Meta counts for the whole portfolio, and what it refuses is heard all the same. People are
known here by a hash only. Pure: the caller brings the monotonic time. Unit: seconds.
"""

from collections import OrderedDict, deque
from hashlib import blake2b
from math import inf
from secrets import token_bytes

from sofy.connectors.whatsapp_cloud.failures import REST_S

DAY_S = REST_S
_FIRST_BACK_OFF_S = 6.0
_LONGEST_BACK_OFF_S = 3_600.0
_MOST = 500_000
_KEY = token_bytes(16)  # of this process: the hashes mean nothing elsewhere


def person(to: str) -> bytes:
    """Whom a message is for, without saying who it is."""
    return blake2b(to.lstrip("+").encode(), digest_size=12, key=_KEY).digest()


class Pairs:
    """A pause between two messages to one person, longer each time Meta says that it was too short."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._free_at: OrderedDict[bytes, float] = OrderedDict()
        self._refusals: dict[bytes, int] = {}

    def rest_s(self, who: bytes, now: float) -> float:
        """How long until this person may be written to."""
        return max(0.0, self._free_at.get(who, 0.0) - now)

    def written(self, who: bytes, now: float) -> None:
        """A message to this person leaves now."""
        self._rest_until(who, now + self._pause_s)
        while self._free_at and (len(self._free_at) > _MOST or next(iter(self._free_at.values())) <= now):
            gone, _ = self._free_at.popitem(last=False)
            if gone not in self._free_at:
                self._refusals.pop(gone, None)

    def refused(self, who: bytes, now: float) -> float:
        """Meta said that this was too soon; answers how long to wait."""
        times = self._refusals[who] = self._refusals.get(who, 0) + 1
        pause_s = min(_FIRST_BACK_OFF_S * 4.0 ** min(times - 1, 8), _LONGEST_BACK_OFF_S)
        self._rest_until(who, now + pause_s)
        return pause_s

    def accepted(self, who: bytes) -> None:
        """It was not too soon."""
        self._refusals.pop(who, None)

    def _rest_until(self, who: bytes, at: float) -> None:
        self._free_at[who] = max(at, self._free_at.pop(who, 0.0))


class Resting:
    """People who get no marketing for a day."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    def rest(self, who: bytes, code: str, now: float) -> None:
        """Meta said that this person had enough."""
        self._until.pop(who, None)
        self._until[who] = (now + DAY_S, code)
        while len(self._until) > _MOST:
            self._until.popitem(last=False)

    def code(self, who: bytes, now: float) -> str:
        """Why this person rests; empty: does not."""
        until, code = self._until.get(who, (-inf, ""))
        return code if now < until else ""


class Portfolio:
    """Who was written to first in the last 24 hours, as far as the limit asks."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._people: dict[bytes, float] = {}
        self._order: deque[tuple[float, bytes]] = deque()

    def has_room_for(self, who: bytes, now: float) -> bool:
        """Whether one more message to this person stays within the limit."""
        self._forget(now)
        return not self._limit or who in self._people or len(self._people) < self._limit

    def written(self, who: bytes, now: float) -> None:
        """A template leaves for this person."""
        if self._limit:
            self._people[who] = now
            self._order.append((now, who))

    def _forget(self, now: float) -> None:
        while self._order and self._order[0][0] <= now - DAY_S:
            at, who = self._order.popleft()
            if self._people.get(who) == at:
                del self._people[who]
