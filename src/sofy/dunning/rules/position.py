"""What one contract owes on a day, seen from its replay: what is late and how long, what it costs, what comes next."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from sofy.billing.case import late_payer
from sofy.billing.case.enforcement import Closed, Notice
from sofy.billing.case.replay import Replay
from sofy.billing.paper.claims import claim
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import clause

_DAY: Final = timedelta(days=1)
ZERO: Final = Decimal("0.00")
#: What may come next, in the words of `dunning.words.NEXT`.
What = Literal[
    "", "formal_notice", "second_channel", "suspension", "second_notice", "decide_end", "claim_file", "audit"
]  # fmt: skip
#: Unit: days late at most.
BANDS: Final = (("late_30", 30), ("late_60", 60), ("late_90", 90))


@dataclass(frozen=True)
class Owed:
    """An issued document that is not paid. Unit: EUR with VAT. `frozen`: of before an insolvency."""

    number: str
    kind: str
    due_on: date
    gross_eur: Decimal
    open_eur: Decimal
    contested: bool
    frozen: bool
    means: str
    collect_on: date | None
    reference: str

    def band(self, day: date) -> str:
        """Which column of the board it is in."""
        late = (day - self.due_on).days
        if late <= 0:
            return "not_due"
        return next((name for name, most in BANDS if late <= most), "late_more")


@dataclass(frozen=True)
class Next:
    """The next act, and the first day on which it is lawful."""

    what: What = ""
    on: date | None = None


@dataclass(frozen=True)
class Position:
    """What a contract owes. `penalties_eur`: interest and recovery that no debit note claims yet.

    `provisional`: a legal rate is missing, so that interest is more than what is said.
    """

    as_of: date
    owed: tuple[Owed, ...]
    penalties_eur: Decimal
    provisional: bool
    notice: Notice | None
    second: Notice | None
    shut: tuple[Closed, ...]
    insolvent: bool

    @property
    def demandable(self) -> list[Owed]:
        """Invoices that a formal notice may be about: overdue, not contested, not frozen by a court."""
        return [
            one for one in self.owed
            if one.kind == "invoice" and one.due_on < self.as_of and not one.contested and not one.frozen
        ]  # fmt: skip

    @property
    def overdue(self) -> list[Owed]:
        """Everything whose due date is over."""
        return [one for one in self.owed if one.due_on < self.as_of]

    @property
    def overdue_eur(self) -> Decimal:
        """What is overdue. Unit: EUR with VAT."""
        return sum((one.open_eur for one in self.overdue), ZERO)

    @property
    def in_default(self) -> Closed | None:
        """The suspension for an unpaid invoice, while there is one."""
        return next((one for one in self.shut if one.cause == "default"), None)

    def in_band(self, band: str) -> Decimal:
        """What is open in one column. Unit: EUR with VAT."""
        return sum((one.open_eur for one in self.owed if one.band(self.as_of) == band), ZERO)


def position(replay: Replay, issued: Collection[str]) -> Position:
    """What a replay says of its last day; `issued`: keys of the documents that have a number."""
    owed = tuple(
        Owed(
            one.number, one.document.kind, one.due_on, one.document.payable_eur, one.open_eur, one.contested,
            one.frozen_on is not None, one.document.payment.means, one.document.payment.collect_on,
            one.document.payment.reference,
        )
        for one in replay.book.owed()
        if one.key in issued
    )  # fmt: skip
    file = late_payer.case_file(replay)
    numbers = {one.number for one in replay.book.accounts if one.key in issued}
    sums = claim(one for one in file.invoices if one.number in numbers) if file else claim(())
    live = [one for one in replay.enforcement.notices if one.cured_at is None and one.state != "void"]
    return Position(
        as_of=replay.as_of,
        owed=owed,
        penalties_eur=sums.interest_eur + sums.recovery_eur,
        provisional=sums.provisional,
        notice=_furthest([one for one in live if one.kind == "formal"]),
        second=_furthest([one for one in live if one.kind == "second"]),
        shut=tuple(one for one in replay.enforcement.closed if one.until is None),
        insolvent=any(task["what"] == "insolvency" for task in replay.told.tasks),
    )


def _furthest(notices: list[Notice]) -> Notice | None:
    """The notice whose days end first, else the last one that was sent."""
    proved = [one for one in notices if one.acts_from is not None]
    return min(proved, key=lambda one: one.acts_from or one.sent_at) if proved else next(reversed(notices), None)


@clause("CGVU 7.2", "CGVU 11", "CGVU 22")
def next_act(found: Position, second_channel_days: int) -> Next:
    """What the contract allows next, and from which day on.

    Source: CGVU 7.2: a notice once the due date is over, five business days from its proof, then the suspension; the
    end of the contract only after a second notice and by a decision (C. civ. 1226).
    """
    if found.in_default:
        if found.second is None:
            return Next("second_notice", found.as_of)
        return _after(found.second, second_channel_days, "decide_end")
    late = found.demandable
    if late and found.notice is not None:
        return _after(found.notice, second_channel_days, "suspension")
    if late:
        return Next("formal_notice", min(one.due_on for one in late) + _DAY)
    if any(one.contested for one in found.overdue):
        return Next("audit", found.as_of)
    if found.insolvent and any(one.frozen for one in found.owed):
        return Next("claim_file", found.as_of)
    return Next()


def _after(notice: Notice, second_channel_days: int, then: Literal["suspension", "decide_end"]) -> Next:
    """What follows a notice: its effect once it is proved and its days are over, else another channel."""
    if notice.acts_from is not None:
        return Next(then, notice.acts_from.astimezone(PARIS).date())
    return Next("second_channel", notice.sent_at.astimezone(PARIS).date() + second_channel_days * _DAY)
