"""The platform's bad days: what every n-th request meets instead of, or beside, a good answer."""

import asyncio
from typing import Literal

from sofy.sandbox.google_rbm.profile import Profile

Fault = Literal["throttle", "token", "error", "error_after", "silent", "lost", ""]


class Faults:
    """Counts requests to send, and says what befalls each."""

    def __init__(self) -> None:
        self._seen = 0
        self._errors = 0
        self._tokens = 0.0
        self._at = 0.0

    def next(self, profile: Profile) -> Fault:
        """What befalls this request. "after" and "silent" take the message; "lost" does not."""
        self._seen += 1
        if self._too_fast(profile):
            return "throttle"
        if _every(profile.error_every, self._seen):
            self._errors += 1
            return "error_after" if self._errors % 2 else "error"
        faults: tuple[tuple[int, Fault], ...] = (
            (profile.throttle_every, "throttle"),
            (profile.silent_every, "silent"),
            (profile.lost_every, "lost"),
            (profile.token_every, "token"),
        )
        return next((fault for every, fault in faults if _every(every, self._seen)), "")

    def _too_fast(self, profile: Profile) -> bool:
        if not profile.rate_per_s:
            return False
        now = asyncio.get_running_loop().time()
        most = max(1.0, profile.rate_per_s / 10)
        self._tokens = min(most, self._tokens + (now - self._at) * profile.rate_per_s)
        self._at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False


def _every(n: int, seen: int) -> bool:
    return n > 0 and seen % n == 0
