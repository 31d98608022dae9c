"""Documents that follow from a contract get their number and are frozen, one short transaction each.

A document is checked first, by the oracle and the official rules, with a number of the form it will have. Only then its
number is taken; whatever fails or is killed leaves the series as it was.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from sofy.billing import drafting
from sofy.billing.case.book import Account
from sofy.billing.case.replay import Replay
from sofy.billing.document import Document, encoded, number_of
from sofy.billing.einvoice import check
from sofy.billing.einvoice.oracle import Corrected
from sofy.billing.einvoice.validator import NotValidated, Validator
from sofy.billing.models import Event, Invoice, Problem, Series
from sofy.billing.services import cases, events, metering
from sofy.contracts.models import OrderForm
from sofy.contracts.rules.values import PARIS
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.rls import staff_scope

#: A number that the replay gave for the time being (`case.issuing`).
_PROVISIONAL: Final = re.compile(rb"NEW-\d{6}")
#: Replays of one contract in one call; each but the last freezes something or finds that somebody else did.
_MOST_ROUNDS: Final = 500


class Moved(Exception):
    """Somebody else froze or recorded something meanwhile: what was drafted is not what follows any more."""


@dataclass
class Caught:
    """What became of a contract. `refused`: keys of documents that cannot be issued, with the reasons."""

    replay: Replay
    frozen: list[Invoice] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """A contract whose next documents are being validated. `new`: all that is to be issued, some of it later."""

    contract: cases.Contract
    replay: Replay
    new: list[Account]
    pending: list[tuple[Account, Document, check.Pending]]


def catch_up(
    client_id: UUID, order_form_id: UUID, *, as_of: date, validator: Validator, actor: str = "billing"
) -> Caught:
    """Issue everything that follows from a contract up to the end of a day and was not issued yet.

    What its client used in months that are over is told to it first. Two at once do not hinder each other: under the
    lock of the contract the second sees what the first did, and begins anew.

    Raises: Refused (contract_unknown, contract_unreadable, as_of_in_future, contract_busy).
    """
    metering.meter_client(client_id, as_of)
    frozen: list[Invoice] = []
    refused: dict[str, list[str]] = {}
    for _round in range(_MOST_ROUNDS):
        begun = begin(client_id, order_form_id, as_of=as_of, validator=validator, without=refused)
        if not begun.pending:
            return Caught(begun.replay, frozen, refused)
        finish(begun, frozen, refused, actor=actor)
    raise Refused("contract_busy", 409)


def begin(
    client_id: UUID,
    order_form_id: UUID,
    *,
    as_of: date,
    validator: Validator,
    without: Collection[str] = (),
    shared: cases.Shared | None = None,
) -> Begun:
    """Replay a contract and have its next documents validated; meanwhile the next contract can be begun.

    Raises: Refused (contract_unknown, contract_unreadable, as_of_in_future).
    """
    if as_of > today():
        raise Refused("as_of_in_future", 409)
    with staff_scope():
        contract = cases.load(client_id, order_form_id, shared=shared)
        floors = _floors(contract.order_form.entity_id)
    replay = contract.played(as_of)
    new = [one for one in replay.book.accounts if one.key not in contract.frozen and one.key not in without]
    return Begun(contract, replay, new, _submitted(contract, _ready(new), floors, validator))


def finish(begun: Begun, frozen: list[Invoice], refused: dict[str, list[str]], *, actor: str) -> bool:
    """Freeze what was begun; whether that was all there is to issue."""
    contract = begun.contract
    try:
        for account, outcome in _checked(begun.pending):
            if isinstance(outcome, Document):
                frozen.append(_freeze(contract, account, outcome, actor=actor))
                contract.frozen[account.key] = outcome
            else:
                refused[account.key] = outcome
                keep_problem(contract.order_form, account.key, outcome, actor=actor)
    except Moved:
        return False
    return len(begun.pending) == len(begun.new)


def today() -> date:
    """The day in Paris."""
    return clock.now().astimezone(PARIS).date()


def _ready(new: Sequence[Account]) -> list[Account]:
    """Those that can be frozen now, in their order, up to what names a document that has no number of its own yet.

    A credit note ends them: the next one is checked against it. What names a refused document waits for it.
    """
    found: list[Account] = []
    for account in new:
        if names_provisional(account):
            if found:
                break
            continue
        found.append(account)
        if account.document.kind == "credit_note":
            break
    return found


def names_provisional(account: Account) -> bool:
    """Whether a document names another one that has no number yet."""
    bare = msgspec.structs.replace(
        account.document, number="", payment=msgspec.structs.replace(account.document.payment, reference="")
    )  # fmt: skip
    return bool(_PROVISIONAL.search(encoded(bare)) or _PROVISIONAL.search(account.key.encode()))


def _submitted(
    contract: cases.Contract, ready: Sequence[Account], floors: dict[str, date], validator: Validator
) -> list[tuple[Account, Document, check.Pending]]:
    """Each draft as it may be frozen, on its way through the rules."""
    pending: list[tuple[Account, Document, check.Pending]] = []
    for account in ready:
        draft = _dated(contract, account.document, floors)
        known = cases.situation(contract.case, account.issued_at)
        pending.append((account, draft, check.begin(draft, known, validator, _corrected(contract, draft))))
    return pending


def _checked(
    pending: Sequence[tuple[Account, Document, check.Pending]],
) -> Iterator[tuple[Account, Document | list[str]]]:
    """Each draft that may be frozen, or why it may not: no answer is a no."""
    for account, draft, one in pending:
        try:
            one.result()
        except check.Refused as error:
            yield account, [f"{problem.code} ({problem.where}): {problem.text}" for problem in error.problems]
        except NotValidated as error:
            yield account, [f"not validated: {error}"]
        else:
            yield account, draft


def _floors(entity_id: UUID) -> dict[str, date]:
    """The last day of each series, by kind; inside the staff scope."""
    rows = Series.objects.using("staff").filter(entity_id=entity_id).order_by("year")
    return {kind: day for kind, day in rows.values_list("kind", "last_issued_on") if day is not None}


def _dated(contract: cases.Contract, document: Document, floors: dict[str, date]) -> Document:
    """A document with a number of its form, and the day the series still allows, which is the next one's floor."""
    issued_on = max(document.issued_on, floors.get(document.kind, document.issued_on))
    floors[document.kind] = issued_on
    return _numbered(
        contract, document, number_of(contract.case.entity.series, document.kind, issued_on.year, 1), issued_on
    )


def _numbered(contract: cases.Contract, document: Document, number: str, issued_on: date) -> Document:
    case = contract.case
    return drafting.numbered(
        document,
        number=number,
        issued_on=issued_on,
        entity=case.entity,
        client=case.client,
        form=case.order_form,
        vat_mode=case.readings.discount_vat,
    )


def _corrected(contract: cases.Contract, document: Document) -> tuple[Corrected, ...]:
    by_number = {one.number: one for one in contract.frozen.values()}
    return tuple(
        Corrected(by_number[origin.number], tuple(contract.credits.get(origin.number, ())))
        for origin in document.corrects
        if origin.number in by_number
    )


def _freeze(contract: cases.Contract, account: Account, draft: Document, *, actor: str) -> Invoice:
    """The one transaction: the lock of the contract, the next number, the frozen bytes.

    Raises: Moved.
    """
    form = contract.order_form
    with staff_scope():
        events.locked(form.client_id, form.pk)
        issued = Invoice.objects.using("staff").filter(client_id=form.client_id, order_form=form).count()
        happened = Event.objects.using("staff").filter(client_id=form.client_id, order_form=form).count()
        if (issued, happened) != (len(contract.frozen), contract.happened):
            raise Moved
        place = _take(form.entity_id, draft)
        number = number_of(contract.case.entity.series, draft.kind, draft.issued_on.year, place)
        document = _numbered(contract, draft, number, draft.issued_on)
        content = encoded(document)
        row = Invoice(
            client_id=form.client_id, entity_id=form.entity_id, order_form=form, key=account.key, kind=document.kind,
            number=number, issued_on=document.issued_on, due_on=document.payment.due_on, net_eur=document.net_eur,
            vat_eur=document.vat_eur, gross_eur=document.gross_eur, sha256=hashlib.sha256(content).hexdigest(),
            document=content.decode(),
        )  # fmt: skip
        row.save(using="staff", force_insert=True)
        problems = Problem.objects.using("staff").filter(client_id=form.client_id, order_form=form, key=account.key)
        problems.update(solved_at=clock.now())
        facts = {"number": number, "sha256": row.sha256}
        audit.append(form.client_id, "invoice.frozen", actor, facts, using="staff")
        outbox.publish("invoice.frozen", form.client_id, using="staff", invoice_id=row.pk)
    return row


def _take(entity_id: UUID, draft: Document) -> int:
    """The next place in the series, whose row stays locked until the end of the transaction: a rollback gives it back.

    Raises: Moved when a later day was issued meanwhile: numbers and days go the same way.
    """
    year = draft.issued_on.year
    Series.objects.using("staff").bulk_create(
        [Series(entity_id=entity_id, kind=draft.kind, year=year)], ignore_conflicts=True
    )
    rows = Series.objects.using("staff").filter(entity_id=entity_id, kind=draft.kind)
    row = rows.select_for_update(no_key=True).get(year=year)
    later = rows.filter(year__gt=year).exists()
    if later or (row.last_issued_on is not None and row.last_issued_on > draft.issued_on):
        raise Moved
    row.last, row.last_issued_on = row.last + 1, draft.issued_on
    row.save(using="staff", update_fields=["last", "last_issued_on"])
    return int(row.last)


def keep_problem(form: OrderForm, key: str, reasons: list[str], *, actor: str) -> None:
    """Why a document has no number; one row, however often it is tried."""
    with staff_scope():
        events.locked(form.client_id, form.pk)
        rows = Problem.objects.using("staff").filter(client_id=form.client_id, order_form=form, key=key)
        row = rows.first()
        said = "\n".join(reasons)
        known = row is not None and row.solved_at is None and row.reasons == said
        if row is None:
            row = Problem(client_id=form.client_id, entity_id=form.entity_id, order_form=form, key=key)
        row.reasons, row.seen_at, row.solved_at = said, clock.now(), None
        row.save(using="staff")
        if not known:
            facts = {"order_form": form.number, "key": key, "reasons": len(reasons)}
            audit.append(form.client_id, "invoice.refused", actor, facts, using="staff")
