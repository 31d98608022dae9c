"""Reads of this room, as typed rows; on the staff login, unless a client asks for its own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sofy.billing.models import Invoice
from sofy.billing.rules import matching
from sofy.clients.models import Client
from sofy.contracts.models import OrderForm
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Account, BankFile, Entry, Question
from sofy.wire.camt import Entry as Line

#: Rows of a list that nobody pages through.
_MOST = 200


def why(reason: Mapping[str, Any]) -> str:
    """A reason of the engine in the language of the page."""
    if reason["code"] == "not_taken":
        return _("The contract does not take it: was it before its signature?")
    language = "fr" if (get_language() or "fr").startswith("fr") else "en"
    return matching.said(matching.Reason(reason["code"], reason.get("facts", {})), language)


@dataclass(frozen=True)
class FileLine:
    """A file of the bank, and what became of its lines."""

    id: UUID
    entity: str
    name: str
    statements: list[dict[str, Any]]
    size: int
    lines: int
    known: int
    early: int
    taken_at: datetime
    matched_at: datetime | None
    states: Mapping[str, int]

    @property
    def left(self) -> int:
        """Lines nobody looked at yet."""
        return self.states.get("new", 0)

    @property
    def decided(self) -> int:
        """Lines that were looked at."""
        return sum(self.states.values()) - self.left


def bank_files(entity_ids: Iterable[UUID] | None = None, file_id: UUID | None = None) -> list[FileLine]:
    """Files that were taken in, newest first."""
    with staff_scope():
        rows = BankFile.objects.using("staff").select_related("entity").order_by("-taken_at", "-id")
        if entity_ids is not None:
            rows = rows.filter(entity_id__in=list(entity_ids))
        if file_id is not None:
            rows = rows.filter(pk=file_id)
        found = list(rows[:_MOST])
        counted = Entry.objects.using("staff").filter(file__in=found).values_list("file_id", "state")
        states: dict[UUID, Counter[str]] = {}
        for known, state, number in counted.annotate(number=Count("id")):
            states.setdefault(known, Counter())[state] = number
    return [_file_line(row, states.get(row.pk, {})) for row in found]


def _file_line(row: BankFile, states: Mapping[str, int]) -> FileLine:
    told = msgspec.json.decode(str(row.told))
    return FileLine(
        row.pk, row.entity.code, told["name"], told["statements"], row.size, row.lines, row.known, row.early,
        row.taken_at, row.matched_at, states,
    )  # fmt: skip


@dataclass(frozen=True)
class AccountLine:
    """An account of the operator, as people recognise it."""

    entity: str
    iban: str
    form: str


def accounts(entity_ids: Iterable[UUID] | None = None) -> list[AccountLine]:
    """The accounts whose statements are read."""
    with staff_scope():
        rows = Account.objects.using("staff").select_related("entity").order_by("created_at")
        if entity_ids is not None:
            rows = rows.filter(entity_id__in=list(entity_ids))
        return [AccountLine(row.entity.code, masked(str(row.iban)), row.get_form_display()) for row in rows]


def masked(iban: str) -> str:
    """The country and the last four signs of an account."""
    return f"{iban[:4]} … {iban[-4:]}" if len(iban) > 8 else iban


@dataclass(frozen=True)
class Idea:
    """What the engine suggests; `place`: which one, to accept it."""

    place: int
    client_id: str
    client: str
    parts: list[tuple[str, Decimal]]
    credit_eur: Decimal
    score: int
    why: str


@dataclass(frozen=True)
class QuestionLine:
    """A payment to decide, with why and what may be done."""

    id: UUID
    entity_id: UUID
    entity: str
    booked_on: date
    amount_eur: Decimal
    state: str
    payer: str
    iban: str
    texts: list[str]
    why: str
    ideas: list[Idea] = field(default_factory=list)
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def money_in(self) -> bool:
        """Whether it can pay invoices."""
        return self.amount_eur > 0


def questions(state: str, *, most: int = 50) -> list[QuestionLine]:
    """Payments in a state, the oldest first (those that were decided: the last first)."""
    with staff_scope():
        rows = Question.objects.using("staff").filter(state=state).select_related("entity")
        undecided = state in (Question.State.OPEN, Question.State.LATER)
        found = list(rows.order_by(*(("booked_on", "id") if undecided else ("-decided_at",)))[:most])
        return _question_lines(found)


def question(question_id: UUID) -> QuestionLine | None:
    """One of them."""
    with staff_scope():
        rows = Question.objects.using("staff").filter(pk=question_id).select_related("entity")
        return next(iter(_question_lines(list(rows))), None)


def counts() -> dict[str, int]:
    """How many payments are in each state, and how many lines wait for an earlier statement."""
    with staff_scope():
        rows = Question.objects.using("staff").values_list("state").annotate(number=Count("id"))
        found = dict(rows)
        waiting = Entry.objects.using("staff").exclude(state=Entry.State.DONE).filter(state=Entry.State.WAITING)
        return {**dict.fromkeys(Question.State.values, 0), **found, "waiting": waiting.count()}


def _question_lines(rows: list[Question]) -> list[QuestionLine]:
    told = {row.pk: msgspec.json.decode(str(row.told)) for row in rows}
    clients = {idea["client_id"] for one in told.values() for idea in one["suggestions"] if idea["client_id"]}
    answers = {row.pk: msgspec.json.decode(str(row.answer)) if row.answer else {} for row in rows}
    clients |= {one["client_id"] for one in answers.values() if "client_id" in one}
    names = {str(row.pk): row.name for row in Client.objects.using("staff").filter(pk__in=clients)}
    return [_question_line(row, told[row.pk], answers[row.pk], names) for row in rows]


def _question_line(
    row: Question, told: Mapping[str, Any], answer: dict[str, Any], names: Mapping[str, str]
) -> QuestionLine:
    ideas = [
        Idea(
            place, idea["client_id"], names.get(idea["client_id"], ""),
            [(number, Decimal(amount)) for number, amount in idea["parts"]], Decimal(idea["credit_eur"]),
            idea["score"], why(idea["reason"]),
        )
        for place, idea in enumerate(told["suggestions"])
    ]  # fmt: skip
    if "client_id" in answer:
        answer["client"] = names.get(answer["client_id"], "")
    return QuestionLine(
        row.pk, row.entity_id, row.entity.code, row.booked_on, row.amount_eur, row.state, told["payer"],
        masked(told["iban"]), [text for text in told["texts"] if text], why(told["reason"]), ideas, answer,
    )  # fmt: skip


@dataclass(frozen=True)
class Clients:
    """Clients of an entity that were looked for, and the one that was chosen."""

    found: list[Client]
    chosen: Client | None


def clients(entity_id: UUID, words: str, slug: str) -> Clients:
    """Clients with a contract of an entity whose name has these words."""
    with staff_scope():
        forms = OrderForm.objects.using("staff").filter(entity_id=entity_id, state=OrderForm.State.ACCEPTED)
        rows = Client.objects.using("staff").filter(pk__in=forms.values("client_id"))
        chosen = rows.filter(slug=slug).first() if slug else None
        found = list(rows.filter(name__icontains=words.strip()[:80]).order_by("name")[:20]) if words.strip() else []
    return Clients(found, chosen)


@dataclass(frozen=True)
class EntryLine:
    """A line of a file, and what it did."""

    id: UUID
    booked_on: date
    amount_eur: Decimal
    state: str
    who: str
    text: str
    why: str
    paid: list[tuple[str, Decimal]]


def entries(file_id: UUID, *, most: int = _MOST) -> list[EntryLine]:
    """The first lines of a file, those that wait for somebody before the others."""
    with staff_scope():
        rows = Entry.objects.using("staff").filter(file_id=file_id)
        found = [
            row
            for state in (Entry.State.QUEUE, Entry.State.WAITING, Entry.State.NEW, Entry.State.DONE)
            for row in rows.filter(state=state).order_by("place")[:most]
        ][:most]
        outcomes = {row.pk: _outcome(row) for row in found}
        known = {paid.invoice_id for one in outcomes.values() if one for paid in one.allocations}
        known |= {back.invoice_id for one in outcomes.values() if one for back in one.reopenings}
        numbers = {str(pk): number for pk, number in _numbers(known)}
    return [_entry_line(row, outcomes[row.pk], numbers) for row in found]


def _numbers(known: Iterable[str]) -> list[tuple[UUID, str]]:
    return list(Invoice.objects.using("staff").filter(pk__in=list(known)).values_list("pk", "number"))


def _outcome(row: Entry) -> matching.Outcome | None:
    return msgspec.json.decode(str(row.outcome), type=matching.Outcome) if row.outcome else None


def _entry_line(row: Entry, outcome: matching.Outcome | None, numbers: Mapping[str, str]) -> EntryLine:
    line = msgspec.json.decode(str(row.line), type=Line)
    detail = line.details[0] if line.details else None
    texts = [*(detail.references if detail else ()), *(detail.texts if detail else ()), line.text]
    paid: list[tuple[str, Decimal]] = []
    if outcome is not None:
        paid += [(numbers.get(one.invoice_id, ""), one.amount_eur) for one in outcome.allocations]
        paid += [(numbers.get(one.invoice_id, ""), -one.amount_eur) for one in outcome.reopenings]
    reason = {"code": outcome.reason.code, "facts": outcome.reason.facts} if outcome else None
    return EntryLine(
        row.pk, row.booked_on, row.amount_eur, row.state, detail.debtor if detail else "",
        " · ".join(text for text in texts if text), why(reason) if reason else "", paid,
    )  # fmt: skip


def original(file_id: UUID, *, actor: str) -> BankFile | None:
    """A file whose bytes somebody wants; that it was asked for is written down."""
    with staff_scope():
        row = BankFile.objects.using("staff").filter(pk=file_id).first()
        if row is not None:
            audit.append(audit.PLATFORM, "bank_file.downloaded", actor, {"sha256": row.sha256}, using="staff")
    return row
