"""Order forms until they are signed: drafted, sent, sent again, cancelled. Staff only, on their own login."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sofy.clients.models import Client
from sofy.contracts.models import LegalEntity, OrderForm, OrderFormVersion
from sofy.contracts.rules import identifiers, signed, totals
from sofy.contracts.rules.shapes import Entity
from sofy.contracts.rules.values import PARIS, converted
from sofy.contracts.services.entities import next_number
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.rls import staff_scope

#: Numbers of order forms begin with it (bon de commande).
KIND = "BC"
OPEN = (OrderForm.State.DRAFT, OrderForm.State.SENT)


def draft(client_id: UUID, *, entity_id: UUID, actor: str, content: Mapping[str, Any] | None = None) -> OrderForm:
    """Begin an order form; `content` holds `client` and `order_form`, as far as they are known.

    Raises: Refused (client_unknown, entity_unknown).
    """
    with staff_scope():
        if not Client.objects.using("staff").filter(pk=client_id).exists():
            raise Refused("client_unknown", 404)
        entity = _entity(entity_id)
        row = OrderForm(client_id=client_id, entity=entity, content="")
        _write(row, content or {})
        row.save(using="staff", force_insert=True)
        audit.append(client_id, "order_form.drafted", actor, {"order_form": str(row.pk)}, using="staff")
    return row


def write(
    client_id: UUID, form_id: UUID, content: Mapping[str, Any], *, actor: str, entity_id: UUID | None = None
) -> OrderForm:
    """Keep what was written so far, complete or not. What was sent is a draft again: its next sending is a new version.

    Raises: Refused (order_form_unknown, order_form_closed, entity_unknown, entity_fixed).
    """
    with _locked(client_id, form_id) as row:
        if entity_id is not None and entity_id != row.entity_id:
            if row.number:
                raise Refused("entity_fixed", 409, number=row.number)
            row.entity = _entity(entity_id)
        _write(row, content)
        reopened = row.state == OrderForm.State.SENT
        row.state, row.changed_at = OrderForm.State.DRAFT, clock.now()
        row.save(using="staff")
        if reopened:
            audit.append(client_id, "order_form.reopened", actor, {"order_form": str(row.pk)}, using="staff")
    return row


def send(client_id: UUID, form_id: UUID, *, actor: str) -> OrderFormVersion:
    """Put an order form before the client: it gets its number, and a version that nobody changes any more.

    Raises: Refused (order_form_unknown, order_form_closed, order_form_incomplete, number_wrong, entity_retired).
    """
    now = clock.now()
    with _locked(client_id, form_id) as row:
        if row.state == OrderForm.State.SENT:
            return row.versions.using("staff").get(version=row.version)
        if row.entity.retired_at is not None:
            raise Refused("entity_retired", 409)
        content = json.loads(row.content)
        # Checked once with a number of the same form: a mistake takes none.
        _paper(row.entity, content, number=row.number or "BC", at=now)
        row.number = row.number or next_number(row.entity, KIND, now.astimezone(PARIS).year)
        paper = _paper(row.entity, content, number=row.number, at=now)
        form = signed.read_paper(paper, signed_at=now).order_form
        row.starts_on, row.term_months = form.starts_on, form.term_months
        row.poi = totals.points_of_sale([form])
        row.version, row.state, row.sent_at = row.version + 1, OrderForm.State.SENT, now
        row.save(using="staff")
        version = OrderFormVersion(
            client_id=client_id, order_form=row, entity=row.entity, version=row.version, content=paper.decode(),
            sha256=signed.sha256(paper), sent_at=now, sent_by=actor,
        )  # fmt: skip
        version.save(using="staff", force_insert=True)
        facts = {"order_form": row.number, "version": row.version, "sha256": version.sha256}
        audit.append(client_id, "order_form.sent", actor, facts, using="staff")
        outbox.publish("order_form.sent", client_id, using="staff", order_form_id=row.pk, version=row.version)
    return version


def cancel(client_id: UUID, form_id: UUID, *, actor: str, reason: str) -> OrderForm:
    """Give an order form up before it is signed; its number, if it has one, stays taken.

    Raises: Refused (order_form_unknown, order_form_closed, reason_missing).
    """
    if not reason.strip():
        raise Refused("reason_missing")
    with _locked(client_id, form_id) as row:
        row.state, row.cancelled_at = OrderForm.State.CANCELLED, clock.now()
        row.save(using="staff", update_fields=["state", "cancelled_at"])
        facts = {"order_form": row.number or str(row.pk), "reason": reason.strip()[:200]}
        audit.append(client_id, "order_form.cancelled", actor, facts, using="staff")
        outbox.publish("order_form.cancelled", client_id, using="staff", order_form_id=row.pk)
    return row


def problems(form: OrderForm) -> str:
    """What still keeps a draft from being sent, in the words of the check; empty when nothing does."""
    try:
        _paper(form.entity, json.loads(form.content), number=form.number or "BC", at=clock.now())
    except Refused as refused:
        return str(refused.facts.get("problem") or refused.facts.get("number") or refused.code)
    return ""


def _paper(entity: LegalEntity, content: Mapping[str, Any], *, number: str, at: datetime) -> bytes:
    try:
        company = converted(json.loads(entity.data), Entity)
        party, form = content.get("client", {}), content.get("order_form", {})
        paper = signed.paper(entity=company, client=party, order_form=form, number=number, at=at)
    except msgspec.ValidationError as error:
        raise Refused("order_form_incomplete", problem=str(error)) from None
    if not form.get("items"):
        raise Refused("order_form_empty")
    if not str(party.get("name") or "").strip():
        raise Refused("order_form_incomplete", problem="client.name")
    for field, kind in (("siren", "siren"), ("siret", "siret"), ("vat_id", "vat"), ("iban", "iban")):
        try:
            identifiers.checked(kind, str(party.get(field) or ""))
        except ValueError:
            raise Refused("number_wrong", field=field, number=str(party[field])[:40]) from None
    return paper


def _write(row: OrderForm, content: Mapping[str, Any]) -> None:
    unknown = set(content) - {"client", "order_form"}
    if unknown:
        raise Refused("order_form_incomplete", problem=", ".join(sorted(unknown)))
    row.content = json.dumps(dict(content), ensure_ascii=False, sort_keys=True)


def _entity(entity_id: UUID) -> LegalEntity:
    entity = LegalEntity.objects.using("staff").filter(pk=entity_id, retired_at=None).first()
    if entity is None:
        raise Refused("entity_unknown", 404)
    return entity


@contextmanager
def _locked(client_id: UUID, form_id: UUID) -> Iterator[OrderForm]:
    """An order form that is still open, locked until the end of the block, on the staff login."""
    with staff_scope():
        rows = OrderForm.objects.using("staff").filter(client_id=client_id, pk=form_id)
        row = rows.select_related("entity").select_for_update(no_key=True, of=("self",)).first()
        if row is None:
            raise Refused("order_form_unknown", 404)
        if row.state not in OPEN:
            raise Refused("order_form_closed", 409, number=row.number)
        yield row
