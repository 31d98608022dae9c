"""The ledger of one campaign added up: what its report and its lists are made from.

Each statement here reads every row of the campaign once, which is what makes them slow; so there are two, and whatever
a report shows is added up from their few lines.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from sofy.kernel import clock
from sofy.soreach.models import Campaign

RECEIVED = ("delivered", "read")
POINTS = 48  # of a curve over time
HOUR_S = 3_600
_STEPS_S = (1, 2, 5, 10, 30, 60, 300, 900, 1_800, HOUR_S, 7_200, 21_600, 86_400)
# A list of contacts to look up in, not a join: it is hashed once, and the rows are still read once and in parallel.
_SHARES = """
SELECT status, coalesce(reason, ''), coalesce(variant, 'A'), establishment_id, count(*), count(submitted_at),
       coalesce(sum(parts) FILTER (WHERE submitted_at IS NOT NULL), 0),
       count(*) FILTER (WHERE contact_id IN (SELECT contact_id FROM soreach_click
                                              WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND human)),
       min(final_at), max(final_at)
  FROM engine_state WHERE client_id = %(client)s AND campaign_id = %(campaign)s
 GROUP BY status, reason, variant, establishment_id
"""
# The planner takes each step of time for a group of one row and would read alone: workers are made free of charge.
_IN_PARALLEL = """
SELECT set_config('parallel_setup_cost', '0', true), set_config('parallel_tuple_cost', '0', true)
"""
_RECEIVED = """
SELECT date_bin(%(step)s, final_at, 'epoch'), count(*) FROM engine_state
 WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND status IN ('delivered', 'read') GROUP BY 1
"""


@dataclass(frozen=True)
class Share:
    """The recipients who have status, reason, variant and establishment in common."""

    status: str
    reason: str
    variant: str
    establishment: UUID | None
    people: int
    handed_over: int
    parts: int  # handed over
    clicked: int
    first: datetime | None
    last: datetime | None

    @property
    def received(self) -> int:
        """How many of them received it: all or none."""
        return self.people if self.status in RECEIVED else 0


@dataclass(frozen=True)
class Curve:
    """People who received it, per step of time; `step_s` makes at most about fifty steps."""

    step_s: int
    counted: Sequence[tuple[datetime, int]]

    def timeline(self) -> list[tuple[datetime, int]]:
        """Every step from the first to the last, the empty ones too."""
        per_step = Counter[int]()
        for at, people in self.counted:
            per_step[int(at.timestamp()) // self.step_s] += people
        steps = range(min(per_step), max(per_step) + 1) if per_step else ()
        return [(datetime.fromtimestamp(step * self.step_s, UTC), per_step[step]) for step in steps]

    def heat(self) -> list[list[int]]:
        """Seven days (Monday first) of 24 hours on the clock of Paris."""
        grid = [[0] * 24 for _ in range(7)]
        for at, people in self.counted:
            local = at.astimezone(clock.PARIS)
            grid[local.weekday()][local.hour] += people
        return grid


def shares(campaign: Campaign) -> list[Share]:
    """Everybody of the ledger, in as few lines as the figures need."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, _of(campaign))
        return [Share(*row) for row in cursor.fetchall()]


def curve(campaign: Campaign, counted: Iterable[Share]) -> Curve:
    """When people received it; no step is counted over more than an hour, for the sake of the heat map."""
    times = [(share.first, share.last) for share in counted if share.received and share.first and share.last]
    if not times:
        return Curve(1, [])
    span_s = (max(last for _, last in times) - min(first for first, _ in times)).total_seconds()
    step_s = next((step for step in _STEPS_S if span_s / step <= POINTS), _STEPS_S[-1])
    with connection.cursor() as cursor:
        cursor.execute(_IN_PARALLEL)
        cursor.execute(_RECEIVED, _of(campaign) | {"step": timedelta(seconds=min(step_s, HOUR_S))})
        return Curve(step_s, cursor.fetchall())


def _of(campaign: Campaign) -> dict[str, Any]:
    return {"client": campaign.client_id, "campaign": campaign.id}
