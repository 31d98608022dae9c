"""A month of a client in figures, as the API, the command and the pages tell it."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from sofy.engine.service_level.rules import TARGET_PER_MILLE, is_kept, success_rate
from sofy.kernel.clauses import clause
from sofy.kernel.clock import Instant

#: How many lost points are told with their evidence.
MOST_LOST: Final = 1000
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
_VERDICTS: Final = ("reached", "withheld", "lost", "excluded", "open")


class DayFigures(msgspec.Struct, frozen=True):
    """What became of the messages accepted on a day, in Paris."""

    day: date
    reached: int
    withheld: int
    lost: int
    excluded: int
    open: int


class ReasonFigures(msgspec.Struct, frozen=True):
    """How many messages of the month share a fate."""

    verdict: str
    reason: str
    messages: int


class MonthFigures(msgspec.Struct, frozen=True):
    """A month in short. The share is rounded down."""

    month: str
    messages: int
    lost: int
    success_percent: float | None
    kept: bool | None


class LostPoint(msgspec.Struct, frozen=True):
    """One message that was not routed in time, with what is known of it."""

    message: UUID
    purpose: str
    channel: str
    verdict: Annotated[str, Meta(description="lost, or excluded by a dated record")]
    reason: str
    due_at: Instant
    deadline_at: Instant | None
    at: Annotated[Instant, Meta(description="When it was lost.")]
    record: Annotated[UUID | None, Meta(description="The record that excuses it.")] = None
    left_at: Annotated[Instant | None, Meta(description="When it was handed over, when it was.")] = None


class ServiceRecord(msgspec.Struct, frozen=True):
    """A dated record of an outage of others, or of a maintenance announced 48 hours before."""

    id: UUID
    kind: str
    party: str
    channel: str | None
    begins_at: Instant
    ends_at: Instant
    announced_at: Instant | None
    proof: str


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Routing success of a month: messages handed over or lawfully withheld within their deadline."""

    month: str
    target_percent: float
    success_percent: Annotated[
        float | None, Meta(description="Rounded down, so that no rounding keeps the promise; null: no message yet.")
    ]
    kept: bool | None
    accepted: int
    reached: int
    withheld: int
    lost: int
    excluded: int
    open: Annotated[int, Meta(description="Not decided yet: their deadline is still to come.")]
    counted_at: Annotated[Instant | None, Meta(description="Every figure is at least as young.")]
    days: list[DayFigures]
    reasons: list[ReasonFigures]
    lost_points: Annotated[list[LostPoint], Meta(description="The newest first, 1000 at most.")]
    records: list[ServiceRecord]


def bounds(month: str) -> tuple[date, date] | None:
    """The first day of a month, written as 2026-11, and of the next one; None when it is no month."""
    found = _MONTH.fullmatch(month)
    if found is None:
        return None
    year, number = int(found[1]), int(found[2])
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)


def by_month(rows: Iterable[tuple[date, str, int]]) -> list[MonthFigures]:
    """Months out of what became of their messages, in the order of the rows."""
    totals: dict[str, Counter[str]] = {}
    for first, verdict, messages in rows:
        totals.setdefault(f"{first:%Y-%m}", Counter())[verdict] += messages
    return [MonthFigures(name, sum(of.values()), of["lost"], *_success(of)) for name, of in totals.items()]


def _success(total: Counter[str]) -> tuple[float | None, bool | None]:
    """The share that was routed, rounded down, and whether the promise is kept; nothing without messages."""
    routed, lost = total["reached"] + total["withheld"], total["lost"]
    if success_rate(routed, lost) is None:
        return None, None
    return routed * 1_000_000 // (routed + lost) / 10_000, is_kept(routed, lost)


@clause("CGVU 28")
def summary(
    month: str,
    rows: Iterable[tuple[Any, ...]],
    lost: Iterable[tuple[Any, ...]],
    records: Iterable[tuple[Any, ...]],
    counted_at: datetime | None,
) -> ServiceLevel:
    """The month out of its rows, as the statements of `service_level.sql` answer them."""
    days: dict[date, Counter[str]] = {}
    reasons: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    for day, _, _, verdict, reason, messages in rows:
        days.setdefault(day, Counter())[verdict] += messages
        reasons[verdict, reason] += messages
        total[verdict] += messages
    percent, kept = _success(total)
    return ServiceLevel(
        month=month,
        target_percent=TARGET_PER_MILLE / 10,
        success_percent=percent,
        kept=kept,
        accepted=sum(total.values()),
        **{name: total[name] for name in _VERDICTS},
        counted_at=counted_at,
        days=[DayFigures(day, *(found[name] for name in _VERDICTS)) for day, found in sorted(days.items())],
        reasons=[
            ReasonFigures(verdict, reason, count)
            for (verdict, reason), count in sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
            if reason
        ],
        lost_points=[LostPoint(*row) for row in lost],
        records=[ServiceRecord(*row) for row in records],
    )
