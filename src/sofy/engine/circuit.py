"""A route that fails keeps less and less of the messages; what it still gets tells when it is well again."""

from typing import Final

import msgspec

from sofy.connectors.base import Action

#: What a failure that lies with the route asks for; the others are about a number or a text.
OF_THE_ROUTE: Final = frozenset({Action.RETRY, Action.OTHER_ROUTE, Action.SLOW_LINK, Action.CONFIGURATION})
#: Failing more than this, a share falls; failing less than that, it rises.
_BAD, _GOOD = 0.3, 0.1
#: So many results say something.
_ENOUGH: Final = 20
_FALL, _RISE, _LEAST = 0.25, 2.0, 0.01
#: A route that gets nothing to show what it can rises by itself, one step in so many looks.
_QUIET_LOOKS: Final = 6


class Circuit(msgspec.Struct, gc=False):
    """A route in the eyes of an engine. `good`, `bad`: results since the last look. `factor`: what is left to it."""

    factor: float = 1.0
    good: int = 0
    bad: int = 0
    quiet: int = 0

    def look(self) -> bool:
        """Judge what happened since the last look; says whether the factor changed."""
        before, results = self.factor, self.good + self.bad
        enough = _ENOUGH if self.factor == 1.0 else 1
        if results >= enough:
            failing = self.bad / results
            if failing > _BAD:
                self.factor = max(_LEAST, self.factor * _FALL)
            elif failing < _GOOD:
                self.factor = min(1.0, self.factor * _RISE)
            self.good = self.bad = self.quiet = 0
        elif self.factor < 1.0:
            self.quiet += 1
            if self.quiet >= _QUIET_LOOKS:
                self.factor, self.quiet = min(1.0, self.factor * _RISE), 0
        else:
            self.good //= 2  # a trickle is judged by its last minutes, not by its whole life
            self.bad //= 2
        return self.factor != before
