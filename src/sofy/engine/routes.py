"""The ways out: which exist, which may carry a message, and the running connector of each."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import structlog

from sofy.connectors.base import Connector, Events
from sofy.engine.choice import Choice
from sofy.engine.item import Item
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.route_config import settings_of, tells
from sofy.kernel.channels import of_lane
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused

#: How often each engine writes down how a route does. Unit: seconds.
HEALTH_EVERY_S = 5.0
log = structlog.get_logger(__name__)


class Route(NamedTuple):
    """One row of engine_route, as far as choosing goes."""

    id: bytes
    code: str
    channel: str
    short_code: str | None
    purposes: frozenset[str]
    encodings: frozenset[str]
    price_eur: Decimal
    state: str
    client: bytes | None = None
    weight: int = 100
    countries: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    sender_policy: str = "any"
    senders: frozenset[str] = frozenset()


@clause("CGVU 3.4")
def route_plan(
    routes: Iterable[Route],
    *,
    channel: str,
    purpose: str,
    encoding: str,
    short_code: str | None,
    client: bytes | None = None,
) -> tuple[Route, ...]:
    """The routes that may carry a message, cheapest first; pure, so that a dry run can show it.

    A message that says where to answer can only leave by a route that answers there. A route of one client carries
    its messages only. An SMS needs a route that takes its alphabet.
    """
    fit = [
        route
        for route in routes
        if route.state == "active"
        and route.channel == channel
        and purpose in route.purposes
        and (channel != "sms" or encoding in route.encodings)
        and (route.client is None or route.client == client)
        and (short_code is None or route.short_code == short_code)
    ]
    return tuple(sorted(fit, key=lambda route: (route.price_eur, route.code)))


def terms(row: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of a Route that a row of the statement `route_terms` fills."""
    _, weight, countries, prefixes, policy, senders = row
    return {
        "weight": weight,
        "countries": frozenset(countries),
        "prefixes": tuple(prefixes),
        "sender_policy": policy,
        "senders": frozenset(senders),
    }


#: So many different codes of a supplier are counted apart; what comes then is counted together.
_MOST_CODES = 50


class Counters(msgspec.Struct, gc=False):
    """What a route did since its connector was started. `codes`: how often a supplier gave which reason."""

    handed_over: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    receipts: int = 0
    inbound: int = 0
    throttled: int = 0
    delivered: int = 0
    failed: int = 0
    codes: dict[str, int] = {}

    def count_code(self, kind: str, code: str) -> None:
        """`kind`: refused (at hand-over) or failed (by receipt)."""
        name = f"{kind} {code[:20] or '-'}"
        if name not in self.codes and len(self.codes) >= _MOST_CODES:
            name = f"{kind} other"
        self.codes[name] = self.codes.get(name, 0) + 1

    def since(self, before: "Counters") -> dict[str, Any]:
        """What was counted after `before`, field by field."""
        told: dict[str, Any] = {
            name: getattr(self, name) - getattr(before, name) for name in self.__struct_fields__ if name != "codes"
        }
        told["codes"] = {name: new for name, count in self.codes.items() if (new := count - before.codes.get(name, 0))}
        return told

    def copy(self) -> "Counters":
        return msgspec.structs.replace(self, codes=dict(self.codes))


EventsFactory = Callable[[bytes, Counters], Events]


class Running(msgspec.Struct, gc=False, eq=False):
    """A route with its connector. `sampled`: its counters when the last health sample was written."""

    route: Route
    connector: Connector
    fingerprint: str
    counters: Counters
    sampled: Counters = msgspec.field(default_factory=Counters)


class Reading(NamedTuple):
    """How to read what the supplier of a route calls back with, whether it sends or not."""

    fingerprint: str
    kind: type[Connector]
    settings: Any


class RouteTable:
    """Keeps connectors in step with engine_route: a changed row replaces its connector, a draining one only listens."""

    def __init__(self, link: HotLink, keystore: KeyStore) -> None:
        self.running: dict[bytes, Running] = {}
        self.broken: dict[str, str] = {}
        #: After how long without a receipt a message is unknown: a paused route, too, has messages under way. Of
        #: suppliers that usually tell nothing more, such as mail servers, silence says nothing.
        self.horizons_s: dict[bytes, int] = {}
        self.routes: dict[bytes, Route] = {}
        self.readings: dict[bytes, Reading] = {}
        self._link = link
        self._keystore = keystore
        self.choice = Choice()
        self._terms: dict[bytes, dict[str, Any]] = {}
        self._plans: dict[tuple[bytes | None, str, str, str, str | None], tuple[Running, ...]] = {}
        self._owners: frozenset[bytes] = frozenset()

    def candidates(
        self, client: bytes, channel: str, purpose: str, encoding: str, short_code: str | None
    ) -> tuple[Running, ...]:
        """Running routes for such a message, cheapest first."""
        key = (client if client in self._owners else None, channel, purpose, encoding, short_code)
        plan = self._plans.get(key)
        if plan is None:
            chosen = route_plan(
                [one.route for one in self.running.values()],
                channel=channel, purpose=purpose, encoding=encoding, short_code=short_code, client=client,
            )  # fmt: skip
            plan = self._plans[key] = tuple(self.running[route.id] for route in chosen)
        return plan

    def choose(self, item: Item) -> tuple[tuple[Running, str], ...]:
        """Routes in the order in which a message tries them, each with the sender it shows instead, if any."""
        plan = self.candidates(item.client, item.channel, item.purpose, item.encoding, item.short_code)
        return self.choice.order(plan, item)

    def serves(self, lane: str) -> bool:
        """Whether any link that may carry messages of this lane is up."""
        purpose, channel = of_lane(lane)
        return any(
            one.route.channel == channel
            and one.route.state == "active"
            and purpose in one.route.purposes
            and one.connector.health().binds_up
            for one in self.running.values()
        )

    async def reload(self, events_for: EventsFactory) -> None:
        """Read the table and start, replace or stop connectors."""
        rows = await self._link.rows("routes")
        self.horizons_s = {row[0]: row[13] for row in rows if tells(row[3])}
        self._owners = frozenset(row[14] for row in rows if row[14] is not None)
        self._terms = {row[0]: terms(row) for row in await self._link.rows("route_terms")}
        seen = set()
        for row in rows:
            seen.add(row[0])
            await self._keep(row, events_for)
        for gone in [key for key in self.routes if key not in seen]:
            del self.routes[gone]
            self.readings.pop(gone, None)
            if gone in self.running:
                await self._stop(gone)
        self._plans.clear()
        await self.choice.read(self._link, [one.route for one in self.running.values()])

    async def close(self, grace_s: float) -> None:
        """Log out everywhere; what never left comes back to the queue."""
        for key in list(self.running):
            await self._stop(key, grace_s)

    async def _keep(self, row: tuple[Any, ...], events_for: EventsFactory) -> None:
        (rid, code, channel, connector, config, short_code, purposes, encodings, price, rate, window, binds, state,
         _, client) = row  # fmt: skip
        route = Route(rid, code, channel, short_code, frozenset(purposes), frozenset(encodings), price, state, client)
        route = route._replace(**self._terms.get(rid, {}))
        fingerprint = repr((connector, config, rate, window, binds, sorted(encodings), state == "paused"))
        self.routes[rid] = route
        known = self.running.get(rid)
        if known is not None and known.fingerprint == fingerprint:
            known.route = route
            return
        if known is not None:
            await self._stop(rid)
        reading = self.readings.get(rid)
        try:
            if reading is None or reading.fingerprint != fingerprint:
                kind, settings = settings_of(self._keystore, row)
                reading = self.readings[rid] = Reading(fingerprint, kind, settings)
            if state == "paused":
                return
            counters = Counters()
            running = Running(route, reading.kind(reading.settings, events_for(rid, counters)), fingerprint, counters)
        except (msgspec.ValidationError, Refused, KeyError, ValueError, OSError) as error:
            if self.broken.get(code) != str(error):
                log.error("engine.route_unusable", route=code, problem=str(error))
            self.broken[code] = str(error)
            return
        self.broken.pop(code, None)
        self.running[rid] = running
        await running.connector.start()
        log.info("engine.route_started", route=code)

    async def _stop(self, key: bytes, grace_s: float = 5.0) -> None:
        running = self.running.pop(key)
        self._plans.clear()
        await running.connector.stop(grace_s)
        log.info("engine.route_stopped", route=running.route.code)
