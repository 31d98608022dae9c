"""Moments as SMPP writes them. Source: SMPP 3.4 issue 1.2, 7.1.1."""

import re
from datetime import UTC, datetime, timedelta

_DIGITS = re.compile(r"\d{15}", re.ASCII)


def read(text: str, now: datetime) -> datetime | None:
    """The moment that a text means, None for the empty one. A month has 30 days and a year 365 when they are counted
    from now.

    Raises: ValueError.
    """
    if not text:
        return None
    if len(text) != 16 or not _DIGITS.match(text):
        raise ValueError("sixteen characters are needed")
    pairs = [int(text[at : at + 2]) for at in range(0, 12, 2)]
    if text[15] == "R":
        years, months, days, hours, minutes, seconds = pairs
        return now + timedelta(365 * years + 30 * months + days, hours=hours, minutes=minutes, seconds=seconds)
    quarters = int(text[13:15])
    if text[15] not in "+-" or quarters > 48:
        raise ValueError("neither relative nor a distance from UTC")
    year, *rest = pairs
    local = datetime(2000 + year, *rest, tzinfo=UTC, microsecond=100_000 * int(text[12]))  # type: ignore[arg-type,misc]
    offset = timedelta(minutes=15 * quarters)
    return local - offset if text[15] == "+" else local + offset


def write(moment: datetime) -> str:
    """A moment with its distance from UTC, which is none."""
    return f"{moment.astimezone(UTC):%y%m%d%H%M%S}000+"


def minutes(moment: datetime) -> str:
    """A moment as receipts write it, in UTC."""
    return f"{moment.astimezone(UTC):%y%m%d%H%M}"
