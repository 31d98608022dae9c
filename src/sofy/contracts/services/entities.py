"""The legal entities of the operator: made and changed by staff."""

import json
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import F

from sofy.contracts.models import LegalEntity, Series
from sofy.contracts.rules import identifiers, signed
from sofy.contracts.rules.shapes import Entity
from sofy.contracts.rules.values import converted
from sofy.kernel import clock, ids
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.keys import keystore
from sofy.kit.rls import staff_scope

#: Fields of an entity with check digits, and what kind of number each is.
NUMBERS: Final = {"siren": "siren", "vat_id": "vat", "iban": "iban", "bic": "bic", "creditor_id": "creditor"}


def keep(*, data: dict[str, Any], code: str, series: str, actor: str, entity_id: UUID | None = None) -> LegalEntity:
    """Keep a new or changed company of the operator, with a key of its own; papers already sent stay as they are.

    Raises: Refused (entity_unreadable, number_wrong, entity_code_taken, entity_unknown).
    """
    entity = _read(data | {"series": series})
    row_id = entity_id or ids.uuid7()
    # The key comes first: a transaction that fails leaves a key of nobody, never an entity without one.
    keystore().create(row_id)
    with staff_scope():
        row = LegalEntity(pk=row_id)
        if entity_id is not None:
            found = LegalEntity.objects.using("staff").select_for_update(no_key=True).filter(pk=entity_id).first()
            if found is None:
                raise Refused("entity_unknown", 404)
            row = found
        row.code, row.series, row.data = code, series, json.dumps(signed.plainly(entity))
        try:
            with transaction.atomic(using="staff"):
                row.save(using="staff", force_insert=entity_id is None)
        except IntegrityError:
            raise Refused("entity_code_taken", 409, entity_code=code, series=series) from None
        action = "entity.created" if entity_id is None else "entity.changed"
        audit.append(audit.PLATFORM, action, actor, {"entity": code}, using="staff")
    return row


def retire(entity_id: UUID, *, actor: str) -> None:
    """Sign nothing new with an entity; what it signed goes on.

    Raises: Refused (entity_unknown).
    """
    with staff_scope():
        rows = LegalEntity.objects.using("staff").filter(pk=entity_id, retired_at=None)
        row = rows.select_for_update(no_key=True).first()
        if row is None:
            raise Refused("entity_unknown", 404)
        row.retired_at = clock.now()
        row.save(using="staff", update_fields=["retired_at"])
        audit.append(audit.PLATFORM, "entity.retired", actor, {"entity": row.code}, using="staff")


def next_number(entity: LegalEntity, kind: str, year: int) -> str:
    """Take the next number of a series, in the caller's transaction on the staff login: a rollback gives it back.

    Two callers queue up at the row. Ex: BC-OPT-2026-0001.
    """
    counters = Series.objects.using("staff").filter(entity=entity, kind=kind, year=year)
    Series.objects.using("staff").bulk_create([Series(entity=entity, kind=kind, year=year)], ignore_conflicts=True)
    counters.update(last=F("last") + 1)
    return "-".join(part for part in (kind, entity.series, str(year), f"{counters.get().last:04d}") if part)


def _read(data: dict[str, Any]) -> Entity:
    given = dict(data)
    for field, kind in NUMBERS.items():
        try:
            given[field] = identifiers.checked(kind, str(given.get(field) or ""))
        except ValueError:
            raise Refused("number_wrong", field=field, number=str(given[field])[:40]) from None
    try:
        return converted(given, Entity)
    except msgspec.ValidationError as error:
        raise Refused("entity_unreadable", problem=str(error)) from None
