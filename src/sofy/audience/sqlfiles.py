"""The room's named statements: `audience/sql/*.sql`, blocks of "-- name: x".

All of them look up by keys of one client. A client that came after the last ANALYZE would be taken for one without any
rows, all of which may then be walked for each key; asked through a sub-select, the planner counts on an average client.
"""

import re
from functools import cache
from pathlib import Path
from typing import LiteralString

_OF_CLIENT, _OF_ANY_CLIENT = "client_id = %(client)s", "client_id = (SELECT %(client)s::uuid)"
_BLOCK = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.M | re.S)


@cache
def _statements() -> dict[str, str]:
    folder = Path(__file__).parent / "sql"
    return {
        name: body.strip().replace(_OF_CLIENT, _OF_ANY_CLIENT)
        for path in sorted(folder.glob("*.sql"))
        for name, body in _BLOCK.findall(path.read_text("utf-8"))
    }


def sql(name: str) -> LiteralString:
    """One statement by its name."""
    return _statements()[name]
