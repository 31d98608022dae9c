"""When something is tried again, and when it is given up."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

#: What does not come through for so long is given up, and a webhook to which nothing came through is disabled.
GIVEN_UP_AFTER: Final = timedelta(days=3)
_FIRST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(hours=6)
_FACTOR: Final = 3
#: A webhook to which nothing comes through is tried again after a quarter of the time it has failed, within these.
_SHORTEST_REST, _LONGEST_REST = timedelta(seconds=5), timedelta(hours=1)

Chance = Callable[[], float]


def pause(attempt: int, asked: timedelta | None = None, chance: Chance = random.random) -> timedelta:
    """How long to wait after this many attempts: three times longer each time, and a little more or less by chance.

    `asked`: what the answer asked for, at least and within six hours.
    """
    own = min(_FIRST * int(_FACTOR ** min(attempt - 1, 12)), _LONGEST)
    return max(own * (0.8 + 0.4 * chance()), min(asked or timedelta(), _LONGEST))


def rest(failing_for: timedelta, asked: timedelta | None = None, chance: Chance = random.random) -> timedelta:
    """How long a webhook is left alone that has failed for so long."""
    own = min(max(failing_for / 4, _SHORTEST_REST), _LONGEST_REST)
    return max(own * (0.8 + 0.4 * chance()), min(asked or timedelta(), _LONGEST_REST))


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for. Source: RFC 9110, 10.2.3."""
    if not text or len(text) > 64:
        return None
    if text.strip().isdecimal() and text.isascii():
        return timedelta(seconds=min(int(text.strip()[:9]), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
