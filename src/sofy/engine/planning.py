"""By which of several routes a message leaves, and why; pure, so that a dry run shows it.

1. Out are routes that may not carry it: where they send, whose senders they show, what they carry.
2. A route that delivers clearly less than the best one comes after those that do not (`_TOLERANCE`, by purpose).
3. The others are ordered by what a delivered part costs: the purchase price of the number, over the share delivered.
4. Routes that cost the same share the messages by their weights; a message's own id says which one it takes.
5. A route that fails more and more keeps a share that falls, and rises again with its successes (`engine/circuit.py`).

Whoever is not chosen stays in the list: a message takes the next one when the one before has no room.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from sofy.engine.routes import Route

#: By how much less than the best a route may deliver and still be chosen by its price.
_TOLERANCE: Final = {"alert": 0.05, "marketing": 0.20}
#: Prices that differ by less are the same: quality is measured, and a measure is never quite still.
_SAME: Final = Decimal("1.03")
#: What a route is believed to deliver before it was seen, and how many receipts that belief weighs.
_BELIEF, _WEIGHT = 0.95, 20
#: An alert is worth what arrives within so long. Unit: seconds.
IN_TIME_S: Final = 60.0


class Heard(NamedTuple):
    """Receipts of the last hours: parts delivered, delivered in time, and failed."""

    delivered: int = 0
    in_time: int = 0
    failed: int = 0


def quality(purpose: str, overall: Heard, here: Heard) -> float:
    """The share of parts that arrive, in time when it is an alert.

    What is known of a country weighs against what is known of the route, and that against a belief.
    """

    def share(heard: Heard, belief: float) -> float:
        good = heard.in_time if purpose == "alert" else heard.delivered
        return (good + belief * _WEIGHT) / (heard.delivered + heard.failed + _WEIGHT)

    return round(share(here, share(overall, _BELIEF)), 3)


class Asked(NamedTuple):
    """What a message needs of a route. `destination` as `kernel.prices.Networks` says it; `to` in E.164."""

    purpose: str
    to: str
    destination: str
    sender: str


class Candidate(NamedTuple):
    """A route that may carry it. `sender`: what it shows instead of the sender; empty: the sender itself.

    Unit: EUR before VAT per part for `price_eur`; `cost_eur` the same per part delivered.
    """

    route: "Route"
    price_eur: Decimal
    quality: float
    cost_eur: Decimal
    share: float
    sender: str = ""


class Out(NamedTuple):
    """A route that may not, and why: country, prefix, sender."""

    route: "Route"
    reason: str


class Plan(NamedTuple):
    """Candidates in the order in which they are tried, and those that are out."""

    candidates: tuple[Candidate, ...]
    out: tuple[Out, ...]
    bounds: tuple[float, ...] = ()

    def order(self, message_id: bytes) -> Sequence[Candidate]:
        """The candidates as this message tries them: the one its id falls on, then the others."""
        return rotated(self.candidates, self.bounds, message_id)


T = TypeVar("T")


def rotated(ordered: tuple[T, ...], bounds: tuple[float, ...], message_id: bytes) -> tuple[T, ...]:
    """What is ordered, with the one first on whose share the id falls; `bounds` are the shares added up."""
    if len(ordered) < 2:
        return ordered
    chosen = bisect_right(bounds, position(message_id))
    if not 0 < chosen < len(ordered):
        return ordered
    return (ordered[chosen], *ordered[:chosen], *ordered[chosen + 1 :])


def position(message_id: bytes) -> float:
    """Where a message falls between 0 and 1: always the same for one id, evenly spread over many."""
    return crc32(message_id) / 2**32


def plan(
    routes: Iterable["Route"],
    asked: Asked,
    *,
    price: Callable[["Route", str], Decimal],
    heard: Mapping[tuple[bytes, str], Heard],
    factors: Mapping[bytes, float],
) -> Plan:
    """The routes of `routes` that may carry a message, and how it chooses among them.

    `price`: of a route, for a destination. `heard`: by route and country; the empty country is all of a route.
    `factors`: what failures leave of a route's share, 1 when nothing is missing.
    """
    found, out = [], []
    country = asked.destination[:2]
    for route in routes:
        problem, sender = _fits(route, asked, country)
        if problem:
            out.append(Out(route, problem))
            continue
        good = quality(asked.purpose, heard.get((route.id, ""), Heard()), heard.get((route.id, country), Heard()))
        paid = price(route, asked.destination)
        found.append(Candidate(route, paid, good, paid / Decimal(str(max(good, 0.01))), 0.0, sender))
    ordered = [
        candidate._replace(share=share)
        for group, part in _parted(_groups(found, asked.purpose), factors)
        for candidate, share in zip(group, part, strict=True)
    ]
    bounds = tuple(accumulate(candidate.share for candidate in ordered))
    return Plan(tuple(ordered), tuple(out), bounds)


def _fits(route: "Route", asked: Asked, country: str) -> tuple[str, str]:
    """What is wrong with a route for this message, and what it shows as its sender."""
    if route.countries and country not in route.countries:
        return "country", ""
    if route.prefixes and not asked.to.lstrip("+").startswith(route.prefixes):
        return "prefix", ""
    if route.sender_policy == "any" or asked.sender == route.short_code:
        return "", ""
    if route.sender_policy == "short_code":
        if asked.sender.isdecimal():
            return "", ""
        return ("", route.short_code) if route.short_code else ("sender", "")
    return ("", "") if asked.sender in route.senders else ("sender", "")


def _groups(candidates: list[Candidate], purpose: str) -> list[list[Candidate]]:
    """Equals together: first those that deliver as the best does, by cost; spares (weight 0) last."""
    best = max((each.quality for each in candidates), default=0.0)
    low = best - _TOLERANCE.get(purpose, _TOLERANCE["alert"])
    groups: list[list[Candidate]] = []
    tiers: list[tuple[bool, bool]] = []
    for each in sorted(candidates, key=lambda one: (*_tier(one, low), one.cost_eur, one.route.code)):
        tier = _tier(each, low)
        if groups and tiers[-1] == tier and each.cost_eur <= groups[-1][0].cost_eur * _SAME:
            groups[-1].append(each)
        else:
            groups.append([each])
            tiers.append(tier)
    return groups


def _tier(candidate: Candidate, low: float) -> tuple[bool, bool]:
    return candidate.route.weight == 0, candidate.quality < low


def _parted(
    groups: list[list[Candidate]], factors: Mapping[bytes, float]
) -> Iterable[tuple[list[Candidate], list[float]]]:
    """Each group with the shares of its routes: what the failures of a group leave over goes to the next one."""
    left, spares = 1.0, sum(group[0].route.weight == 0 for group in groups)
    last = len(groups) - spares - 1 if spares < len(groups) else len(groups) - 1
    for n, group in enumerate(groups):
        kept = [factors.get(each.route.id, 1.0) for each in group]
        taken = left if n == last else left * max(kept)
        weights = [max(each.route.weight, 1) * factor for each, factor in zip(group, kept, strict=True)]
        yield group, [taken * weight / sum(weights) for weight in weights]
        left -= taken
