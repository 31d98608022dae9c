"""Routes for the operator's staff: how they are, how much passes, and the pause. On the staff login only."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections

from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.messaging.route_rules import check_choice, check_price, check_route

STATES = ("active", "paused", "draining")
WINDOW = timedelta(minutes=5)
STEP_S = 10


@dataclass
class Route:
    """One route with its health over the last minutes."""

    id: UUID
    code: str
    name: str
    connector: str
    short_code: str
    price_eur: Decimal
    rate_per_s: int
    window: int
    binds: int
    state: str
    purposes: list[str]
    encodings: list[str]
    weight: int
    countries: list[str]
    prefixes: list[str]
    sender_policy: str
    senders: list[str]
    channel: str
    binds_up: int = 0
    binds_down: int = 0
    in_flight: int = 0
    waiting: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    receipts: int = 0
    throttled: int = 0
    per_second: float = 0.0
    seen_at: datetime | None = None
    problem: str = ""
    series: list[float] = field(default_factory=list)

    @property
    def health(self) -> str:
        """`up`, `partly` when one link of several is down, `down`, or `none`: no engine has spoken for a minute."""
        if self.seen_at is None:
            return "none"
        if not self.binds_up:
            return "down"
        return "partly" if self.problem else "up"


_ROUTES = (
    "SELECT id, code, name, connector, coalesce(short_code, ''), price_eur, rate_per_s, \"window\", binds, state,"
    " purposes, encodings, weight, countries, prefixes, sender_policy, senders, channel FROM engine_route"
    " ORDER BY code"
)
_NOW = """
SELECT route_id, sum(binds_up), sum(binds_down), sum(in_flight), sum(waiting), max(at), max(problem)
  FROM (SELECT DISTINCT ON (route_id, instance_id) * FROM engine_route_health
         WHERE at >= %s AND instance_id IN (SELECT id FROM engine_instance)
         ORDER BY route_id, instance_id, at DESC) latest GROUP BY route_id
"""
_SUMS = """
SELECT route_id, sum(accepted), sum(refused), sum(unknown), sum(receipts), sum(throttled), sum(handed_over)
  FROM engine_route_health WHERE at >= %s GROUP BY route_id
"""
_SERIES = """
SELECT route_id, floor(extract(epoch FROM at - %(since)s) / %(step)s)::int, sum(handed_over)
  FROM engine_route_health WHERE at >= %(since)s GROUP BY 1, 2
"""


def console() -> list[Route]:
    """Every route as it is now."""
    now = clock.now()
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_ROUTES)
        routes = {row[0]: Route(*row) for row in cursor.fetchall()}
        cursor.execute(_NOW, [now - timedelta(minutes=1)])
        for route_id, up, down, in_flight, waiting, at, problem in cursor.fetchall():
            if route := routes.get(route_id):
                route.binds_up, route.binds_down, route.in_flight, route.waiting = up, down, in_flight, waiting
                route.seen_at, route.problem = at, problem or ""
        cursor.execute(_SUMS, [now - WINDOW])
        for route_id, *sums, handed_over in cursor.fetchall():
            if route := routes.get(route_id):
                route.accepted, route.refused, route.unknown, route.receipts, route.throttled = sums
                route.per_second = handed_over / WINDOW.total_seconds()
        _fill_series(cursor, routes, now)
    return list(routes.values())


def _fill_series(cursor: Any, routes: dict[UUID, Route], now: datetime) -> None:
    steps = int(WINDOW.total_seconds() / STEP_S)
    for route in routes.values():
        route.series = [0.0] * steps
    cursor.execute(_SERIES, {"since": now - WINDOW, "step": STEP_S})
    for route_id, step, handed_over in cursor.fetchall():
        if route_id in routes and 0 <= step < steps:
            routes[route_id].series[step] = handed_over / STEP_S


def find(route_id: UUID) -> Route:
    """One route as it is now. Raises: Refused not_found."""
    found = next((route for route in console() if route.id == route_id), None)
    if found is None:
        raise Refused("not_found", 404)
    return found


def change_terms(
    route_id: UUID,
    *,
    name: str,
    price_eur: Decimal,
    purposes: Collection[str],
    actor: str,
    short_code: str = "",
    alphabets: Collection[str] = (),
) -> Route:
    """Call a route otherwise, or let it cost, answer to, carry or write in something else; how it is reached stays.

    Messages that wait keep the alphabet and the price they were counted with. Short code and alphabets are of SMS: a
    route of another channel keeps its own.
    Raises: Refused not_found, price_range, or what check_route refuses.
    """
    route = find(route_id)
    if route.channel != "sms":
        short_code, alphabets = route.short_code, route.encodings
    check_route(
        code=route.code, name=name, short_code=short_code or None, purposes=purposes, alphabets=alphabets,
        channel=route.channel,
    )  # fmt: skip
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(
                "UPDATE engine_route SET name = %s, short_code = %s, price_eur = %s, purposes = %s, encodings = %s,"
                " updated_at = %s WHERE id = %s",
                [
                    name.strip(),
                    short_code or None,
                    check_price(price_eur),
                    sorted(purposes),
                    sorted(alphabets),
                    clock.now(),
                    route_id,
                ],
            )
        audit.append(audit.PLATFORM, "route.saved", actor, {"route": route.code}, using="staff")
    return find(route_id)


def change_choice(
    route_id: UUID,
    *,
    weight: int,
    countries: Collection[str],
    prefixes: Collection[str],
    sender_policy: str,
    senders: Collection[str],
    actor: str,
) -> Route:
    """Say how a route is chosen among others: its weight, where it sends, whose names it shows.

    Raises: Refused not_found, or what check_choice refuses.
    """
    check_choice(weight=weight, countries=countries, prefixes=prefixes, sender_policy=sender_policy, senders=senders)
    code = find(route_id).code
    values: list[Any] = [
        weight,
        sorted(countries),
        sorted(prefixes),
        sender_policy,
        sorted(senders),
        clock.now(),
        route_id,
    ]
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(
                "UPDATE engine_route SET weight = %s, countries = %s, prefixes = %s, sender_policy = %s, senders = %s,"
                " updated_at = %s WHERE id = %s",
                values,
            )
        audit.append(audit.PLATFORM, "route.weighed", actor, {"route": code, "weight": weight}, using="staff")
    return find(route_id)


def change_state(route_id: UUID, *, state: str, actor: str) -> Route:
    """Pause, drain or open a route; what is queued waits for another route or for this one to open again.

    Raises: Refused not_found, route_state.
    """
    if state not in STATES:
        raise Refused("route_state", known=", ".join(STATES))
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(
                "UPDATE engine_route SET state = %s, updated_at = %s WHERE id = %s AND state <> %s RETURNING code",
                [state, clock.now(), route_id, state],
            )
            row = cursor.fetchone()
        if row is not None:
            audit.append(audit.PLATFORM, f"route.{state}", actor, {"route": row[0]}, using="staff")
    return find(route_id)
