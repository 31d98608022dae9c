"""Routes as the command line sets them up: one row per code, secrets sealed, each change in the platform's chain."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connections
from psycopg.types.json import Jsonb

from sofy.connectors.base import Connector, discover
from sofy.engine.route_config import seal_config
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keystore
from sofy.kit.rls import staff_scope

_UPSERT = """
INSERT INTO engine_route (id, code, name, connector, config, short_code, purposes, price_eur, rate_per_s,
                          "window", binds, state, created_at, updated_at)
VALUES (%(id)s, %(code)s, %(name)s, %(connector)s, %(config)s, %(short_code)s, %(purposes)s, %(price_eur)s,
        %(rate_per_s)s, %(window)s, %(binds)s, 'active', %(now)s, %(now)s)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, connector = excluded.connector, config = excluded.config,
       short_code = excluded.short_code, purposes = excluded.purposes, price_eur = excluded.price_eur,
       rate_per_s = excluded.rate_per_s, "window" = excluded."window", binds = excluded.binds, state = 'active',
       updated_at = excluded.updated_at
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
    actor: str = "command",
) -> UUID:
    """Make a route, or give the one of this code these settings.

    Raises: Refused (connector_unknown, route_settings).
    """
    kind = _connector(connector)
    try:
        checked = msgspec.convert(values, kind.Config, strict=False)
    except msgspec.ValidationError as error:
        raise Refused("route_settings", problem=str(error)) from None
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute("SELECT id FROM engine_route WHERE code = %s", [code])
            row = cursor.fetchone()
            route_id: UUID = row[0] if row else ids.uuid7()
            parameters: dict[str, Any] = {
                "id": route_id,
                "code": code,
                "name": name,
                "connector": connector,
                "config": Jsonb(seal_config(keystore(), kind, route_id, values)),
                "short_code": short_code,
                "purposes": list(purposes),
                "price_eur": price_eur,
                "rate_per_s": int(getattr(checked, "rate_per_s", 0)),
                "window": getattr(checked, "window", 10),
                "binds": getattr(checked, "binds", 1),
                "now": clock.now(),
            }
            cursor.execute(_UPSERT, parameters)
        audit.append(audit.PLATFORM, "route.saved", actor, {"route": code}, using="staff")
    return route_id


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


def routes() -> list[dict[str, Any]]:
    """Every route, without anything secret."""
    columns = ("code", "name", "connector", "short_code", "state", "price_eur", "rate_per_s", "window", "binds")
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(
            'SELECT code, name, connector, short_code, state, price_eur, rate_per_s, "window", binds'
            " FROM engine_route ORDER BY code"
        )
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _connector(name: str) -> type[Connector]:
    known = discover()
    if name not in known:
        raise Refused("connector_unknown", connector=name, known=", ".join(sorted(known)))
    return known[name]
