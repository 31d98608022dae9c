"""What this room does when a document was frozen."""

from uuid import UUID

from sofy.kit import outbox
from sofy.kit.jobs import defer


@outbox.handler("invoice.frozen")
def render(*, client_id: UUID, invoice_id: str) -> None:
    """Have its files written; the number is its own already."""
    from sofy.billing.tasks import render_invoice

    defer(render_invoice, client_id, invoice_id=invoice_id)
