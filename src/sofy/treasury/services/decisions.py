"""What a person decides of a payment that no rule matched: give it to invoices, put it aside, say that it is no
client's; and take back what recorded nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from sofy.billing.services import events
from sofy.contracts.models import OrderForm
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope
from sofy.treasury.models import Entry, Question
from sofy.treasury.services import open_items
from sofy.treasury.services.matching import SOURCE, payment
from sofy.treasury.services.open_items import Item

ZERO: Final = Decimal("0.00")
_UNDECIDED: Final = (Question.State.OPEN, Question.State.LATER)


@clause("CGVU 22", "CGVU 10.1")
def give(
    question_id: UUID, client_id: UUID, parts: Sequence[tuple[str, Decimal]], credit_eur: Decimal, *, actor: str
) -> None:
    """Give a payment to invoices of a client, by number, and keep the rest as its credit. It is recorded for good.

    Raises: Refused (question_unknown, question_decided, question_not_in, question_sum, question_empty,
    part_above_open, contract_missing, invoice_unknown).
    """
    with _undecided(question_id) as row:
        if row.amount_eur <= 0:
            raise Refused("question_not_in")
        given = [(number, amount) for number, amount in parts if amount]
        _check_sum(row, given, credit_eur)
        items = {item.account.number: item for item in open_items.of_client(row.entity_id, client_id)}
        for place, (form_id, told) in enumerate(_payments(row, client_id, given, credit_eur, items)):
            key = f"{row.entry.key}/q{row.place}.{place}"
            event = payment(row.booked_on.isoformat(), told)
            events.record(client_id, form_id, event, source=SOURCE, source_key=key, actor=actor)
        answer = {
            "client_id": str(client_id), "parts": [[number, str(amount)] for number, amount in given],
            "credit_eur": str(credit_eur), "iban": _told(row)["iban"],
        }  # fmt: skip
        _decide(row, Question.State.PAID, actor, answer)
        audit.append(client_id, "bank_payment.decided", actor, {"invoices": [n for n, _ in given]}, using="staff")


def accept(question_id: UUID, place: int, *, actor: str) -> None:
    """Do what the engine suggests.

    Raises: Refused, as `give`; question_empty where there is no such suggestion.
    """
    with staff_scope():
        row = Question.objects.using("staff").filter(pk=question_id).first()
    if row is None:
        raise Refused("question_unknown", 404)
    ideas = _told(row)["suggestions"]
    if not 0 <= place < len(ideas) or not ideas[place]["client_id"]:
        raise Refused("question_empty")
    idea = ideas[place]
    parts = [(number, Decimal(amount)) for number, amount in idea["parts"]]
    give(question_id, UUID(idea["client_id"]), parts, Decimal(idea["credit_eur"]), actor=actor)


def put_aside(question_id: UUID, *, actor: str) -> None:
    """Look at it later. Raises: Refused (question_unknown, question_decided)."""
    with _undecided(question_id) as row:
        _decide(row, Question.State.LATER, actor)


def set_apart(question_id: UUID, note: str, *, actor: str) -> None:
    """Say that a line is no client's payment: a transfer of our own, a cost. Nothing is recorded for a client.

    Raises: Refused (question_unknown, question_decided).
    """
    with _undecided(question_id) as row:
        _decide(row, Question.State.APART, actor, {"note": note[:200]})
        audit.append(audit.PLATFORM, "bank_payment.apart", actor, {"line": str(row.pk)}, using="staff")


def take_back(question_id: UUID, *, actor: str) -> None:
    """Decide anew; what was recorded for a client stays. Raises: Refused (question_unknown, question_kept)."""
    with staff_scope():
        row = _locked(question_id)
        if row.state == Question.State.PAID:
            raise Refused("question_kept", 409)
        if row.state == Question.State.OPEN:
            return
        apart = row.state == Question.State.APART
        row.state, row.answer, row.decided_at, row.decided_by = Question.State.OPEN, "", None, ""
        row.save(using="staff", update_fields=["state", "answer", "decided_at", "decided_by"])
        Entry.objects.using("staff").filter(pk=row.entry_id).update(state=Entry.State.QUEUE)
        if apart:
            audit.append(audit.PLATFORM, "bank_payment.reopened", actor, {"line": str(row.pk)}, using="staff")


@contextmanager
def _undecided(question_id: UUID) -> Iterator[Question]:
    """A payment nobody decided, which nobody else decides meanwhile."""
    with staff_scope():
        row = _locked(question_id)
        if row.state not in _UNDECIDED:
            raise Refused("question_decided", 409)
        yield row


def _locked(question_id: UUID) -> Question:
    rows = Question.objects.using("staff").select_related("entry").filter(pk=question_id)
    row = rows.select_for_update(no_key=True, of=("self",)).first()
    if row is None:
        raise Refused("question_unknown", 404)
    return row


def _decide(row: Question, state: Question.State, actor: str, answer: Mapping[str, Any] | None = None) -> None:
    row.state, row.decided_at, row.decided_by = state, clock.now(), actor
    row.answer = msgspec.json.encode(answer).decode() if answer else ""
    row.save(using="staff", update_fields=["state", "answer", "decided_at", "decided_by"])
    siblings = Question.objects.using("staff").filter(entry_id=row.entry_id, state__in=_UNDECIDED)
    if not siblings.exists():
        Entry.objects.using("staff").filter(pk=row.entry_id).update(state=Entry.State.DONE)


def _told(row: Question) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(str(row.told))
    return told


def _check_sum(row: Question, parts: Sequence[tuple[str, Decimal]], credit_eur: Decimal) -> None:
    total = sum((amount for _number, amount in parts), credit_eur)
    if not parts and credit_eur <= 0:
        raise Refused("question_empty")
    if total != row.amount_eur or credit_eur < 0 or any(amount < 0 for _number, amount in parts):
        raise Refused("question_sum", sum=f"{total:.2f}", amount=f"{row.amount_eur:.2f}")


def _payments(
    row: Question,
    client_id: UUID,
    parts: Sequence[tuple[str, Decimal]],
    credit_eur: Decimal,
    items: Mapping[str, Item],
) -> Iterator[tuple[UUID, list[tuple[str, Decimal]]]]:
    """One payment per contract, or per part where one before the last leaves something open."""
    found: list[tuple[UUID, list[tuple[str, Decimal]]]] = []
    whole = False
    for number, amount in parts:
        item = items.get(number)
        if item is None or amount > item.account.open_eur:
            left = item.account.open_eur if item else ZERO
            raise Refused("part_above_open", 409, number=number, open=f"{left:.2f}")
        if found and found[-1][0] == item.order_form_id and whole:
            found[-1][1].append((number, amount))
        else:
            found.append((item.order_form_id, [(number, amount)]))
        whole = amount == item.account.open_eur
    if credit_eur:
        if found and whole:
            number, amount = found[-1][1][-1]
            found[-1][1][-1] = (number, amount + credit_eur)
        else:
            found.append((_contract(row, client_id), [("", credit_eur)]))
    yield from found


def _contract(row: Question, client_id: UUID) -> UUID:
    """The contract that keeps a credit: the client's last one."""
    rows = OrderForm.objects.using("staff").filter(
        entity_id=row.entity_id, client_id=client_id, state=OrderForm.State.ACCEPTED
    )
    form = rows.order_by("-signed_at", "-id").values_list("pk", flat=True).first()
    if form is None:
        raise Refused("contract_missing", 404, entity=row.entity.code)
    return form
