"""Lists of campaigns with their figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from sofy.engine import statuses
from sofy.kernel import clock
from sofy.soreach import report
from sofy.soreach.models import Campaign
from sofy.soreach.report import Progress

_LIVE = (Campaign.Status.EXPANDING, Campaign.Status.RUNNING, Campaign.Status.PAUSED)


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
    """What a list says of a campaign; `left`: people whose message was handed over, whatever came of it."""

    recipients: int
    received: int
    taken: int
    waiting: int
    clicked: int
    left: int


def figures(client_id: UUID, campaigns: Sequence[Campaign]) -> dict[UUID, Figures]:
    """Figures of some campaigns in two statements; those settled long ago bring theirs along."""
    counted = {campaign.id: Counter[str](campaign.settled or {}) for campaign in campaigns}
    moving = [campaign.id for campaign in campaigns if campaign.settled is None]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, status, count(*) FROM engine_state WHERE client_id = %s AND"
            " campaign_id = ANY(%s) AND NOT superseded GROUP BY 1, 2",
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
    return {
        key: Figures(each.recipients, each.received, each.taken, each.waiting, each.clicked, _handed_over(each))
        for key, each in made.items()
    }


def _handed_over(progress: Progress) -> int:
    levels = statuses.LATTICE
    return sum(n for status, n in progress.by_status.items() if not (levels[status].waiting or levels[status].end))


@dataclass(frozen=True)
class Left:
    """What left since some moment, and the campaign that left last.

    `received`: of mails, which nobody is known to have, those that mail servers took; then `mails` is true.
    """

    campaigns: int
    recipients: int
    received: int
    mails: bool
    clicked: int
    last: Campaign
    last_at: datetime


def week(client_id: UUID) -> Left | None:
    """The campaigns that left in the last seven days taken together; None when there was none."""
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
    """A campaign leaves when its first message may: planned, or cancelled before its moment, it has not.

    By local time some messages leave before the moment in Paris: such a campaign has left once one of them did.
    """
    now, over = clock.now(), (Campaign.Status.CANCELLED, Campaign.Status.FINISHED)
    rows = (
        Campaign.objects.filter(client_id=client_id, launched_at__isnull=False)
        .filter(status__in=(*_LIVE, *over))
        .annotate(left_at=Greatest("launched_at", "starts_at"))
        .filter(left_at__gte=since)
        .annotate(early=Q(left_at__gt=now) | Q(status=Campaign.Status.CANCELLED, finished_at__lt=F("left_at")))
        .exclude(early=True, local_time=False)
        .order_by("-left_at")[:200]
    )
    counted = figures(client_id, list(rows))
    left = [row for row in rows if not row.early or (row.id in counted and counted[row.id].left)]
    if not left:
        return None
    shown = [counted[row.id] for row in left if row.id in counted]
    had = [counted[row.id].taken if row.by_mail else counted[row.id].received for row in left if row.id in counted]
    return Left(
        campaigns=len(left),
        recipients=sum(each.recipients for each in shown),
        received=sum(had),
        mails=any(row.by_mail for row in left),
        clicked=sum(each.clicked for each in shown),
        last=left[0],
        last_at=left[0].left_at,
    )


def live(client_id: UUID) -> list[tuple[Campaign, Progress]]:
    """Campaigns whose messages are leaving or paused."""
    rows = Campaign.objects.filter(client_id=client_id, status__in=_LIVE).order_by("-launched_at")[:5]
    return [(campaign, report.progress(campaign)) for campaign in rows]
