"""Routing success, message by message: values in, verdict out.

Source: CGVU 28 (99.9 % of messages routed to the gateways of operators, without announced maintenance and without
failures of networks that are not ours). A message counts as routed when it was handed over, or lawfully withheld,
within its deadline.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sofy.engine.gate import LAST_MOMENT
from sofy.engine.statuses import WAITING
from sofy.kernel import hours
from sofy.kernel.clauses import clause
from sofy.kernel.hours import CONTRACT_HOURS, NEVER, HoursPolicy

#: What is promised. Unit: per thousand. Source: CGVU 28.
TARGET_PER_MILLE: Final = 999
#: An alert without a validity of its own.
ALERT_WITHIN: Final = timedelta(seconds=60)
#: How long before it begins a maintenance is announced.
NOTICE: Final = timedelta(hours=48)

#: Kinds of dated records.
KINDS: Final = ("outage", "maintenance")
#: Holds of ours, which turn out to be right or wrong.
SUSPICIONS: Final = frozenset({"fraud_suspected", "alert_reads_like_marketing"})
#: Holds that the client asked for: its time stands still meanwhile.
WISHES: Final = frozenset({"campaign_paused", "budget_spent"})
#: Verdicts on people's traffic that may be taken back later.
REVOCABLE: Final = frozenset({"fraud_blocked", "alert_is_marketing"})
#: Nobody can say that an operator has it.
_NO_PROOF: Final = frozenset({"no_answer", "engine_lost"})


class Hold(NamedTuple):
    """A message was held at a moment, for a reason of the gate."""

    at: datetime
    reason: str


class Course(NamedTuple):
    """What the ledger says of one message.

    `zones`: where its recipient may be. `pauses`: when its campaign was paused, resumed, paused again. `misjudged`:
    what it was withheld for was taken back by a person.
    """

    purpose: str
    channel: str
    accepted_at: datetime
    status: str
    due_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    submitted_at: datetime | None = None
    final_at: datetime | None = None
    route_id: UUID | None = None
    zones: tuple[str, ...] = ("Europe/Paris",)
    holds: tuple[Hold, ...] = ()
    pauses: tuple[datetime, ...] = ()
    misjudged: bool = False


class Term(NamedTuple):
    """Since when a message could leave, and until when it has to; None: it may never leave.

    `wished`: at its deadline its client wants it to wait.
    """

    since: datetime
    deadline: datetime | None
    wished: bool = False


class Record(NamedTuple):
    """A dated record of an outage or of a maintenance."""

    id: UUID
    kind: str
    begins_at: datetime
    ends_at: datetime
    channel: str | None = None
    route_id: UUID | None = None
    announced_at: datetime | None = None


class Verdict(NamedTuple):
    """What became of a message's deadline: reached, withheld, lost, excluded or open (still undecided).

    `at`: when. `again`: it may turn out otherwise, so it is looked at again. `record`: what excuses it.
    """

    verdict: str
    reason: str
    term: Term
    at: datetime
    again: bool = False
    record: UUID | None = None


@clause("CGVU 28")
def term(course: Course, policy: HoursPolicy | None) -> Term:
    """Until when a message has to be handed over.

    Its validity, when it has one; else 60 seconds for an alert, and the end of the first open window for marketing,
    where its recipient is. While the client holds it (a paused campaign, a budget that is spent) its time stands still.
    """
    since = max(course.accepted_at, course.due_at or course.accepted_at)
    found = _term(course, since, policy)
    for began, ended in _waits(course):
        if found.deadline is None or began > found.deadline:
            break
        if ended is None:
            return found._replace(wished=True)
        if ended > found.since:
            wished = course.expires_at is not None and began <= course.expires_at < ended
            found = _term(course, ended, policy)._replace(wished=wished)
            if wished:
                return found
    return found


def _term(course: Course, since: datetime, policy: HoursPolicy | None) -> Term:
    if course.expires_at is not None:
        return Term(since, course.expires_at)
    if course.purpose == "alert":
        return Term(since, since + ALERT_WITHIN)
    return Term(since, window_end(since, course.zones, policy))


@clause("CGVU 28")
def window_end(since: datetime, zones: tuple[str, ...], policy: HoursPolicy | None) -> datetime | None:
    """The end of the first window in which marketing may leave; None when there is none.

    A window that is about to close is not one: the gate lets nothing leave in its last half minute.
    """
    policy = policy or CONTRACT_HOURS
    window = hours.decide(since + LAST_MOMENT, zones, policy)
    if not window.open and window.until != NEVER:
        window = hours.decide(window.until, zones, policy)
    return None if window.until == NEVER else window.until


def _waits(course: Course) -> list[tuple[datetime, datetime | None]]:
    """When the client wanted the message to wait, in order; the last one may last."""
    paused = list(course.pauses)
    found: list[tuple[datetime, datetime | None]] = [
        (paused[n], paused[n + 1] if n + 1 < len(paused) else None) for n in range(0, len(paused), 2)
    ]
    known = course.pauses
    for hold in course.holds:
        if hold.reason == "budget_spent" or (hold.reason in WISHES and not known):
            still = course.status == "held" and course.reason == hold.reason and hold == course.holds[-1]
            found.append((hold.at, None if still else hold.at))
    return sorted(found, key=lambda wait: wait[0])


@clause("CGVU 28")
def judge(course: Course, policy: HoursPolicy | None, records: Sequence[Record], now: datetime) -> Verdict:
    """What became of a message's deadline, and whether a dated record excuses what was lost."""
    told = _judge(course, term(course, policy), now)
    if told.verdict != "lost" or told.reason == "held_wrongly":
        return told
    for record in records:
        if excuses(record, course, told):
            return told._replace(verdict="excluded", reason=record.kind, record=record.id)
    return told


def _judge(course: Course, limits: Term, now: datetime) -> Verdict:
    ended = course.final_at or now
    suspected = next((hold for hold in course.holds if hold.reason in SUSPICIONS), None)
    if course.status == "failed" and course.reason == "refused_suppress":
        return Verdict("excluded", "bad_number", limits, ended)
    if course.misjudged or (suspected is not None and _went_on(course)):
        return Verdict("lost", "held_wrongly", limits, suspected.at if suspected else ended)
    if course.status in ("cancelled", "withheld"):
        return _stopped(course, limits, suspected, ended)
    if course.submitted_at is not None:
        return _handed_over(course, limits, course.submitted_at)
    if course.status not in WAITING:
        reason = "no_answer" if course.status == "unknown" else "refused"
        return Verdict("lost", reason, limits, ended, again=course.status == "unknown")
    return _waiting(course, limits, suspected, now)


def _went_on(course: Course) -> bool:
    """A message that was held left after all, or was let go too late to leave."""
    if course.status == "withheld":
        return course.reason == "too_late"
    return course.submitted_at is not None or course.status not in {*WAITING, "cancelled"} or course.status == "queued"


def _stopped(course: Course, limits: Term, suspected: Hold | None, ended: datetime) -> Verdict:
    """Withheld by a rule, or taken back by its client."""
    reason = course.reason or course.status
    wished = course.status == "cancelled" or reason == "campaign_cancelled"
    decided = suspected.at if suspected is not None else ended
    if reason == "too_late" and not limits.wished:
        return Verdict("lost", "too_late", limits, min(ended, limits.deadline or ended))
    if limits.deadline is not None and decided > limits.deadline and not limits.wished:
        return Verdict("lost", "late", limits, limits.deadline)
    if wished:
        return Verdict("excluded", "taken_back", limits, ended)
    return Verdict("withheld", "client_wish" if reason == "too_late" else reason, limits, decided)


def _handed_over(course: Course, limits: Term, at: datetime) -> Verdict:
    if course.status in ("unknown", "failed") and course.reason in _NO_PROOF:
        return Verdict("lost", "no_answer", limits, at, again=True)
    if course.status == "failed" and course.reason == "partly_refused":
        return Verdict("lost", "refused", limits, at)
    if limits.deadline is not None and at > limits.deadline:
        return Verdict("lost", "late", limits, limits.deadline)
    return Verdict("reached", "", limits, at)


def _waiting(course: Course, limits: Term, suspected: Hold | None, now: datetime) -> Verdict:
    deadline = limits.deadline
    if suspected is not None and (deadline is None or suspected.at <= deadline):
        return Verdict("withheld", suspected.reason, limits, suspected.at, again=True)
    if deadline is None or now <= deadline:
        return Verdict("open", "", limits, now, again=True)
    if limits.wished:
        return Verdict("withheld", "client_wish", limits, now, again=True)
    return Verdict("lost", "waiting", limits, deadline, again=True)


@clause("CGVU 28")
def excuses(record: Record, course: Course, lost: Verdict) -> bool:
    """Whether a dated record excuses a lost message: it was lost meanwhile, or late by no more than it lasted.

    A maintenance counts only when it was announced 48 hours before, an outage of one way only for what went that way.
    """
    if not is_valid(record) or record.channel not in (None, course.channel):
        return False
    if record.route_id is not None and record.route_id != course.route_id:
        return False
    if record.begins_at <= lost.at < record.ends_at:
        return True
    deadline, handed = lost.term.deadline, course.submitted_at
    if lost.reason != "late" or deadline is None or handed is None:
        return False
    shared = min(record.ends_at, handed) - max(record.begins_at, lost.term.since)
    return handed - deadline <= shared


@clause("CGVU 28")
def is_valid(record: Record) -> bool:
    """A maintenance has to be announced 48 hours before it begins; an outage of others cannot be."""
    if record.kind == "outage":
        return True
    return record.announced_at is not None and record.begins_at - record.announced_at >= NOTICE


@clause("CGVU 28")
def success_rate(routed: int, lost: int) -> float | None:
    """The share of messages that were routed; None when there is none to speak of. Unit: 1."""
    return None if routed + lost == 0 else routed / (routed + lost)


@clause("CGVU 28")
def is_kept(routed: int, lost: int) -> bool:
    """Whether the promise of 99.9 % is kept, in whole messages: no rounding makes it so."""
    return routed * 1000 >= TARGET_PER_MILLE * (routed + lost)
