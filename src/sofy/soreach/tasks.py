"""Jobs of the worker; each calls the service of the same name."""

from uuid import UUID

from sofy.kit.jobs import app, client_job
from sofy.soreach.services import expand, tick


@client_job(name="soreach.expand_campaign", queue="campaigns")
def expand_campaign(*, client_id: UUID, campaign_id: str) -> None:
    """Write the messages of a campaign."""
    expand.expand(client_id, UUID(campaign_id))


@app.periodic(cron="* * * * *")
@app.task(name="soreach.tick", queueing_lock="soreach.tick", pass_context=False)
def tick_campaigns(timestamp: int) -> None:
    """Each minute: begin, finish and drop campaigns."""
    tick.tick()
