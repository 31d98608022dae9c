"""What came of a campaign: figures, and the people behind each of them.

Every statement names one client and one campaign, so that it stays on one shard and on the ledger's index.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from sofy.engine import statuses
from sofy.kernel.clauses import clause
from sofy.soreach import by_channel, rules, tally
from sofy.soreach.by_channel import OnChannel
from sofy.soreach.models import Campaign, CampaignExclusion
from sofy.soreach.tally import RECEIVED, Share

NOT_RECEIVED = ("failed", "expired", "withheld", "cancelled", "unknown")


@dataclass(frozen=True)
class Group:
    """One line of a table: how many people, how many received it (of mails: were taken), clicked, said STOP."""

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
    def taken(self) -> int:
        """People whose mail a mail server took without sending it back: the most there is to know of mails."""
        return self.under_way + self.received

    @property
    def failed(self) -> int:
        return self.by_status.get("failed", 0) + self.by_status.get("expired", 0)

    @property
    def settled(self) -> int:
        return self.recipients - self.waiting - self.under_way


@dataclass(frozen=True)
class Opens:
    """How often the images of its e-mails were fetched: an approximate figure, that of no person.

    `early`: by machines that fetch whether or not anybody reads. `people`: those who agreed to be told apart.
    """

    fetched: int = 0
    early: int = 0
    people: int = 0

    @property
    def about(self) -> int:
        """The figure to show."""
        return self.fetched - self.early


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
    channels: Sequence[OnChannel] = ()
    tries: Sequence[OnChannel] = ()
    opens: Opens | None = None
    only_channel: str = ""
    links: Sequence[tuple[str, int, int]] = field(default_factory=list)

    @property
    def by_mail(self) -> bool:
        """Whether it left by e-mail alone."""
        return self.only_channel == "email"

    @property
    def funnel(self) -> list[tuple[str, int]]:
        """Figure -> people, from the audience down to those who clicked."""
        shown = self.progress
        received = [] if self.by_mail else [("received", shown.received)]
        return [
            ("audience", self.audience),
            ("recipients", shown.recipients),
            ("handed_over", shown.handed_over),
            *received,
            ("clicked", shown.clicked),
        ]


def progress(campaign: Campaign) -> Progress:
    """Count the ledger of one campaign."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, count(*), count(submitted_at) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s AND NOT superseded GROUP BY status",
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
    """Everything a report shows, added up from the ledger, the visits and the inbox."""
    shares, curve = tally.read(campaign)
    visits = _visits(campaign)
    groups = _groups(campaign, shares)
    variants = _by(groups, 0)
    excluded = exclusions(campaign)
    shown = _progress(shares, visits[None, True].people, sum(group.stops for group in variants))
    parts = sum(share.parts for share in shares)
    tries = by_channel.read(campaign) if campaign.ladder else []
    cost_eur = sum((one.cost_eur for one in tries), Decimal(0)) if tries else parts * campaign.unit_price_eur
    return Report(
        progress=shown,
        audience=shown.recipients + sum(excluded.values()),
        excluded=excluded,
        reasons=_reasons(shares),
        establishments=sorted(_by(groups, 1), key=lambda group: -group.recipients),
        variants=variants,
        verdict=rules.compare([_arm(campaign, group) for group in variants]),
        timeline=curve.timeline(),
        heat=curve.heat(),
        parts=parts,
        cost_eur=cost_eur.quantize(Decimal("0.01")),
        channels=by_channel.totals(tries, campaign.channels),
        tries=tries if len({one.rung for one in tries}) > 1 else (),
        opens=_opens(campaign) if "email" in campaign.channels and campaign.opens != Campaign.Opens.OFF else None,
        only_channel=campaign.only_channel,
        visits_human=visits[None, True].visits,
        visits_machine=visits[None, False].visits,
        machines=visits[None, False].people,
        replies=sum(group.replied for group in variants),
        links=_links(campaign, visits),
    )


def _progress(shares: Sequence[Share], clicked: int, stops: int) -> Progress:
    by_status = Counter[str]()
    for share in shares:
        by_status[share.status] += share.people
    return Progress(by_status, sum(share.handed_over for share in shares), clicked, stops)


def exclusions(campaign: Campaign) -> dict[str, int]:
    """Reason -> people of the audience who were left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reason, count(*) FROM soreach_exclusion WHERE client_id = %s AND campaign_id = %s GROUP BY reason",
            _of(campaign),
        )
        counted = dict(cursor.fetchall())
    return {reason: counted[reason] for reason in rules.EXCLUSION_REASONS if reason in counted}


def _of(campaign: Campaign) -> list[Any]:
    return [campaign.client_id, campaign.id]


def _one(cursor: Any, sql: str, campaign: Campaign, *more: Any) -> int:
    cursor.execute(sql, [*_of(campaign), *more])
    return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Visits:
    """How often links were followed, and by how many people."""

    visits: int = 0
    people: int = 0


_VISITS = """
SELECT link_id, human, count(*), count(DISTINCT contact_id) FROM soreach_click
 WHERE client_id = %s AND campaign_id = %s GROUP BY GROUPING SETS ((human), (link_id, human))
"""
Visitors = dict[tuple[UUID | None, bool], Visits]


_OPENS = """
SELECT coalesce(sum(fetched), 0), coalesce(sum(early), 0) FROM soreach_opencount
 WHERE client_id = %s AND campaign_id = %s
"""
_OPENED = """
SELECT count(DISTINCT contact_id) FROM engine_event
 WHERE client_id = %s AND campaign_id = %s AND kind = 'opened' AND at >= %s
"""


def _opens(campaign: Campaign) -> Opens:
    with connection.cursor() as cursor:
        cursor.execute(_OPENS, _of(campaign))
        fetched, early = cursor.fetchone()
        each = campaign.opens == Campaign.Opens.EACH
        return Opens(fetched, early, _one(cursor, _OPENED, campaign, campaign.launched_at) if each else 0)


def _visits(campaign: Campaign) -> Visitors:
    """Visits of each link, and of all (None), by people (True) and by machines (False)."""
    with connection.cursor() as cursor:
        cursor.execute(_VISITS, _of(campaign))
        return defaultdict(Visits, {(row[0], row[1]): Visits(*row[2:]) for row in cursor.fetchall()})


def _links(campaign: Campaign, visits: Visitors) -> list[tuple[str, int, int]]:
    """(target, people who clicked, visits by machines), the most clicked first; variants may share a target."""
    people, machines = Counter[str](), Counter[str]()
    for link in campaign.links.all():
        people[link.target] += visits[link.id, True].people
        machines[link.target] += visits[link.id, False].visits
    return [(target, number, machines[target]) for target, number in people.most_common()]


def reasons(campaign: Campaign) -> list[tuple[str, str, int]]:
    """(status, reason, people) of everybody who did not receive it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, coalesce(reason, ''), count(*) FROM engine_state"
            " WHERE client_id = %s AND campaign_id = %s AND NOT superseded AND status = ANY(%s)"
            " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
            [*_of(campaign), list(NOT_RECEIVED)],
        )
        return [tuple(row) for row in cursor.fetchall()]


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


def _reasons(shares: Sequence[Share]) -> list[tuple[str, str, int]]:
    counted = Counter[tuple[str, str]]()
    for share in shares:
        if share.status in NOT_RECEIVED:
            counted[share.status, share.reason] += share.people
    return [(*key, people) for key, people in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]


# Led by the inbox, which is short, and joined to the ledger by its key.
_ANSWERS = """
SELECT coalesce(s.variant, 'A'), s.establishment_id, i.keyword, count(DISTINCT s.message_id)
  FROM engine_inbound i JOIN engine_state s ON s.client_id = i.client_id AND s.message_id = i.message_id
 WHERE s.client_id = %s AND s.campaign_id = %s AND i.at >= %s AND i.keyword IN ('stop', '') GROUP BY 1, 2, 3
"""


def _groups(campaign: Campaign, shares: Sequence[Share]) -> dict[tuple[str, str], Counter[str]]:
    """(variant, establishment) -> figures."""
    groups: dict[tuple[str, str], Counter[str]] = {}
    for share in shares:
        of = groups.setdefault((share.variant, str(share.establishment or "")), Counter())
        of.update(recipients=share.people, received=_received(campaign, share), clicked=share.clicked)
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [*_of(campaign), campaign.launched_at or campaign.created_at])
        for variant, establishment, keyword, count in cursor.fetchall():
            figure = "stops" if keyword == "stop" else "replied"
            groups.setdefault((variant, str(establishment or "")), Counter())[figure] += count
    return groups


def _received(campaign: Campaign, share: Share) -> int:
    """How many had it; of mails, those that a mail server took: nobody says more of them."""
    return share.people if campaign.by_mail and share.status == "submitted" else share.received


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
    channel: str = ""


_PEOPLE = """
SELECT s.contact_id, s.status, coalesce(s.reason, ''), coalesce(s.variant, ''), s.updated_at, s.parts,
       (SELECT m.channel FROM engine_message m WHERE m.client_id = s.client_id AND m.id = s.message_id)
  FROM engine_state s WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s
   AND s.contact_id > %(after)s AND {counted} {also}
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
_OPENED_BY = (
    "AND s.contact_id IN (SELECT e.contact_id FROM engine_event e WHERE e.client_id = %(client)s"
    " AND e.kind = 'opened' AND e.campaign_id = %(campaign)s AND e.at >= %(since)s)"
)
# : Figure -> (further condition, its value). `status:x`, `reason:status:x`, `establishment:x`, `variant:x` take theirs
# from the address.
FIGURES: dict[str, tuple[str, str]] = {
    "recipients": ("", ""),
    "handed_over": ("AND s.submitted_at IS NOT NULL", ""),
    "received": ("AND s.status IN ('delivered', 'read')", ""),
    "failed": ("AND s.status IN ('failed', 'expired')", ""),
    "waiting": ("AND s.status IN ('accepted', 'deferred', 'held', 'queued')", ""),
    "clicked": (_VISITED, "true"),
    "machines": (_VISITED, "false"),
    "opened": (_OPENED_BY, ""),
    "stops": (_INBOX, "stop"),
    "replies": (_INBOX, ""),
}
KINDS = {
    "status": "AND s.status = %(value)s",
    "reason": "AND s.status = split_part(%(value)s, ':', 1)"
    " AND coalesce(s.reason, '') = substr(%(value)s, strpos(%(value)s, ':') + 1)",
    "establishment": "AND coalesce(s.establishment_id::text, '') = %(value)s",
    "variant": "AND coalesce(s.variant, 'A') = %(value)s",
}
START = UUID(int=0)


def reason_figure(status: str, reason: str) -> str:
    """The figure of those who did not receive it for one reason: two statuses may share the words of a reason."""
    return f"reason:{status}:{reason}"


def people(campaign: Campaign, figure: str, *, after: UUID = START, limit: int = 50) -> list[Person] | None:
    """The next people behind a figure, in the order of their ids; None when there is no such figure."""
    kind, _, value = figure.partition(":")
    if kind == "excluded":
        return _excluded_people(campaign, value, after, limit)
    if figure in FIGURES:
        also, value = FIGURES[figure]
    elif kind in by_channel.CONDITIONS:
        also = f"AND {by_channel.CONDITIONS[kind]}"
    elif kind in KINDS:
        also = KINDS[kind]
    else:
        return None
    since = campaign.launched_at or campaign.created_at
    given: dict[str, Any] = {"client": campaign.client_id, "campaign": campaign.id, "after": after, "limit": limit}
    with connection.cursor() as cursor:
        # On a channel those are shown too whom it did not reach; every other figure counts a person once.
        counted = "true" if kind in by_channel.CONDITIONS else "NOT s.superseded"
        cursor.execute(_PEOPLE.format(also=also, counted=counted), given | {"value": value, "since": since})
        return [Person(*row) for row in cursor.fetchall()]


def _excluded_people(campaign: Campaign, reason: str, after: UUID, limit: int) -> list[Person]:
    rows = CampaignExclusion.objects.filter(client_id=campaign.client_id, campaign_id=campaign.id, contact_id__gt=after)
    if reason:
        rows = rows.filter(reason=reason)
    rows = rows.order_by("contact_id")[:limit]
    return [Person(row.contact_id, "excluded", row.reason, "", None) for row in rows]
