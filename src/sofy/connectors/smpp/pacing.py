"""How fast a route may send now: token bucket, slow-down when the operator is full, a pause of the whole link.

The slow-down is additive increase, multiplicative decrease (Chiu and Jain 1989): it finds the operator's real ceiling
without knowing it. Pure: the caller brings the monotonic time. Unit: seconds, submits per second.
"""

from math import inf

_DECREASE = 0.7
_GROWTH_PER_S = 0.1
_LOWEST = 1.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_BURST_S = 0.05


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

    def allowance(self, now: float) -> int:
        """How many submits may leave now."""
        if now < self.paused_until:
            return 0
        self._measure(now)
        self._grow(now)
        if self.rate == inf:
            self._at = now
            return 1_000_000
        self._tokens = min(self._tokens + (now - self._at) * self.rate, max(1.0, self.rate * _BURST_S))
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

    def throttled(self, now: float) -> None:
        """The operator said it is full: pause the link, then go on slower. One window of refusals counts once."""
        if now < self.paused_until:
            return
        self._pause_s = (
            min(self._pause_s * 2, _LONGEST_PAUSE_S) if now - self._slowed_at < 5 * self._pause_s else _FIRST_PAUSE_S
        )
        self.paused_until = now + self._pause_s
        self._measure(now, force=True)
        seen = min(self.rate, self._seen_rate or self.rate)
        if seen < inf:
            self.rate = max(seen * _DECREASE, min(_LOWEST, self.ceiling))
        self._slowed_at = self._at = self.paused_until
        self._tokens = 0.0

    def _measure(self, now: float, force: bool = False) -> None:
        elapsed = now - self._counted_from
        if elapsed >= 1.0 or (force and elapsed > 0.05):
            self._seen_rate = self._taken / elapsed
            self._taken = 0
            self._counted_from = now

    def _grow(self, now: float) -> None:
        if self.rate < self.ceiling and now > self._at:
            step = self.ceiling * _GROWTH_PER_S if self.ceiling < inf else max(self.rate, 10.0) * _GROWTH_PER_S * 2
            self.rate = min(self.ceiling, self.rate + step * (now - self._at))
            if self.ceiling == inf and now - self._slowed_at > 60.0:
                self.rate = inf
