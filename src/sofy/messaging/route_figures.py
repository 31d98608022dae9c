"""One route in figures, for engineers: charts over a day, errors by code, what it delivers where, and its ceiling."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections

from sofy.engine.choice import heard_of
from sofy.engine.db import sql
from sofy.engine.planning import quality
from sofy.engine.routes import HEALTH_EVERY_S
from sofy.kernel import clock
from sofy.kit.rls import staff_scope

DAY, STEP = timedelta(hours=24), timedelta(minutes=15)
HOUR, NOW = timedelta(hours=1), timedelta(minutes=5)


@dataclass(frozen=True)
class Ceiling:
    """What a window allows: so many parts without an answer, each waiting for so long. Unit: parts per second, ms."""

    per_second: float
    in_flight: float
    window: int
    round_trip_ms: float | None
    most_per_second: float | None


@dataclass(frozen=True)
class Code:
    """How often the supplier gave a reason in the last hour; `kind`: refused at hand-over, or failed by receipt."""

    kind: str
    code: str
    count: int


@dataclass(frozen=True)
class Place:
    """What a route delivers in a country; `measured`: so many receipts say so."""

    country: str
    marketing: float
    alert: float
    measured: int


@dataclass(frozen=True)
class Figures:
    """Everything the page of a route shows."""

    times: list[datetime]
    series: dict[str, list[int]]
    codes: list[Code]
    ceiling: Ceiling
    places: list[Place]
    factor: float


_SERIES = """
SELECT floor(extract(epoch FROM at - %(since)s) / %(step)s)::int, sum(handed_over), sum(accepted),
       sum(refused) + sum(unknown), sum(delivered), sum(failed), max(waiting)
  FROM engine_route_health WHERE route_id = %(route)s AND at >= %(since)s GROUP BY 1
"""
_CODES = """
SELECT split_part(key, ' ', 1), substr(key, strpos(key, ' ') + 1), sum(value::bigint)
  FROM engine_route_health, jsonb_each_text(codes) WHERE route_id = %(route)s AND at >= %(hour)s
 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 30
"""
_LATELY = """
SELECT coalesce(sum(handed_over), 0), coalesce(sum(in_flight), 0)
  FROM engine_route_health WHERE route_id = %(route)s AND at >= %(now)s
"""
_FACTOR = """
SELECT coalesce(min(factor), 1) FROM (
    SELECT DISTINCT ON (instance_id) factor FROM engine_route_health
     WHERE route_id = %(route)s AND at >= %(now)s ORDER BY instance_id, at DESC) latest
"""
SERIES = ("handed_over", "accepted", "refused", "delivered", "failed", "waiting")


def of(route_id: UUID, *, window: int, binds: int) -> Figures:
    """The figures of one route now."""
    now = clock.now()
    since = now - DAY
    asked: dict[str, Any] = {
        "route": route_id,
        "since": since,
        "step": STEP.total_seconds(),
        "hour": now - HOUR,
        "now": now - NOW,
    }
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_SERIES, asked)
        rows = cursor.fetchall()
        cursor.execute(_CODES, asked)
        codes = [Code(kind, code, int(count)) for kind, code, count in cursor.fetchall()]
        cursor.execute(_LATELY, asked)
        handed_over, seen_in_flight = cursor.fetchone()
        cursor.execute(_FACTOR, asked)
        (factor,) = cursor.fetchone()
        cursor.execute(sql("route_quality"), {"now": now})
        heard = heard_of([(row[0].bytes, *row[1:]) for row in cursor.fetchall() if row[0] == route_id])
    steps = int(DAY / STEP)
    series = {name: [0] * steps for name in SERIES}
    for step, *values in rows:
        for name, value in zip(SERIES, values, strict=True):
            if 0 <= step < steps:
                series[name][step] = int(value)
    times = [since + n * STEP for n in range(steps)]
    now_s = NOW.total_seconds()
    ceiling = _ceiling(handed_over / now_s, float(seen_in_flight) * HEALTH_EVERY_S / now_s, window * binds)
    return Figures(times, series, codes, ceiling, _places(heard), float(factor))


def _ceiling(per_second: float, in_flight: float, window: int) -> Ceiling:
    """Little's law: what is under way is the pace times how long an answer takes; so is the window, at the most."""
    if not per_second or not in_flight:
        return Ceiling(per_second, in_flight, window, None, None)
    round_trip_s = in_flight / per_second
    return Ceiling(per_second, in_flight, window, round_trip_s * 1000, window / round_trip_s)


def _places(heard: Any) -> list[Place]:
    overall = next((told for (_, country), told in heard.items() if not country), None)
    found = []
    for (_, country), told in sorted(heard.items(), key=lambda each: each[0][1]):
        if country and overall is not None:
            share = {purpose: quality(purpose, overall, told) for purpose in ("marketing", "alert")}
            found.append(Place(country, share["marketing"], share["alert"], told.delivered + told.failed))
    return found
