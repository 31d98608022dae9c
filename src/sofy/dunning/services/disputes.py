"""A client contests an invoice; an audit says what of it stands."""

from uuid import UUID

from sofy.billing.models import Invoice
from sofy.billing.services import events
from sofy.contracts.rules.values import as_moment
from sofy.dunning.services import standings
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit.rls import staff_scope

MOST = 1000


@clause("CGVU 15")
def contest(client_id: UUID, invoice_id: UUID, *, reason: str, actor: str) -> None:
    """The client says why it does not owe an invoice: nothing reminds of it until an audit has answered.

    Raises: Refused (invoice_unknown, dispute_no_reason, dispute_open).
    """
    row, contested, count = _contested(client_id, invoice_id)
    if not one_line(reason):
        raise Refused("dispute_no_reason")
    if contested:
        raise Refused("dispute_open", 409)
    event = {
        "type": "dispute", "at": as_moment(clock.now()).isoformat(), "invoice": row.number, "reason": reason[:MOST],
    }  # fmt: skip
    key = f"{row.pk}/{count}"
    events.record(client_id, row.order_form_id, event, source="dispute", source_key=key, actor=actor)


@clause("CGVU 15")
def answer(client_id: UUID, invoice_id: UUID, *, platform_flaw: bool, actor: str) -> None:
    """Staff records what the audit found: the invoice stands, or a critical flaw of the platform made it.

    Raises: Refused (invoice_unknown, dispute_none).
    """
    row, contested, count = _contested(client_id, invoice_id)
    if not contested:
        raise Refused("dispute_none", 409)
    event = {
        "type": "audit", "at": as_moment(clock.now()).isoformat(), "invoice": row.number,
        "platform_flaw": platform_flaw,
    }  # fmt: skip
    events.record(
        client_id, row.order_form_id, event, source="audit", source_key=f"{row.pk}/{count}", actor=actor
    )  # fmt: skip


def _contested(client_id: UUID, invoice_id: UUID) -> tuple[Invoice, bool, int]:
    """A document, whether it is contested now, and how often it was. Raises: Refused (invoice_unknown)."""
    with staff_scope():
        row = Invoice.objects.using("staff").filter(client_id=client_id, pk=invoice_id, kind="invoice").first()
        if row is None:
            raise Refused("invoice_unknown", 404)
        worked = standings.work_out(client_id, row.order_form_id)
    account = worked.replay.book.get(row.number)
    told = [one for one in worked.contract.case.events if getattr(one, "invoice", "") == row.number]
    count = sum(type(one).__name__ == "Dispute" for one in told)
    return row, account is not None and account.contested, count
