"""What there is for a message of a client: the routes, what they carry and cost, its senders."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from sofy.engine.alphabets import Alphabets
from sofy.engine.choice import purchase_price
from sofy.engine.planning import Asked, Heard, Plan, plan
from sofy.engine.routes import Route, route_plan
from sofy.engine.rungs import Rung
from sofy.ingest.templates import Known
from sofy.kernel.clauses import clause
from sofy.kernel.prices import Book, Networks, day

#: The channels that auto takes when the client chose none: the cheapest that says whether it arrived, then SMS.
LADDER: Final = ("rcs", "sms")


class Offers:
    """The routes there are: what they carry, in which alphabets, at which price."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = routes
        sms = [each for each in routes if each.channel == "sms"]
        self.alphabets = Alphabets((each.purposes, each.short_code, each.encodings) for each in sms)
        self._answering = [(each.client, each.short_code, each.purposes) for each in sms if each.short_code]
        self._prices: dict[tuple[bytes | None, str, str, str, str | None], Decimal] = {}
        self._owners = frozenset(each.client for each in routes if each.client is not None)
        self._codes: dict[tuple[bytes | None, str | None], tuple[str, ...]] = {}
        self._carriers: dict[tuple[bytes | None, str, str], Route | None] = {}

    def _own(self, client: bytes) -> bytes | None:
        """Clients without a route of their own are offered the same."""
        return client if client in self._owners else None

    def answering(self, client: bytes, purpose: str | None = None) -> tuple[str, ...]:
        """Short codes that answer for a purpose, or for any; the cheapest route's first."""
        key = (self._own(client), purpose)
        if key not in self._codes:
            self._codes[key] = tuple(dict.fromkeys(
                code for owner, code, purposes in self._answering
                if owner in (None, client) and (purpose is None or purpose in purposes)
            ))  # fmt: skip
        return self._codes[key]

    def carries(self, client: bytes, channel: str, purpose: str) -> Route | None:
        """The first route of a channel for a purpose, the client's own before everybody's."""
        key = (self._own(client), channel, purpose)
        if key not in self._carriers:
            fit = [
                each
                for each in self.routes
                if each.channel == channel and purpose in each.purposes and each.client in (None, client)
            ]
            best = min(fit, key=lambda each: (each.client is None, each.price_eur, each.code), default=None)
            self._carriers[key] = best
        return self._carriers[key]

    def plan(
        self, client: bytes, channel: str, purpose: str, encoding: str, short_code: str | None
    ) -> tuple[Route, ...]:
        """The routes that may carry such a message now, in their order."""
        return route_plan(
            self.routes, channel=channel, purpose=purpose, encoding=encoding, short_code=short_code, client=client
        )

    def price_eur(self, client: bytes, channel: str, purpose: str, encoding: str, short_code: str | None) -> Decimal:
        """What one part costs: as the cheapest open route takes, or else the cheapest. Unit: EUR before VAT."""
        key = (self._own(client), channel, purpose, encoding, short_code)
        if key not in self._prices:
            plan = self.plan(client, *key[1:]) or self._plan_when_open(client, *key[1:])
            self._prices[key] = plan[0].price_eur if plan else Decimal(0)
        return self._prices[key]

    def _plan_when_open(
        self, client: bytes, channel: str, purpose: str, encoding: str, short_code: str | None
    ) -> tuple[Route, ...]:
        routes = [each._replace(state="active") for each in self.routes]
        return route_plan(
            routes, channel=channel, purpose=purpose, encoding=encoding, short_code=short_code, client=client
        )


class Tariff(NamedTuple):
    """What clients pay, what routes cost and deliver, how they are chosen, and where numbers belong."""

    networks: Networks = Networks()
    sales: Book = Book()
    purchases: Book = Book()
    heard: Mapping[tuple[bytes, str], Heard] = {}
    terms: Mapping[bytes, dict[str, Any]] = {}


class Desk(NamedTuple):
    """What is known of a client while its messages are looked at. `ladder`: the channels of auto and their seconds.

    `owner`: the client as routes name it. `prices`: what was asked already, by the messages of one request.
    """

    client: UUID
    owner: bytes
    offers: Offers
    senders: Mapping[str, tuple[str, ...]]
    fictional: bool
    now: datetime
    prices: dict[tuple[str, str, str, str, str | None], Decimal]
    tariff: Tariff = Tariff()
    ladder: tuple[tuple[str, int], ...] = ()
    channels_off: frozenset[str] = frozenset()
    establishments: Mapping[str, UUID] | None = None
    templates: Mapping[str, Known] = MappingProxyType({})

    @clause("CGVU 3.4")
    def price_eur(self, channel: str, to: str, purpose: str, encoding: str, short_code: str | None) -> Decimal:
        """What one part to somebody costs the client: by its order form, else by the list, else what routes say."""
        key = (channel, purpose, self.tariff.networks.of(to), encoding, short_code)
        price = self.prices.get(key)
        if price is None:
            price = self.sale_eur(channel, to, purpose)
            if price is None:
                price = self.offers.price_eur(self.owner, channel, purpose, encoding, short_code)
            self.prices[key] = price
        return price

    def sale_eur(self, channel: str, to: str, purpose: str) -> Decimal | None:
        """What the order form or the list says of one part, if anything."""
        return self.tariff.sales.sale(self.client, channel, purpose, self.tariff.networks.of(to), day(self.now))

    def plan(self, way: Rung, purpose: str) -> Plan:
        """By which routes a message would leave now, and which are out; failures of this minute are not known here."""
        fit = self.offers.plan(self.owner, way.channel, purpose, way.encoding, way.short_code)
        routes = [each._replace(**self.tariff.terms.get(each.id, {})) for each in fit]
        on = day(self.now)
        return plan(
            routes,
            Asked(purpose, way.to, self.tariff.networks.of(way.to), way.sender),
            price=lambda route, destination: purchase_price(self.tariff.purchases, route, destination, on),
            heard=self.tariff.heard,
            factors={},
        )


def cost(unit_price_eur: Decimal, parts: int) -> str:
    """Unit: EUR before VAT, with at least two decimals and no more than the price has."""
    exact = f"{unit_price_eur * parts:.6f}"
    whole, _, decimals = exact.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def routes_of(rows: Sequence[tuple[Any, ...]]) -> list[Route]:
    """The rows of the statement `offers`."""
    return [
        Route(rid, code, channel, short_code, frozenset(purposes), frozenset(encodings), price, state, client)
        for rid, code, _name, channel, short_code, purposes, encodings, price, state, client in rows
    ]
