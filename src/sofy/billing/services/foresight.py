"""What would follow, before anything is recorded: an event, a row of a table or a reading, tried on one contract."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from sofy.billing.case.difference import Difference, difference
from sofy.billing.case.events import Event
from sofy.billing.case.shapes import IndexValue, LegalRate, Readings, Tables
from sofy.billing.services import cases, events, freezing, licences
from sofy.contracts.rules.term import span_of
from sofy.contracts.rules.values import PARIS, converted
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

#: Rows of tables that can be tried, and what in them says which row it is.
ROWS: Final[Mapping[str, tuple[Any, str]]] = {"legal_rate": (LegalRate, "half"), "index": (IndexValue, "month")}
#: Events after which contracts is told how many points of sale are licensed.
_OF_SITES: Final = ("poi_activated", "poi_decrease")


@dataclass(frozen=True)
class Trial:
    """What is different: one of the three. `row`: a table and its row; `reading`: its name and value."""

    event: Mapping[str, Any] | None = None
    row: tuple[str, Mapping[str, Any]] | None = None
    reading: Mapping[str, Any] | None = None


def fingerprint(trial: Trial) -> str:
    """Names what was seen: only that is recorded."""
    return hashlib.sha256(msgspec.json.encode(trial, order="deterministic")).hexdigest()


def foresee(client_id: UUID, order_form_id: UUID, trial: Trial) -> Difference:
    """What changes in what follows today, and until the day after the running contractual period; records nothing.

    Raises: Refused (contract_unknown, contract_unreadable, event_unreadable, event_before_contract, table_unreadable).
    """
    with staff_scope():
        contract = cases.load(client_id, order_form_id)
    event = events.read(trial.event) if trial.event is not None else None
    if event is not None:
        events.check_day(contract.order_form, event)
    tried = replace(contract, case=_tried(contract, event, trial))
    today = freezing.today()
    shown = max(today, event.at.astimezone(PARIS).date()) if event else today
    until = _horizon(contract, shown)
    return difference(
        (contract.played(shown), tried.played(shown)),
        (contract.played(until), tried.played(until)),
    )


def _horizon(contract: cases.Contract, day: date) -> date:
    """The first day of the next contractual period, on which what was asked for its end is seen."""
    return span_of(contract.case.order_form, day).last + timedelta(days=1)


def _tried(contract: cases.Contract, event: Event | None, trial: Trial) -> Any:
    case = contract.case
    try:
        if trial.row is not None:
            case = msgspec.structs.replace(case, tables=_with_row(case.tables, *trial.row))
        if trial.reading is not None:
            readings = converted(msgspec.to_builtins(case.readings) | dict(trial.reading), Readings)
            case = msgspec.structs.replace(case, readings=readings)
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        table = trial.row[0] if trial.row else "reading"
        raise Refused("table_unreadable", table=table[:20], problem=str(error)[:300]) from None
    return msgspec.structs.replace(case, events=(*case.events, event)) if event is not None else case


def _with_row(tables: Tables, name: str, row: Mapping[str, Any]) -> Tables:
    """The tables with one row more; one of the same key gives way."""
    shape, key = ROWS[name]
    new = converted(dict(row), shape)
    kept = [one for one in getattr(tables, name) if getattr(one, key) != getattr(new, key)]
    return msgspec.structs.replace(tables, **{name: (*kept, new)})


def record(
    client_id: UUID, order_form_id: UUID, event: Mapping[str, Any], *, key: UUID, actor: str, source: str = "staff"
) -> bool:
    """Record what happened, as staff or the client (`source`) decided it after seeing what follows; whether it was new.

    `key` names the form that was filled in: sent twice, it counts once. What the contract refuses is not recorded.

    Raises: Refused (event_refused, event_in_future, and those of `foresee`).
    """
    happened = events.read(event)
    if happened.at > clock.now():
        raise Refused("event_in_future", 409)
    with staff_scope():
        if events.known(client_id, order_form_id, source=source, source_key=str(key)):
            return False
    refused = foresee(client_id, order_form_id, Trial(event=event)).refused
    if refused:
        raise Refused("event_refused", 409, article=refused[0]["because"]["article"])
    new = events.record(client_id, order_form_id, happened, source=source, source_key=str(key), actor=actor)
    if event.get("type") in _OF_SITES:
        licences.carry_out(client_id, order_form_id)
    return new
