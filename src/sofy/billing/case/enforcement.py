"""Formal notices, the five days, and who has access when: what a late payer meets, and what else takes access away."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sofy.billing.case.book import Account, Book
from sofy.billing.case.events import Lifted, NoticeDelivered, NoticeSent
from sofy.billing.case.shapes import Case
from sofy.billing.case.told import Told
from sofy.contracts.rules import access, days
from sofy.contracts.rules.values import PARIS, begin
from sofy.kernel.clauses import Because, because, clause

_DAY: Final = timedelta(days=1)
SENT: Final = because("CGVU 7.2", "mise en demeure par email")
FIVE_DAYS: Final = because("CGVU 7.2", "cinq (5) jours ouvrés")
SECOND: Final = because("CGVU 7.2", "droit de SOFY à résilier")
LICENSED: Final = because("CGVU 4", "droit d'utilisation")
LIFTED: Final = because("CGVU 11", "dès la levée")
FROZEN: Final = because("CGVU 22", "redressement")


@dataclass
class Notice:
    """A formal notice and what became of it."""

    kind: str
    channel: str
    sent_at: datetime
    invoices: list[str]
    delivered_at: datetime | None = None
    proof: str = ""
    acts_from: datetime | None = None
    state: str = "sent"
    calendar: list[days.Day] = field(default_factory=list)
    cured_at: datetime | None = None


@dataclass
class Closed:
    """A stretch of time without access."""

    cause: access.Cause
    since: datetime
    until: datetime | None = None
    lifted_by: str = ""
    evidence: str = ""
    invoices: list[str] = field(default_factory=list)


class Enforcement:
    """Notices and access of one client; nothing here changes what is invoiced."""

    def __init__(self, case: Case, book: Book, told: Told) -> None:
        self.case, self.book, self.told = case, book, told
        self.notices: list[Notice] = []
        self._unproved: dict[str, list[Notice]] = {}
        self.closed: list[Closed] = []
        self._shut: dict[access.Cause, Closed] = {}

    # --- formal notices -----------------------------------------------------------------------------------------------

    @clause("CGVU 7.2")
    def sent(self, event: NoticeSent) -> None:
        """A notice left; it is about invoices that are overdue, and about nothing else."""
        day = event.at.astimezone(PARIS).date()
        overdue = self.book.overdue(day, event.invoices)
        late = [account for account in overdue if account.frozen_on is None]
        if not late:
            why = "insolvency" if overdue else "nothing_overdue"
            self.told.refuse("notice_sent", event.at, why, SENT, kind=event.kind)
            return
        if event.kind == "second" and not self._suspended_for("default"):
            self.told.refuse("notice_sent", event.at, "not_suspended", SECOND, kind=event.kind)
            return
        numbers = [account.number for account in late]
        notice = Notice(event.kind, event.channel, event.at, numbers)
        self.notices.append(notice)
        self._unproved.setdefault(event.kind, []).append(notice)

    @clause("CGVU 7.2")
    def delivered(self, event: NoticeDelivered) -> Notice | None:
        """Something says that it arrived. Answers the notice whose days begin, if they do."""
        waiting = self._unproved.get(event.kind)
        if not waiting:
            self.told.refuse("notice_delivered", event.at, "nothing_was_sent", SENT, kind=event.kind)
            return None
        notice = waiting[-1]
        notice.delivered_at, notice.proof = event.at, event.proof
        if not access.proves_delivery(event.proof):
            notice.state = "unproved"
            self.told.task("second_channel", event.at, SENT, proof=event.proof)
            return None
        waiting.pop()
        notice.calendar = days.count(event.at.astimezone(PARIS).date())
        notice.acts_from = begin(notice.calendar[-1].day + _DAY)
        notice.state = "running"
        what = "regularisation" if notice.kind == "formal" else "termination"
        self.told.deadline(what, notice.calendar[-1].day, FIVE_DAYS, invoices=notice.invoices)
        return notice

    def collected(self, at: datetime) -> None:
        """Money came in: notices whose invoices are paid are cured, and what was closed for them opens."""
        for notice in self.notices:
            if notice.cured_at is None and not self._open(notice.invoices):
                notice.cured_at, notice.state = at, "cured"
        closed = self._shut.get("default")
        if closed and not self._open(closed.invoices):
            self._open_again(closed, at, "collection")

    def reopened(self, number: str) -> None:
        """A debit came back: what its payment had cured was not cured."""
        for notice in self.notices:
            if number in notice.invoices and notice.cured_at is not None:
                notice.state = "void"

    def frozen(self) -> None:
        """A court opened proceedings: notices about nothing but earlier debts ask for what may not be paid."""
        for notice in self.notices:
            if notice.cured_at is None and all(one.frozen_on for one in self._open(notice.invoices)):
                notice.state = "void"

    def _open(self, numbers: Sequence[str]) -> list[Account]:
        accounts = (self.book.get(number) for number in numbers)
        return [one for one in accounts if one is not None and one.open_eur > 0]

    # --- access -------------------------------------------------------------------------------------------------------

    @clause("CGVU 7.2", "CGVU 11")
    def days_over(self, notice: Notice, at: datetime) -> None:
        """The fifth business day is over: without payment, access may be suspended."""
        if notice.cured_at is not None or notice.state == "void":
            return
        notice.state = "expired"
        if (
            notice.kind == "formal"
            and self.case.readings.suspension == "automatic"
            and not self._suspended_for("default")
        ):
            self.close("default", at, invoices=notice.invoices)

    @clause("CGVU 7.2", "CGVU 11", "CGVU 13", "CGVU 14.1")
    def close(
        self, cause: access.Cause, at: datetime, evidence: str = "", invoices: Sequence[str] = ()
    ) -> Closed | None:  # fmt: skip
        """Take access away; for an unpaid invoice only after a notice whose days are over."""
        if cause == "default" and not invoices:
            over = [one for one in self.notices if one.state == "expired" and one.kind == "formal"]
            if not over:
                running = any(one.state == "running" and one.kind == "formal" for one in self.notices)
                why = "notice_running" if running else "no_notice"
                self.told.refuse("suspended", at, why, access.CONSEQUENCES["default"].because, cause=cause)
                return None
            invoices = over[-1].invoices
        if self._suspended_for(cause):
            return None
        closed = Closed(cause, at, evidence=evidence, invoices=list(invoices))
        self.closed.append(closed)
        self._shut[cause] = closed
        return closed

    def _open_again(self, closed: Closed, at: datetime, lifted_by: str) -> None:
        closed.until, closed.lifted_by = at, lifted_by
        del self._shut[closed.cause]

    def lift(self, event: Lifted) -> Closed | None:
        """People give access back, as many as the cause asks for."""
        found = self._shut.get(event.cause)
        needed = access.CONSEQUENCES[event.cause]
        if found is None:
            self.told.refuse("lifted", event.at, "not_suspended", needed.because, cause=event.cause)
            return None
        if needed.lifted_by == "two_staff" and len(set(event.by)) < 2:
            self.told.refuse("lifted", event.at, "two_people_needed", needed.because, cause=event.cause)
            return None
        self._open_again(found, event.at, ", ".join(event.by) or needed.lifted_by)
        return found

    def _suspended_for(self, cause: access.Cause) -> bool:
        return cause in self._shut

    def has_access(self, at: datetime) -> bool:
        """Whether the client has access at a moment."""
        return not any(one.since <= at for one in self._shut.values())

    def may_end_for_default(self, at: datetime) -> bool:
        """Whether a person may end the contract: suspended, and a second notice whose days are over."""
        over = [one for one in self.notices if one.kind == "second" and one.acts_from and one.acts_from <= at]
        return self._suspended_for("default") and any(one.cured_at is None for one in over)

    # --- as the answer tells it ---------------------------------------------------------------------------------------

    def told_notices(self) -> list[dict[str, Any]]:
        """Each notice with its days."""
        return [
            {
                "kind": notice.kind,
                "channel": notice.channel,
                "sent_at": notice.sent_at,
                "invoices": notice.invoices,
                "delivered_at": notice.delivered_at,
                "proof": notice.proof,
                "proves": access.proves_delivery(notice.proof),
                "state": notice.state,
                "calendar": [
                    {"day": day.day, "business_day": day.number or None, "why": day.why} for day in notice.calendar
                ],
                "last_day": notice.calendar[-1].day if notice.calendar else None,
                "acts_from": notice.acts_from,
                "cured_at": notice.cured_at,
                "because": SECOND if notice.kind == "second" else FIVE_DAYS if notice.acts_from else SENT,
            }
            for notice in self.notices
        ]

    def told_access(self, start: datetime, until: datetime) -> list[dict[str, Any]]:
        """From the start on: active, or suspended with cause and consequences, each stretch once."""
        moments = [start, *(one.since for one in self.closed), *(one.until for one in self.closed if one.until)]
        edges = sorted({moment.astimezone(UTC) for moment in moments})  # two of one clock compare by what it shows
        edges = [edge for edge in edges if start <= edge <= until]
        found: list[dict[str, Any]] = []
        coming, causes = deque(self.closed), list[Closed]()
        for place, edge in enumerate(edges):
            following = edges[place + 1] if place + 1 < len(edges) else None
            while coming and coming[0].since <= edge:
                causes.append(coming.popleft())
            causes = [one for one in causes if one.until is None or edge < one.until]
            found.append(_stretch(edge, following, causes, LIFTED if place else LICENSED))
        return found


def _stretch(
    since: datetime, until: datetime | None, causes: Sequence[Closed], because_active: Because
) -> dict[str, Any]:
    since, until = since.astimezone(PARIS), until.astimezone(PARIS) if until else None
    if not causes:
        return {
            "from": since, "to": until, "state": "active", "causes": [], "invoiced": True, "credit": False,
            "because": because_active,
        }  # fmt: skip
    means = [access.consequence(one.cause) for one in causes]
    return {
        "from": since,
        "to": until,
        "state": "suspended",
        "causes": [one.cause for one in causes],
        "evidence": [one.evidence for one in causes if one.evidence],
        "invoiced": all(mean.invoiced for mean in means),
        "credit": any(mean.credit for mean in means),
        "lifted_by": [mean.lifted_by for mean in means],
        "invoices": sorted({number for one in causes for number in one.invoices}),
        "because": means[0].because,
    }
