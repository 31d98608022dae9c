"""The only source of the present time, so that tests, the demo and training can move it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Meta

PARIS = ZoneInfo("Europe/Paris")
Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with its zone, in what is read and written."""

#: A Tuesday, 14:30 in Paris: the marketing window of every French zone, overseas included, is then open.
DEMO_START = datetime(2026, 11, 24, 14, 30, tzinfo=PARIS).astimezone(UTC)


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _source()


def today() -> date:
    """The day it is in France, which begins one or two hours before that of UTC."""
    return now().astimezone(PARIS).date()


@cache
def zones() -> frozenset[str]:
    """The name of every time zone, looked up once: it takes as long as serving a page."""
    return frozenset(available_timezones())


def install(source: Callable[[], datetime]) -> None:
    """Replace the clock of this process. `source` must return aware datetimes in UTC."""
    global _source
    if source().utcoffset() is None:
        raise ValueError("a clock must return aware datetimes (in UTC); this one returned a naive one")
    _source = source


def reset() -> None:
    """Go back to the system's clock."""
    global _source
    _source = _system


@contextmanager
def stopped_at(instant: datetime) -> Iterator[Callable[[datetime], None]]:
    """A clock that stands still, and that whoever asked for it moves; then the one before goes on."""
    global _source
    before, standing = _source, [instant.astimezone(UTC)]

    def move(to: datetime) -> None:
        standing[0] = to.astimezone(UTC)

    install(lambda: standing[0])
    try:
        yield move
    finally:
        _source = before


def is_shifted() -> bool:
    """Whether something else than the system's clock tells the time."""
    return _source is not _system
