"""Route settings at rest: the secret fields of a connector's Config are sealed, the others are plain JSON."""

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from sofy.connectors.base import Connector
from sofy.connectors.kinds import discover, secret_fields
from sofy.engine.keystore import KeyStore
from sofy.kernel import crypto
from sofy.kernel.errors import Refused

_ENTITY = "routes"
_MARK = "sealed:"


def _aad(route_id: UUID, field: str) -> bytes:
    return b"engine_route\0config\0" + route_id.bytes + field.encode()


def seal_config(keystore: KeyStore, kind: type[Connector], route_id: UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into engine_route.config."""
    key = keystore.entity(_ENTITY)
    secrets = secret_fields(kind.Config)
    stored = dict(values)
    for field in secrets & stored.keys():
        blob = crypto.seal(key, str(stored[field]).encode(), _aad(route_id, field))
        stored[field] = _MARK + base64.b64encode(blob).decode()
    return stored


def open_config(keystore: KeyStore, kind: type[Connector], route_id: UUID, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The settings a connector's Config is made of.

    Raises: ValueError for a secret that was stored in clear, crypto.Unreadable for one sealed elsewhere.
    """
    values = dict(stored)
    for field in secret_fields(kind.Config) & values.keys():
        value = str(values[field])
        if not value.startswith(_MARK):
            raise ValueError(f"the field {field} of this route is not sealed: save the route again")
        blob = base64.b64decode(value.removeprefix(_MARK))
        values[field] = crypto.unseal(keystore.entity(_ENTITY), blob, _aad(route_id, field)).decode()
    return values


def settings_of(keystore: KeyStore, row: tuple[Any, ...]) -> tuple[type[Connector], Any]:
    """The connector of a row of the statement `routes`, and its settings.

    Raises: Refused unknown_connector; ValueError, Unreadable, msgspec.ValidationError for bad settings.
    """
    rid, _, _, connector, config, _, _, encodings, _, rate, window, binds, *_ = row
    kinds = discover()
    if connector not in kinds:
        raise Refused("unknown_connector", connector=connector, known=sorted(kinds))
    kind = kinds[connector]
    values = open_config(keystore, kind, UUID(bytes=rid), config)
    fields = {field.name for field in msgspec.structs.fields(kind.Config)}
    columns = {"rate_per_s": rate, "window": window, "binds": binds, "encodings": sorted(encodings)}
    values |= {name: value for name, value in columns.items() if name in fields}
    return kind, msgspec.convert(values, kind.Config)


def tells(connector: str) -> bool:
    """Whether suppliers behind this connector say what becomes of each message."""
    kind = discover().get(connector)
    return kind is None or kind.capabilities.receipts


def idempotent(connector: str) -> bool:
    """Whether what comes twice to such a supplier under one message id reaches the person once."""
    kind = discover().get(connector)
    return kind is not None and kind.capabilities.idempotent
