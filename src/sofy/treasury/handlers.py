"""What this room does when an order form was signed."""

from uuid import UUID

import structlog

from sofy.kernel.errors import Refused
from sofy.kit import outbox

_log = structlog.get_logger("sofy.treasury")


@outbox.handler("order_form.accepted")
def register_mandate(*, client_id: UUID, order_form_id: str) -> None:
    """Take its mandate over; one that cannot be used is registered by staff."""
    from sofy.treasury.services import mandates

    try:
        mandates.take_over(client_id, UUID(order_form_id))
    except Refused as refused:
        _log.warning("mandate_not_taken_over", order_form=order_form_id, code=refused.code)
