"""The state of a case on a day, as JSON: amounts are strings, moments are on the clock of Paris."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from sofy.billing.case.book import Account
from sofy.billing.case.collection import DISCOUNT, LATE
from sofy.billing.case.replay import Replay
from sofy.billing.case.shapes import FORMAT, Case
from sofy.billing.case.told import Entry, money
from sofy.billing.document import Line, Vat
from sofy.billing.drafting import DraftLine
from sofy.billing.rules import lateness
from sofy.contracts.rules.term import latest_notice, spans
from sofy.contracts.rules.values import PARIS, begin
from sofy.kernel.clauses import Because, because

_DAY: Final = timedelta(days=1)
DUE: Final = because("CGVU 10.2", "trente (30) jours")
NOTICE: Final = because("CGVU 8.2", "date anniversaire")
DEBIT: Final = because("CGVU 10.1", "prélèvement SEPA")
_ENDED: Final = because("CGVU 8.1", "ferme")


def answer(case: Case, as_of: date) -> Entry:
    """Everything that follows from a case on a day.

    Raises: Unreadable where the case leaves something out that it needs.
    """
    return told(Replay(case, as_of).play())


def told(replay: Replay) -> Entry:
    """The state of a replay."""
    return _plain(
        {
            "format": FORMAT,
            "as_of": replay.as_of,
            "invoices": [*map(_invoice, replay.book.accounts), *_waiting(replay)],
            "due": [_due(replay, one) for one in replay.book.accounts if one.document.kind != "credit_note"],
            "discounts": [_discount(replay, one) for one in replay.book.accounts if one.document.payment.discount],
            "penalties": [_penalty(replay, one) for one in replay.book.accounts if _counts(replay, one)],
            "notices": replay.enforcement.told_notices(),
            "deadlines": _deadlines(replay),
            "access": _access(replay),
            "credits": replay.told.credits,
            "ends": replay.told.ends,
            "quota": replay.told.quota,
            "prices": replay.told.prices,
            "caps": replay.told.caps,
            "tasks": replay.told.tasks,
            "refused": replay.told.refused,
            "returned": [
                {"invoice": one.number, "at": move.at, "amount_eur": money(-move.amount_eur), "reason": move.document}
                for one in replay.book.accounts
                for move in one.moves
                if move.what == "return"
            ],
            "balance": _balance(replay),
        }
    )


def _plain(value: Entry) -> Entry:
    """Structs, dates and moments as JSON has them."""
    plain: Entry = msgspec.to_builtins(value, enc_hook=_moment_of_ours)
    return plain


def _moment_of_ours(value: object) -> str:
    assert isinstance(value, datetime), "an answer holds amounts as text, days and moments"
    return value.isoformat()


# --- documents --------------------------------------------------------------------------------------------------------


def _invoice(account: Account) -> Entry:
    document = account.document
    return {
        "number": document.number,
        "kind": document.kind,
        "status": _status(account),
        "issued_on": document.issued_on,
        "due_on": None if document.kind == "credit_note" else document.payment.due_on,
        "period": _period(document.period),
        "corrects": [origin.number for origin in document.corrects],
        "lines": [_line(line) for line in document.lines],
        "vat": [_vat(group) for group in document.vat],
        "net_eur": money(document.net_eur),
        "vat_eur": money(document.vat_eur),
        "gross_eur": money(document.gross_eur),
        "paid_eur": money(account.paid_eur),
        "credited_eur": money(account.credited_eur),
        "open_eur": "0.00" if document.kind == "credit_note" else money(account.open_eur),
        "settled_on": None if document.kind == "credit_note" else account.settled_on,
        "contested": account.contested,
        "means": document.payment.means,
        "because": document.because,
    }


def _status(account: Account) -> str:
    if account.document.kind == "credit_note":
        return "issued"
    if account.open_eur <= 0:
        return "paid" if account.paid_eur > 0 or not account.credited_eur else "credited"
    return "part_paid" if account.paid_eur > 0 else "open"


def _waiting(replay: Replay) -> list[Entry]:
    """Drafts without a number: nobody knows yet what VAT they bear."""
    return [
        {
            "number": None,
            "kind": draft.kind,
            "status": "waiting_for_vat_check",
            "issued_on": None,
            "due_on": None,
            "waiting_since": since,
            "lines": [_line(line) for line in draft.lines],
            "net_eur": money(sum((line.net_eur for line in draft.lines), Decimal(0))),
            "because": draft.because,
        }
        for draft, since in replay.issuing.waiting
    ]


def _line(line: Line | DraftLine) -> Entry:
    entry = {
        "code": line.code,
        "label": line.label,
        "quantity": f"{line.quantity:f}",
        "unit_price_eur": money(line.unit_price_eur),
        "days": None if line.share is None else {"days": line.share[0], "of": line.share[1]},
        "period": _period(line.period),
        "net_eur": money(line.net_eur),
        "third_party": line.third_party,
        "because": line.because,
    }
    if isinstance(line, Line):
        entry |= {"vat_category": line.vat_category, "vat_percent": f"{line.vat_rate.normalize():f}"}
    return entry


def _vat(group: Vat) -> Entry:
    return {
        "category": group.category,
        "percent": f"{group.rate.normalize():f}",
        "base_eur": money(group.base_eur),
        "vat_eur": money(group.vat_eur),
        "reason_code": group.reason_code,
        "reason": group.reason,
    }


def _period(period: Any) -> Entry | None:
    return None if period is None else {"from": period.start, "to": period.end}


# --- money ------------------------------------------------------------------------------------------------------------


def _due(replay: Replay, account: Account) -> Entry:
    payment = account.document.payment
    forbidden = account.frozen_on is not None and account.frozen_on <= account.due_on
    open_late = account.open_eur > 0 and replay.as_of > account.due_on and not forbidden
    return {
        "invoice": account.number,
        "due_on": account.due_on,
        "amount_eur": money(account.document.payable_eur),
        "open_eur": money(account.open_eur),
        "means": payment.means,
        "collect_on": payment.collect_on,
        "late_since": account.due_on + _DAY if open_late else None,
        "frozen_on": account.frozen_on,
        "because": _why_due(account),
    }


def _why_due(account: Account) -> Because:
    """Thirty days; or what made it due on the day of its issue."""
    return DUE if account.due_on != account.document.issued_on else account.document.because


def _discount(replay: Replay, account: Account) -> Entry:
    offered = account.document.payment.discount
    assert offered is not None
    given = account.discounted
    if given:
        state = "granted"
    elif replay.as_of <= offered.until:
        state = "offered"
    else:
        state = "refused" if account.paid_by(offered.until) > 0 else "lapsed"
    return {
        "invoice": account.number,
        "percent": f"{offered.percent.normalize():f}",
        "until": offered.until,
        "net_eur": money(offered.net_eur),
        "vat_eur": money(offered.vat_eur),
        "payable_eur": money(offered.payable_eur),
        "state": state,
        "granted_on": given.at.astimezone(PARIS).date() if given else None,
        "credit_note": given.document if given else None,
        "because": DISCOUNT,
    }


def _counts(replay: Replay, account: Account) -> bool:
    return replay.collection.is_late(account, replay.as_of)


def _penalty(replay: Replay, account: Account) -> Entry:
    segments = replay.collection.segments(account, replay.as_of)
    multiple = Decimal(replay.case.order_form.payment.penalty_multiple)
    recovery = Decimal(replay.case.order_form.payment.recovery_eur)
    provisional = lateness.provisional(segments)
    interest = lateness.known(segments)
    settled = account.settled_on is not None
    return {
        "invoice": account.number,
        "state": "provisional" if provisional else "final" if settled else "running",
        "days": sum(segment.days for segment in segments),
        "segments": [
            {
                "from": segment.first,
                "to": segment.last,
                "days": segment.days,
                "base_eur": money(segment.open_eur),
                "half_year": segment.half_year,
                "legal_percent": None if segment.legal_percent is None else f"{segment.legal_percent:f}",
                "percent": None if segment.legal_percent is None else f"{segment.legal_percent * multiple:f}",
                "amount_eur": None if segment.amount_eur is None else money(segment.amount_eur),
            }
            for segment in segments
        ],
        "interest_eur": money(interest),
        "recovery_eur": money(recovery),
        "total_eur": money(interest + recovery),
        "because": LATE,
    }


def _balance(replay: Replay) -> Entry:
    owed = sum((one.open_eur for one in replay.book.owed()), Decimal(0))
    return {
        "owed_eur": money(owed),
        "client_credit_eur": money(replay.book.left_over_eur),
    }


# --- time -------------------------------------------------------------------------------------------------------------


def _deadlines(replay: Replay) -> list[Entry]:
    """What has a last day: what was told on the way, what is due, and the next day to say that one does not go on."""
    found = list(replay.told.deadlines)
    for account in replay.book.accounts:
        payment = account.document.payment
        if account.document.kind == "credit_note":
            continue
        found.append(
            {"what": "payment", "until": account.due_on, "invoice": account.number, "because": _why_due(account)}
        )  # fmt: skip
        if payment.discount:
            found.append(
                {"what": "discount", "until": payment.discount.until, "invoice": account.number, "because": DISCOUNT}
            )  # fmt: skip
        if payment.collect_on:
            days = replay.form.payment.prenotification_days
            told_by = payment.collect_on - timedelta(days=days)
            found.append(
                {"what": "prenotification", "until": told_by, "invoice": account.number, "because": DEBIT}
            )  # fmt: skip
    if replay.licence.last_day is None:
        span = next(one for one in spans(replay.form) if replay.as_of <= latest_notice(one))
        found.append(
            {"what": "nonrenewal", "until": latest_notice(span), "ends_with": span.last, "because": NOTICE}
        )  # fmt: skip
    return sorted(found, key=lambda entry: (_moment(entry["until"]), entry["what"], str(entry.get("invoice", ""))))


def _moment(until: date | datetime) -> datetime:
    return until if isinstance(until, datetime) else begin(until)


def _access(replay: Replay) -> list[Entry]:
    start = begin(replay.form.starts_on)
    stretches = replay.enforcement.told_access(start, replay.until)
    last = replay.licence.last_day
    if last is None or replay.as_of <= last:
        return stretches
    over = begin(last + _DAY)
    kept = [one for one in stretches if one["from"] < over]
    if kept:
        kept[-1] = {**kept[-1], "to": over}
    why: Because = replay.told.ends[-1]["because"] if replay.told.ends else _ENDED
    return [*kept, {"from": over, "to": None, "state": "ended", "causes": [], "because": why}]
