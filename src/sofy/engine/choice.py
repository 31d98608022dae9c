"""What one engine knows for choosing among its routes: prices, what they deliver, and how each one is doing now."""

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from sofy.connectors.base import Action, Receipt
from sofy.engine.circuit import Circuit
from sofy.engine.item import Item
from sofy.engine.link import HotLink
from sofy.engine.pgarray import Int8Array, TextArray, UuidArray
from sofy.engine.planning import IN_TIME_S, Asked, Heard, plan, rotated
from sofy.kernel import clock
from sofy.kernel.prices import Book, Networks, Price, day

if TYPE_CHECKING:
    from sofy.engine.routes import Route, Running

#: Prices and figures of delivery are read again when they are older than this.
_READ_EVERY_S: Final = 10.0
_MICROS: Final = 1_000_000
#: Where a number is, which prefixes of routes it has, and what it shows as its sender: as far as routes ask.
_Key = str | tuple[str, tuple[str, ...], str]


class _Plan(NamedTuple):
    pairs: "tuple[tuple[Running, str], ...]"
    bounds: tuple[float, ...]


def purchase_price(purchases: Book, route: "Route", destination: str, on: Any) -> Decimal:
    """What a part to a destination costs by a route: by its dated rows, else what the route says."""
    dated = purchases.price(route.id, route.channel, "", destination, on)
    return route.price_eur if dated is None else dated


def heard_of(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[bytes, str], Heard]:
    """The rows of the statement `route_quality`, with the whole of each route under no country."""
    found: dict[tuple[bytes, str], Heard] = {}
    for route, country, *counts in rows:
        for key in {(route, country), (route, "")}:
            before = found.get(key, Heard())
            found[key] = Heard(*(a + int(b) for a, b in zip(before, counts, strict=True)))
    return found


class Choice:
    """Plans by what messages have in common; forgotten when anything they were made of changes."""

    def __init__(self) -> None:
        self.networks = Networks()
        self.purchases = Book()
        self.heard: dict[tuple[bytes, str], Heard] = {}
        self.circuits: dict[bytes, Circuit] = {}
        self._told: dict[tuple[bytes, str], list[int]] = {}
        self._plans: dict[int, tuple[tuple[Running, ...], dict[_Key, _Plan]]] = {}
        self._on = day(clock.now())
        self._read_at = float("-inf")
        self._prefixes: tuple[str, ...] = ()
        self._by_sender = False

    def order(self, eligible: tuple["Running", ...], item: Item) -> tuple[tuple["Running", str], ...]:
        """Those of `eligible` that may carry a message, as it tries them, each with the sender it shows instead."""
        if not item.place:
            item.place = self.networks.of(item.to)
        key: _Key = item.place
        if self._prefixes or self._by_sender:
            key = (item.place, tuple(filter(item.to[1:].startswith, self._prefixes)), item.sender)
        of, plans = self._plans.get(id(eligible), ((), {}))
        if of is not eligible:
            _, plans = self._plans[id(eligible)] = (eligible, {})
        known = plans.get(key)
        if known is None:
            asked = Asked(item.purpose, item.to, item.place, item.sender)
            factors = {route: circuit.factor for route, circuit in self.circuits.items()}
            made = plan([one.route for one in eligible], asked, price=self._price, heard=self.heard, factors=factors)
            running = {one.route.id: one for one in eligible}
            pairs = tuple((running[each.route.id], each.sender) for each in made.candidates)
            known = plans[key] = _Plan(pairs, made.bounds)
        return rotated(known.pairs, known.bounds, item.id)

    def _price(self, route: "Route", destination: str) -> Decimal:
        return purchase_price(self.purchases, route, destination, self._on)

    def circuit(self, route: bytes) -> Circuit:
        known = self.circuits.get(route)
        if known is None:
            known = self.circuits[route] = Circuit()
        return known

    def note(self, route: bytes, place: str, receipt: Receipt, took_s: float) -> None:
        """Count what a receipt says about a route; that a number is dead, or a phone off, says nothing about it."""
        circuit = self.circuit(route)
        if receipt.status == "delivered":
            circuit.good += 1
        elif receipt.status == "failed" and receipt.action not in (Action.SUPPRESS, Action.RETRY):
            circuit.bad += 1
        if receipt.action is not Action.SUPPRESS and receipt.status in ("delivered", "failed", "expired"):
            counts = self._told.get((route, place[:2]))
            if counts is None:
                counts = self._told[route, place[:2]] = [0, 0, 0]
            good = receipt.status == "delivered"
            counts[0] += good
            counts[1] += good and took_s <= IN_TIME_S
            counts[2] += not good

    def take_told(self, instance: UUID) -> dict[str, Any] | None:
        """The values of `note_quality` for what was counted since the last time."""
        told, self._told = self._told, {}
        if not told:
            return None
        now = clock.now()
        return {
            "at": now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0),
            "me": instance,
            "routes": UuidArray.of([route for route, _ in told]),
            "countries": TextArray.of([country for _, country in told]),
            "delivered": Int8Array.of([counts[0] for counts in told.values()]),
            "in_time": Int8Array.of([counts[1] for counts in told.values()]),
            "failed": Int8Array.of([counts[2] for counts in told.values()]),
        }

    async def read(self, link: HotLink, routes: Sequence["Route"]) -> None:
        """Look at everything again that is old, judge the circuits, and plan anew."""
        self._on = day(clock.now())
        self._prefixes = tuple(sorted({prefix for route in routes for prefix in route.prefixes}))
        self._by_sender = any(route.sender_policy != "any" for route in routes)
        for circuit in self.circuits.values():
            circuit.look()
        self._plans.clear()
        if time.monotonic() - self._read_at < _READ_EVERY_S:
            return
        self._read_at = time.monotonic()
        prefixes = await link.rows("networks")
        self.networks = Networks({prefix: (country, network) for prefix, country, network in prefixes})
        self.purchases = Book(Price(*row) for row in await link.rows("purchase_prices"))
        self.heard = heard_of(await link.rows("route_quality", {"now": clock.now()}))


Told = Callable[[bytes, str, Receipt, float], None]
"""`Choice.note`: route, where the number is, what was said, how long after the hand-over in seconds."""


def seconds(micros: int) -> float:
    """Unit: seconds."""
    return micros / _MICROS
