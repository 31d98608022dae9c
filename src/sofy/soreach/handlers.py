"""What campaigns do when the engine says that something happened."""

from uuid import UUID

from django.db import connection

from sofy.kernel import clock
from sofy.kit import outbox
from sofy.soreach.services import lifecycle


@outbox.handler("campaign.finished")
def campaign_finished(*, client_id: UUID, campaign_id: str, **_ids: str) -> None:
    """The engine has no message of this campaign left to hand over."""
    campaign = lifecycle.find(client_id, UUID(campaign_id))
    if campaign is not None:
        lifecycle.finish_if_done(campaign)


@outbox.handler("email.unsubscribed")
def email_unsubscribed(*, client_id: UUID, message_id: str, **_ids: str) -> None:
    """Somebody said no by the link of a mail: one of a campaign is counted there. Harmless when it runs twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO soreach_unsubscribe (client_id, message_id, campaign_id, contact_id, at)"
            " SELECT client_id, message_id, campaign_id, contact_id, %s FROM engine_state"
            " WHERE client_id = %s AND message_id = %s AND campaign_id IS NOT NULL ON CONFLICT DO NOTHING",
            [clock.now(), client_id, message_id],
        )
