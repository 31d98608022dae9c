"""What a replay knows of a late payer, as the case file prints it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from sofy.billing.case.book import COLLECTED, Account
from sofy.billing.case.collection import LATE
from sofy.billing.case.enforcement import Closed, Notice
from sofy.billing.case.replay import Replay
from sofy.billing.drafting import party, seller
from sofy.billing.paper.case_file import Act, CaseFile, Movement, SentNotice
from sofy.billing.paper.claims import LateInvoice
from sofy.billing.paper.formal_notice import QUOTED
from sofy.contracts.rules.values import PARIS
from sofy.kernel.clauses import clause


@clause("CGVU 7.1", "CGVU 7.2")
def case_file(replay: Replay) -> CaseFile | None:
    """The case file of a replay on its last day; none when nothing is claimed and nothing was asked for."""
    claimed = [(account, late) for account in replay.book.accounts if (late := _late(replay, account))]
    notices = replay.enforcement.notices
    if not claimed and not notices:
        return None
    numbers = {account.number for account, _ in claimed} | {number for one in notices for number in one.invoices}
    form = replay.case.order_form
    return CaseFile(
        number=form.number,
        as_of=replay.as_of,
        creditor=seller(replay.case.entity),
        debtor=party(replay.case.client),
        contract=form.number,
        invoices=tuple(late for _, late in claimed),
        movements=tuple(sorted(_movements(replay.book.accounts, numbers), key=lambda one: (one.on, one.invoice))),
        notices=tuple(_notice(one) for one in notices),
        acts=tuple(sorted(_acts(notices, replay.enforcement.closed), key=lambda act: act.at)),
        because=(LATE, *QUOTED, COLLECTED),
    )


def _late(replay: Replay, account: Account) -> LateInvoice | None:
    """What is claimed of a document: interest of an invoice that was late, and what is open of an overdue one."""
    document, overdue = account.document, account.due_on < replay.as_of
    if document.kind == "credit_note" or not overdue:
        return None
    late = replay.collection.is_late(account, replay.as_of)
    segments = replay.collection.segments(account, replay.as_of) if late else []
    terms = replay.case.order_form.payment
    owes_recovery = late and not account.noted_recovery
    still_open = max(account.open_eur, Decimal("0.00"))
    noted = account.noted_interest_eur
    pending = any(one.amount_eur is None for one in segments)
    interest = sum((one.amount_eur for one in segments if one.amount_eur is not None), Decimal(0))
    if not still_open and not owes_recovery and not pending and interest <= noted:
        return None
    return LateInvoice(
        number=account.number,
        issued_on=document.issued_on,
        due_on=account.due_on,
        gross_eur=document.payable_eur,
        open_eur=still_open,
        interest=tuple(segments),
        multiple=Decimal(terms.penalty_multiple),
        recovery_eur=Decimal(terms.recovery_eur) if owes_recovery else Decimal(0),
        noted_eur=noted,
    )


def _movements(accounts: list[Account], numbers: set[str]) -> Iterator[Movement]:
    for account in accounts:
        if account.number in numbers:
            for move in account.moves:
                on = move.at.astimezone(PARIS).date()
                yield Movement(on, account.number, move.what, move.amount_eur, move.document)


def _notice(notice: Notice) -> SentNotice:
    return SentNotice(
        what=notice.kind,
        channel=notice.channel,
        sent_at=_clock(notice.sent_at),
        invoices=tuple(notice.invoices),
        delivered_at=_clock(notice.delivered_at) if notice.delivered_at else None,
        proof_kind=notice.proof,
        days=tuple(notice.calendar),
        acts_from=_clock(notice.acts_from).date() if notice.acts_from else None,
    )


def _acts(notices: list[Notice], closed: list[Closed]) -> Iterator[Act]:
    for notice in notices:
        yield Act(_clock(notice.sent_at), f"{notice.kind}_sent", article="CGVU 7.2")
        if notice.delivered_at and notice.calendar:
            yield Act(_clock(notice.delivered_at), "delivered", article="CGVU 7.2")
        if notice.cured_at:
            yield Act(_clock(notice.cured_at), "cured", article="CGVU 22")
    for one in closed:
        if one.cause == "default":
            yield Act(_clock(one.since), "suspended", article="CGVU 7.2")
            if one.until:
                yield Act(_clock(one.until), "lifted", article="CGVU 11")


def _clock(at: datetime) -> datetime:
    return at.astimezone(PARIS)
