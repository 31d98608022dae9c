"""How fast a route may send now: token bucket, slow-down when the operator is full, a pause of the whole link.

The slow-down grows the rate steadily and cuts it by the share that the operator refused: an operator that takes R of S
messages per second refuses 1 - R/S of them, so one cut lands near R; a stray refusal among thousands costs little.
Pure: the caller brings the monotonic time. Unit: seconds, submits per second.
"""

from math import inf

_GROWTH_PER_S = 0.1
_LOWEST = 1.0
_LARGEST_CUT = 0.5
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_BURST_S = 0.05
_FORGET_SLOWNESS_S = 60.0


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
        self._taken = 0
        self._counted_from = now
        self._seen_rate = 0.0
        self._accepted = 0
        self._refused = 0

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
        if not refused or now < self.paused_until:
            return
        share = self._refused / (self._accepted + self._refused)
        self._accepted = self._refused = 0
        self._measure(now, _BURST_S)
        seen = min(self.rate, self._seen_rate or self.rate)
        if seen == inf:  # full before anything could be measured: what left at once is all that is known
            seen = max(self._taken, 1) / _BURST_S
        self.rate = max(seen * (1 - min(share, _LARGEST_CUT)), min(_LOWEST, self.ceiling))
        if share < _LARGEST_CUT:
            self._pause_s = _FIRST_PAUSE_S
            self.pause(_FIRST_PAUSE_S * share, now)
        else:
            again = now - self._slowed_at < 5 * self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S) if again else _FIRST_PAUSE_S
            self.pause(self._pause_s, now)
        self._slowed_at = self.paused_until

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
