"""The fraud detector: judges each message by what is known of its client's traffic at that moment.

Pure and incremental: events in, verdicts out, memory bounded, no clock of its own. The same events give the same
verdicts.
"""

from collections.abc import Iterable
from math import log
from typing import Final, Literal, NamedTuple

import msgspec

from sofy.engine.fraud import evidence
from sofy.engine.fraud.evidence import Reason
from sofy.engine.fraud.memory import APART_S, RANGES, SENT, Crowd, Habits, Lru, Range, Sent
from sofy.engine.fraud.ranges import FICTION, country, ranges, remoteness
from sofy.kernel.clauses import clause

#: From so many points on a message waits for a person; from so many its range is closed.
HOLD, BLOCK = 6.0, 9.0
#: How long a range stays closed, the first time; each time it happens again it is twice as long, up to a week.
CLOSED_S: Final = 12 * 3600.0
_LONGEST_S: Final = 7 * 86400.0
#: A receipt sooner than this is no phone's; one that did not come within this never does.
_AT_ONCE_S, OLD_S = 1.0, 900.0
CLIENTS: Final = 4096
#: Of the numbers of a range these are near the next one, where somebody goes through it in steps.
_VERY_LAST: Final = 4
#: What a fresh number in a country nearby counts towards the limit of those far away.
_NEARBY: Final = 1 / 3
#: So many messages held within hours, in one range or of one client: what is held next is closed.
_HELD: Final = 40


class Policy(msgspec.Struct, frozen=True):
    """What staff may set. `safe`: first digits never judged, of one client or, under "", of all. `away_limit`: fresh
    numbers in far countries within a quarter of an hour, from which on spending speaks for fraud; nearby ones count
    less.
    """

    safe: dict[str, tuple[str, ...]] = {}
    away_limit: float = 60.0


class Judged(NamedTuple):
    """What is to happen to one message. `range`: the digits it is judged with. `sent`: to tell what came of it."""

    verdict: Literal["allow", "hold", "block"]
    reasons: tuple[Reason, ...]
    score: float
    range: str
    until: float | None
    sent: Sent | None


class Closed(msgspec.Struct, gc=False):
    """A range of one client that is closed: until when, how many times it was, and why."""

    until: float
    times: int
    reasons: tuple[Reason, ...]
    score: float


class Detector:
    """One for all clients: tell it of every message in the order of time, then of what came of it."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self._habits: Lru[Habits] = Lru(CLIENTS, Habits)
        self._closed: dict[tuple[str, str, str], Closed] = {}
        self._shared: dict[str, tuple[str, float]] = {}
        self._crowds: Lru[Crowd] = Lru(RANGES, Crowd)
        self._everyone = Range()

    @clause("CGVU 15")
    def message(self, at: float, client: str, to: str, purpose: str) -> Judged:
        """Judge one message that is about to go out, and remember it."""
        purpose = "marketing" if purpose == "marketing" else "alert"
        habits = self._habits.of(f"{purpose}:{client}")
        at = max(at, habits.seen_at)
        habits.seen_at = at
        habits.since = min(habits.since, at)
        within = ranges(to)
        if self._is_safe(client, to):
            return Judged("allow", (), 0.0, within[1], None, None)
        self._ripen(habits, at)
        closed = self._shut(client, purpose, within, at)
        if closed is not None:
            habits.blocked_at = at
            return closed
        weight = self._note(habits, at, to, within)
        if weight == 1.0 and remoteness(within[3]):
            self._crowds.of(within[1]).join(at, client)
        found = self._weigh(habits, client, purpose, within, at)
        seen = habits.numbers.of(to)
        if found is not None and weight < 1.0 and seen.lives:
            found = None  # somebody whose codes are used may go on
        if found is None:
            sent = Sent(at, within, weight, regular=seen.regular(at))
            for key in within:
                habits.ranges.of(key).sent += weight
            habits.early.append(sent)
            return Judged("allow", (), 0.0, within[1], None, sent)
        key, reasons, score = found
        kept = habits.ranges.of(key)
        kept.held += 1
        habits.held += 1
        if score >= BLOCK or kept.held > _HELD or habits.held > _HELD:
            return self._close(habits, client, purpose, key, reasons, score, at)
        return Judged("hold", reasons, score, key, None, None)

    def used(self, at: float, client: str, to: str, purpose: str, sent: Sent) -> None:
        """The code of a message was used."""
        if sent.used:
            return
        sent.used = True
        habits = self._habits.of(f"{'marketing' if purpose == 'marketing' else 'alert'}:{client}")
        habits.note_delay(max(0.0, at - sent.at))
        habits.numbers.of(to).used += 1
        together = self._crowds.get(sent.ranges[1])
        if together is not None:
            together.clients.discard(client)
        late, points = sent.judged, sent.told - evidence.USED_POINTS * sent.weight
        if remoteness(sent.ranges[3]) >= 2:
            habits.far_unused = max(0.0, habits.far_unused - points)
        for key in sent.ranges:
            kept = habits.ranges.of(key)
            kept.fade(at)
            kept.unused = max(0.0, kept.unused - points)
            kept.used += sent.weight
            if late:
                kept.left = max(0.0, kept.left - sent.weight)
            if self._lives(habits, kept):
                self._reopen(client, purpose, key)
        if late and habits.sample:
            habits.rate = min(1.0, habits.rate + sent.weight / min(habits.sample, 200.0))
        if late and sent.regular:
            habits.note_regular(True)

    def received(self, at: float, client: str, purpose: str, sent: Sent) -> None:
        """A receipt came for a message."""
        if sent.receipt:
            return
        sent.receipt = True
        habits = self._habits.of(f"{'marketing' if purpose == 'marketing' else 'alert'}:{client}")
        at_once = at - sent.at < _AT_ONCE_S
        for kept in self._counted(habits, sent, at):
            if at_once:
                kept.instant += 1.0
            else:
                kept.slow += 1.0

    @staticmethod
    def _lives(habits: Habits, kept: Range) -> bool:
        """Whether the codes of a range are used by more than pumping would pay for: people have its numbers. Not where
        nobody else's codes are used.
        """
        if habits.mute:
            return False
        share = kept.used / kept.sent if kept.sent else 0.0
        return (kept.used > 2.5 and (share > 0.6 or (share > 0.25 and kept.unused < 2))) or (
            kept.used >= 5 and share > 0.4
        )

    def _reopen(self, client: str, purpose: str, key: str) -> None:
        """What went out before a range was closed turned out to be used: it was closed too soon."""
        closed = self._closed.get((client, purpose, key))
        unused = self._habits.of(f"{purpose}:{client}").ranges.of(key).unused
        if closed is not None and (unused < 2 or all(reason.code != "codes_unused" for reason in closed.reasons)):
            del self._closed[client, purpose, key]
            self._shared.pop(key, None)

    def open(self, client: str, purpose: str, key: str) -> None:
        """A person says the range is in order: what was held against it is forgotten."""
        self._closed.pop((client, purpose, key), None)
        self._shared.pop(key, None)
        habits = self._habits.of(f"{purpose}:{client}")
        for name, kept in habits.ranges.items():
            if name.startswith(key) or key.startswith(name):
                kept.unused = kept.runs = kept.fresh = kept.again = kept.held = 0.0

    def _is_safe(self, client: str, to: str) -> bool:
        safe = self.policy.safe
        return bool(safe) and to.startswith(safe.get("", ()) + safe.get(client, ()))

    def _shut(self, client: str, purpose: str, within: tuple[str, ...], at: float) -> Judged | None:
        if not self._closed:
            return None
        for key in within:
            closed = self._closed.get((client, purpose, key))
            if closed is not None and closed.until > at:
                return Judged("block", closed.reasons, closed.score, key, closed.until, None)
        return None

    def _close(
        self, habits: Habits, client: str, purpose: str, key: str, reasons: tuple[Reason, ...], score: float, at: float
    ) -> Judged:
        before = self._closed.get((client, purpose, key))
        times = before.times + 1 if before else 1
        until = at + min(_LONGEST_S, CLOSED_S * 2 ** (times - 1))
        self._closed[client, purpose, key] = Closed(until, times, reasons, score)
        self._shared[key] = client, until
        habits.blocked_at = at
        habits.closed += 1
        if len(self._closed) > RANGES_CLOSED:
            self._closed = {k: v for k, v in self._closed.items() if v.until > at}
            self._shared = {k: v for k, v in self._shared.items() if v[1] > at}
        return Judged("block", reasons, score, key, until, None)

    def _note(self, habits: Habits, at: float, to: str, within: tuple[str, str, str, str]) -> float:
        """Count one message in each of its ranges; answers how much it says."""
        weight = habits.numbers.of(to).once_more(at)
        digits = int(to[1:]) if to[1:].isdecimal() else 0
        if weight == 1.0:
            self._follow(habits, digits)
        for key in (*within, ""):
            kept = habits.ranges.of(key) if key else habits.all
            kept.fade(at)
            if weight == 1.0:
                if key == within[1]:
                    squares = 2 * kept.fresh + 1
                    habits.squares += squares
                elif key == within[3]:
                    kept.squares += squares
                kept.fresh += 1.0
                kept.hours += 1.0
                kept.apart += min(1.0, (at - kept.fresh_at) / APART_S)
                kept.fresh_at = at
            elif weight == 0.6:
                kept.again += 1.0
        if weight == 1.0:
            distance = remoteness(within[3])
            habits.away += 1.0 if distance >= 2 else _NEARBY if distance else 0.0
            for key, size in zip(within[:2], (1_000, 10_000), strict=True):
                self._run(habits.ranges.of(key), digits, size)
        return weight

    @staticmethod
    def _follow(habits: Habits, digits: int) -> None:
        """Whether numbers come in ascending order."""
        habits.ascending = 0.95 * habits.ascending + 0.05 * (digits > habits.last)
        habits.last = digits

    @staticmethod
    def _run(kept: Range, digits: int, size: int) -> None:
        """Whether a fresh number continues a row of its range: next to one of the last, or near the very last. The more
        of the range is written to, the less that says.
        """
        nearby = kept.nearby
        near = len(nearby)
        if near:
            chance = min(0.5, max(0.02, (near * 6 + min(near, _VERY_LAST) * 34) / size))
            hit = any(abs(digits - other) <= 3 for other in nearby) or any(
                abs(digits - nearby[-n]) <= 20 for n in range(1, min(near, _VERY_LAST) + 1)
            )
            kept.runs = max(0.0, min(14.0, kept.runs + (min(1.2, -0.6 * log(chance)) if hit else -2.0 * (1 - chance))))
        nearby.append(digits)

    def _ripen(self, habits: Habits, at: float) -> None:
        """Learn from messages that are old enough."""
        habits.fade(at)
        early, ripe, old = habits.early, habits.ripe, habits.old
        while early and (at - early[0].at > habits.half_s or len(early) > SENT):
            sent = early.popleft()
            self._not_used(habits, sent, at, 0.45)
            ripe.append(sent)
        while ripe and (at - ripe[0].at > habits.most_s or len(ripe) > SENT):
            sent = ripe.popleft()
            self._not_used(habits, sent, at, 0.85)
            self._outcome(habits, sent)
            sent.judged = True
            old.append(sent)
        while old and (at - old[0].at > OLD_S or len(old) > SENT):
            self._settle(habits, old.popleft(), at)

    def _not_used(self, habits: Habits, sent: Sent, at: float, share: float) -> None:
        if sent.used:
            return
        if habits.unheard:
            return
        distance = remoteness(sent.ranges[3])
        points = evidence.unused_points(habits, share, distance > 0) * sent.weight
        more = points - sent.told
        last = share > 0.5
        if distance >= 2:
            habits.far_unused += max(0.0, more)
            habits.far_left += sent.weight * last
        for key in sent.ranges:
            kept = habits.ranges.of(key)
            kept.fade(at)
            if more > 0:
                kept.unused = min(14.0, kept.unused + more)
            if last:
                kept.left += sent.weight
        sent.told = max(points, sent.told)

    def _outcome(self, habits: Habits, sent: Sent) -> None:
        """The rate is that of ranges where codes are used: pumping elsewhere does not lower what is expected."""
        habits.note_all(sent.used)
        if sent.regular:
            habits.note_regular(sent.used)
        if sent.used:
            habits.note_outcome(True, sent.weight)
            return
        ten, million = habits.ranges.of(sent.ranges[1]), habits.ranges.of(sent.ranges[2])
        if sent.weight == 1.0 and (ten.used > 0.5 or (million.used > 0.5 and ten.left < 4)):
            habits.note_outcome(False, sent.weight)

    def _settle(self, habits: Habits, sent: Sent, at: float) -> None:
        """What was not suspicious becomes what is usual."""
        if not sent.receipt:
            for kept in self._counted(habits, sent, at):
                kept.silent += 1.0
        if sent.weight < 0.1:
            return
        for key in sent.ranges:
            kept = habits.ranges.of(key)
            if key == sent.ranges[1] and kept.usually(at) < 0.5:
                habits.width += 1
            kept.learn(at)
        habits.all.learn(at)
        habits.hours[int(sent.at // 3600) % 24] += 1.0

    def _counted(self, habits: Habits, sent: Sent, at: float) -> Iterable[Range]:
        self._everyone.fade(at)
        yield self._everyone
        habits.all.fade(at)
        yield habits.all
        for key in (sent.ranges[0], sent.ranges[1], sent.ranges[3]):
            kept = habits.ranges.of(key)
            kept.fade(at)
            yield kept

    def _weigh(
        self, habits: Habits, client: str, purpose: str, within: tuple[str, str, str, str], at: float
    ) -> tuple[str, tuple[Reason, ...], float] | None:
        """The finest range of the message that is suspicious enough, with the reasons."""
        land = within[3]
        distance = remoteness(land)
        if purpose == "marketing" and distance < 2:
            return None  # people who agreed to be written to, at home: a sale
        general: list[Reason | None] | None = None
        together = self._crowds.get(within[1])
        worst: tuple[str, tuple[Reason, ...], float] | None = None
        for level, key in enumerate(within):
            if level == 3 and not distance:
                break
            kept = habits.ranges.of(key)
            far = habits.far_unused if distance >= 2 and kept.used < 0.5 else 0.0
            if kept.fresh < 3 and kept.unused < 3 and kept.again < 8 and far < 3:
                continue
            place = kept if level or key.startswith(FICTION) else habits.ranges.of(within[1])
            found = self._of_range(habits, key, level, kept, place, far)
            if level < 2 and together is not None:
                found += evidence.crowd(together, kept, habits.ranges.of(land), at)
            if not found and (level < 3 or kept.fresh < 30 or purpose == "marketing"):
                continue  # a country alone: people there who agreed may be many
            elsewhere = self._elsewhere(client, within[level:3], kept, at) if level < 2 else None
            general = general or evidence.of_country(habits, land, self.policy.away_limit, at)
            attacked = evidence.attacked(habits, kept, at)
            reasons = [reason for reason in (*found, *general, elsewhere, attacked) if reason is not None]
            score = sum(reason.points for reason in reasons)
            if self._lives(habits, kept):
                score *= 0.3
            if score >= HOLD and (worst is None or score > worst[2] + 2):
                worst = key, tuple(reasons), score
        return worst

    def _elsewhere(self, client: str, around: tuple[str, ...], kept: Range, at: float) -> Reason | None:
        """The range, or one around it, was just closed for somebody else, and this client does not know it."""
        if kept.used > 0.5 or kept.usually_before(at) >= 1 or around[0].startswith(FICTION):
            return None
        for key in around:
            owner, until = self._shared.get(key, (client, 0.0))
            if owner != client and until > at:
                return Reason("closed_elsewhere", 3.0, kept.fresh, 0)
        return None

    def _of_range(self, habits: Habits, key: str, level: int, kept: Range, place: Range, far: float) -> list[Reason]:
        unused = evidence.far_unused(habits) if far > kept.unused else evidence.unused(habits, kept, place)
        if habits.unheard:
            unused = None
        found = [unused, evidence.receipts(habits, kept, self._everyone)]
        if level < 2:
            found += [
                evidence.velocity(habits, key, level, kept, place),
                evidence.sequence(habits, key, kept, place),
                evidence.repeats(kept, remoteness(country(key[:5]))),
            ]
        return [reason for reason in found if reason is not None]


RANGES_CLOSED: Final = 100_000
