"""The register of SEPA mandates: taken from signed order forms, or registered by staff; amended, revoked, blocked.

What one may be used for is said by `billing.rules.mandates`; when it was last used, by its debits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from sofy.billing.rules import mandates as rules
from sofy.billing.services import freezing
from sofy.contracts import queries as contracts
from sofy.contracts.rules.shapes import Entity
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Debit, Mandate
from sofy.wire.sepa import identifiers
from sofy.wire.sepa.characters import sepa_id

#: Debits that the bank never saw, or did not take: they used no mandate.
_UNUSED: Final = (Debit.State.CANCELLED, Debit.State.REJECTED)


@dataclass(frozen=True)
class Known:
    """A mandate as rules take it, as it is and as the bank was last told of it (None: never)."""

    row: Mandate
    now: rules.Mandate
    told: rules.Mandate | None

    def obstacle(self, day: date) -> str:
        """Why it cannot be used on a day, as a code; nothing when it can."""
        return rules.obstacle(self.now, day) or ("mandate_blocked" if self.row.blocked else "")


def take_over(client_id: UUID, order_form_id: UUID) -> Mandate | None:
    """Register the mandate that a signed order form names, with the account it gives; None when it holds none.

    A second time changes nothing. Raises: Refused (mandate_taken, iban_invalid, iban_not_sepa, sepa_id).
    """
    with staff_scope():
        forms = contracts.signed_forms(client_id, using="staff")
    form = next((one for one in forms if one.id == order_form_id), None)
    if form is None or form.paper.order_form.payment.means != "sepa_debit":
        return None
    reference, party = form.paper.order_form.payment.mandate, form.paper.client
    if not reference or not party.iban:
        return None
    with staff_scope():
        known = Mandate.objects.using("staff").filter(entity_id=form.entity_id, reference=reference).first()
    if known is not None and known.client_id == client_id:
        return known
    return register(
        client_id, form.entity_id, reference=reference, signed_on=form.signed_at.astimezone(PARIS).date(),
        debtor=party.name, iban=party.iban, actor="system", order_form_id=order_form_id,
    )  # fmt: skip


@clause("CGVU 10.1")
def register(
    client_id: UUID, entity_id: UUID, *, reference: str, signed_on: date, debtor: str, iban: str, actor: str,
    scheme: str = "CORE", once: bool = False, order_form_id: UUID | None = None,
) -> Mandate:  # fmt: skip
    """Add a mandate that a client signed.

    Raises: Refused (mandate_taken, mandate_in_future, contract_missing, iban_invalid, iban_not_sepa, sepa_id).
    """
    if signed_on > freezing.today():
        raise Refused("mandate_in_future")
    row = Mandate(
        client_id=client_id, entity_id=entity_id, reference=sepa_id(reference.strip(), "mandate"),
        signed_on=signed_on, debtor=debtor, iban=identifiers.iban(iban), scheme=scheme, once=once, actor=actor,
        order_form_id=order_form_id,
    )  # fmt: skip
    with staff_scope():
        try:
            with transaction.atomic(using="staff"):
                row.save(using="staff", force_insert=True)
        except IntegrityError:
            raise Refused("mandate_taken", 409, reference=row.reference) from None
        audit.append(client_id, "mandate.registered", actor, {"mandate": row.reference}, using="staff")
    return row


def amend(mandate_id: UUID, *, actor: str, iban: str = "", debtor: str = "", reference: str = "") -> Mandate:
    """Change account, name or reference; the next debit tells the bank. What was blocked may be used again.

    Raises: Refused (mandate_unknown, mandate_taken, iban_invalid, iban_not_sepa, sepa_id).
    """
    with staff_scope():
        row = _locked(mandate_id)
        row.iban = identifiers.iban(iban) if iban else row.iban
        row.debtor = debtor or row.debtor
        row.reference = sepa_id(reference.strip(), "mandate") if reference else row.reference
        row.blocked = ""
        try:
            with transaction.atomic(using="staff"):
                row.save(using="staff")
        except IntegrityError:
            raise Refused("mandate_taken", 409, reference=row.reference) from None
        audit.append(row.client_id, "mandate.amended", actor, {"mandate": row.reference}, using="staff")
    return row


def revoke(mandate_id: UUID, on: date, *, actor: str) -> Mandate:
    """The client took a mandate back from a day on. Raises: Refused (mandate_unknown, mandate_in_future)."""
    if on > freezing.today():
        raise Refused("mandate_in_future")
    with staff_scope():
        row = _locked(mandate_id)
        if row.revoked_on is None:
            row.revoked_on = on
            row.save(using="staff", update_fields=["revoked_on"])
            audit.append(row.client_id, "mandate.revoked", actor, {"mandate": row.reference}, using="staff")
    return row


def confirm(mandate_id: UUID, on: date, *, actor: str) -> Mandate:
    """The client's bank has registered a B2B mandate. Raises: Refused (mandate_unknown, mandate_in_future)."""
    if on > freezing.today():
        raise Refused("mandate_in_future")
    with staff_scope():
        row = _locked(mandate_id)
        row.registered_on = on
        row.save(using="staff", update_fields=["registered_on"])
        audit.append(row.client_id, "mandate.amended", actor, {"mandate": row.reference}, using="staff")
    return row


def known(rows: Iterable[Mandate], entity: Entity, *, using: str = "staff") -> list[Known]:
    """Mandates of an entity with what their debits say of them; inside the scope of `using`."""
    found = list(rows)
    last: dict[UUID, Debit] = {}
    debits = Debit.objects.using(using).filter(mandate__in=found).exclude(state__in=_UNUSED)
    for debit in debits.order_by("collect_on", "id"):
        last[debit.mandate_id] = debit
    return [_known(row, entity, last.get(row.pk)) for row in found]


def _known(row: Mandate, entity: Entity, last: Debit | None) -> Known:
    now = rules.Mandate(
        id=row.reference, signed_on=row.signed_on, iban=str(row.iban), creditor_id=entity.creditor_id,
        scheme=row.scheme, once=row.once, presented_on=last.collect_on if last else None,  # type: ignore[arg-type]
        closed_on=row.closed_on, revoked_on=row.revoked_on, registered_on=row.registered_on,
        creditor_name=entity.name,
    )  # fmt: skip
    if last is None:
        return Known(row, now, None)
    told: Mapping[str, Any] = msgspec.json.decode(str(last.told))
    return Known(row, now, msgspec.structs.replace(now, **told))


def told_of(mandate: rules.Mandate) -> str:
    """What the bank is told of a mandate with a debit, as it is kept."""
    return msgspec.json.encode(
        {
            "id": mandate.id, "iban": mandate.iban, "creditor_id": mandate.creditor_id,
            "creditor_name": mandate.creditor_name,
        }
    ).decode()  # fmt: skip


def _locked(mandate_id: UUID) -> Mandate:
    row = Mandate.objects.using("staff").filter(pk=mandate_id).select_for_update(no_key=True).first()
    if row is None:
        raise Refused("mandate_unknown", 404)
    return row
