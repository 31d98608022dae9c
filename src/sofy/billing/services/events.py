"""What happened to a contract is added to its log; everything else follows by replay."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sofy.billing.case import events as case_events
from sofy.billing.models import Event
from sofy.contracts.models import OrderForm
from sofy.contracts.rules.signed import plainly
from sofy.contracts.rules.values import PARIS, converted
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.rls import staff_scope


def record(
    client_id: UUID,
    order_form_id: UUID,
    event: "Mapping[str, Any] | case_events.Event",
    *,
    source: str,
    source_key: str,
    actor: str,
) -> bool:
    """Add what happened to a contract, as docs/reference/case.md writes it; whether it was new.

    `source` and `source_key` name the fact (a bank line, a notice, a month of usage): told again, it counts once.
    Raises: Refused (event_unreadable, event_before_contract, contract_unknown).
    """
    happened = _read(event)
    with staff_scope():
        form = locked(client_id, order_form_id)
        if form.signed_at is not None and _too_early(happened, form.signed_at):
            raise Refused("event_before_contract", 409)
        rows = Event.objects.using("staff").filter(order_form=form, source=source, source_key=source_key)
        if rows.exists():
            return False
        row = _row(form, happened, source=source, source_key=source_key, actor=actor)
        row.save(using="staff", force_insert=True)
        facts = {"order_form": form.number, "event": row.type}
        audit.append(client_id, "contract_event.recorded", actor, facts, using="staff")
        outbox.publish("contract_event.recorded", client_id, using="staff", order_form_id=form.pk, what=row.type)
    return True


def record_usage(form: OrderForm, used: Iterable[tuple[case_events.Used, str]], *, actor: str) -> None:
    """Add what the ledger counted for a contract, each with its key; in the transaction that holds `locked`."""
    rows = [_row(form, event, source="ledger", source_key=key, actor=actor) for event, key in used]
    Event.objects.using("staff").bulk_create(rows)


def _row(form: OrderForm, event: case_events.Event, *, source: str, source_key: str, actor: str) -> Event:
    return Event(
        client_id=form.client_id, entity_id=form.entity_id, order_form=form, at=_instant(event),
        type=str(type(event).__struct_config__.tag), data=msgspec.json.encode(plainly(event)).decode(),
        source=source, source_key=source_key, actor=actor,
    )  # fmt: skip


def of(order_form: OrderForm) -> tuple[case_events.Event, ...]:
    """The log of a contract, oldest first; inside the staff scope, or that of its client."""
    using = order_form._state.db or "staff"
    rows = Event.objects.using(using).filter(client_id=order_form.client_id, order_form=order_form)
    return tuple(_read(msgspec.json.decode(row.data)) for row in rows.order_by("at", "id"))


def locked(client_id: UUID, order_form_id: UUID) -> OrderForm:
    """A contract in force, whose log nobody else writes until the end of the transaction; inside the staff scope.

    Raises: Refused (contract_unknown).
    """
    rows = OrderForm.objects.using("staff").filter(client_id=client_id, pk=order_form_id)
    found = rows.filter(state=OrderForm.State.ACCEPTED).select_for_update(no_key=True).first()
    if found is None:
        raise Refused("contract_unknown", 404)
    return found


def _too_early(event: case_events.Event, signed_at: datetime) -> bool:
    """Whether it was before the day of the signature; a VAT number may be checked before."""
    return not isinstance(event, case_events.VatCheck) and event.at.date() < signed_at.astimezone(PARIS).date()


def _read(event: "Mapping[str, Any] | case_events.Event") -> case_events.Event:
    plain = dict(event) if isinstance(event, Mapping) else plainly(event)
    try:
        read: case_events.Event = converted(plain, case_events.Event)  # type: ignore[arg-type]
    except (msgspec.ValidationError, ValueError) as error:
        raise Refused("event_unreadable", problem=str(error)[:300]) from None
    return read


def _instant(event: case_events.Event) -> datetime:
    return datetime.fromisoformat(event.at.isoformat())
