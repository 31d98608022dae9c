"""Values of the client's own fields: rows with one typed column each, or sealed when they look personal."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sofy.audience.arrays import BoolArray, ByteaArray, DateArray, TextArray, UuidArray
from sofy.audience.imports.rows import Value
from sofy.audience.ledger import Cursor
from sofy.audience.sqlfiles import sql
from sofy.kernel.crypto import ClientKeys

TABLE = "audience_contact_attribute"


def sealed_column(name: str) -> str:
    """The place a private value is sealed for: one per attribute, on the contact's row."""
    return f"sealed:{name}"


def write(
    cur: Cursor,
    client_id: UUID,
    keys: ClientKeys,
    kinds: dict[str, tuple[str, bool]],
    values: Iterable[tuple[bytes, dict[str, Value] | None]],
) -> None:
    """Store the attributes of contacts; a later value of the same attribute replaces the earlier one."""
    rows: dict[tuple[bytes, str], tuple[Any, ...]] = {}
    for contact, given in values:
        for name, value in (given or {}).items():
            kind, private = kinds.get(name, ("text", False))
            text = value if isinstance(value, str) and not private else None
            sealed = keys.seal(TABLE, sealed_column(name), UUID(bytes=contact), str(value)) if private else None
            number = format(value, "f") if isinstance(value, Decimal) and not private else None
            day = value if isinstance(value, date) and not private else None
            flag = value if isinstance(value, bool) else None
            rows[contact, name] = (kind, text, number, day, flag, sealed)
    _store(cur, client_id, rows)


def put_back(cur: Cursor, client_id: UUID, rows: dict[tuple[bytes, str], list[Any]]) -> None:
    """Store values as an image of `load` kept them: kind, text, number, date, bool, sealed in hexadecimal."""
    stored = {
        key: (kind, text, number, date.fromisoformat(day) if day else None, flag, bytes.fromhex(blob) if blob else None)
        for key, (kind, text, number, day, flag, blob) in rows.items()
    }
    _store(cur, client_id, stored)


def _store(cur: Cursor, client_id: UUID, rows: dict[tuple[bytes, str], tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns = list(zip(*rows.values(), strict=True))
    cur.execute(
        sql("write_attributes"),
        {
            "client": client_id,
            "contacts": UuidArray.of([contact for contact, _ in rows]),
            "names": TextArray.of([name for _, name in rows]),
            "kinds": TextArray.of(columns[0]),
            "texts": TextArray.of(columns[1]),
            "numbers": TextArray.of(columns[2]),
            "dates": DateArray.of(columns[3]),
            "bools": BoolArray.of(columns[4]),
            "sealeds": ByteaArray.of(columns[5]),
        },
    )


def load(cur: Cursor, client_id: UUID, contacts: Iterable[bytes]) -> dict[tuple[bytes, str], tuple[Any, ...]]:
    """Stored values by contact and name: kind, text, number, date, bool, sealed."""
    rows = cur.execute(sql("load_attributes"), {"client": client_id, "contacts": UuidArray.of(list(contacts))})
    return {(row[0].bytes, row[1]): row[2:] for row in rows}
