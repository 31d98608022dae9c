"""What happened to a contract and what follows from it, told as a line of time: past, and what is to come.

All of it is one replay; the day may be any, so that a person sees the contract as it stood, or as it will stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from sofy.billing.case import answer
from sofy.billing.case.answer import NOTICE
from sofy.billing.case.book import COLLECTED, Account
from sofy.billing.case.enforcement import FROZEN, SENT
from sofy.billing.case.events import Event
from sofy.billing.case.replay import CONTESTED, REFUSAL, SITES, TERMS, Replay
from sofy.billing.services.cases import Contract
from sofy.kernel.clauses import Because
from sofy.kernel.clock import PARIS
from sofy.ui import formats

#: How far what is to come is told. Unit: days.
AHEAD: Final = 92
#: What is told of in numbers too large to list, or follows in another form.
_NOT_TOLD: Final = {"usage", "routing"}

_HAPPENED: dict[str, tuple[str, "str | Promise", Because | None]] = {
    "payment": ("circle-check", gettext_lazy("Payment booked"), COLLECTED),
    "sepa_return": ("arrow-back-up", gettext_lazy("Debit came back"), COLLECTED),
    "notice_sent": ("mail", gettext_lazy("Formal notice sent"), SENT),
    "notice_delivered": ("mail", gettext_lazy("Sign that the notice arrived"), SENT),
    "poi_activated": ("building-store", gettext_lazy("Points of sale opened"), SITES),
    "poi_decrease": ("building-store", gettext_lazy("Fewer points of sale asked for"), SITES),
    "incident": ("alert-triangle", gettext_lazy("An Application was away"), None),
    "maintenance": ("settings", gettext_lazy("Maintenance told"), None),
    "credit_claim": ("receipt", gettext_lazy("Credit for availability claimed"), None),
    "terms_notified": ("file-text", gettext_lazy("Changed terms notified"), TERMS),
    "terms_refused": ("file-text", gettext_lazy("Changed terms refused"), REFUSAL),
    "nonrenewal": ("file-text", gettext_lazy("Renewal refused"), NOTICE),
    "vat_check": ("check", gettext_lazy("VAT number checked"), None),
    "fraud": ("alert-triangle", gettext_lazy("Fraud detected"), None),
    "suspended": ("lock", gettext_lazy("Suspended by people"), None),
    "lifted": ("check", gettext_lazy("Suspension lifted by people"), None),
    "insolvency": ("alert-triangle", gettext_lazy("Insolvency proceedings opened"), FROZEN),
    "charge": ("receipt", gettext_lazy("Charge"), None),
    "fine": ("receipt", gettext_lazy("Fine of a regulator"), None),
    "dispute": ("hand-stop", gettext_lazy("Invoice contested"), CONTESTED),
    "audit": ("search", gettext_lazy("Audit of contested traffic"), CONTESTED),
    "terminated": ("circle-x", gettext_lazy("Contract ended by a person"), None),
    "damage": ("alert-triangle", gettext_lazy("Damage claimed"), None),
    "indemnity": ("receipt", gettext_lazy("Compensation paid"), None),
    "solicitation": ("users", gettext_lazy("Somebody of ours hired"), None),
}

_DEADLINES: dict[str, "str | Promise"] = {
    "payment": gettext_lazy("Due date"),
    "discount": gettext_lazy("Last day of the discount"),
    "prenotification": gettext_lazy("Last day to announce the debit"),
    "nonrenewal": gettext_lazy("Last day to refuse the renewal"),
    "regularisation": gettext_lazy("Last day to pay before access may be suspended"),
    "termination": gettext_lazy("Last day to pay before a person may end the contract"),
    "terms_effective": gettext_lazy("Changed terms come into force"),
    "credit_claim": gettext_lazy("Last day to claim a credit for availability"),
    "maintenance_notice": gettext_lazy("Last moment to tell of the maintenance"),
}
_KINDS: dict[str, "str | Promise"] = {
    "invoice": gettext_lazy("Invoice"),
    "credit_note": gettext_lazy("Credit note"),
    "debit_note": gettext_lazy("Debit note"),
}


@dataclass(frozen=True)
class Moment:
    """Something on the line. `facts`: short texts; `because`: article and sentence, where a clause says it."""

    at: datetime
    icon: str
    title: str
    facts: tuple[str, ...] = ()
    because: Because | None = None
    coming: bool = False
    tone: str = ""

    @property
    def day(self) -> date:
        """The day in Paris."""
        return self.at.astimezone(PARIS).date()


@dataclass(frozen=True)
class Line:
    """A contract on a day: the line, and how it stands."""

    as_of: date
    past: list[Moment]
    coming: list[Moment]
    owed_eur: Decimal
    credit_eur: Decimal
    access: str
    ends: list[dict[str, Any]] = field(default_factory=list)


def of(contract: Contract, as_of: date) -> Line:
    """The line of a contract as it stands at the end of a day, the newest first; what is to come, the nearest first.

    Raises: Refused (contract_unreadable).
    """
    replay = contract.played(as_of)
    told = answer.told(replay)
    past = [*_happened(replay, as_of), *_documents(replay, coming=False), *_followed(told)]
    later = contract.played(as_of + timedelta(days=AHEAD))
    coming = [
        *_deadlines(told),
        *(one for one in _documents(later, coming=True) if one.day > as_of),
    ]
    return Line(
        as_of, sorted((one for one in past if one.day <= as_of), key=lambda one: one.at, reverse=True),
        sorted((one for one in coming if one.day > as_of), key=lambda one: one.at),
        Decimal(told["balance"]["owed_eur"]), Decimal(told["balance"]["client_credit_eur"]),
        told["access"][-1]["state"] if told["access"] else "active", told["ends"],
    )  # fmt: skip


def _happened(replay: Replay, as_of: date) -> Iterator[Moment]:
    form = replay.form
    signed = datetime.combine(form.starts_on, time(), PARIS)
    yield Moment(signed, "file-text", _("The contract begins"), (form.number or "",), SITES, tone="green")
    for event in replay.case.events:
        kind = str(event.__struct_config__.tag)
        if event.at.astimezone(PARIS).date() > as_of or kind in _NOT_TOLD:
            continue
        icon, title, because = _HAPPENED.get(kind, ("activity", kind, None))
        yield Moment(event.at, icon, str(title), tuple(_facts(event)), because)


def _facts(event: Event) -> Iterator[str]:
    amount = getattr(event, "amount_eur", None)
    if amount is not None:
        yield _euros(Decimal(amount))
    for name in ("count", "version", "label", "month", "application"):
        value = getattr(event, name, None)
        if value not in (None, "", ()):
            yield str(value)
    for name in ("invoices", "items"):
        if getattr(event, name, ()):
            yield ", ".join(getattr(event, name))
    for name in ("invoice", "reference", "reason"):
        if getattr(event, name, ""):
            yield str(getattr(event, name))[:120]


def _euros(amount: Decimal) -> str:
    return formats.euros(amount, get_language(), 2)


def _documents(replay: Replay, *, coming: bool) -> Iterator[Moment]:
    for account in replay.book.accounts:
        yield _document(account, coming=coming)
        if not coming and account.settled_on is not None and account.moves:
            at = account.moves[-1].at
            yield Moment(at, "circle-check", _("%(number)s is settled") % {"number": account.number}, (), COLLECTED)


def _document(account: Account, *, coming: bool) -> Moment:
    document = account.document
    kind = str(_KINDS[document.kind])
    title = _("%(kind)s to be issued") % {"kind": kind} if coming else f"{kind} {document.number}"
    facts = (_euros(document.gross_eur), document.lines[0].label)
    at = datetime.combine(document.issued_on, time(23, 59), PARIS) if coming else account.issued_at
    return Moment(at, "receipt", title, facts, document.because, coming)


def _followed(told: dict[str, Any]) -> Iterator[Moment]:
    before = ""
    for stretch in told["access"]:
        state = stretch["state"]
        if state == "active" and before == "suspended":
            yield Moment(_at(stretch["from"]), "check", _("Access restored"), (), _why(stretch), tone="green")
        before = state
        if state == "suspended":
            yield Moment(_at(stretch["from"]), "lock", _("Access suspended"), (), _why(stretch), tone="red")
        elif state == "ended":
            yield Moment(_at(stretch["from"]), "circle-x", _("Access ends"), (), _why(stretch), tone="red")
    for entry in told["discounts"]:
        if entry["state"] == "granted":
            facts = (str(entry["invoice"]), _euros(Decimal(entry["net_eur"])))
            yield Moment(
                _at(entry["granted_on"]), "receipt", _("Discount for paying early granted"), facts, _why(entry)
            )
    yield from _licensed(told, coming=False)
    for entry in told["ends"]:
        yield Moment(_at(entry["decided_at"]), "circle-x", _("End of the contract decided"), (str(entry["reason"]),),
                     _why(entry), tone="red")  # fmt: skip


def _deadlines(told: dict[str, Any]) -> Iterator[Moment]:
    settled = {one["number"] for one in told["invoices"] if one["number"] and one["open_eur"] == "0.00"}
    for entry in told["deadlines"]:
        if entry.get("invoice") in settled:
            continue
        title = _DEADLINES.get(entry["what"], entry["what"].replace("_", " "))
        facts = (str(entry["invoice"]),) if entry.get("invoice") else ()
        yield Moment(_at(entry["until"]), "calendar", str(title), facts, _why(entry), coming=True)
    yield from _licensed(told, coming=True)


def _licensed(told: dict[str, Any], *, coming: bool) -> Iterator[Moment]:
    for entry in told["quota"]:
        facts = (f"{entry['before']} → {entry['after']}", str(entry["item"]))
        title = _("Points of sale licensed")
        yield Moment(_at(entry["from"]), "building-store", title, facts, _why(entry), coming)


def _why(entry: dict[str, Any]) -> Because:
    found = entry["because"]
    return found if isinstance(found, Because) else Because(article=found["article"], sentence=found["sentence"])


def _at(text: str) -> datetime:
    """A day, or a moment, as an answer writes it."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=PARIS)
