"""Entries of an entity's books, in the order in which they were recorded: sales, money in, VAT that fell due."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from heapq import merge
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from sofy.accounting.models import Due
from sofy.accounting.rules.accounts import LABELS, Accounts
from sofy.accounting.rules.fec import ZERO, Entry, Half
from sofy.billing.document import Document, decoded
from sofy.billing.models import Event, Invoice
from sofy.billing.services import cases, freezing
from sofy.clients.models import Client
from sofy.contracts.rules.values import moment
from sofy.kernel.clock import PARIS
from sofy.kit.rls import staff_scope

_BATCH = 500
#: The order in which entries were recorded; one of sales before the money that pays it.
Dated = tuple[datetime, int, str, Entry]


def of_period(entity_id: UUID, accounts: Accounts, first: date, last: date) -> Iterator[Entry]:
    """Entries whose day is in a period; `services.books.catch_up` comes first."""
    names = Names()
    sources = (
        _sales(entity_id, accounts, first, last, names),
        _money(entity_id, accounts, first, last, names),
        _fallen_due(entity_id, accounts, first, last, names),
    )
    for *_order, entry in merge(*sources, key=lambda one: one[:3]):
        yield entry


class Names:
    """Clients by their id, read once."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[str, str]] = {}

    def of(self, client_ids: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
        """Slug and name; inside the staff scope."""
        new = {one for one in client_ids if one not in self._known}
        if new:
            for row in Client.objects.using("staff").filter(pk__in=new):
                self._known[row.pk] = (row.slug.upper(), row.name)
        return self._known


def batches(rows: Any, field: str) -> Iterator[Sequence[Any]]:
    """Rows in their order of a moment, a few at a time, each time in a scope of its own: a download may take long."""
    after = Q()
    while True:
        with staff_scope():
            batch = list(rows.filter(after).order_by(field, "id")[:_BATCH])
        if batch:
            yield batch
        if len(batch) < _BATCH:
            return
        at = getattr(batch[-1], field)
        after = Q(**{f"{field}__gt": at}) | Q(**{field: at, "id__gt": batch[-1].pk})


def _sales(entity_id: UUID, accounts: Accounts, first: date, last: date, names: Names) -> Iterator[Dated]:
    rows = Invoice.objects.using("staff").filter(entity_id=entity_id, issued_on__gte=first, issued_on__lte=last)
    for batch in batches(rows, "frozen_at"):
        with staff_scope():
            known = names.of(row.client_id for row in batch)
        for row in batch:
            document = decoded(str(row.document).encode())
            yield (
                row.frozen_at, 0, str(row.pk),
                sale(document, accounts, known[row.client_id][0], row.frozen_at.astimezone(PARIS).date()),
            )  # fmt: skip


def sale(document: Document, accounts: Accounts, client: str, valid_on: date) -> Entry:
    """The entry of an invoice, a credit note or a debit note."""
    sign = -1 if document.kind == "credit_note" else 1
    sums: dict[tuple[str, str], Decimal] = {}
    for line in document.lines:
        account = accounts.of(line, credit=document.kind == "credit_note")
        sums[account, _label(accounts, account)] = sums.get((account, _label(accounts, account)), ZERO) + line.net_eur
    waits = document.vat_on == "receipts"
    account = accounts.vat_waiting if waits else accounts.vat
    for row in document.vat:
        if row.vat_eur:
            label = f"{LABELS['vat_waiting' if waits else 'vat']} {row.rate.normalize():f} %".replace(".", ",")
            sums[account, label] = sums.get((account, label), ZERO) + row.vat_eur
    buyer = Half(accounts.client, LABELS["client"], sign * document.gross_eur, client, document.buyer.name)
    halves = (buyer, *(Half(account, label, -sign * net) for (account, label), net in sums.items() if net))
    text = f"{_KINDS[document.kind]} {document.number} {document.buyer.name}"
    return Entry("VE", document.issued_on, document.number, document.issued_on, text, valid_on, halves)


_KINDS = {"invoice": "Facture", "credit_note": "Avoir", "debit_note": "Note de débit"}


def _label(accounts: Accounts, account: str) -> str:
    return next((LABELS[name] for name in LABELS if getattr(accounts, name) == account), "")


def _money(entity_id: UUID, accounts: Accounts, first: date, last: date, names: Names) -> Iterator[Dated]:
    """Money the bank booked, and debits that came back."""
    rows = Event.objects.using("staff").filter(
        entity_id=entity_id, type__in=["payment", "sepa_return"], at__gte=_begin(first), at__lt=_begin(_next(last))
    )
    for batch in batches(rows, "recorded_at"):
        with staff_scope():
            known = names.of(row.client_id for row in batch)
        for row in batch:
            entry = _booked(row, accounts, *known[row.client_id])
            if entry is not None:
                yield row.recorded_at, 1, str(row.pk), entry


def _booked(row: Event, accounts: Accounts, slug: str, name: str) -> Entry | None:
    data = msgspec.json.decode(str(row.data))
    amount = Decimal(data["amount_eur"]) if row.type == "payment" else _sent_back(row, data["invoice"])
    if not amount:
        return None
    sign, word = (1, "Encaissement") if row.type == "payment" else (-1, "Rejet de prélèvement")
    about = " ".join(data.get("invoices", ())) or data.get("invoice", "") or data.get("reference", "")
    day = row.at.astimezone(PARIS).date()
    halves = (
        Half(accounts.bank, LABELS["bank"], sign * amount),
        Half(accounts.client, LABELS["client"], -sign * amount, slug, name),
    )
    piece = (data.get("reference") or about or f"BQ-{day:%Y%m%d}")[:35]
    valid_on = row.recorded_at.astimezone(PARIS).date()
    return Entry("BQ", day, piece, day, f"{word} {about} {name}".replace("  ", " "), valid_on, halves)


def _sent_back(row: Event, invoice: str) -> Decimal:
    """What a return took back, which its event need not say: what had been collected of the invoice."""
    with staff_scope():
        replay = cases.load(row.client_id, row.order_form_id).played(freezing.today())
    account = replay.book.get(invoice)
    moves = account.moves if account is not None else []
    return -sum((move.amount_eur for move in moves if move.what == "return" and move.at == row.at), ZERO)


def _fallen_due(entity_id: UUID, accounts: Accounts, first: date, last: date, names: Names) -> Iterator[Dated]:
    """VAT of services that waited and is owed since money came in; below zero, it waits again. What was forgiven."""
    rows = Due.objects.using("staff").filter(entity_id=entity_id, day__gte=first, day__lte=last)
    with staff_scope():
        found = list(rows.exclude(on=Due.On.ISSUE).order_by("recorded_at", "piece", "day", "on", "rate"))
        known = names.of({row.client_id for row in found if row.on == Due.On.FORGIVEN})
    for (at, piece, day, on), group in groupby(found, key=lambda row: (row.recorded_at, row.piece, row.day, row.on)):
        rows_of = list(group)
        if on == Due.On.FORGIVEN:
            amount = sum((row.base_eur for row in rows_of), ZERO)
            text, debit, credit = "Écart de règlement", "write_off", "client"
            whom = known[rows_of[0].client_id]
        else:
            amount = sum((row.vat_eur for row in rows_of), ZERO)
            text, debit, credit, whom = "TVA exigible", "vat_waiting", "vat", ("", "")
        if amount:
            halves = (
                Half(getattr(accounts, debit), LABELS[debit], amount),
                Half(getattr(accounts, credit), LABELS[credit], -amount, *whom),
            )
            valid_on = at.astimezone(PARIS).date()
            yield at, 2, f"{piece} {day} {on}", Entry("OD", day, piece, day, f"{text} {piece}", valid_on, halves)


def _begin(day: date) -> datetime:
    return moment(day.isoformat())


def _next(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
