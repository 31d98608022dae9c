"""What every connector folder must have; each connector's tests call `missing_parts` once."""

from pathlib import Path

import msgspec

from sofy.connectors.base import Connector
from sofy.connectors.kinds import discover, secret_fields

_SECRET_WORDS = ("password", "token", "api_key", "private_key")


def missing_parts(code: str) -> list[str]:
    """What a newcomer still has to write for the connector of this code, in words; nothing when it is complete."""
    connector = discover().get(code)
    folder = Path(__file__).parent / code
    if connector is None:
        return [f"{folder.name}/connector.py does not define a Connector with code = {code!r}"]
    return [*_missing_files(folder), *_missing_declarations(connector)]


def _missing_files(folder: Path) -> list[str]:
    missing = [f"{folder.name}/{name}" for name in ("README.md", "samples", "tests") if not (folder / name).exists()]
    if (folder / "samples").is_dir() and not any((folder / "samples").iterdir()):
        missing.append(f"{folder.name}/samples holds no sample of what the supplier sends")
    if not (folder.parent.parent / "sandbox" / folder.name).is_dir():
        missing.append(f"sandbox/{folder.name}: its simulated twin")
    return missing


def _missing_declarations(connector: type[Connector]) -> list[str]:
    missing = []
    config = connector.Config
    if not (isinstance(config, type) and issubclass(config, msgspec.Struct)):
        return [f"{connector.__name__}.Config is not a msgspec.Struct"]
    if not config.__struct_config__.frozen:
        missing.append(f"{connector.__name__}.Config is not frozen")
    hidden = secret_fields(config)
    missing += [
        f"{connector.__name__}.Config.{name} looks like a secret and is not of type Secret"
        for name in config.__struct_fields__
        if any(word in name for word in _SECRET_WORDS) and not name.endswith("_url") and name not in hidden
    ]
    if not connector.__doc__ or not connector.Config.__doc__:
        missing.append(f"{connector.__name__} or its Config has no docstring for the settings form")
    return missing
