"""What campaigns do when the engine says that something happened."""

from uuid import UUID

from sofy.kit import outbox
from sofy.soreach.services import lifecycle


@outbox.handler("campaign.finished")
def campaign_finished(*, client_id: UUID, campaign_id: str, **_ids: str) -> None:
    """The engine has no message of this campaign left to hand over."""
    campaign = lifecycle.find(client_id, UUID(campaign_id))
    if campaign is not None:
        lifecycle.finish_if_done(campaign)
