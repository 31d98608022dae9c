"""How fast each mail provider may be written to, and what it does to that when it says "not now".

A provider gets at most `rate_per_s` mails a second and `at_once` under way. One that says it is full gets nothing for a
second, then for twice as long each time, and then one mail, until it takes one. Pure: the caller brings the time.
Orange allows few connections per address of the internet; the others publish no figures: these are what careful
senders keep to.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from math import inf
from typing import Annotated, Final
from uuid import UUID

import msgspec

from sofy.connectors.base import Outgoing


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one provider takes. Unit: mails per second; 0: as much as there is."""

    rate_per_s: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 0
    at_once: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


PACES: Final[dict[str, Pace]] = {
    "gmail": Pace(20, 10),
    "outlook": Pace(10, 5),
    "yahoo": Pace(10, 5),
    "icloud": Pace(10, 5),
    "orange": Pace(5, 2),
    "free": Pace(5, 2),
    "laposte": Pace(5, 2),
    "sfr": Pace(5, 2),
    "bouygues": Pace(5, 2),
    "*": Pace(10, 5),
}
PROVIDERS: Final[dict[str, str]] = {
    domain: name
    for name, domains in {
        "gmail": "gmail.com googlemail.com",
        "outlook": "outlook.com outlook.fr hotmail.com hotmail.fr live.com live.fr msn.com",
        "yahoo": "yahoo.com yahoo.fr ymail.com rocketmail.com aol.com aol.fr",
        "icloud": "icloud.com me.com mac.com",
        "orange": "orange.fr wanadoo.fr",
        "free": "free.fr libertysurf.fr aliceadsl.fr",
        "laposte": "laposte.net",
        "sfr": "sfr.fr neuf.fr cegetel.net club-internet.fr numericable.fr",
        "bouygues": "bbox.fr bouygtel.fr",
    }.items()
    for domain in domains.split()
}
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 900.0
_BURST_S: Final = 0.5
_FORGET_PAUSES_S: Final = 60.0


class Mail(msgspec.Struct, gc=False, eq=False):
    """A message that waits here. `provider`: in whose lane."""

    message: Outgoing
    provider: str
    tries: int = 0


class Lane:
    """What waits for one provider, and when it may leave."""

    def __init__(self, pace: Pace, now: float) -> None:
        self.waiting: deque[Mail] = deque()
        self.under_way = 0
        self.paused_until = -inf
        self._pace = pace
        self._tokens = 1.0
        self._at = now
        self._pause_s = 0.0
        self._probing = False

    def room(self, now: float) -> bool:
        """Whether a mail may leave now."""
        if now < self.paused_until or (self._probing and self.under_way):
            return False
        if self._pace.at_once and self.under_way >= self._pace.at_once:
            return False
        rate = self._pace.rate_per_s
        if rate:
            self._tokens = min(self._tokens + (now - self._at) * rate, max(1.0, rate * _BURST_S))
            self._at = now
        return not rate or self._tokens >= 1

    def spend(self) -> None:
        """One mail less may leave at this pace."""
        self._tokens -= 1

    def take(self) -> Mail:
        """The next mail, which is under way from here on."""
        self.spend()
        self.under_way += 1
        return self.waiting.popleft()

    def taken(self) -> None:
        """The provider took a mail: it is not full any more."""
        self._probing, self._pause_s = False, 0.0

    def slowed(self, now: float) -> float:
        """The provider is full; answers for how long it gets nothing. What it refuses while it rests counts once."""
        if now >= self.paused_until:
            again = now - self.paused_until < _FORGET_PAUSES_S
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S) if again and self._pause_s else _FIRST_PAUSE_S
            self.paused_until, self._probing = now + self._pause_s, True
        return self._pause_s

    def wait_s(self, now: float) -> float:
        """How long until a mail may leave, if no answer comes before; infinite when only an answer helps."""
        if now < self.paused_until:
            return self.paused_until - now
        if (self._probing and self.under_way) or (self._pace.at_once and self.under_way >= self._pace.at_once):
            return inf
        rate = self._pace.rate_per_s
        return max((1 - self._tokens) / rate, 0.001) if rate else 0.0

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.under_way and not self._probing


class Lanes:
    """All providers; each in its turn."""

    def __init__(self, paces: dict[str, Pace]) -> None:
        self._paces = paces
        self._lanes: OrderedDict[str, Lane] = OrderedDict()
        self.waiting = 0

    def add(self, mail: Mail, now: float, *, first: bool = False) -> None:
        """Let a mail wait, behind the others of its provider or before them."""
        lane = self.of(mail, now)
        (lane.waiting.appendleft if first else lane.waiting.append)(mail)
        self.waiting += 1

    def of(self, mail: Mail, now: float) -> Lane:
        """The lane of a mail."""
        lane = self._lanes.get(mail.provider)
        if lane is None:
            lane = self._lanes[mail.provider] = Lane(self._paces.get(mail.provider, self._paces["*"]), now)
        return lane

    def next(self, now: float) -> Mail | None:
        """A mail that may leave now; providers take turns."""
        for name in list(self._lanes):
            lane = self._lanes[name]
            if lane.waiting and lane.room(now):
                self._lanes.move_to_end(name)
                self.waiting -= 1
                return lane.take()
            if lane.idle:
                del self._lanes[name]
        return None

    def returned(self, mail: Mail, now: float) -> Lane:
        """A mail is not under way any more."""
        lane = self.of(mail, now)
        lane.under_way = max(0, lane.under_way - 1)
        return lane

    def wait_s(self, now: float) -> float:
        """How long until something may leave by itself."""
        return min((lane.wait_s(now) for lane in self._lanes.values() if lane.waiting), default=inf)

    def remove(self, which: Callable[[Mail], bool]) -> list[Mail]:
        """Take back what waits."""
        gone: list[Mail] = []
        for lane in self._lanes.values():
            found = [mail for mail in lane.waiting if which(mail)]
            if found:
                lane.waiting = deque(mail for mail in lane.waiting if not which(mail))
                gone += found
        self.waiting -= len(gone)
        return gone

    def resting(self, now: float) -> Iterator[str]:
        """Providers that get nothing at the moment."""
        return (name for name, lane in self._lanes.items() if now < lane.paused_until)


def provider_of(domain: str, paces: dict[str, Pace]) -> str:
    """In whose lane a domain is: its own when the route has a pace for it, its provider's, or one by itself."""
    return domain if domain in paces else PROVIDERS.get(domain, domain)


def ids_of(mails: list[Mail]) -> list[UUID]:
    """The messages of mails."""
    return [mail.message.message_id for mail in mails]
