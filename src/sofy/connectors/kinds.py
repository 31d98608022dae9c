"""Which connectors there are, found by their folders, and which of their settings are secret."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from sofy.connectors.base import Connector


def secret_fields(config: type[Any]) -> frozenset[str]:
    """The fields of a Config that must be stored sealed."""
    found = msgspec.inspect.type_info(config)
    assert isinstance(found, msgspec.inspect.StructType)
    return frozenset(
        field.name
        for field in found.fields
        if isinstance(field.type, msgspec.inspect.Metadata) and (field.type.extra or {}).get("secret")
    )


@cache
def discover() -> dict[str, type[Connector]]:
    """Every connector by its code: each folder beside this file that has a `connector.py`."""
    found: dict[str, type[Connector]] = {}
    for path in sorted(Path(__file__).parent.glob("*/connector.py")):
        module = import_module(f"{__package__}.{path.parent.name}.connector")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Connector) and value.__module__ == module.__name__:
                found[value.code] = value
    return found
