"""Jobs of the worker; each calls the service of the same name."""

from uuid import UUID

from sofy.kit.jobs import client_job, every
from sofy.soreach.services import expand, tick


@client_job(name="soreach.expand_campaign", queue="campaigns")
def expand_campaign(*, client_id: UUID, campaign_id: str) -> None:
    """Write the messages of a campaign."""
    expand.expand(client_id, UUID(campaign_id))


@every(2)
def tick_campaigns() -> int:
    """Every two seconds: begin, finish and drop campaigns, so that a page that waits for it does not wait long."""
    return tick.tick()
