"""Routes as the command line sets them up: one row per code, secrets sealed, each change in the platform's chain."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections
from psycopg.types.json import Jsonb

from sofy.engine.route_config import open_config, seal_config
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kernel.sms_text import USUAL
from sofy.kit import audit
from sofy.kit.keys import keystore
from sofy.kit.rls import staff_scope
from sofy.messaging.route_rules import check_price, check_route
from sofy.project.route_settings import connector_of

_UPSERT = """
INSERT INTO engine_route (id, code, name, channel, connector, config, short_code, purposes, encodings, price_eur,
                          rate_per_s, "window", binds, state, created_at, updated_at, client_id)
VALUES (%(id)s, %(code)s, %(name)s, %(channel)s, %(connector)s, %(config)s, %(short_code)s, %(purposes)s,
        %(encodings)s, %(price_eur)s, %(rate_per_s)s, %(window)s, %(binds)s, 'active', %(now)s, %(now)s, %(client_id)s)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, channel = excluded.channel, connector = excluded.connector,
       config = excluded.config, short_code = excluded.short_code, purposes = excluded.purposes,
       encodings = excluded.encodings, price_eur = excluded.price_eur, rate_per_s = excluded.rate_per_s,
       "window" = excluded."window", binds = excluded.binds, state = 'active', updated_at = excluded.updated_at,
       client_id = excluded.client_id
"""


def save_route(
    *,
    code: str,
    name: str,
    connector: str,
    values: dict[str, Any],
    short_code: str | None,
    price_eur: Decimal = Decimal(0),
    purposes: Sequence[str] = ("marketing", "alert"),
    client_id: UUID | None = None,
    actor: str = "command",
) -> UUID:
    """Make a route, or give the one of this code these settings. `client_id`: whose it is; None: everybody's.

    `short_code`: where people answer an SMS; the other channels know that of themselves.

    Raises: Refused (connector_unknown, route_settings, price_range, or what check_route refuses).
    """
    kind = connector_of(connector)
    missing = [
        field.name for field in msgspec.structs.fields(kind.Config) if field.required and field.name not in values
    ]
    if missing:
        raise Refused("route_settings", missing=", ".join(missing))
    try:
        checked = msgspec.convert(values, kind.Config)
    except msgspec.ValidationError as error:
        raise Refused("route_settings", problem=str(error)) from None
    alphabets, rate = sorted(getattr(checked, "encodings", USUAL)), getattr(checked, "rate_per_s", 0)
    channel = kind.capabilities.channel
    answers_at = short_code if channel == "sms" else kind.answers_at(checked)
    check_route(
        code=code, name=name, short_code=answers_at, purposes=purposes, alphabets=alphabets, channel=channel
    )  # fmt: skip
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute("SELECT id FROM engine_route WHERE code = %s", [code])
            row = cursor.fetchone()
            route_id: UUID = row[0] if row else ids.uuid7()
            parameters: dict[str, Any] = {
                "id": route_id,
                "code": code,
                "name": name,
                "channel": channel,
                "client_id": client_id,
                "connector": connector,
                "config": Jsonb(seal_config(keystore(), kind, route_id, values)),
                "short_code": answers_at,
                "purposes": list(purposes),
                "encodings": alphabets,
                "price_eur": check_price(price_eur),
                "rate_per_s": max(1, int(rate)) if rate else 0,
                "window": getattr(checked, "window", 10),
                "binds": getattr(checked, "binds", 1),
                "now": clock.now(),
            }
            cursor.execute(_UPSERT, parameters)
        audit.append(audit.PLATFORM, "route.saved", actor, {"route": code}, using="staff")
    return route_id


def free_code(connector: str) -> str:
    """A code that no route has, after its connector: smpp-1, whatsapp-cloud-2."""
    stem = connector.replace("_", "-")
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute("SELECT code FROM engine_route WHERE starts_with(code, %s)", [f"{stem}-"])
        taken = {code for (code,) in cursor.fetchall()}
    return next(code for number in count(1) if (code := f"{stem}-{number}") not in taken)


def set_state(code: str, state: str, *, actor: str = "command") -> None:
    """Let a route send, stop it, or let it only listen. Raises: Refused (route_unknown)."""
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(
                "UPDATE engine_route SET state = %s, updated_at = %s WHERE code = %s", [state, clock.now(), code]
            )
            if not cursor.rowcount:
                raise Refused("route_unknown", 404, route=code)
        audit.append(audit.PLATFORM, f"route.{state}", actor, {"route": code}, using="staff")


def hook_of(code: str, *, connector: str) -> tuple[UUID, str]:
    """The id of a route and the secret by which its callbacks are believed. Raises: Refused (route_unknown)."""
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute("SELECT id, config FROM engine_route WHERE code = %s AND connector = %s", [code, connector])
        row = cursor.fetchone()
    if row is None:
        raise Refused("route_unknown", 404, route=code)
    stored = row[1] if isinstance(row[1], dict) else msgspec.json.decode(row[1])
    opened = open_config(keystore(), connector_of(connector), row[0], stored)
    return row[0], str(opened.get("hook_secret", ""))


def routes() -> list[dict[str, Any]]:
    """Every route, without anything secret."""
    columns = (
        "code", "name", "channel", "connector", "short_code", "purposes", "encodings", "state", "price_eur",
        "rate_per_s", "window", "binds", "weight", "countries", "prefixes", "sender_policy", "senders",
    )  # fmt: skip
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            "SELECT code, name, channel, connector, short_code, purposes, encodings, state, price_eur, rate_per_s,"
            ' "window", binds, weight, countries, prefixes, sender_policy, senders'
            " FROM engine_route ORDER BY code"
        )
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
