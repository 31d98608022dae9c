"""The books of a contract are worked out by replay, once for everything that happened to it, and kept for sums.

Who asks for a report has those worked out first that something happened to since: figures are never old.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connections

from sofy.accounting.models import Booked, Due, Sale
from sofy.accounting.rules import vat_due
from sofy.billing.case.book import Account
from sofy.billing.case.replay import Replay
from sofy.billing.document import Document
from sofy.billing.models import Event, Invoice
from sofy.billing.services import cases, events, freezing, tables
from sofy.billing.services.tables import Shared
from sofy.contracts.models import LegalEntity, OrderForm
from sofy.kernel.clock import PARIS
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

#: Contracts that a page works out itself, at some hundredths of a second each.
IN_A_REQUEST = 100

# Contracts in force to which something happened, or of which something was issued, since they were worked out.
_STALE = """
SELECT form.client_id, form.id FROM contracts_order_form AS form
  LEFT JOIN accounting_booked AS booked ON booked.order_form_id = form.id
 WHERE form.state = 'accepted' AND form.entity_id = %(entity)s AND (
       booked.id IS NULL
    OR booked.happened <> (SELECT count(*) FROM billing_event AS event WHERE event.order_form_id = form.id)
    OR booked.issued <> (SELECT count(*) FROM billing_invoice AS invoice WHERE invoice.order_form_id = form.id))
 ORDER BY form.id
"""


def catch_up(entity_id: UUID, *, most: int | None = None) -> int:
    """Work out the contracts of an entity that changed; answers how many are left when there are more than `most`."""
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(_STALE, {"entity": entity_id})
            stale = cursor.fetchall()
        shared = tables.current()
    for client_id, form_id in stale[:most]:
        work_out(client_id, form_id, shared=shared)
    return len(stale[most:]) if most is not None else 0


def need(entity_id: UUID) -> None:
    """Have the books of an entity worked out as far as a page may take; for more there is the worker.

    Raises: Refused (books_behind).
    """
    left = catch_up(entity_id, most=IN_A_REQUEST)
    if left:
        raise Refused("books_behind", 409, contracts=left)


def catch_up_all() -> None:
    """Every entity; a chore of the worker."""
    with staff_scope():
        entities = list(LegalEntity.objects.using("staff").values_list("pk", flat=True))
    for entity_id in entities:
        catch_up(entity_id)


def work_out(client_id: UUID, form_id: UUID, *, shared: Shared | None = None) -> None:
    """Write the books of one contract anew; where it cannot be replayed they stay, and its row says so."""
    with staff_scope():
        form = events.locked(client_id, form_id)
        mine = {"client_id": client_id, "order_form_id": form_id}
        # Counted before the replay: whatever comes meanwhile makes the row stale again.
        row = Booked(
            entity_id=form.entity_id,
            client_id=client_id,
            order_form=form,
            happened=Event.objects.using("staff").filter(**mine).count(),
            issued=Invoice.objects.using("staff").filter(**mine).count(),
        )
        try:
            contract = cases.load(client_id, form_id, shared=shared)
            _write(contract, contract.played(freezing.today()))
        except Refused as error:
            row.problem = error.code
        Booked.objects.using("staff").filter(**mine).delete()
        row.save(using="staff", force_insert=True)


def _write(contract: cases.Contract, replay: Replay) -> None:
    """In place of what was written before; inside the staff scope."""
    form = contract.order_form
    recorded = _recorded(form)
    due, sold = Due.objects.using("staff"), Sale.objects.using("staff")
    due.filter(client_id=form.client_id, order_form=form).delete()
    due.bulk_create([
        Due(entity_id=form.entity_id, client_id=form.client_id, order_form=form, on=one.on, day=one.day,
            piece=one.piece, category=one.category, rate=one.rate, base_eur=one.base_eur, vat_eur=one.vat_eur,
            recorded_at=max(recorded.get(one.at, one.at), recorded[one.piece]))
        for one in _due(replay, contract)
    ])  # fmt: skip
    sold.filter(client_id=form.client_id, order_form=form).delete()
    sold.bulk_create([
        Sale(entity_id=form.entity_id, client_id=form.client_id, order_form=form, day=one.issued_on, piece=one.number,
             product=product, net_eur=net)
        for one in contract.frozen.values()
        for product, net in _sold(one).items()
    ])  # fmt: skip


def _due(replay: Replay, contract: cases.Contract) -> list[vat_due.Fell]:
    """What fell due by documents that were issued; drafts are nobody's VAT yet."""
    issued = {one.number for one in contract.frozen.values()}
    credits = [one.document for one in replay.book.accounts if one.document.kind == "credit_note"]
    return [fell for one in replay.book.accounts if one.number in issued for fell in _of(one, credits)]


def _of(account: Account, credits: list[Document]) -> list[vat_due.Fell]:
    document = account.document
    if document.vat_on == "debits":
        at = datetime.combine(document.issued_on, datetime.min.time(), PARIS)
        return vat_due.on_issue(document, at)
    return [] if document.kind == "credit_note" else vat_due.on_receipts(document, account.moves, credits)


def _recorded(form: OrderForm) -> dict[object, datetime]:
    """When the house learnt of what happened at a moment, and issued the document of a number."""
    happened = Event.objects.using("staff").filter(client_id=form.client_id, order_form=form).order_by("recorded_at")
    issued = Invoice.objects.using("staff").filter(client_id=form.client_id, order_form=form)
    return dict(happened.values_list("at", "recorded_at")) | dict(issued.values_list("number", "frozen_at"))


def _sold(document: Document) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    sign = -1 if document.kind == "credit_note" else 1
    for line in document.lines:
        product = "usage" if line.code.startswith("usage-") else line.code[:40]
        sums[product] = sums.get(product, Decimal(0)) + sign * line.net_eur
    return sums
