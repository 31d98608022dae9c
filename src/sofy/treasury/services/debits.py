"""Direct debits: what is to be collected when, the file for the bank, and what the bank refuses of it.

Nothing is collected before the day that its invoice announced (pre-notification), nor with a discount unless that day
is early enough for it (`billing.drafting`).
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sofy.billing.rules import mandates as rules
from sofy.billing.services import freezing
from sofy.billing.services.cases import Contract
from sofy.contracts import queries as contracts
from sofy.contracts.queries import EntityLine
from sofy.contracts.rules import shapes
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.target_days import add_settlement_days, next_settlement
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Batch, Debit, Mandate
from sofy.treasury.services import mandates, open_items
from sofy.treasury.services.alone import alone
from sofy.treasury.services.mandates import Known
from sofy.treasury.services.matching import block_mandate
from sofy.treasury.services.open_items import Item
from sofy.wire import pain

#: Settlement days a bank wants between a file and its collection. Source: EPC016-06 (D-1).
LEAD_DAYS: Final = 1
_LIVE: Final = (Debit.State.SENT, Debit.State.COLLECTED)
#: What a person may debit nevertheless.
_BY_HAND: Final = frozenset({"debit_returned", "invoice_contested"})


@dataclass(frozen=True)
class Proposal:
    """An invoice that may be debited. `obstacle`: why it is not, unless somebody says so (`by_hand`), or at all."""

    item: Item
    client: shapes.Party
    mandate: Known | None
    collect_on: date
    amount_eur: Decimal
    early: bool
    obstacle: str
    attempt: int

    @property
    def by_hand(self) -> bool:
        """Whether a person may debit it all the same."""
        return self.obstacle in _BY_HAND

    @property
    def possible(self) -> bool:
        """Whether it can be debited at all."""
        return not self.obstacle or self.by_hand


@clause("CGVU 10.1", "CGVU 10.2")
def proposed(entity_id: UUID, until: date) -> list[Proposal]:
    """What is to be collected up to a day and is in no batch, by day and number."""
    entity = _entity(entity_id)
    with staff_scope():
        rows = Debit.objects.using("staff").filter(entity_id=entity_id)
        tried: dict[UUID, list[str]] = {}
        for invoice_id, state in rows.order_by("id").values_list("invoice_id", "state"):
            tried.setdefault(invoice_id, []).append(state)
        found = mandates.known(Mandate.objects.using("staff").filter(entity_id=entity_id).order_by("id"), entity.data)
    held: dict[UUID, list[Known]] = {}
    for one in found:
        held.setdefault(one.row.client_id, []).append(one)
    first = add_settlement_days(freezing.today(), LEAD_DAYS)
    proposals = [
        _proposal(contract, item, held.get(item.client_id, []), first, tried.get(item.id, []))
        for contract, item in open_items.of_all(entity_id)
        if _is_debited(item) and not set(_LIVE) & set(tried.get(item.id, []))
    ]
    return sorted(
        (one for one in proposals if one.collect_on <= until), key=lambda one: (one.collect_on, one.item.account.number)
    )


def _is_debited(item: Item) -> bool:
    account = item.account
    return account.document.payment.means == "sepa_debit" and account.open_eur > 0


def _proposal(contract: Contract, item: Item, held: Sequence[Known], first: date, tried: Sequence[str]) -> Proposal:
    account, payment = item.account, item.account.document.payment
    day = next_settlement(max(payment.collect_on or payment.due_on, first))
    mandate = next((one for one in held if one.row.reference == payment.mandate), held[-1] if held else None)
    early = item.early_eur is not None and payment.discount is not None and day <= payment.discount.until
    return Proposal(
        item, contract.case.client, mandate, day,
        item.early_eur if early and item.early_eur is not None else account.open_eur, early,
        _obstacle(item, mandate, day, tried), len(tried) + 1,
    )  # fmt: skip


def _obstacle(item: Item, mandate: Known | None, day: date, tried: Sequence[str]) -> str:
    if item.account.frozen_on is not None:
        return "insolvency"  # earlier debts may not be paid (C. com. L622-7)
    if mandate is None:
        return "mandate_missing"
    found = mandate.obstacle(day)
    if found:
        return found
    if tried and tried[-1] == Debit.State.RETURNED:
        return "debit_returned"
    return "invoice_contested" if item.account.contested else ""


def make(entity_id: UUID, until: date, *, actor: str, invoices: Collection[UUID] | None = None) -> Batch:
    """Make the file of everything that is to be collected up to a day (of `invoices`, where a person chose).

    One at a time: what is in a batch is in no other one, so a second call finds nothing left.
    Raises: Refused (batch_empty, creditor_missing, sepa_*, pain_schema).
    """
    with alone(entity_id):
        entity = _entity(entity_id)
        if not entity.data.creditor_id or not entity.data.iban:
            raise Refused("creditor_missing", 409, entity=entity.data.name)
        chosen = [
            one
            for one in proposed(entity_id, until)
            if (not one.obstacle if invoices is None else one.item.id in invoices and one.possible)
        ]
        debits = list(_debits(entity, chosen))
        if not debits:
            raise Refused("batch_empty", 409)
        with staff_scope():
            return _written(entity, debits, actor)


def _debits(entity: EntityLine, chosen: Sequence[Proposal]) -> Iterator[tuple[Proposal, pain.Debit]]:
    """Each debit as the bank wants it; what changed in a mandate is told once."""
    data = entity.data
    creditor = pain.Creditor(
        name=data.name, creditor_id=data.creditor_id, iban=data.iban, bic=data.bic, address=_address(data.address)
    )
    used: set[UUID] = set()
    for one in chosen:
        assert one.mandate is not None, "a proposal without a mandate is not possible"
        mandate, row = one.mandate.now, one.mandate.row
        if row.once and row.pk in used:
            continue
        told = one.mandate.told if row.pk not in used else None
        change = rules.amendment(told, mandate) if told is not None else None
        used.add(row.pk)
        number = one.item.account.number
        yield (
            one,
            pain.Debit(
                end_to_end_id=number if one.attempt == 1 else f"{number}-{one.attempt}",
                amount_eur=one.amount_eur,
                collect_on=one.collect_on,
                mandate=pain.Mandate(id=mandate.id, signed_on=mandate.signed_on, amendment=change),
                debtor=pain.Debtor(name=str(row.debtor), iban=mandate.iban, address=_address(one.client.address)),
                creditor=creditor,
                sequence=rules.sequence(mandate),
                scheme=mandate.scheme,
                remittance=number,
            ),
        )


def _address(given: shapes.Address) -> pain.Address | None:
    if not given.town:
        return None
    return pain.Address(country=given.country, town=given.town, postcode=given.postcode, street=given.street)


def _written(entity: EntityLine, debits: Sequence[tuple[Proposal, pain.Debit]], actor: str) -> Batch:
    number = Batch.objects.using("staff").filter(entity_id=entity.id).count() + 1
    file = pain.Batch(
        message_id=f"{entity.series}-{freezing.today():%Y%m%d}-{number}", created_at=clock.now(),
        initiator=entity.data.name, debits=tuple(debit for _one, debit in debits),
    )  # fmt: skip
    content = pain.write(file)
    row = Batch(
        entity_id=entity.id, message_id=file.message_id, debits_count=len(debits),
        total_eur=sum((debit.amount_eur for _one, debit in debits), Decimal("0.00")), content=content.decode(),
        sha256=hashlib.sha256(content).hexdigest(), actor=actor,
    )  # fmt: skip
    row.save(using="staff", force_insert=True)
    blocks = {debit.end_to_end_id: block.payment_id for block in pain.blocks(file) for debit in block.debits}
    Debit.objects.using("staff").bulk_create(
        [_row(row, one, debit, blocks[debit.end_to_end_id]) for one, debit in debits], batch_size=500
    )
    facts = {"batch": row.message_id, "debits": row.debits_count}
    audit.append(audit.PLATFORM, "debit_batch.made", actor, facts, using="staff")
    return row


def _row(batch: Batch, one: Proposal, debit: pain.Debit, payment_id: str) -> Debit:
    assert one.mandate is not None
    return Debit(
        client_id=one.item.client_id, entity_id=batch.entity_id, batch=batch, mandate=one.mandate.row,
        invoice_id=one.item.id, end_to_end_id=debit.end_to_end_id, payment_id=payment_id,
        amount_eur=debit.amount_eur, collect_on=debit.collect_on, sequence=debit.sequence,
        told=mandates.told_of(one.mandate.now),
    )  # fmt: skip


# --- what the bank answers --------------------------------------------------------------------------------------------


def answered(batch_id: UUID, content: bytes, *, actor: str) -> Batch:
    """The bank's pain.002: what it refuses is free for another batch. A second time changes nothing.

    Raises: BankFileError; Refused (batch_unknown, batch_other).
    """
    status = pain.read_status(content)
    with staff_scope():
        row = _locked(batch_id)
        if status.original_message_id != row.message_id:
            raise Refused("batch_other", 409, message=status.original_message_id[:35], batch=row.message_id)
        refused = 0
        for one in status.rejections:
            rows = Debit.objects.using("staff").filter(batch=row, state=Debit.State.SENT)
            if one.payment_id:
                rows = rows.filter(payment_id=one.payment_id)
            if one.end_to_end_id:
                rows = rows.filter(end_to_end_id=one.end_to_end_id)
            for debit in rows.only("pk", "client_id", "mandate_id"):
                block_mandate(debit.pk, one.reason, actor)
            refused += rows.update(
                state=Debit.State.REJECTED, reason=one.reason[:10], changed_on=freezing.today()
            )  # fmt: skip
        left = Debit.objects.using("staff").filter(batch=row).exclude(state=Debit.State.REJECTED).count()
        row.state = Batch.State.REFUSED if not left else Batch.State.PART if status.rejections else Batch.State.TAKEN
        first, row.answered_at = row.answered_at is None, row.answered_at or clock.now()
        row.save(using="staff", update_fields=["state", "answered_at"])
        if refused or first:
            facts = {"batch": row.message_id, "rejected": refused}
            audit.append(audit.PLATFORM, "debit_batch.answered", actor, facts, using="staff")
    return row


def cancel(batch_id: UUID, *, actor: str) -> Batch:
    """Take a batch back that was not given to the bank: its invoices are free again.

    Raises: Refused (batch_unknown, batch_answered).
    """
    with staff_scope():
        row = _locked(batch_id)
        if row.state == Batch.State.CANCELLED:
            return row
        debits = Debit.objects.using("staff").filter(batch=row)
        if row.state != Batch.State.MADE or debits.exclude(state=Debit.State.SENT).exists():
            raise Refused("batch_answered", 409)
        debits.update(state=Debit.State.CANCELLED, changed_on=freezing.today())
        row.state = Batch.State.CANCELLED
        row.save(using="staff", update_fields=["state"])
        audit.append(audit.PLATFORM, "debit_batch.cancelled", actor, {"batch": row.message_id}, using="staff")
    return row


def content_of(batch_id: UUID, *, actor: str) -> tuple[str, bytes]:
    """The file for the bank, byte for byte, with its name. Raises: Refused (batch_unknown)."""
    with staff_scope():
        row = _locked(batch_id)
        audit.append(audit.PLATFORM, "debit_batch.downloaded", actor, {"batch": row.message_id}, using="staff")
        return f"{row.message_id}.xml", str(row.content).encode()


def _locked(batch_id: UUID) -> Batch:
    row = Batch.objects.using("staff").filter(pk=batch_id).select_for_update(no_key=True).first()
    if row is None:
        raise Refused("batch_unknown", 404)
    return row


def _entity(entity_id: UUID) -> EntityLine:
    with staff_scope():
        found = contracts.entity(entity_id, using="staff")
    if found is None:
        raise Refused("entity_unknown", 404)
    return found
