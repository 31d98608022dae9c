"""The invoices of a month for one entity: what would be issued, and issuing it.

A run goes day by day over all contracts, because the days of a series never go back. What was issued is not issued
again, so a run that was killed is simply run once more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog
from django.db import connections

from sofy.billing.comparing import Difference, compared
from sofy.billing.document import Document, decoded
from sofy.billing.einvoice.validator import Validator
from sofy.billing.models import Invoice, Problem, Run
from sofy.billing.services import cases, freezing, metering, tables
from sofy.clients.models import Client
from sofy.contracts.models import OrderForm
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import PARIS
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope

_DAY: Final = timedelta(days=1)
_log = structlog.get_logger("sofy.billing")
#: From then on a day is invoiced: what was handed over before midnight is known (RCS and WhatsApp of the last evening
#: may be known later: `services.metering`).
SETTLED_AT: Final = time(6)
DAILY: Final = "worker"
ZERO: Final = Decimal("0.00")
#: Unit: documents between two notes of how far a run is.
_TOLD_EVERY: Final = 20
#: Contracts that are read at once.
_BATCH: Final = 500
#: The key of a problem that is the contract's, not that of one of its documents.
WHOLE_CONTRACT: Final = "contract"


@dataclass
class Coming:
    """A client in a preview. Unit: EUR before VAT; credit notes count against it."""

    client_id: UUID
    slug: str
    name: str
    documents: list[Document] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    issued_eur: Decimal = ZERO
    before_eur: Decimal = ZERO
    issued: list[Document] = field(default_factory=list)
    before: list[Document] = field(default_factory=list)

    @property
    def differences(self) -> list[Difference]:
        """What differs from the month before, line by line."""
        return compared(self.before, [*self.issued, *self.documents])

    @property
    def new_eur(self) -> Decimal:
        """What would be issued."""
        return sum((_signed(one) for one in self.documents), ZERO)

    @property
    def difference_eur(self) -> Decimal:
        """How the month differs from the one before."""
        return self.issued_eur + self.new_eur - self.before_eur


def month_of(text: str) -> date:
    """The first day of a month, as 2026-05.

    Raises: Refused (month_unreadable).
    """
    try:
        if len(text) != len("2026-05"):
            raise ValueError
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refused("month_unreadable") from None


def last_day(month: date) -> date:
    """The day up to which the run of a month issues: its last one, or today.

    Raises: Refused (as_of_in_future).
    """
    if month > freezing.today():
        raise Refused("as_of_in_future", 409)
    return min(add_months(month, 1) - _DAY, freezing.today())


def preview(entity_id: UUID, month: date, *, as_of: date | None = None) -> list[Coming]:
    """What a run would issue, client by client, beside the month before; nothing is written."""
    until = as_of or last_day(month)
    found: dict[UUID, Coming] = {}
    for form, documents, problem in _drafts(entity_id, until, _shared()):
        line = found.setdefault(form.client_id, Coming(form.client_id, "", ""))
        line.documents += documents
        line.problems += [problem] if problem else []
    with staff_scope():
        for client_id, document in _issued(entity_id, month):
            line = found.setdefault(client_id, Coming(client_id, "", ""))
            line.issued.append(document)
            line.issued_eur += _signed(document)
        for client_id, document in _issued(entity_id, (month - _DAY).replace(day=1)):
            line = found.setdefault(client_id, Coming(client_id, "", ""))
            line.before.append(document)
            line.before_eur += _signed(document)
        for client in Client.objects.using("staff").filter(pk__in=list(found)):
            found[client.pk].slug, found[client.pk].name = client.slug, client.name
    return sorted(found.values(), key=lambda line: line.name)


def run(
    entity_id: UUID,
    month: date,
    *,
    actor: str,
    as_of: date | None = None,
    validator: Validator | None = None,
    progress: Callable[[Run], None] | None = None,
) -> Run:
    """Issue everything of a month that was not issued yet; a second run of the entity waits for the first.

    Raises: Refused (as_of_in_future).
    """
    until = as_of or last_day(month)
    if until > freezing.today():
        raise Refused("as_of_in_future", 409)
    with _alone(entity_id):
        metering.meter_all(entity_id, until)
        row = _begun(entity_id, month, until, actor)
        if validator is not None:
            _issue(row, validator, actor, progress)
        else:
            with Validator() as own:
                _issue(row, own, actor, progress)
        row.finished_at = clock.now()
        with staff_scope():
            row.save(using="staff", update_fields=["finished_at"])
            facts = {"month": f"{month:%Y-%m}", "issued": row.issued, "refused": row.refused}
            audit.append(audit.PLATFORM, "invoice_run.finished", actor, facts, using="staff")
    return row


def catch_up_today(*, validator: Validator | None = None) -> int:
    """Issue what is due today, once a day for each entity, from the hour on at which yesterday's messages are counted.

    Documents so bear the day on which they are due. A day that was cut off is continued by the next call, one that
    was missed is made good by the next day; an entity that fails hinders no other. Answers how many were issued.
    """
    now = clock.now().astimezone(PARIS)
    if now.time() < SETTLED_AT:
        return 0
    today, issued = now.date(), 0
    with staff_scope():
        forms = OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED)
        entities = sorted(set(forms.order_by().values_list("entity_id", flat=True).distinct()))
        done = Run.objects.using("staff").filter(month=today.replace(day=1), as_of=today).exclude(finished_at=None)
        caught_up = set(done.values_list("entity_id", flat=True))
    for entity_id in entities:
        if entity_id in caught_up:
            continue
        try:
            issued += run(entity_id, today.replace(day=1), actor=DAILY, as_of=today, validator=validator).issued
        except Exception as error:
            _log.error("day_not_invoiced", entity=str(entity_id), day=str(today), error=type(error).__name__)
    return issued


def _begun(entity_id: UUID, month: date, until: date, actor: str) -> Run:
    with staff_scope():
        row = Run.objects.using("staff").filter(entity_id=entity_id, month=month).first()
        row = row or Run(entity_id=entity_id, month=month, as_of=until, actor=actor)
        row.as_of, row.actor, row.started_at, row.finished_at = until, actor, clock.now(), None
        row.total = row.done = row.issued = row.refused = 0
        row.save(using="staff")
    return row


def _issue(row: Run, validator: Validator, actor: str, progress: Callable[[Run], None] | None) -> None:
    """One contract is validated in the child while the next one is replayed here."""
    work: list[tuple[date, UUID, UUID]] = []
    readable: list[UUID] = []
    shared = _shared()
    for form, documents, problem in _drafts(row.entity_id, row.as_of, shared):
        if problem:
            freezing.keep_problem(form, WHOLE_CONTRACT, [problem], actor=actor)
            row.refused += 1
        else:
            readable.append(form.pk)
        row.total += len(documents)
        work += [(day, form.client_id, form.pk) for day in {document.issued_on for document in documents}]
    _solved(readable)
    before: freezing.Begun | None = None
    for day, client_id, form_id in sorted(work):
        begun = freezing.begin(client_id, form_id, as_of=day, validator=validator, shared=shared)
        if before is not None:
            _finish(row, before, validator, actor, progress)
        before = begun
    if before is not None:
        _finish(row, before, validator, actor, progress)
    _keep(row)


def _solved(readable: list[UUID]) -> None:
    """Contracts that can be worked out again."""
    with staff_scope():
        rows = Problem.objects.using("staff").filter(key=WHOLE_CONTRACT, solved_at=None)
        rows.filter(order_form_id__in=readable).update(solved_at=clock.now())


def _finish(
    row: Run, begun: freezing.Begun, validator: Validator, actor: str, progress: Callable[[Run], None] | None
) -> None:
    frozen: list[Invoice] = []
    refused: dict[str, list[str]] = {}
    if not freezing.finish(begun, frozen, refused, actor=actor):
        form = begun.contract.order_form
        caught = freezing.catch_up(
            form.client_id, form.pk, as_of=begun.replay.as_of, validator=validator, actor=actor
        )  # fmt: skip
        frozen += caught.frozen
        refused |= caught.refused
    row.issued += len(frozen)
    row.refused += len(refused)
    row.done = row.issued + row.refused
    if row.done % _TOLD_EVERY == 0:
        _keep(row)
    if progress is not None:
        progress(row)


def _keep(row: Run) -> None:
    """How far it is, for those who watch."""
    with staff_scope():
        row.save(using="staff", update_fields=["total", "done", "issued", "refused"])


def _shared() -> cases.Shared:
    """One state of the tables for the whole run."""
    with staff_scope():
        return tables.current()


def _drafts(entity_id: UUID, until: date, shared: cases.Shared) -> Iterator[tuple[OrderForm, list[Document], str]]:
    """Each contract of an entity, what is to be issued of it, or why nothing can be worked out."""
    after = UUID(int=0)
    while True:
        with staff_scope():
            rows = OrderForm.objects.using("staff").filter(entity_id=entity_id, state=OrderForm.State.ACCEPTED)
            forms = list(rows.filter(pk__gt=after).order_by("pk")[:_BATCH])
        for form in forms:
            try:
                with staff_scope():
                    contract = cases.load(form.client_id, form.pk, shared=shared)
                accounts = contract.played(until).book.accounts
            except Refused as error:
                yield form, [], f"{error.facts.get('path', '')} {error.facts.get('problem', error.code)}".strip()
            else:
                yield form, [one.document for one in accounts if one.key not in contract.frozen], ""
        if len(forms) < _BATCH:
            return
        after = forms[-1].pk


def _issued(entity_id: UUID, month: date) -> Iterator[tuple[UUID, Document]]:
    """Documents of a month; inside the staff scope."""
    rows = Invoice.objects.using("staff").filter(
        entity_id=entity_id, issued_on__gte=month, issued_on__lt=add_months(month, 1)
    )  # fmt: skip
    for row in rows.iterator(chunk_size=_BATCH):
        yield row.client_id, decoded(str(row.document).encode())


def _signed(document: Document) -> Decimal:
    return -document.net_eur if document.kind == "credit_note" else document.net_eur


@contextmanager
def _alone(entity_id: UUID) -> Iterator[None]:
    """One run of an entity at a time: the lock is the connection's, so it ends with the process."""
    key = f"billing_run {entity_id}"
    with connections["staff"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
