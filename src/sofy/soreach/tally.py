"""The ledger of one campaign added up: what its report and its lists are made from.

Reading every row of the campaign is what makes a report slow; so that happens once, and whatever it shows is added up
from a few lines.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from sofy.kernel import clock
from sofy.soreach.models import Campaign

RECEIVED = ("delivered", "read")
POINTS = 48  # of a curve over time
#: Of the time the messages took to leave: receipts that came in a quarter of it still make a curve.
GUESSED_POINTS = 4 * POINTS
HOUR_S = 3_600
#: Each divides the next, so that what was counted in short steps can be shown in longer ones.
_STEPS_S = (1, 5, 10, 30, 60, 300, 900, 1_800, HOUR_S, 7_200, 21_600, 86_400)
# The planner takes each step of time for a group of one row and would read alone: workers are made free of charge.
_IN_PARALLEL = """
SELECT set_config('parallel_setup_cost', '0', true), set_config('parallel_tuple_cost', '0', true)
"""
# Clicks are a list of contacts to look up in, not a join: it is hashed once, and the rows are still read once and in
# parallel. What can be said of a line is not said of each row.
_SUMS = """
WITH counted AS MATERIALIZED (
    SELECT status, reason, variant, establishment_id, date_bin(%(step)s, final_at, 'epoch') AS ended_in,
           count(*) AS people, count(submitted_at) AS handed_over,
           coalesce(sum(parts) FILTER (WHERE submitted_at IS NOT NULL), 0) AS parts,
           count(*) FILTER (WHERE contact_id IN (
               SELECT contact_id FROM soreach_click
                WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND human)) AS clicked,
           min(final_at) AS first, max(final_at) AS last
      FROM engine_state WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND NOT superseded
     GROUP BY 1, 2, 3, 4, 5
)
SELECT NULL, status, coalesce(reason, ''), coalesce(variant, 'A'), establishment_id, sum(people)::bigint,
       sum(handed_over)::bigint, sum(parts)::bigint, sum(clicked)::bigint, min(first), max(last)
  FROM counted GROUP BY 2, 3, 4, 5
UNION ALL
SELECT ended_in, '', '', '', NULL, sum(people)::bigint, 0, 0, 0, NULL, NULL
  FROM counted WHERE ended_in IS NOT NULL AND status IN ('delivered', 'read') GROUP BY 1
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


def read(campaign: Campaign) -> tuple[list[Share], Curve]:
    """Everybody of the ledger, in as few lines as the figures need, and when they received it.

    The steps of time are taken from how long the messages took to leave; when receipts came in far less, they are
    counted once more.
    """
    guess_s = _step(campaign.schedule.starts_at, campaign.finished_at or clock.now(), GUESSED_POINTS)
    with connection.cursor() as cursor:
        cursor.execute(_IN_PARALLEL)
        cursor.execute(_SUMS, _of(campaign) | {"step": _counted_in(guess_s)})
        rows = cursor.fetchall()
        shares = [Share(*row[1:]) for row in rows if row[0] is None]
        received = [(row[0], row[5]) for row in rows if row[0] is not None]
        times = [(share.first, share.last) for share in shares if share.received and share.first and share.last]
        step_s = _step(min(first for first, _ in times), max(last for _, last in times), POINTS) if times else guess_s
        if _counted_in(step_s) < _counted_in(guess_s):
            cursor.execute(_RECEIVED, _of(campaign) | {"step": _counted_in(step_s)})
            received = cursor.fetchall()
    return shares, Curve(step_s, received)


def _step(first: datetime, last: datetime, points: int) -> int:
    """The shortest step that makes no more points of the time between."""
    span_s = (last - first).total_seconds()
    return next((step for step in _STEPS_S if span_s / step <= points), _STEPS_S[-1])


def _counted_in(step_s: int) -> timedelta:
    """No step is counted over more than an hour, for the sake of the heat map."""
    return timedelta(seconds=min(step_s, HOUR_S))


def _of(campaign: Campaign) -> dict[str, Any]:
    return {"client": campaign.client_id, "campaign": campaign.id}
