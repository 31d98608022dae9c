"""Jobs of the worker; each calls the service of the same name."""

from uuid import UUID

from sofy.kit.jobs import client_job, every
from sofy.soreach.services import expand, exports, retention, tick


@client_job(name="soreach.expand_campaign", queue="campaigns")
def expand_campaign(*, client_id: UUID, campaign_id: str) -> None:
    """Write the messages of a campaign."""
    expand.expand(client_id, UUID(campaign_id))


@every(2)
def tick_campaigns() -> int:
    """Every two seconds: begin, finish and drop campaigns, so that a page that waits for it does not wait long."""
    return tick.tick()


@client_job(name="soreach.write_report_file", queue="exports")
def write_report_file(*, client_id: UUID, file_id: str) -> None:
    """Write the file of a report."""
    exports.write(client_id, UUID(file_id))


@every(24 * 3600)
def expire_campaigns() -> int:
    """Once a day: what campaigns keep about people goes when its time is over, for every client."""
    return retention.expire_all()
