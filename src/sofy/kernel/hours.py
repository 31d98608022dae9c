"""When marketing may leave, in the recipient's own time.

Source: CGVU 14.1: every day, Sundays and holidays included, never from 20:00:00 to 08:00:00. A policy may only tighten
that: a wider one cannot be built. Alerts leave at any hour (14.2) and never ask this module.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from sofy.kernel import french_days
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused

EARLIEST = "08:00"
LATEST = "20:00"
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)

#: `until` of a window that never opens: the zones share no permitted minute.
NEVER = datetime.max.replace(tzinfo=UTC)

#: The calendars a client may close on, besides "" for none.
HOLIDAY_CALENDARS = tuple(french_days.CALENDARS)

#: A year and some days: summer time may bring zones together that share no minute in winter.
_HORIZON = timedelta(days=370)
_NEVER_LASTS = timedelta(days=1)
_REMEMBERED = 10_000
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Window(NamedTuple):
    """Open: sending is permitted and stops at `until`. Closed: the next opening is `until` (NEVER if there is none)."""

    open: bool
    until: datetime


class HoursPolicy(msgspec.Struct, frozen=True, cache_hash=True, forbid_unknown_fields=True):
    """The hours of a client, within those of the contract.

    `days` are ISO weekdays (1 Monday ... 7 Sunday); `holidays` names a calendar of `french_days` whose days are
    closed, "" for none.
    """

    opens: str = EARLIEST
    closes: str = LATEST
    days: tuple[int, ...] = EVERY_DAY
    holidays: str = ""

    def __post_init__(self) -> None:
        for value in (self.opens, self.closes):
            if not _CLOCK_TIME.fullmatch(value):
                raise Refused("hours_unreadable", value=value)
        if self.opens < EARLIEST or self.closes > LATEST:
            raise Refused("hours_wider_than_contract", earliest=EARLIEST, latest=LATEST)
        if self.opens >= self.closes:
            raise Refused("hours_empty", opens=self.opens, closes=self.closes)
        if not self.days or not set(self.days) <= set(EVERY_DAY):
            raise Refused("hours_days", days=list(self.days))
        if self.holidays and self.holidays not in HOLIDAY_CALENDARS:
            raise Refused("hours_holidays", known=HOLIDAY_CALENDARS)

    def tightened(
        self,
        *,
        opens: str | None = None,
        closes: str | None = None,
        days: tuple[int, ...] | None = None,
        holidays: str | None = None,
    ) -> "HoursPolicy":
        """This policy with narrower hours.

        Raises: Refused (hours_wider) when any part would permit a minute that this policy forbids.
        """
        new = HoursPolicy(
            opens=self.opens if opens is None else opens,
            closes=self.closes if closes is None else closes,
            days=self.days if days is None else tuple(sorted(set(days))),
            holidays=self.holidays if holidays is None else holidays,
        )
        wider = (
            new.opens < self.opens
            or new.closes > self.closes
            or not set(new.days) <= set(self.days)
            or not _closes_all(new.holidays, self.holidays)
        )
        if wider:
            raise Refused("hours_wider", opens=self.opens, closes=self.closes)
        return new


CONTRACT_HOURS = HoursPolicy()

#: Decisions in force: (zones, policy) -> the window, since when and until when it answers for every instant.
_standing: dict[tuple[tuple[str, ...], HoursPolicy], tuple[datetime, datetime, Window]] = {}


@clause("CGVU 14.1")
def decide(instant: datetime, zones: tuple[str, ...], policy: HoursPolicy = CONTRACT_HOURS) -> Window:
    """Whether marketing may leave at `instant` for somebody in any of `zones`, and until when that holds.

    Several zones mean that the recipient may be in any of them: only minutes permitted in all of them count.
    """
    standing = _standing.get((zones, policy))
    if standing is not None and standing[0] <= instant < standing[1]:
        return standing[2]
    if not zones or instant.utcoffset() is None:
        raise ValueError("decide() needs an aware instant and at least one time zone")
    at = instant.astimezone(UTC)
    window = _decide(at, zones, policy)
    if len(_standing) >= _REMEMBERED:
        _standing.clear()
    _standing[zones, policy] = at, min(window.until, at + _NEVER_LASTS), window
    return window


def _decide(at: datetime, zones: tuple[str, ...], policy: HoursPolicy) -> Window:
    horizon = at + _HORIZON
    cursor = at
    while cursor < horizon:
        spans = [_span_ending_after(cursor, zone, policy) for zone in zones]
        start = max(span[0] for span in spans)
        end = min(span[1] for span in spans)
        if start < end:
            return Window(True, end) if start <= at else Window(False, start)
        cursor = end
    return Window(False, NEVER)


def _span_ending_after(instant: datetime, zone: str, policy: HoursPolicy) -> tuple[datetime, datetime]:
    """The open span in progress or next to come in one zone, in UTC."""
    day = instant.astimezone(ZoneInfo(zone)).date()
    while True:
        span = _span(zone, policy, day)
        if span is not None and span[1] > instant:
            return span
        day += timedelta(days=1)


@lru_cache(maxsize=4096)
def _span(zone: str, policy: HoursPolicy, day: date) -> tuple[datetime, datetime] | None:
    if day.isoweekday() not in policy.days or _is_holiday(day, policy.holidays):
        return None
    opens, closes = (
        datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone)).astimezone(UTC)
        for at in (policy.opens, policy.closes)
    )
    return opens, closes


def _is_holiday(day: date, calendar: str) -> bool:
    return calendar != "" and day in french_days.holidays(day.year, calendar)


def _closes_all(calendar: str, other: str) -> bool:
    """Whether a calendar closes every day that another one closes."""
    if other in ("", calendar):
        return True
    return other == "metropole" and calendar != ""  # every calendar contains the national days
