"""Rates, indices, readings of the terms and incidents that all contracts share: rows that are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sofy.billing.case.events import Incident, Maintenance
from sofy.billing.case.shapes import IndexValue, LegalRate, Readings, Tables, Tariff, VatRate
from sofy.billing.models import TableRow
from sofy.contracts.rules.values import converted
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope

#: Table -> the shape of a row, and which of its fields say which row it is.
SHAPES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "legal_rate": (LegalRate, ("half",)),
    "index": (IndexValue, ("month",)),
    "vat_rate": (VatRate, ("territory", "from")),
    "tariff": (Tariff, ("code", "from")),
    "incident": (Incident, ("at", "application")),
    "maintenance": (Maintenance, ("starts_at", "application")),
}


#: What a field says that is left out.
_USUAL: Mapping[str, str] = {"territory": "FR"}


@dataclass(frozen=True)
class Shared:
    """What all contracts have in common. `happened`: what befell the Applications, oldest first."""

    tables: Tables
    readings: Readings
    happened: tuple[Incident | Maintenance, ...] = ()


def record(kind: str, row: Mapping[str, Any], *, actor: str) -> TableRow:
    """Add a row of a table, as a case writes it; a row of the same key counts no more. A reading: its name and value.

    An incident or a maintenance is an event, written the same way; one that was none is written again without length.

    Raises: Refused (table_unreadable).
    """
    key = _checked(kind, row)
    with staff_scope():
        made = TableRow(kind=kind, key=key, data=dict(row), actor=actor)
        made.save(using="staff", force_insert=True)
        audit.append(audit.PLATFORM, "billing_table.recorded", actor, {"table": kind, "key": key}, using="staff")
    return made


def _checked(kind: str, row: Mapping[str, Any]) -> str:
    try:
        if kind == "reading":
            converted(dict(row), Readings)
            return ",".join(sorted(row))
        shape, names = SHAPES[kind]
        converted(dict(row), shape)
    except KeyError:
        raise Refused("table_unreadable", table=kind[:20], problem=", ".join(SHAPES)) from None
    except (msgspec.ValidationError, ValueError) as error:
        raise Refused("table_unreadable", table=kind, problem=str(error)[:300]) from None
    return "/".join(str(row.get(name, _USUAL.get(name, ""))) for name in names)


def current(*, using: str = "staff") -> Shared:
    """Everything as it stands; both logins may ask."""
    newest: dict[tuple[str, str], Any] = {}
    for row in TableRow.objects.using(using).order_by("recorded_at", "id"):
        newest[row.kind, row.key] = row.data
    tables: dict[str, list[Any]] = {}
    readings: dict[str, Any] = {}
    happened: list[Incident | Maintenance] = []
    for (kind, _key), data in newest.items():
        if kind == "reading":
            readings |= data
        elif kind in ("incident", "maintenance"):
            happened.append(converted(data, SHAPES[kind][0]))
        else:
            tables.setdefault(kind, []).append(data)
    ordered = tuple(sorted(happened, key=lambda event: event.at))
    return Shared(converted(tables, Tables), converted(readings, Readings), ordered)
