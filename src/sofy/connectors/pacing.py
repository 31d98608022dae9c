"""How fast a route may send now: token bucket, slow-down when the supplier is full, a pause of the whole route.

The slow-down grows the rate steadily and cuts it by the share that the operator refused: an operator that takes R of S
messages per second refuses 1 - R/S of them, so one cut lands near R; a stray refusal among thousands costs little.
Some operators refuse a share of whatever comes, however slowly: there the cuts are undone and that share is borne.
Pure: the caller brings the monotonic time. Unit: seconds, messages per second.
"""

from math import inf, sqrt
from typing import NamedTuple

_GROWTH_PER_S = 0.1
_LOWEST = 1.0
_LARGEST_CUT = 0.5
_STRAY = 0.02  # so few refusals are not worth a limit where there was none
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_BURST_S = 0.05
_FORGET_SLOWNESS_S = 60.0
#: A share of refusals is judged over so many answers and so long since the last cut, or over a second.
_JUDGE_ANSWERS, _JUDGE_S, _BETWEEN_CUTS_S = 10, 1.0, 0.25
_LOOK_ANSWERS, _LOOK_S, _LONGEST_LOOK_S = 20, 1.0, 5.0
_FORGET_LOOK_S = 60.0
_LARGEST_BORNE, _BEAR_S = 0.6, 60.0


class Look(NamedTuple):
    """What came of about a second at one pace."""

    at: float
    sent: float
    accepted: float
    share: float

    def gained_nothing_over(self, faster: "Look") -> bool:
        """Whether sending less than before only meant that less was accepted."""
        as_refused = faster.share / 2 < self.share < _LARGEST_BORNE and faster.share < _LARGEST_BORNE
        return as_refused and self.accepted < 0.9 * faster.accepted


class Bearing:
    """The share of refusals an operator gives at any pace: of two paces, the slower one had as large a share."""

    def __init__(self, now: float) -> None:
        self.share = 0.0
        self._since = inf
        self._fastest: Look | None = None
        self._begin(now)

    def is_exceeded(self, refused: int, answers: int) -> bool:
        """Whether so many refusals are more than chance makes of the share that is borne."""
        usual = answers * self.share
        return refused > usual + 2 * sqrt(usual)

    def see(self, accepted: int, refused: int, now: float) -> float:
        """Compare the last second with the fastest one lately; answers the pace to go back to, or 0."""
        self._accepted += accepted
        self._refused += refused
        answers, elapsed = self._accepted + self._refused, now - self._from
        if not answers or elapsed < _LOOK_S or (answers < _LOOK_ANSWERS and elapsed < _LONGEST_LOOK_S):
            return 0.0
        seen = Look(now, answers / elapsed, self._accepted / elapsed, self._refused / answers)
        self._begin(now)
        fastest = self._fastest
        if not seen.share or now - self._since > _BEAR_S:
            self.share, self._since, self._fastest = 0.0, inf, None
        elif fastest is None or seen.sent > fastest.sent or now - fastest.at > _FORGET_LOOK_S:
            self._fastest = seen
        elif seen.sent < 0.8 * fastest.sent:
            self._fastest = seen
            if seen.gained_nothing_over(fastest):
                self.share, self._since = min(1.5 * seen.share + 0.01, _LARGEST_BORNE), now
                return fastest.sent
        return 0.0

    def _begin(self, now: float) -> None:
        self._from, self._accepted, self._refused = now, 0, 0


class Pacer:
    """The pace of one route."""

    def __init__(self, rate_per_s: float, now: float) -> None:
        self.ceiling = rate_per_s or inf
        self.rate = self.ceiling
        self.paused_until = 0.0
        self._tokens = 0.0
        self._at = now
        self._pause_s = _FIRST_PAUSE_S
        self._slowed_at = -inf
        self._accepted_since_slowed = False
        self._taken = 0
        self._counted_from = now
        self._seen_rate = 0.0
        self._accepted = 0
        self._refused = 0
        self._judged_at = -inf
        self._bearing = Bearing(now)

    def allowance(self, now: float) -> int:
        """How many submits may leave now."""
        if now < self.paused_until:
            return 0
        self._measure(now, 1.0)
        self._grow(now)
        if self.rate == inf:
            self._at = now
            return 1_000_000
        self._tokens = min(self._tokens + (now - self._at) * self.rate, self._most())
        self._at = now
        return int(self._tokens)

    def take(self, n: int) -> None:
        """Account for submits that left."""
        self._tokens -= n
        self._taken += n

    def wait_s(self, now: float) -> float:
        """How long until `allowance` is worth asking again."""
        if now < self.paused_until:
            return self.paused_until - now
        if self.rate == inf:
            return 0.0
        wanted = max(1.0, min(self.rate * _BURST_S / 2, 100.0))
        return max((wanted - self._tokens) / self.rate, 0.001)

    def pause(self, seconds: float, now: float) -> None:
        """Let nothing leave for a while."""
        self.paused_until = now + seconds
        self._counted_from += seconds  # the rate is measured over the time when sending was allowed
        self._at = self.paused_until
        self._tokens = 0.0

    def answered(self, accepted: int, refused: int, now: float) -> None:
        """Take a batch of answers; `refused` are those that say the operator is full.

        The refusals of one window in flight count once: while the link pauses, they only add to the share.
        """
        self._accepted += accepted
        self._refused += refused
        self._accepted_since_slowed |= accepted > 0
        self.rate = max(self.rate, min(self._bearing.see(accepted, refused, now), self.ceiling))
        if not refused or now < self.paused_until or not self._enough_to_judge(now):
            return
        answers = self._accepted + self._refused
        share, exceeded = self._refused / answers, self._bearing.is_exceeded(self._refused, answers)
        self._accepted, self._refused, self._judged_at = 0, 0, now
        if not exceeded or (self.rate == inf and share < _STRAY):
            return
        self._measure(now, _BURST_S)
        seen = min(self.rate, self._seen_rate or self.rate)
        if seen == inf:  # full before anything could be measured: what left at once is all that is known
            seen = max(self._taken, 1) / _BURST_S
        self.rate = max(seen * (1 - min(share, _LARGEST_CUT)), min(_LOWEST, self.ceiling))
        if share < _LARGEST_CUT:
            self._pause_s = _FIRST_PAUSE_S
            self.pause(_FIRST_PAUSE_S * share, now)
        else:
            again = not self._accepted_since_slowed and now - self._slowed_at < 5 * self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S) if again else _FIRST_PAUSE_S
            self.pause(self._pause_s, now)
        self._slowed_at, self._accepted_since_slowed = self.paused_until, False

    def _enough_to_judge(self, now: float) -> bool:
        answers, since = self._accepted + self._refused, now - self._judged_at
        if since >= _JUDGE_S:
            return True
        return answers >= _JUDGE_ANSWERS and (since >= _BETWEEN_CUTS_S or self._refused >= answers * _LARGEST_CUT)

    def _measure(self, now: float, least_s: float) -> None:
        elapsed = now - self._counted_from
        if elapsed >= least_s:
            self._seen_rate = self._taken / elapsed
            self._taken = 0
            self._counted_from = now

    def _most(self) -> float:
        return max(1.0, self.rate * _BURST_S)

    def _grow(self, now: float) -> None:
        idle = self._tokens >= self._most()  # what was not used says nothing about the operator
        if self.rate < self.ceiling and now > self._at and not idle:
            step = self.ceiling * _GROWTH_PER_S if self.ceiling < inf else max(self.rate, 10.0) * 2 * _GROWTH_PER_S
            self.rate = min(self.ceiling, self.rate + step * (now - self._at))
        if self.ceiling == inf and now - self._slowed_at > _FORGET_SLOWNESS_S:
            self.rate = inf
