"""Lists of campaigns with their figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from sofy.kernel import clock
from sofy.soreach import report
from sofy.soreach.models import Campaign
from sofy.soreach.report import Progress


def campaigns(client_id: UUID, *, status: str = "", text: str = "") -> QuerySet[Campaign]:
    """Campaigns of a client, the newest first."""
    rows = Campaign.objects.filter(client_id=client_id).order_by("-created_at")
    if status:
        rows = rows.filter(status=status)
    if text:
        rows = rows.filter(name__icontains=text)
    return rows


@dataclass(frozen=True)
class Figures:
    """What a list says of a campaign."""

    recipients: int
    received: int
    waiting: int
    clicked: int


def figures(client_id: UUID, campaigns: Sequence[Campaign]) -> dict[UUID, Figures]:
    """Figures of some campaigns in two statements; those settled long ago bring theirs along."""
    counted = {campaign.id: Counter[str](campaign.settled or {}) for campaign in campaigns}
    moving = [campaign.id for campaign in campaigns if campaign.settled is None]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, status, count(*) FROM engine_state WHERE client_id = %s AND"
            " campaign_id = ANY(%s) GROUP BY 1, 2",
            [client_id, moving],
        )
        for campaign_id, status, count in cursor.fetchall():
            counted[campaign_id][status] += count
        cursor.execute(
            "SELECT campaign_id, count(DISTINCT contact_id) FROM soreach_click"
            " WHERE client_id = %s AND campaign_id = ANY(%s) AND human GROUP BY 1",
            [client_id, list(counted)],
        )
        clicked = dict(cursor.fetchall())
    made = {key: Progress(by_status, 0, clicked.get(key, 0), 0) for key, by_status in counted.items() if by_status}
    return {key: Figures(each.recipients, each.received, each.waiting, each.clicked) for key, each in made.items()}


@dataclass(frozen=True)
class Left:
    """What left since some moment, and the campaign that left last."""

    campaigns: int
    recipients: int
    received: int
    clicked: int
    last: Campaign


def week(client_id: UUID) -> Left | None:
    """The campaigns launched in the last seven days taken together; None when there was none."""
    return _left(client_id, clock.now() - timedelta(days=7))


@dataclass(frozen=True)
class Today:
    """What left since midnight where the client is, and what is planned for the rest of the day."""

    left: Left | None
    planned: Sequence[Campaign]


def today(client_id: UUID) -> Today:
    """The day of the client so far."""
    midnight = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    planned = Campaign.objects.filter(
        client_id=client_id,
        status=Campaign.Status.SCHEDULED,
        starts_at__gte=midnight,
        starts_at__lt=midnight + timedelta(days=1),
    )
    return Today(_left(client_id, midnight), list(planned.order_by("starts_at")[:5]))


def _left(client_id: UUID, since: datetime) -> Left | None:
    rows = list(Campaign.objects.filter(client_id=client_id, launched_at__gte=since).order_by("-launched_at")[:200])
    if not rows:
        return None
    counted = figures(client_id, rows).values()
    return Left(
        campaigns=len(rows),
        recipients=sum(each.recipients for each in counted),
        received=sum(each.received for each in counted),
        clicked=sum(each.clicked for each in counted),
        last=rows[0],
    )


def live(client_id: UUID) -> list[tuple[Campaign, Progress]]:
    """Campaigns whose messages are leaving or paused."""
    statuses = (Campaign.Status.EXPANDING, Campaign.Status.RUNNING, Campaign.Status.PAUSED)
    rows = Campaign.objects.filter(client_id=client_id, status__in=statuses).order_by("-launched_at")[:5]
    return [(campaign, report.progress(campaign)) for campaign in rows]
