"""What came of a campaign: figures, and the people behind each of them.

Every statement names one client and one campaign, so that it stays on one shard and on the ledger's index.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from sofy.engine import statuses
from sofy.kernel.clauses import clause
from sofy.soreach import rules
from sofy.soreach.models import Campaign, CampaignExclusion

RECEIVED = ("delivered", "read")
NOT_RECEIVED = ("failed", "expired", "withheld", "cancelled", "unknown")
POINTS = 48  # of the curve over time
_STEPS_S = (1, 2, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 86_400)


@dataclass(frozen=True)
class Group:
    """One line of a table: how many people, how many received it, clicked, said STOP."""

    key: str
    recipients: int = 0
    received: int = 0
    clicked: int = 0
    replied: int = 0
    stops: int = 0


@dataclass(frozen=True)
class Progress:
    """Where a campaign stands now, from the ledger alone."""

    by_status: Mapping[str, int]
    handed_over: int
    clicked: int
    stops: int

    @property
    def recipients(self) -> int:
        return sum(self.by_status.values())

    @property
    def received(self) -> int:
        return sum(self.by_status.get(status, 0) for status in RECEIVED)

    @property
    def waiting(self) -> int:
        """People whose message has not left yet."""
        return sum(self.by_status.get(status, 0) for status in statuses.WAITING)

    @property
    def under_way(self) -> int:
        """People whose message left and whose receipt is awaited."""
        return self.by_status.get("submitted", 0)

    @property
    def failed(self) -> int:
        return self.by_status.get("failed", 0) + self.by_status.get("expired", 0)

    @property
    def settled(self) -> int:
        return self.recipients - self.waiting - self.under_way


@dataclass(frozen=True)
class Report:
    """Everything a report shows."""

    progress: Progress
    audience: int
    excluded: Mapping[str, int]
    reasons: Sequence[tuple[str, str, int]]
    establishments: Sequence[Group]
    variants: Sequence[Group]
    verdict: rules.Verdict
    timeline: Sequence[tuple[datetime, int]]
    heat: Sequence[Sequence[int]]
    parts: int
    cost_eur: Decimal
    visits_human: int
    visits_machine: int
    machines: int
    replies: int
    links: Sequence[tuple[str, int, int]] = field(default_factory=list)

    @property
    def funnel(self) -> list[tuple[str, int]]:
        """Figure -> people, from the audience down to those who clicked."""
        shown = self.progress
        return [
            ("audience", self.audience),
            ("recipients", shown.recipients),
            ("handed_over", shown.handed_over),
            ("received", shown.received),
            ("clicked", shown.clicked),
        ]


def progress(campaign: Campaign) -> Progress:
    """Count the ledger of one campaign."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, count(*), count(submitted_at) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s GROUP BY status",
            _of(campaign),
        )
        rows = cursor.fetchall()
        clicked = _one(cursor, _CLICKED, campaign)
        stops = _one(cursor, _STOPS, campaign, campaign.launched_at or campaign.created_at, "stop")
    return Progress({row[0]: row[1] for row in rows}, sum(row[2] for row in rows), clicked, stops)


_CLICKED = "SELECT count(DISTINCT contact_id) FROM soreach_click WHERE client_id = %s AND campaign_id = %s AND human"
# Led by the inbox, which is short, and joined to the ledger by its key.
_STOPS = """
SELECT count(DISTINCT s.message_id) FROM engine_inbound i
  JOIN engine_state s ON s.client_id = i.client_id AND s.message_id = i.message_id
 WHERE i.client_id = %s AND s.campaign_id = %s AND i.at >= %s AND i.keyword = %s
"""


@clause("CGVU 3.3")
def build(campaign: Campaign) -> Report:
    """Read everything a report shows, in a dozen statements."""
    groups = _groups(campaign)
    variants = _by(groups, 0)
    excluded = exclusions(campaign)
    shown = progress(campaign)
    since = campaign.launched_at or campaign.created_at
    with connection.cursor() as cursor:
        visits = _visits(cursor, campaign)
        parts, cost = _cost(cursor, campaign)
        replies = _one(cursor, _STOPS, campaign, since, "")
        machines = _one(cursor, _CLICKED.replace("AND human", "AND NOT human"), campaign)
        reasons = _reasons(cursor, campaign)
        links = _links(cursor, campaign)
    return Report(
        progress=shown,
        audience=shown.recipients + sum(excluded.values()),
        excluded=excluded,
        reasons=reasons,
        establishments=sorted(_by(groups, 1), key=lambda group: -group.recipients),
        variants=variants,
        verdict=rules.compare([_arm(campaign, group) for group in variants]),
        timeline=timeline(campaign),
        heat=heat(campaign),
        parts=parts,
        cost_eur=cost,
        visits_human=visits[True],
        visits_machine=visits[False],
        machines=machines,
        replies=replies,
        links=links,
    )


def exclusions(campaign: Campaign) -> dict[str, int]:
    """Reason -> people of the audience who were left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reason, count(*) FROM soreach_exclusion WHERE client_id = %s AND campaign_id = %s GROUP BY reason",
            _of(campaign),
        )
        counted = dict(cursor.fetchall())
    return {reason: counted[reason] for reason in rules.EXCLUSION_REASONS if reason in counted}


def timeline(campaign: Campaign) -> list[tuple[datetime, int]]:
    """People who received it, per step of time; the step makes at most about fifty points."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(final_at), max(final_at) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s AND status IN ('delivered', 'read')",
            _of(campaign),
        )
        first, last = cursor.fetchone()
        if first is None:
            return []
        span_s = (last - first).total_seconds()
        step_s = next((step for step in _STEPS_S if span_s / step <= POINTS), _STEPS_S[-1])
        cursor.execute(
            "SELECT floor(extract(epoch FROM final_at) / %s) * %s, count(*) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s AND status IN ('delivered', 'read') GROUP BY 1",
            [step_s, step_s, *_of(campaign)],
        )
        counted = {int(row[0]): row[1] for row in cursor.fetchall()}
    begin = min(counted)
    steps = range(begin, max(counted) + 1, step_s)
    origin = first - timedelta(seconds=first.timestamp() - begin)
    return [(origin + timedelta(seconds=at - begin), counted.get(at, 0)) for at in steps]


def heat(campaign: Campaign) -> list[list[int]]:
    """Seven days (Monday first) of 24 hours on the clock of Paris: people who received it."""
    grid = [[0] * 24 for _ in range(7)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(isodow FROM final_at AT TIME ZONE 'Europe/Paris')::int,"
            " extract(hour FROM final_at AT TIME ZONE 'Europe/Paris')::int, count(*) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s AND status IN ('delivered', 'read') GROUP BY 1, 2",
            _of(campaign),
        )
        for day, hour, count in cursor.fetchall():
            grid[day - 1][hour] = count
    return grid


def _of(campaign: Campaign) -> list[Any]:
    return [campaign.client_id, campaign.id]


def _one(cursor: Any, sql: str, campaign: Campaign, *more: Any) -> int:
    cursor.execute(sql, [*_of(campaign), *more])
    return int(cursor.fetchone()[0])


def _visits(cursor: Any, campaign: Campaign) -> dict[bool, int]:
    cursor.execute(
        "SELECT human, count(*) FROM soreach_click WHERE client_id = %s AND campaign_id = %s GROUP BY human",
        _of(campaign),
    )
    return {True: 0, False: 0} | dict(cursor.fetchall())


def _links(cursor: Any, campaign: Campaign) -> list[tuple[str, int, int]]:
    cursor.execute(
        "SELECT l.target, count(DISTINCT c.contact_id) FILTER (WHERE c.human), count(*) FILTER (WHERE NOT c.human)"
        " FROM soreach_trackedlink l"
        " LEFT JOIN soreach_click c ON c.client_id = l.client_id AND c.link_id = l.id AND c.campaign_id = l.campaign_id"
        " WHERE l.client_id = %s AND l.campaign_id = %s GROUP BY l.target ORDER BY 2 DESC",
        _of(campaign),
    )
    return [tuple(row) for row in cursor.fetchall()]


def _cost(cursor: Any, campaign: Campaign) -> tuple[int, Decimal]:
    """Parts handed over, and what they cost; what never left costs nothing."""
    cursor.execute(
        "SELECT coalesce(sum(s.parts), 0), coalesce(sum(s.parts * m.unit_price_eur), 0) FROM engine_state s"
        " JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id"
        " WHERE s.client_id = %s AND s.campaign_id = %s AND s.submitted_at IS NOT NULL",
        _of(campaign),
    )
    parts, cost = cursor.fetchone()
    return int(parts), Decimal(cost).quantize(Decimal("0.01"))


def reasons(campaign: Campaign) -> list[tuple[str, str, int]]:
    """(status, reason, people) of everybody who did not receive it."""
    with connection.cursor() as cursor:
        return _reasons(cursor, campaign)


def recent_rate(campaign: Campaign, now: datetime) -> float:
    """Unit: messages handed over per second, over the last minute or since the first one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(submitted_at), max(submitted_at) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s AND submitted_at >= %s",
            [*_of(campaign), now - timedelta(minutes=1)],
        )
        count, first, last = cursor.fetchone()
    span_s = max(1.0, (last - first).total_seconds()) if first else 1.0
    return float(count / span_s)


def _reasons(cursor: Any, campaign: Campaign) -> list[tuple[str, str, int]]:
    cursor.execute(
        "SELECT status, coalesce(reason, ''), count(*) FROM engine_state"
        " WHERE client_id = %s AND campaign_id = %s AND status = ANY(%s) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        [*_of(campaign), list(NOT_RECEIVED)],
    )
    return [tuple(row) for row in cursor.fetchall()]


def _groups(campaign: Campaign) -> dict[tuple[str, str], Counter[str]]:
    """(variant, establishment) -> figures."""
    groups: dict[tuple[str, str], Counter[str]] = {}
    since = campaign.launched_at or campaign.created_at
    statements: list[tuple[str, str, list[Any]]] = [
        ("recipients", "SELECT variant, establishment_id, count(*) FROM engine_state s WHERE {own} GROUP BY 1, 2", []),
        (
            "received",
            "SELECT variant, establishment_id, count(*) FROM engine_state s WHERE {own}"
            " AND status IN ('delivered', 'read') GROUP BY 1, 2",
            [],
        ),
        (
            "clicked",
            "SELECT s.variant, s.establishment_id, count(*) FROM engine_state s WHERE {own} AND s.contact_id IN"
            " (SELECT contact_id FROM soreach_click WHERE client_id = %s AND campaign_id = %s AND human) GROUP BY 1, 2",
            _of(campaign),
        ),
    ]
    for figure, keyword in (("stops", "stop"), ("replied", "")):
        sql = (
            "SELECT s.variant, s.establishment_id, count(DISTINCT s.message_id) FROM"
            " engine_inbound i JOIN engine_state s"
            " ON s.client_id = i.client_id AND s.message_id = i.message_id"
            " WHERE {own} AND i.at >= %s AND i.keyword = %s GROUP BY 1, 2"
        )
        statements.append((figure, sql, [since, keyword]))
    with connection.cursor() as cursor:
        for figure, sql, more in statements:
            cursor.execute(sql.format(own="s.client_id = %s AND s.campaign_id = %s"), [*_of(campaign), *more])
            for variant, establishment, count in cursor.fetchall():
                key = (variant or "A", str(establishment or ""))
                groups.setdefault(key, Counter())[figure] += count
    return groups


def _by(groups: Mapping[tuple[str, str], Counter[str]], position: int) -> list[Group]:
    summed: dict[str, Counter[str]] = {}
    for key, figures in groups.items():
        summed.setdefault(key[position], Counter()).update(figures)
    return [Group(key, **figures) for key, figures in sorted(summed.items())]


def _arm(campaign: Campaign, group: Group) -> rules.Arm:
    successes = group.replied if campaign.winner_by == Campaign.WinnerBy.REPLIES else group.clicked
    return rules.Arm(group.key, group.received, successes)


# ---- the people behind a figure
# ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """One row behind a figure; names are the audience's to show."""

    contact_id: UUID
    status: str
    reason: str
    variant: str
    at: datetime | None
    parts: int = 0


_PEOPLE = """
SELECT s.contact_id, s.status, coalesce(s.reason, ''), coalesce(s.variant, ''), s.updated_at, s.parts
  FROM engine_state s WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s
   AND s.contact_id > %(after)s {also}
 ORDER BY s.contact_id LIMIT %(limit)s
"""
_INBOX = (
    "AND s.message_id IN (SELECT message_id FROM engine_inbound i WHERE i.client_id = %(client)s"
    " AND i.at >= %(since)s AND i.keyword = %(value)s)"
)
_VISITED = (
    "AND s.contact_id IN (SELECT contact_id FROM soreach_click WHERE client_id = %(client)s"
    " AND campaign_id = %(campaign)s AND human = %(value)s::boolean)"
)
# : Figure -> (further condition, its value). `status:x`, `reason:x`, `establishment:x`, `variant:x` take theirs from
# the address.
FIGURES: dict[str, tuple[str, str]] = {
    "recipients": ("", ""),
    "handed_over": ("AND s.submitted_at IS NOT NULL", ""),
    "received": ("AND s.status IN ('delivered', 'read')", ""),
    "failed": ("AND s.status IN ('failed', 'expired')", ""),
    "waiting": ("AND s.status IN ('accepted', 'deferred', 'held', 'queued')", ""),
    "clicked": (_VISITED, "true"),
    "machines": (_VISITED, "false"),
    "stops": (_INBOX, "stop"),
    "replies": (_INBOX, ""),
}
KINDS = {
    "status": "AND s.status = %(value)s",
    "reason": "AND coalesce(s.reason, '') = %(value)s AND s.status IN ('failed',"
    " 'expired', 'withheld', 'cancelled', 'unknown')",
    "establishment": "AND coalesce(s.establishment_id::text, '') = %(value)s",
    "variant": "AND coalesce(s.variant, 'A') = %(value)s",
}
START = UUID(int=0)


def people(campaign: Campaign, figure: str, *, after: UUID = START, limit: int = 50) -> list[Person] | None:
    """The next people behind a figure, in the order of their ids; None when there is no such figure."""
    kind, _, value = figure.partition(":")
    if kind == "excluded":
        return _excluded_people(campaign, value, after, limit)
    if figure in FIGURES:
        also, value = FIGURES[figure]
    elif kind in KINDS:
        also = KINDS[kind]
    else:
        return None
    since = campaign.launched_at or campaign.created_at
    given: dict[str, Any] = {"client": campaign.client_id, "campaign": campaign.id, "after": after, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE.format(also=also), given | {"value": value, "since": since})
        return [Person(*row) for row in cursor.fetchall()]


def _excluded_people(campaign: Campaign, reason: str, after: UUID, limit: int) -> list[Person]:
    rows = CampaignExclusion.objects.filter(client_id=campaign.client_id, campaign_id=campaign.id, contact_id__gt=after)
    if reason:
        rows = rows.filter(reason=reason)
    rows = rows.order_by("contact_id")[:limit]
    return [Person(row.contact_id, "excluded", row.reason, "", None) for row in rows]
