"""What a change of routes would have meant for yesterday's traffic: counted, never looked at person by person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

from sofy.engine.choice import heard_of, purchase_price
from sofy.engine.db import sql
from sofy.engine.planning import Asked, Heard, plan
from sofy.engine.routes import Route, route_plan, terms
from sofy.kernel import clock, ids
from sofy.kernel.prices import Book, Price, day
from sofy.kit.rls import staff_scope


class Group(NamedTuple):
    """Messages that routes cannot tell apart, with how many they are and how many parts they make."""

    purpose: str
    encoding: str
    short_code: str | None
    sender: str
    destination: str
    messages: int
    parts: int


@dataclass
class Line:
    """One route before and after. Unit: messages, and EUR before VAT."""

    route: str
    before: float = 0.0
    after: float = 0.0
    before_eur: Decimal = Decimal(0)
    after_eur: Decimal = Decimal(0)


@dataclass
class Outcome:
    """What the change would have made of a day."""

    messages: int
    lines: list[Line]
    nowhere_before: int = 0
    nowhere_after: int = 0
    on: Any = None
    groups: list[Group] = field(default_factory=list)

    @property
    def before_eur(self) -> Decimal:
        return sum((line.before_eur for line in self.lines), Decimal(0))

    @property
    def after_eur(self) -> Decimal:
        return sum((line.after_eur for line in self.lines), Decimal(0))


_GROUPS = """
SELECT m.purpose, m.encoding, m.short_code, m.sender, coalesce(m.destination, ''), count(*), sum(m.parts)::bigint
  FROM engine_message m JOIN engine_state s ON s.client_id = m.client_id AND s.message_id = m.id
 WHERE m.id >= %(first)s AND m.id < %(last)s AND m.channel = 'sms' AND s.submitted_at IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5
"""
_ROUTES = """
SELECT id, code, channel, short_code, purposes, encodings, price_eur, state FROM engine_route
 WHERE channel = 'sms' AND client_id IS NULL
"""


def yesterday(changes: Mapping[UUID, Mapping[str, Any]]) -> Outcome:
    """Yesterday's messages, by the routes as they are and with `changes`: fields of `engine.routes.Route` by route."""
    midnight = clock.now().astimezone(clock.PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    began = (midnight - timedelta(hours=12)).replace(hour=0)  # a day may have 23 hours, or 25
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '60s'")
        cursor.execute(_GROUPS, {"first": ids.before(began), "last": ids.before(midnight)})
        groups = [Group(*row) for row in cursor.fetchall()]
        cursor.execute(_ROUTES)
        rows = cursor.fetchall()
        cursor.execute(sql("route_terms"))
        wanted = {row[0]: terms(row) for row in cursor.fetchall()}
        cursor.execute(sql("purchase_prices"))
        purchases = Book(Price(row[0].bytes, *row[1:]) for row in cursor.fetchall())
        cursor.execute(sql("route_quality"), {"now": clock.now()})
        heard = heard_of([(row[0].bytes, *row[1:]) for row in cursor.fetchall()])
    routes = [
        Route(
            row[0].bytes, row[1], row[2], row[3], frozenset(row[4]), frozenset(row[5]), row[6], row[7]
        )._replace(**wanted[row[0]])
        for row in rows
    ]  # fmt: skip
    edited = [route._replace(**changes.get(UUID(bytes=route.id), {})) for route in routes]
    return compare(groups, routes, edited, purchases=purchases, heard=heard, at=began)


def compare(
    groups: Sequence[Group],
    before: Sequence[Route],
    after: Sequence[Route],
    *,
    purchases: Book,
    heard: Mapping[tuple[bytes, str], Heard],
    at: datetime,
) -> Outcome:
    """Pure: where groups of messages would leave by one table of routes and by another, and at what cost."""
    on = day(at)
    lines: dict[str, Line] = defaultdict(lambda: Line(""))
    found = Outcome(sum(group.messages for group in groups), [], on=on, groups=list(groups))
    for group in groups:
        for name, routes in (("before", before), ("after", after)):
            eligible = route_plan(
                routes, channel="sms", purpose=group.purpose, encoding=group.encoding, short_code=group.short_code
            )
            asked = Asked(group.purpose, "", group.destination, group.sender)
            open_prefixes = [route._replace(prefixes=()) for route in eligible]
            made = plan(
                open_prefixes,
                asked,
                price=lambda route, where: purchase_price(purchases, route, where, on),
                heard=heard,
                factors={},
            )
            if not made.candidates:
                setattr(found, f"nowhere_{name}", getattr(found, f"nowhere_{name}") + group.messages)
            for each in made.candidates:
                line = lines[each.route.code]
                line.route = each.route.code
                share = Decimal(str(each.share))
                setattr(line, name, getattr(line, name) + each.share * group.messages)
                setattr(line, f"{name}_eur", getattr(line, f"{name}_eur") + share * group.parts * each.price_eur)
    found.lines = sorted((line for line in lines.values() if line.before or line.after), key=lambda line: line.route)
    return found
