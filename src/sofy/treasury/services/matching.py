"""What lines of the bank pay: decided by the rules of `billing.rules.matching`, recorded as events of contracts.

Lines are taken in the order of their days. A line and the events it means are written in one transaction, so that a
kill in between loses nothing and counts nothing twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO, Final
from uuid import UUID

import msgspec
from django.db import connections

from sofy.billing.rules import matching
from sofy.billing.rules.matching import Outcome, return_reason
from sofy.billing.services import events
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.treasury.models import BankFile, Debit, Entry, Mandate, Question
from sofy.treasury.services import files, open_items
from sofy.treasury.services.alone import alone
from sofy.treasury.services.open_items import OpenItems
from sofy.wire.camt import Entry as Line
from sofy.wire.iso20022 import Limits

#: Lines that are written in one transaction.
_BATCH: Final = 200
SOURCE: Final = "bank"
_KEEP: Final = "UPDATE treasury_entry SET state = %s, kind = %s, outcome = %s, decided_at = %s WHERE id = %s"
_CHANGE: Final = (
    "UPDATE treasury_debit SET state = %s, allocated_eur = coalesce(%s, allocated_eur), reason = %s, changed_on = %s"
    " WHERE id = %s"
)
#: Called with how many lines were decided, and of how many.
Progress = Callable[[int, int], None]


@dataclass
class Work:
    """The undecided lines of an entity, and those whose outcome is to be written."""

    rows: dict[str, Entry] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    done: int = 0


def load(
    entity_id: UUID, source: BinaryIO, *, name: str, actor: str, limits: Limits | None = None,
    progress: Progress | None = None,
) -> tuple[BankFile, bool]:  # fmt: skip
    """Take in a file and match what it holds; one that was loaded already changes nothing.

    Raises: BankFileError; Refused, as `files.take`.
    """
    row, new = files.take(entity_id, source, name=name, actor=actor, limits=limits)
    if row.matched_at is None:
        match(entity_id, actor=actor, progress=progress)
        row = of_id(row.pk)
    return row, new


def of_id(file_id: UUID) -> BankFile:
    """Raises: Refused (bank_file_unknown)."""
    with staff_scope():
        row = BankFile.objects.using("staff").filter(pk=file_id).first()
    if row is None:
        raise Refused("bank_file_unknown", 404)
    return row


@clause("CGVU 22")
def match(entity_id: UUID, *, actor: str, progress: Progress | None = None) -> int:
    """Match what was not matched yet, and what waited for an earlier statement; how many lines were decided.

    A second one at the same time waits, and finds nothing left.
    """
    with alone(entity_id):
        work = _work(entity_id)
        total = len(work.rows)
        if total:
            items = open_items.of_entity(entity_id)
            found = matching.match_all(_in_order(work), items.book)
            for some in _chunks(found):
                _write(some, work, items, actor)
                work.done += len(some)
                if progress is not None:
                    progress(work.done, total)
        with staff_scope():
            # A file that came in meanwhile has lines nobody looked at.
            rows = BankFile.objects.using("staff").filter(entity_id=entity_id, matched_at=None)
            rows.exclude(entries__state=Entry.State.NEW).update(matched_at=clock.now())
    return work.done


def _work(entity_id: UUID) -> Work:
    with staff_scope():
        rows = Entry.objects.using("staff").filter(
            entity_id=entity_id, state__in=[Entry.State.NEW, Entry.State.WAITING]
        )  # fmt: skip
        found = list(rows.order_by("booked_on", "id").defer("outcome"))
    return Work({str(row.pk): row for row in found})


def _in_order(work: Work) -> Iterator[Line]:
    """Each line under the id of its row: keys are those of one account."""
    for known, row in list(work.rows.items()):
        line = msgspec.structs.replace(msgspec.json.decode(str(row.line), type=Line), key=known)
        row.line = ""
        work.lines[known] = line
        yield line


def _chunks(found: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    some: list[Outcome] = []
    for outcome in found:
        some.append(outcome)
        if len(some) >= _BATCH:
            yield some
            some = []
    if some:
        yield some


def _write(some: Sequence[Outcome], work: Work, items: OpenItems, actor: str) -> None:
    """Events of contracts, debits, lines and questions of some outcomes, in one transaction."""
    lines = [work.lines.pop(outcome.key) for outcome in some]
    rows = [work.rows.pop(outcome.key) for outcome in some]
    facts = [list(_facts(row, line, outcome, items)) for row, line, outcome in zip(rows, lines, some, strict=True)]
    questions: list[Question] = []
    debits: list[_Change] = []
    with staff_scope():
        refusals = events.record_all(facts, source=SOURCE, actor=actor)
        for row, line, outcome, refused in zip(rows, lines, some, refusals, strict=True):
            taken = outcome if refused is None else _left(outcome, refused)
            debits += _changes(row, taken)
            _settle(row, taken)
            if row.state == Entry.State.QUEUE:
                questions += _questions(row, line, taken, items)
        _change(debits, actor)
        _keep(rows)
        Question.objects.using("staff").bulk_create(questions)


def _keep(rows: Sequence[Entry]) -> None:
    """Many rows at a time, each sealed as it would be alone."""
    seal = Entry._meta.get_field("outcome").seal
    values = [(row.state, row.kind, seal(row, str(row.outcome)), row.decided_at, row.pk) for row in rows]
    with connections["staff"].cursor() as cursor:
        cursor.executemany(_KEEP, values)


def _settle(row: Entry, outcome: Outcome) -> None:
    early = bool(outcome.undecided) and outcome.reason.code == "return_early"
    row.state = Entry.State.WAITING if early else Entry.State.QUEUE if outcome.undecided else Entry.State.DONE
    row.kind, row.decided_at = outcome.kind, clock.now()
    row.outcome = msgspec.json.encode(outcome).decode()


def _left(outcome: Outcome, refused: Refused) -> Outcome:
    """A line whose contract does not take it: a person decides, and nothing of it was recorded."""
    reason = matching.Reason("not_taken", {"code": refused.code})
    left = matching.Undecided(payment=0, amount_eur=outcome.amount_eur, reason=reason)
    return Outcome(
        key=outcome.key, kind="queue", amount_eur=outcome.amount_eur, booked_on=outcome.booked_on, reason=reason,
        left_eur=outcome.amount_eur, undecided=(left,),
    )  # fmt: skip


# --- events of contracts ----------------------------------------------------------------------------------------------


#: State, what it paid of its invoice, why it came back, on which day, and which debit.
_Change = tuple[str, Decimal | None, str, date, UUID]


def _changes(row: Entry, outcome: Outcome) -> Iterator[_Change]:
    """What became of our debits."""
    for paid in outcome.allocations:
        if paid.debit_id:
            yield Debit.State.COLLECTED, paid.amount_eur, "", row.booked_on, UUID(paid.debit_id)
    paying = {paid.debit_id for paid in outcome.allocations}
    for credit in outcome.credits:
        if credit.debit_id and credit.amount_eur > 0 and credit.debit_id not in paying:
            yield Debit.State.COLLECTED, Decimal("0.00"), "", row.booked_on, UUID(credit.debit_id)
    for back in outcome.reopenings:
        yield Debit.State.RETURNED, None, back.reason[:10], row.booked_on, UUID(back.debit_id)


def _change(debits: Sequence[_Change], actor: str) -> None:
    with connections["staff"].cursor() as cursor:
        cursor.executemany(_CHANGE, debits)
    for _state, _paid, reason, _day, debit_id in debits:
        if reason:
            block_mandate(debit_id, reason, actor)


def _facts(row: Entry, line: Line, outcome: Outcome, items: OpenItems) -> Iterator[events.Fact]:
    """What a line means for contracts, on the day on which the bank booked it; each fact under the key of the line."""
    for place, (client_id, form_id, event) in enumerate(_events(row, line, outcome, items)):
        yield events.Fact(client_id, form_id, event, f"{row.key}/{place}")


def _events(row: Entry, line: Line, outcome: Outcome, items: OpenItems) -> Iterator[tuple[UUID, UUID, dict[str, Any]]]:
    """Payments, one per contract (one per part, where a line brings several), then what came back."""
    groups: dict[tuple[str, UUID, str], list[tuple[str, Decimal]]] = {}
    several = len(line.details) > 1
    for place, paid in enumerate(outcome.allocations):
        client = items.book.invoices[paid.invoice_id].client_id
        part = paid.debit_id or (str(place) if several else "")
        group = groups.setdefault((client, items.form_of[paid.invoice_id], part), [])
        group.append((items.number_of[paid.invoice_id], paid.amount_eur))
    for credit in outcome.credits:
        if credit.amount_eur > 0:
            _credit(groups, credit, items)
    for (client, form, _debit_id), parts in groups.items():
        yield UUID(client), form, payment(row.booked_on.isoformat(), parts)
    for back in outcome.reopenings:
        debit = items.book.debits[back.debit_id]
        # All that the debit brought goes back, also what had become a credit: the credit then pays what is open again.
        event = {
            "type": "sepa_return", "at": row.booked_on.isoformat(), "invoice": items.number_of[back.invoice_id],
            "reason": back.reason or "MS03", "amount_eur": str(debit.amount_eur),
        }  # fmt: skip
        yield UUID(debit.client_id), items.form_of[back.invoice_id], event


def _credit(
    groups: dict[tuple[str, UUID, str], list[tuple[str, Decimal]]], credit: matching.Credit, items: OpenItems
) -> None:
    """What was paid too much goes with the payment that brought it: the contract keeps it for the client."""
    same = [key for key in groups if key[0] == credit.client_id and credit.debit_id in ("", key[2])]
    if same:
        number, amount = groups[same[-1]][-1]
        groups[same[-1]][-1] = (number, amount + credit.amount_eur)
        return
    number = ""
    form = items.last_form[credit.client_id]
    if credit.debit_id:
        invoice = items.book.debits[credit.debit_id].invoice_id
        number, form = items.number_of[invoice], items.form_of[invoice]
    groups[credit.client_id, form, credit.debit_id] = [(number, credit.amount_eur)]


def payment(day: str, parts: Sequence[tuple[str, Decimal]]) -> dict[str, Any]:
    """A payment as a case writes it; without a number, it pays what it fits."""
    numbers = [number for number, _amount in parts if number]
    amount = sum((amount for _number, amount in parts), Decimal("0.00"))
    return {"type": "payment", "at": day, "amount_eur": str(amount), "invoices": numbers}


def block_mandate(debit_id: UUID, code: str, actor: str) -> None:
    """A mandate whose account is closed, or that the client denies, is not used again until somebody says so."""
    if return_reason(code).mandate == "keep":
        return
    row = Debit.objects.using("staff").select_related("mandate").get(pk=debit_id)
    Mandate.objects.using("staff").filter(client_id=row.client_id, pk=row.mandate_id).update(blocked=code[:10])
    facts = {"mandate": row.mandate.reference, "code": code[:10]}
    audit.append(row.client_id, "mandate.blocked", actor, facts, using="staff")


# --- what is left to a person -----------------------------------------------------------------------------------------


def _questions(row: Entry, line: Line, outcome: Outcome, items: OpenItems) -> Iterator[Question]:
    for one in outcome.undecided:
        ideas = [idea for idea in outcome.suggestions if idea.payment == one.payment]
        detail = line.details[one.payment] if one.payment < len(line.details) else None
        told = {
            "reason": one.reason,
            "payer": detail.debtor if detail else "",
            "iban": detail.debtor_iban if detail else "",
            "texts": [
                *(detail.references if detail else ()),
                *((*detail.texts, detail.more) if detail else ()),
                line.text,
            ],
            "code": line.code,
            "suggestions": [
                {
                    "client_id": idea.client_id,
                    "parts": [[items.number_of[known], str(amount)] for known, amount in idea.parts],
                    "credit_eur": str(idea.credit_eur),
                    "score": idea.score,
                    "reason": idea.reason,
                }
                for idea in ideas
            ],
        }
        yield Question(
            entity_id=row.entity_id, entry=row, place=one.payment, booked_on=row.booked_on, amount_eur=one.amount_eur,
            told=msgspec.json.encode(told).decode(),
        )  # fmt: skip
