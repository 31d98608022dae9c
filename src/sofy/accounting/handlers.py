"""What this room does when an invoice was issued."""

from uuid import UUID

from sofy.kit import outbox
from sofy.kit.jobs import defer


@outbox.handler("invoice.frozen")
def deposit(*, client_id: UUID, invoice_id: str) -> None:
    """Have it handed over to the approved platform, where there is one."""
    from sofy.accounting.services import platform
    from sofy.accounting.tasks import deposit_invoice

    if platform.configured():
        defer(deposit_invoice, client_id, invoice_id=invoice_id)
