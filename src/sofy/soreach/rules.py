"""The rules of a campaign: values in, values out, no database."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sofy.kernel import hours, sms_text
from sofy.kernel.clauses import clause

_PARIS = "Europe/Paris"
_LAST_MINUTE = timedelta(minutes=1)


class Status(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    AWAITING = "awaiting_approval"
    SCHEDULED = "scheduled"
    EXPANDING = "expanding"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    REFUSED = "refused"


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.AWAITING, Status.SCHEDULED, Status.EXPANDING, Status.CANCELLED}),
    Status.AWAITING: frozenset({Status.DRAFT, Status.SCHEDULED, Status.EXPANDING, Status.CANCELLED}),
    Status.SCHEDULED: frozenset({Status.DRAFT, Status.EXPANDING, Status.CANCELLED, Status.REFUSED}),
    Status.EXPANDING: frozenset({Status.RUNNING, Status.PAUSED, Status.CANCELLED, Status.REFUSED}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.FINISHED, Status.CANCELLED}),
    Status.PAUSED: frozenset({Status.EXPANDING, Status.RUNNING, Status.FINISHED, Status.CANCELLED}),
    Status.FINISHED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.REFUSED: frozenset({Status.DRAFT}),
}
LIVE = frozenset({Status.EXPANDING, Status.RUNNING, Status.PAUSED})
ENDED = frozenset({Status.FINISHED, Status.CANCELLED, Status.REFUSED})

EXCLUSION_REASONS = (
    "no_consent",
    "opposed",
    "suppressed",
    "invalid",
    "capped",
    "duplicate_number",
    "missing_value",
    "too_long",
    "over_budget",
)

EDITORIAL_TOPICS = ("pornographic", "violent", "hateful", "racist", "discrimination")
TYPED_COUNT_FROM = 1_000
SIGNIFICANCE = 0.05
MIN_PER_VARIANT = 30
MIN_EXPECTED = 5


def may_move(current: Status, target: Status) -> bool:
    """Tell whether a campaign may go from one status to another."""
    return target in MOVES[current]


@clause("CGVU 14.1")
def lacks_stop_mention(fixed_text: str, short_code: str) -> bool:
    """Tell whether the part of a text that everybody receives lacks the mention `STOP SMS <short code>`.

    Only that part counts: a mention inside a condition would be missing for some recipients, and one that touches a
    field would be glued to what is in it (`content.fixed_text` puts a letter wherever something else may come).
    """
    return not sms_text.has_stop_mention(fixed_text, short_code)


def with_stop_mention(source: str, short_code: str) -> str:
    """Add the mention at the end of a text that lacks it."""
    kept = source.rstrip()
    glue = "." if kept.endswith(("-}}", "-%}", "-#}")) else ""  # a dash would take the space away
    return f"{kept}{glue} {sms_text.stop_mention(short_code)}".strip()


@clause("CGVU 12")
def editorial_answers(given: Mapping[str, Any]) -> dict[str, bool]:
    """Record what the author said about each forbidden kind of content.

    The author is the publisher and answers alone; a "yes" is kept as evidence and never holds a campaign back.
    """
    return {topic: bool(given.get(topic)) for topic in EDITORIAL_TOPICS}


@clause("DPA 6")
def parts_within(budget_eur: Decimal | None, unit_price_eur: Decimal) -> int | None:
    """Say how many SMS a budget pays for; None when nothing limits them."""
    if budget_eur is None or not unit_price_eur:
        return None
    return int(budget_eur // unit_price_eur)


def needs_typed_count(recipients: int) -> bool:
    """Tell whether so many people are at stake that the author types their number."""
    return recipients >= TYPED_COUNT_FROM


# ---- how often
# ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cap:
    """At most so many marketing messages per person in so many days; none at all for 0 messages."""

    messages: int
    days: int

    def covers(self, other: "Cap") -> bool:
        """Whether nobody who is within this limit can be beyond the other one."""
        return bool(self.messages) and self.messages <= other.messages and self.days >= other.days


def caps_in_force(of_client: Cap, of_campaign: Cap) -> list[Cap]:
    """The limits that count. A campaign adds one when it is stricter in some way; it takes none away."""
    caps = dict.fromkeys(cap for cap in (of_client, of_campaign) if cap.messages)
    return [cap for cap in caps if not any(other.covers(cap) for other in caps if other != cap)]


# ---- when each message is due
# ------------------------------------------------------------------------------------------


def fraction(key: bytes) -> float:
    """Give a recipient a fixed place in [0, 1), the same after a restart, from bytes that look random."""
    return int.from_bytes(key[:4], "big") / 2**32


@dataclass(frozen=True)
class Schedule:
    """When a campaign leaves: from `starts_at`, over `spread_hours`, by Paris time or each recipient's own.

    `launched_at`: nothing is due before. Where the hour was over by then, it is that of the next day.
    """

    starts_at: datetime
    spread_hours: int = 0
    local_time: bool = False
    launched_at: datetime | None = None

    @property
    def prepare_at(self) -> datetime:
        """When its messages are written: with local times, the first zone of all is thirteen hours ahead of Paris."""
        return self.starts_at - timedelta(hours=14 if self.local_time else 0)

    def due_at(self, zones: Sequence[str], key: bytes) -> datetime:
        """Say when one recipient's message is due. Several possible zones: the last of them to reach the hour."""
        due = self._local(tuple(zones)) if self.local_time and zones else self.starts_at
        if self.spread_hours:
            due += timedelta(seconds=int(self.spread_hours * 3_600 * fraction(key[4:8])))
        return due

    def _local(self, zones: tuple[str, ...]) -> datetime:
        today = _at_wall(self.starts_at, zones, days=0)
        over = self.launched_at is not None and today < min(self.starts_at, self.launched_at)
        return _at_wall(self.starts_at, zones, days=1) if over else today


@lru_cache(maxsize=4096)
def _at_wall(paris: datetime, zones: tuple[str, ...], *, days: int) -> datetime:
    """The moment when the last of some zones shows the day and hour that Paris shows, or days later."""
    wall = paris.astimezone(ZoneInfo(_PARIS)).replace(tzinfo=None) + timedelta(days=days)
    return max(wall.replace(tzinfo=ZoneInfo(zone)).astimezone(paris.tzinfo) for zone in zones)


@clause("CGVU 14.1")
def day_ends(zones: Sequence[str], due: datetime, policy: hours.HoursPolicy = hours.CONTRACT_HOURS) -> datetime:
    """When the day of a due moment is over for one recipient: when the first hours it may leave in close.

    What is due in the evening has the next day to leave, as its author is told before the launch; what is due in the
    last minute of a day too.
    """
    return _day_ends(tuple(zones) or (_PARIS,), due.replace(second=0, microsecond=0) + _LAST_MINUTE, policy)


@lru_cache(maxsize=8192)  # three days of minutes are 4,320
def _day_ends(zones: tuple[str, ...], due: datetime, policy: hours.HoursPolicy) -> datetime:
    window = hours.decide(due, zones, policy)
    if window.open or window.until == hours.NEVER:
        return window.until
    return hours.decide(window.until, zones, policy).until


#: How long WhatsApp tries to deliver marketing at least, without anybody being able to call it back.
WHATSAPP_TRIES = timedelta(hours=12)
_EVENING = 20


def whatsapp_leaves_last(
    starts_at: datetime, over_s: int, policy: hours.HoursPolicy = hours.CONTRACT_HOURS
) -> datetime:
    """When the last message of a campaign leaves that begins at a moment and takes so long; never outside the hours.

    Unit: seconds for `over_s`.
    """
    last = starts_at.astimezone(UTC) + timedelta(seconds=over_s)
    window = hours.decide(last, (_PARIS,), policy)
    return last if window.open or window.until == hours.NEVER else window.until


@clause("CGVU 14.1")
def whatsapp_at_night(last: datetime) -> datetime | None:
    """Until when marketing by WhatsApp that leaves at a moment may still be delivered, where that reaches the evening.

    None: it is over before 20:00 of that day. Source: Meta, "Time-to-live": marketing is tried for 12 hours at least.
    """
    evening = last.astimezone(ZoneInfo(_PARIS)).replace(hour=_EVENING, minute=0, second=0, microsecond=0)
    until = last.astimezone(UTC) + WHATSAPP_TRIES
    return until if until >= evening else None


# ---- A/B
# ---------------------------------------------------------------------------------------------------------------


def pick_variant(shares: Sequence[int], key: bytes) -> int:
    """Draw a variant for one recipient in proportion to the shares; the same key always draws the same one."""
    point = fraction(key) * sum(shares)
    for number, share in enumerate(shares):
        point -= share
        if point < 0:
            return number
    return len(shares) - 1


@dataclass(frozen=True)
class Arm:
    """What one variant got: `successes` people out of `total` who received it."""

    label: str
    total: int
    successes: int

    @property
    def rate(self) -> float:
        return self.successes / self.total if self.total else 0.0


@dataclass(frozen=True)
class Verdict:
    """What the test allows to say: `winner`, `no_difference` or `not_enough_data`."""

    kind: str
    best: str = ""
    second: str = ""
    p_value: float | None = None


def compare(arms: Sequence[Arm]) -> Verdict:
    """Compare the best variant with the second best: two-sided two-proportion z test at 5 %.

    With k variants the threshold is divided by k - 1 (Bonferroni), since the best was chosen after looking. The normal
    approximation needs at least 30 people per variant and 5 expected successes and failures in each.
    Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, chapter 3.
    """
    if len(arms) < 2:
        return Verdict("not_enough_data")
    first, second = sorted(arms, key=lambda arm: arm.rate, reverse=True)[:2]
    pooled = (first.successes + second.successes) / max(1, first.total + second.total)
    smallest = min(first.total, second.total)
    if smallest < MIN_PER_VARIANT or smallest * min(pooled, 1 - pooled) < MIN_EXPECTED:
        return Verdict("not_enough_data", first.label, second.label)
    error = math.sqrt(pooled * (1 - pooled) * (1 / first.total + 1 / second.total))
    p_value = math.erfc((first.rate - second.rate) / error / math.sqrt(2))
    kind = "winner" if p_value < SIGNIFICANCE / (len(arms) - 1) else "no_difference"
    return Verdict(kind, first.label, second.label, p_value)


# ---- clicks
# ------------------------------------------------------------------------------------------------------------

#: Words of agents. A brand of phones ends in "bot" too, and applications show pages to people under the names of the
#: services whose robots read them first: whole words only.
_MACHINES = re.compile(
    r"(?<![a-z])(?!cubot)[a-z]*bots?(?![a-z])|"
    r"(?<![a-z])(?:[a-z]*(?:crawl|crawler|spider|preview|scan|scanner)|facebookexternalhit|facebookcatalog|"
    r"whatsapp|skypeuripreview|embedly|slack-imgproxy|curl|wget|python|java|go-http-client|okhttp|libwww|headless[a-z]*|"
    r"barracuda|proofpoint|mimecast|safelinks|google-safety|virustotal|[a-z]*monitor|uptime|urlcheck)(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Visit:
    """What a request for a short link shows of who made it. Nothing here is kept but the score."""

    method: str
    agent: str
    language: str
    purpose: str
    since_sent_s: float | None
    recent_visits: int = 0


def machine_score(visit: Visit) -> int:
    """Rate a visit from 0 (a person) to 100 (a link preview, a scanner, a robot); from 50 it is a machine."""
    score = 0
    if visit.method == "HEAD" or "prefetch" in visit.purpose.lower() or "preview" in visit.purpose.lower():
        score += 100
    if not visit.agent:
        score += 60
    elif _MACHINES.search(visit.agent):
        score += 100
    if not visit.language:
        score += 30  # every browser on a phone sends its language
    if visit.since_sent_s is not None and visit.since_sent_s < 2:
        score += 30
    if visit.recent_visits >= 3:
        score += 40
    return min(score, 100)


def is_human(score: int) -> bool:
    """Tell whether a visit counts as somebody's click."""
    return score < 50


# ---- checks before launch
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """One line of the last page before launch: `ok`, `warn` (may go on) or `stop` (launch refused)."""

    code: str
    level: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    article: str = ""


def may_launch(checks: Sequence[Check]) -> bool:
    """Tell whether nothing stops the launch."""
    return all(check.level != "stop" for check in checks)
