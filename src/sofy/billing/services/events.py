"""What happened to a contract is added to its log; everything else follows by replay."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    happened = read(event)
    with staff_scope():
        form = locked(client_id, order_form_id)
        check_day(form, happened)
        if known(client_id, order_form_id, source=source, source_key=source_key):
            return False
        row = _row(form, happened, source=source, source_key=source_key, actor=actor)
        row.save(using="staff", force_insert=True)
        facts = {"order_form": form.number, "event": row.type}
        audit.append(client_id, "contract_event.recorded", actor, facts, using="staff")
        outbox.publish("contract_event.recorded", client_id, using="staff", order_form_id=form.pk, what=row.type)
    return True


@dataclass(frozen=True)
class Fact:
    """What happened to a contract, and the key that names it."""

    client_id: UUID
    order_form_id: UUID
    event: Mapping[str, Any]
    key: str


def record_all(groups: Sequence[Sequence[Fact]], *, source: str, actor: str) -> list[Refused | None]:
    """Add many facts with as many statements as for one, each group whole or not at all; why a group was refused.

    Otherwise as `record`: a fact that is told again counts once.
    """
    wanted = sorted({fact.order_form_id for group in groups for fact in group})
    answers: list[Refused | None] = []
    rows: list[Event] = []
    with staff_scope():
        found = OrderForm.objects.using("staff").filter(pk__in=wanted, state=OrderForm.State.ACCEPTED)
        forms = {form.pk: form for form in found.order_by("pk").select_for_update(no_key=True)}
        keys = [fact.key for group in groups for fact in group]
        told = Event.objects.using("staff").filter(order_form_id__in=wanted, source=source, source_key__in=keys)
        known = set(told.values_list("order_form_id", "source_key"))
        for group in groups:
            try:
                made = [_checked(fact, forms, source=source, actor=actor) for fact in group]
            except Refused as refused:
                answers.append(refused)
                continue
            answers.append(None)
            rows += [row for row in made if (row.order_form_id, row.source_key) not in known]
            known |= {(row.order_form_id, row.source_key) for row in made}
        Event.objects.using("staff").bulk_create(rows)
        _tell(rows, forms, actor)
    return answers


def _checked(fact: Fact, forms: Mapping[UUID, OrderForm], *, source: str, actor: str) -> Event:
    form, happened = forms.get(fact.order_form_id), read(fact.event)
    if form is None or form.client_id != fact.client_id:
        raise Refused("contract_unknown", 404)
    check_day(form, happened)
    return _row(form, happened, source=source, source_key=fact.key, actor=actor)


def _tell(rows: Sequence[Event], forms: Mapping[UUID, OrderForm], actor: str) -> None:
    """The journals of the clients, and whoever waits for what happens to a contract."""
    if not rows:
        return
    entries = [
        (row.client_id, "contract_event.recorded", {"order_form": forms[row.order_form_id].number, "event": row.type})
        for row in rows
    ]
    audit.append_all(entries, actor, using="staff")
    told = dict.fromkeys((row.client_id, row.order_form_id, row.type) for row in rows)
    outbox.publish_all(
        "contract_event.recorded",
        [(client_id, {"order_form_id": form_id, "what": what}) for client_id, form_id, what in told],
        using="staff",
    )


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


def known(client_id: UUID, order_form_id: UUID, *, source: str, source_key: str) -> bool:
    """Whether a fact was recorded already; inside the staff scope."""
    rows = Event.objects.using("staff").filter(client_id=client_id, order_form_id=order_form_id)
    return rows.filter(source=source, source_key=source_key).exists()


def of(order_form: OrderForm) -> tuple[case_events.Event, ...]:
    """The log of a contract, oldest first; inside the staff scope, or that of its client."""
    using = order_form._state.db or "staff"
    rows = Event.objects.using(using).filter(client_id=order_form.client_id, order_form=order_form)
    return tuple(read(msgspec.json.decode(row.data)) for row in rows.order_by("at", "id"))


def locked(client_id: UUID, order_form_id: UUID) -> OrderForm:
    """A contract in force, whose log nobody else writes until the end of the transaction; inside the staff scope.

    Raises: Refused (contract_unknown).
    """
    rows = OrderForm.objects.using("staff").filter(client_id=client_id, pk=order_form_id)
    found = rows.filter(state=OrderForm.State.ACCEPTED).select_for_update(no_key=True).first()
    if found is None:
        raise Refused("contract_unknown", 404)
    return found


def check_day(form: OrderForm, event: case_events.Event) -> None:
    """Refuse what was before the day of the signature; a VAT number may be checked before.

    Raises: Refused (event_before_contract).
    """
    if isinstance(event, case_events.VatCheck) or form.signed_at is None:
        return
    if event.at.date() < form.signed_at.astimezone(PARIS).date():
        raise Refused("event_before_contract", 409)


def read(event: "Mapping[str, Any] | case_events.Event") -> case_events.Event:
    """An event as docs/reference/case.md writes it.

    Raises: Refused (event_unreadable).
    """
    plain = dict(event) if isinstance(event, Mapping) else plainly(event)
    try:
        happened: case_events.Event = converted(plain, case_events.Event)  # type: ignore[arg-type]
    except (msgspec.ValidationError, ValueError) as error:
        raise Refused("event_unreadable", problem=str(error)[:300]) from None
    return happened


def _instant(event: case_events.Event) -> datetime:
    return datetime.fromisoformat(event.at.isoformat())
