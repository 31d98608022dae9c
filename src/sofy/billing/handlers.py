"""What this room does when a document was frozen, and with what contracts tells it."""

from uuid import UUID

from sofy.kit import outbox
from sofy.kit.jobs import defer


@outbox.handler("invoice.frozen")
def render(*, client_id: UUID, invoice_id: str) -> None:
    """Have its files written; the number is its own already."""
    from sofy.billing.tasks import render_invoice

    defer(render_invoice, client_id, invoice_id=invoice_id)


@outbox.handler("notice.recorded")
def notice_recorded(*, client_id: UUID, notice_id: str) -> None:
    """What follows from a notice follows from the contract's log."""
    from sofy.billing.tasks import take_notice

    defer(take_notice, client_id, notice_id=notice_id)


@outbox.handler("notice.delivered")
def notice_delivered(*, client_id: UUID, notice_id: str) -> None:
    """Days count from the proof."""
    from sofy.billing.tasks import take_delivery

    defer(take_delivery, client_id, notice_id=notice_id)


@outbox.handler("quota.exceeded")
def opened(*, client_id: UUID, establishment_id: str) -> None:
    """One more point of sale than licensed is one more that is invoiced."""
    from sofy.billing.tasks import take_opening

    defer(take_opening, client_id, establishment_id=establishment_id)
