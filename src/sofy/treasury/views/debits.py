"""Direct debits: what is to be collected, the files for the bank, and its answers."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.billing.services import freezing
from sofy.contracts import queries as contracts
from sofy.contracts.access import staff_only
from sofy.contracts.queries import EntityLine
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.treasury import debit_queries as queries
from sofy.treasury.services import debits
from sofy.ui import notify, problems

#: Unit: days ahead that a page looks, unless somebody says otherwise.
AHEAD: Final = timedelta(days=7)
#: An answer of the bank. Unit: bytes.
LARGEST_ANSWER: Final = 20_000_000


@clause("CGVU 10.1", "CGVU 10.2")
@staff_only
def to_collect(request: Any) -> HttpResponse:
    """What is to be debited up to a day, and the batches that were made."""
    entities = contracts.entities(retired=False)
    entity = _entity(request.GET.get("entity", ""), entities)
    until = _day(request.GET.get("until", ""))
    found = queries.proposal_lines(debits.proposed(entity.id, until)) if entity else []
    chosen = [line.proposal.amount_eur for line in found if not line.proposal.obstacle]
    context = {
        "entities": entities, "entity": entity, "until": until, "rows": found, "batches": queries.batches(),
        "total": sum(chosen), "count": len(chosen),
    }  # fmt: skip
    return render(request, "treasury/debits.html", context)


@require_POST
@staff_only
def make(request: Any) -> HttpResponse:
    """Make the file; what is in it is in no other one, so a second click makes none."""
    entity = _entity(request.POST.get("entity", ""), contracts.entities())
    if entity is None:
        raise Http404
    try:
        chosen = {UUID(one) for one in request.POST.getlist("invoice")}
    except ValueError:
        raise Http404 from None
    try:
        row = debits.make(entity.id, _day(request.POST.get("until", "")), actor=request.user.actor, invoices=chosen)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("treasury:debits")
    notify.done(request, _("The batch is made: download the file and give it to the bank."))
    return redirect("treasury:batch", row.pk)


@staff_only
def batch(request: Any, batch_id: UUID) -> HttpResponse:
    """A batch and what became of its debits."""
    rows = queries.batches(batch_id)
    if not rows:
        raise Http404
    return render(request, "treasury/batch.html", {"row": rows[0], "debits": queries.debits_of(batch_id)})


@staff_only
def download(request: Any, batch_id: UUID) -> HttpResponse:
    """The file for the bank."""
    try:
        name, content = debits.content_of(batch_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    answer = HttpResponse(content, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
@staff_only
def act(request: Any, batch_id: UUID, what: str) -> HttpResponse:
    """Take in the bank's answer, or take the batch back."""
    actor = request.user.actor
    try:
        if what == "answer":
            given = request.FILES.get("file")
            debits.answered(batch_id, given.read(LARGEST_ANSWER) if given else b"", actor=actor)
            notify.done(request, _("The bank’s answer is recorded."))
        elif what == "cancel":
            debits.cancel(batch_id, actor=actor)
            notify.done(request, _("The batch is cancelled; its invoices are free again."))
        else:
            raise Http404
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    return redirect("treasury:batch", batch_id)


def _entity(code: str, entities: list[EntityLine]) -> EntityLine | None:
    """The company of a code; the first one that debits, unless said."""
    able = [row for row in entities if row.data.creditor_id] or entities
    return next((row for row in entities if row.code == code), able[0] if able and not code else None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return freezing.today() + AHEAD
