"""The room's named statements: `audience/sql/*.sql`, blocks of "-- name: x"."""

import re
from functools import cache
from pathlib import Path
from typing import LiteralString

_BLOCK = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.M | re.S)


@cache
def _statements() -> dict[str, str]:
    folder = Path(__file__).parent / "sql"
    return {
        name: body.strip()
        for path in sorted(folder.glob("*.sql"))
        for name, body in _BLOCK.findall(path.read_text("utf-8"))
    }


def sql(name: str) -> LiteralString:
    """One statement by its name."""
    return _statements()[name]
