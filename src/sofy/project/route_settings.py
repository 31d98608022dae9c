"""The settings of a route as people type them, read for the connector they are for."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from sofy.connectors.base import Connector
from sofy.connectors.kinds import discover
from sofy.kernel.errors import Refused

_TLS_SCHEMES: Final = ("smpps", "ssmpp", "smtps")


def read(
    connector: str,
    given: Mapping[str, str],
    *,
    secrets: Mapping[str, str] | None = None,
    addresses: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Settings as a person types them: JSON where that is what the setting takes, text else.

    What is given as a secret may be any setting: the connector says which are kept sealed. `addresses` are base_url and
    token_url; a supplier that is reached by host and port is told them by a base_url as well (smpp://host:2775,
    smtps://host).
    Raises: Refused (connector_unknown, route_settings), which names the setting and what it takes.
    """
    kind = connector_of(connector)
    fields = {field.name: field for field in msgspec.structs.fields(kind.Config)}
    given = {**given, **(secrets or {}), **_located(fields, addresses or {})}
    unknown = [name for name in given if name not in fields]
    if unknown:
        raise Refused("route_settings", setting=unknown[0], problem="there is no such setting", known=", ".join(fields))
    return {name: _value(fields[name], text) for name, text in given.items()}


def _located(fields: Mapping[str, msgspec.structs.FieldInfo], addresses: Mapping[str, str | None]) -> dict[str, str]:
    """The settings that say where the supplier is."""
    found: dict[str, str] = {}
    for name, url in addresses.items():
        if not url:
            continue
        try:
            read = urlsplit(url)
            host, port = read.hostname, read.port
        except ValueError:
            host = port = None
        if not host:
            raise Refused("route_settings", setting=name, problem="this is no address", expected="scheme://host:port")
        if name == "base_url" and name not in fields and "host" in fields:
            found["host"] = host
            found |= {"port": str(port)} if port else {}
            if "tls" in fields and read.scheme in _TLS_SCHEMES:
                found["tls"] = "true" if fields["tls"].type is bool else "tls"
        else:
            found[name] = url
    return found


def _value(field: msgspec.structs.FieldInfo, text: str) -> Any:
    readings: list[Any] = [text]
    with suppress(msgspec.DecodeError):
        readings.insert(0, msgspec.json.decode(text))
    problems = []
    for reading in readings:
        try:
            return msgspec.to_builtins(msgspec.convert(reading, field.type))
        except msgspec.ValidationError as error:
            problems.append(str(error))
    examples = [
        one for meta in getattr(field.type, "__metadata__", ()) for one in getattr(meta, "examples", None) or ()
    ]
    shown: dict[str, Any] = {"as": msgspec.json.encode(examples[0]).decode()} if examples else {}
    raise Refused("route_settings", setting=field.name, problem=problems[0], **shown)


def connector_of(name: str) -> type[Connector]:
    """The connector of this name. Raises: Refused (connector_unknown)."""
    known = discover()
    if name not in known:
        raise Refused("connector_unknown", connector=name, known=", ".join(sorted(known)))
    return known[name]


def calls_back(connector: str) -> bool:
    """Whether the supplier behind this connector sends callbacks."""
    return connector_of(connector).authentic.__func__ is not Connector.authentic.__func__  # type: ignore[attr-defined]
