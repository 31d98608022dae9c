"""What messages cost: dated rows that are added and never changed. On the staff login only."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections

from sofy.engine.db import sql
from sofy.kernel import clock, ids, phone, prices
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.messaging.route_rules import PURPOSES, check_price

CHANNELS = ("sms", "rcs", "whatsapp", "email")
_COUNTRY = re.compile(r"([A-Z]{2})?")
_PREFIX = re.compile(r"[1-9][0-9]{0,14}")
_NAME = re.compile(r"[^/\x00-\x1f\x7f]{0,60}")


@dataclass(frozen=True)
class NewPrice:
    """A row to be. Of a route: what it costs us; of a client, or of nobody (the list): what is paid for it.

    Country empty: everywhere; network empty: every network; purpose empty: both.
    """

    price_eur: Decimal
    valid_from: date
    channel: str = "sms"
    country: str = ""
    network: str = ""
    purpose: str = ""
    route: str = ""
    client_id: UUID | None = None


@dataclass(frozen=True)
class Row:
    """A price as staff reads it. `state`: in force, to come, or over since another row began."""

    id: UUID
    kind: str
    owner: UUID | None
    channel: str
    purpose: str
    country: str
    network: str
    price_eur: Decimal
    valid_from: date
    created_at: Any
    state: str = ""


_ALL = """
SELECT id, 'purchase', route_id, channel, '', country, network, price_eur, valid_from, created_at FROM price_purchase
UNION ALL
SELECT id, 'sale', client_id, channel, purpose, country, network, price_eur, valid_from, created_at FROM price_sale
 ORDER BY 2, 3, 4, 5, 6, 7, 9 DESC, 1 DESC
"""
_ADD_PURCHASE = """
INSERT INTO price_purchase (id, route_id, channel, country, network, price_eur, valid_from, created_at)
VALUES (%(id)s, %(owner)s, %(channel)s, %(country)s, %(network)s, %(price_eur)s, %(valid_from)s, %(now)s)
"""
_ADD_SALE = """
INSERT INTO price_sale (id, client_id, channel, purpose, country, network, price_eur, valid_from, created_at)
VALUES (%(id)s, %(owner)s, %(channel)s, %(purpose)s, %(country)s, %(network)s, %(price_eur)s, %(valid_from)s, %(now)s)
"""
_IN_FORCE = """
SELECT max(valid_from) FROM {table}
 WHERE {owner} IS NOT DISTINCT FROM %(owner)s AND channel = %(channel)s AND country = %(country)s
   AND network = %(network)s AND {purpose} = %(purpose)s AND valid_from <= %(today)s
"""


def add(rows: Sequence[NewPrice], *, actor: str) -> list[UUID]:
    """Add prices, all or none. What is in force already is not changed: a new price may begin tomorrow.

    Raises: Refused price_range, price_unreadable, price_country, price_network, price_channel, price_purpose,
    price_past, route_unknown.
    """
    today = prices.day(clock.now())
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(50691, 1)")  # two people at once: the second sees the first
            made = [_add_one(cursor, row, today) for row in rows]
        audit.append(audit.PLATFORM, "price.added", actor, {"rows": len(made)}, using="staff")
    return made


def _add_one(cursor: Any, row: NewPrice, today: date) -> UUID:
    purchase = bool(row.route)
    values: dict[str, Any] = {
        "id": ids.uuid7(), "owner": row.client_id, "channel": row.channel, "purpose": row.purpose,
        "country": row.country, "network": row.network, "price_eur": check_price(row.price_eur),
        "valid_from": row.valid_from, "now": clock.now(), "today": today,
    }  # fmt: skip
    _check(row)
    if purchase:
        cursor.execute("SELECT id, channel FROM engine_route WHERE code = %s", [row.route])
        found = cursor.fetchone()
        if found is None:
            raise Refused("route_unknown", 404, route=row.route)
        values["owner"], values["channel"] = found
    table, owner = ("price_purchase", "route_id") if purchase else ("price_sale", "client_id")
    cursor.execute(_IN_FORCE.format(table=table, owner=owner, purpose="''" if purchase else "purpose"), values)
    (begun,) = cursor.fetchone()
    if begun is not None and row.valid_from <= today:
        raise Refused("price_past", since=begun.isoformat())
    cursor.execute(_ADD_PURCHASE if purchase else _ADD_SALE, values)
    return UUID(str(values["id"]))


@clause("CGVU 3.4")
def _check(row: NewPrice) -> None:
    if row.channel not in CHANNELS:
        raise Refused("price_channel", channel=row.channel, known=", ".join(CHANNELS))
    if row.purpose and (row.route or row.purpose not in PURPOSES):
        raise Refused("price_purpose", known=", ".join(PURPOSES))
    if not _COUNTRY.fullmatch(row.country):
        raise Refused("price_country", country=row.country)
    if not _NAME.fullmatch(row.network) or (row.network and not row.country):
        raise Refused("price_network", network=row.network)


def rows() -> list[Row]:
    """Every price there is, was and will be: by owner, then by what it is for, the latest first."""
    today = prices.day(clock.now())
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_ALL)
        found = [Row(*row) for row in cursor.fetchall()]
    told, seen = [], set()
    for row in found:
        key = (row.kind, row.owner, row.channel, row.purpose, row.country, row.network)
        state = "future" if row.valid_from > today else "over" if key in seen else "current"
        if state == "current":
            seen.add(key)
        told.append(Row(**{**row.__dict__, "state": state}))
    return told


@dataclass(frozen=True)
class Found:
    """What a message to a number costs on a day."""

    destination: str
    sale_eur: Decimal | None
    purchases: list[tuple[str, Decimal, bool]]


def find(number: str, *, client_id: UUID | None, channel: str, purpose: str, on: date, fictional: bool) -> Found:
    """The sale price of a number, and what each route of the channel would cost: its code, its price, whether dated.

    Raises: Refused price_number.
    """
    read = phone.parse(number, fictional=fictional)
    if isinstance(read, phone.Problem):
        raise Refused("price_number")
    with staff_scope(), connections["staff"].cursor() as cursor:
        destination = networks(cursor).of(read.e164)
        sales, purchases = _book(cursor, "sale_prices"), _book(cursor, "purchase_prices")
        cursor.execute("SELECT id, code, price_eur FROM engine_route WHERE channel = %s ORDER BY code", [channel])
        routes = cursor.fetchall()
    told = []
    for route, code, usual in routes:
        dated = purchases.price(route, channel, purpose, destination, on)
        told.append((code, usual if dated is None else dated, dated is not None))
    return Found(destination, sales.sale(client_id, channel, purpose, destination, on), told)


def networks(cursor: Any) -> prices.Networks:
    """Whose numbers begin with what, as the caller's login sees it."""
    cursor.execute(sql("networks"))
    return prices.Networks({prefix: (country, network) for prefix, country, network in cursor.fetchall()})


def _book(cursor: Any, statement: Any) -> prices.Book:
    cursor.execute(sql(statement))
    return prices.Book(prices.Price(*row) for row in cursor.fetchall())


def save_networks(given: Iterable[tuple[str, str, str]], *, actor: str) -> int:
    """Take over a table of prefixes (E.164 digits, country, network) in place of the one there is.

    Raises: Refused price_prefix, which names the line.
    """
    table: dict[str, tuple[str, str]] = {}
    for line, (prefix, country, network) in enumerate(given, 1):
        digits = prefix.strip().lstrip("+")
        if not (_PREFIX.fullmatch(digits) and country and _COUNTRY.fullmatch(country) and _NAME.fullmatch(network)):
            raise Refused("price_prefix", line=line)
        table[digits] = (country, network)
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(50691, 1)")
            cursor.execute("DELETE FROM price_network")
            cursor.executemany(
                "INSERT INTO price_network (prefix, country, network) VALUES (%s, %s, %s)",
                [(prefix, *where) for prefix, where in table.items()],
            )
        audit.append(audit.PLATFORM, "price.networks", actor, {"rows": len(table)}, using="staff")
    return len(table)
