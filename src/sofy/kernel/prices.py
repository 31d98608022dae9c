"""Prices as dated rows: which one is in force for a number, on a day of Paris.

A row is never changed: a later one is in force instead. Of the rows that fit, the one that says most counts: the
network before the country, the country before everywhere, the purpose before both purposes; of two that say as much the
one that began last. Networks are told by the beginning of a number: people keep their number when they change operator,
so the network is an assumption, as it is in the price lists of operators.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from itertools import product
from typing import Final, NamedTuple

import phonenumbers

from sofy.kernel import clock
from sofy.kernel.clauses import clause

#: Of a number whose network no prefix tells, and of an address that is no number.
ANYWHERE: Final = ""
_LONGEST_PREFIX: Final = 15
#: Answers that are remembered, of each kind.
_MOST_KEPT: Final = 100_000


class Price(NamedTuple):
    """One row. `owner`: whose price it is, a client or a route; None: everybody's (the list)."""

    owner: Hashable
    channel: str
    purpose: str
    country: str
    network: str
    price_eur: Decimal
    valid_from: date


class Networks:
    """Where numbers belong: `FR`, or `FR/name` where a prefix names the network; nothing for other addresses."""

    def __init__(self, prefixes: Mapping[str, tuple[str, str]] | None = None) -> None:
        self._prefixes = {prefix: _joined(*where) for prefix, where in (prefixes or {}).items()}
        lengths = {len(prefix) for prefix in self._prefixes}
        self._lengths = sorted(lengths, reverse=True)
        self._key = max([*lengths, 3]) + 1
        self._known: dict[str, str] = {}

    def of(self, to: str) -> str:
        """The destination of a number in E.164 with its +."""
        key = to[: self._key]
        found = self._known.get(key)
        if found is None:
            if len(self._known) > _MOST_KEPT:
                self._known.clear()
            found = self._known[key] = self._looked_up(key)
        return found

    def _looked_up(self, key: str) -> str:
        if not key.startswith("+"):
            return ANYWHERE
        digits = key[1:]
        for length in self._lengths:
            if len(digits) >= length and (found := self._prefixes.get(digits[:length])):
                return found
        return country_of(digits)


@cache
def _country_codes() -> dict[str, str]:
    """Of a code that several countries share, the main one."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return {str(code): where[0] for code, where in regions.items() if where[0] != "001"}


def country_of(digits: str) -> str:
    """The country whose code a number in E.164 digits begins with."""
    codes = _country_codes()
    return next((codes[digits[:n]] for n in (3, 2, 1) if digits[:n] in codes), ANYWHERE)


def _joined(country: str, network: str) -> str:
    return f"{country}/{network}" if network else country


class Book:
    """Every price of one kind, looked up by what is asked most often."""

    def __init__(self, rows: Iterable[Price] = ()) -> None:
        self._rows: dict[tuple[Hashable, str, str, str, str], list[tuple[date, Decimal]]] = {}
        for row in sorted(
            rows, key=lambda row: row.valid_from
        ):  # rows of one day stay in the order they were written in
            key = (row.owner, row.channel, row.purpose, row.country, row.network)
            self._rows.setdefault(key, []).append((row.valid_from, row.price_eur))
        self._found: dict[tuple[Hashable, str, str, str, date], Decimal | None] = {}
        self._sales: dict[tuple[Hashable, str, str, str, date], Decimal | None] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def price(self, owner: Hashable, channel: str, purpose: str, destination: str, on: date) -> Decimal | None:
        """What `owner` pays, or None when no row says. Unit: EUR before VAT per part."""
        asked = (owner, channel, purpose, destination, on)
        if asked not in self._found:
            if len(self._found) > _MOST_KEPT:
                self._found.clear()
            self._found[asked] = self._looked_up(*asked)
        return self._found[asked]

    @clause("CGVU 3.4")
    def sale(self, client: Hashable, channel: str, purpose: str, destination: str, on: date) -> Decimal | None:
        """What a client pays: by its order form, else by the list, else None."""
        asked = (client, channel, purpose, destination, on)
        if asked not in self._sales:
            own = self.price(*asked)
            if len(self._sales) > _MOST_KEPT:
                self._sales.clear()
            self._sales[asked] = self.price(None, channel, purpose, destination, on) if own is None else own
        return self._sales[asked]

    def _looked_up(self, owner: Hashable, channel: str, purpose: str, destination: str, on: date) -> Decimal | None:
        country, _, network = destination.partition("/")
        places = [(country, network)] if network else []
        places += [(country, ANYWHERE)] if country else []
        for (land, net), use in product([*places, (ANYWHERE, ANYWHERE)], dict.fromkeys((purpose, ""))):
            dated = self._rows.get((owner, channel, use, land, net), [])
            place = bisect_right(dated, on, key=lambda row: row[0])
            if place:
                return dated[place - 1][1]
        return None


def day(instant: datetime) -> date:
    """The day whose price an instant has: that of Paris."""
    hour = int(instant.timestamp()) // 3600  # nearly always the one that was asked about last
    return _day_of(hour)


@lru_cache(maxsize=64)
def _day_of(hour: int) -> date:
    """Where Paris is a whole number of hours from UTC, all of an hour is of one day."""
    return datetime.fromtimestamp(hour * 3600, clock.PARIS).date()
