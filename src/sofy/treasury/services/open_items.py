"""What is open of every contract of an entity, as matching wants it: worked out by replay, never kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import structlog

from sofy.billing.case.book import Account
from sofy.billing.models import Invoice
from sofy.billing.rules import matching
from sofy.billing.services import cases, freezing, tables
from sofy.billing.services.cases import Contract
from sofy.billing.services.tables import Shared
from sofy.contracts.models import OrderForm
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Debit, Mandate, Question

#: Contracts that are listed at once.
_BATCH: Final = 500
_log = structlog.get_logger("sofy.treasury")


class Item(NamedTuple):
    """An invoice that was issued, with its account in the replay. `early_eur` settles it until its discount ends."""

    id: UUID
    client_id: UUID
    order_form_id: UUID
    account: Account

    @property
    def early_eur(self) -> Decimal | None:
        """What settles it with its discount, while nothing was paid or taken off."""
        account = self.account
        discount = account.document.payment.discount
        if discount is None or account.moves or account.open_eur <= 0:
            return None
        return account.open_eur - discount.net_eur - discount.vat_eur


@dataclass
class OpenItems:
    """The book of an entity, and which contract an invoice or a credit belongs to."""

    book: matching.Book
    form_of: dict[str, UUID] = field(default_factory=dict)
    number_of: dict[str, str] = field(default_factory=dict)
    #: The contract to which what a client paid too much is told: its last one.
    last_form: dict[str, UUID] = field(default_factory=dict)


def of_entity(entity_id: UUID) -> OpenItems:
    """Everything a line of the bank may be about. A contract that cannot be worked out is left out, and said so."""
    shared = _shared()
    invoices: list[matching.Invoice] = []
    clients: dict[str, dict[str, None]] = {}
    names: dict[str, str] = {}
    forms: dict[str, UUID] = {}
    numbers: dict[str, str] = {}
    last: dict[str, UUID] = {}
    for form in _forms(entity_id):
        client = str(form.client_id)
        last[client] = form.pk
        try:
            contract, items = items_of(form, shared)
        except Refused as refused:
            _log.error("contract_left_out", order_form=form.number, code=refused.code)
            continue
        party = contract.case.client
        names[client] = party.name
        clients.setdefault(client, {}).update(dict.fromkeys([party.iban] if party.iban else []))
        for item in items:
            invoices.append(_invoice(item))
            forms[str(item.id)], numbers[str(item.id)] = item.order_form_id, item.account.number
    with staff_scope():
        for client, iban in _known_accounts(entity_id):
            clients.setdefault(client, {})[iban] = None
        debits = [_debit(row) for row in _debits(entity_id)]
    known = [matching.Client(id=one, name=names.get(one, ""), ibans=tuple(found)) for one, found in clients.items()]
    return OpenItems(matching.Book(invoices, debits, known), forms, numbers, last)


def items_of(form: OrderForm, shared: Shared | None = None) -> tuple[Contract, list[Item]]:
    """What was issued under a contract and is to be paid, as it stands today.

    Raises: Refused (contract_unreadable).
    """
    with staff_scope():
        contract = cases.load(form.client_id, form.pk, shared=shared)
        rows = Invoice.objects.using("staff").filter(client_id=form.client_id, order_form_id=form.pk)
        ids = dict(rows.values_list("key", "pk"))
    accounts = contract.played(freezing.today()).book.accounts
    return contract, [
        Item(ids[one.key], form.client_id, form.pk, one)
        for one in accounts
        if one.key in ids and one.document.kind != "credit_note"
    ]


def of_client(entity_id: UUID, client_id: UUID) -> list[Item]:
    """What a client has still to pay an entity, the oldest due first."""
    with staff_scope():
        rows = OrderForm.objects.using("staff").filter(
            entity_id=entity_id, client_id=client_id, state=OrderForm.State.ACCEPTED
        )
        forms = list(rows.order_by("signed_at", "id"))
    found = [item for form in forms for item in items_of(form)[1] if item.account.open_eur > 0]
    return sorted(found, key=lambda item: (item.account.due_on, item.account.number))


def of_all(entity_id: UUID) -> Iterator[tuple[Contract, Item]]:
    """Every invoice of an entity with its contract; contracts that cannot be worked out are left out."""
    shared = _shared()
    for form in _forms(entity_id):
        try:
            contract, items = items_of(form, shared)
        except Refused:
            continue
        for item in items:
            yield contract, item


def _forms(entity_id: UUID) -> Iterator[OrderForm]:
    """The contracts in force of an entity, in the order of their numbers."""
    after = UUID(int=0)
    while True:
        with staff_scope():
            rows = OrderForm.objects.using("staff").filter(entity_id=entity_id, state=OrderForm.State.ACCEPTED)
            forms = list(rows.filter(pk__gt=after).order_by("pk")[:_BATCH])
        yield from forms
        if len(forms) < _BATCH:
            return
        after = forms[-1].pk


def _shared() -> Shared:
    with staff_scope():
        return tables.current()


def _invoice(item: Item) -> matching.Invoice:
    payment = item.account.document.payment
    early = item.early_eur
    return matching.Invoice(
        id=str(item.id), number=item.account.number, client_id=str(item.client_id),
        open_eur=max(item.account.open_eur, Decimal("0.00")), due_on=item.account.due_on, reference=payment.reference,
        early_eur=early, early_until=payment.discount.until if payment.discount and early is not None else None,
    )  # fmt: skip


def _known_accounts(entity_id: UUID) -> Iterator[tuple[str, str]]:
    """Accounts that clients pay from: those of their mandates, and those a person gave a payment of to them."""
    for mandate in Mandate.objects.using("staff").filter(entity_id=entity_id):
        yield str(mandate.client_id), str(mandate.iban)
    for row in Question.objects.using("staff").filter(entity_id=entity_id, state=Question.State.PAID):
        answer = msgspec.json.decode(str(row.answer))
        if answer["iban"]:
            yield answer["client_id"], answer["iban"]


def _debits(entity_id: UUID) -> Iterator[Debit]:
    rows = Debit.objects.using("staff").filter(entity_id=entity_id).exclude(state=Debit.State.CANCELLED)
    yield from rows.select_related("batch", "mandate", "invoice").order_by("id").iterator(chunk_size=2000)


def _debit(row: Debit) -> matching.Debit:
    return matching.Debit(
        id=str(row.pk), invoice_id=str(row.invoice_id), client_id=str(row.client_id),
        end_to_end_id=row.end_to_end_id, amount_eur=row.amount_eur, due_on=row.invoice.due_on,
        payment_id=row.payment_id, message_id=row.batch.message_id, mandate_id=row.mandate.reference,
        state=row.state, allocated_eur=row.allocated_eur,  # type: ignore[arg-type]
    )  # fmt: skip
