"""Bank lines that wait for a person, and the files they came in."""

from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.contracts import queries as contracts
from sofy.contracts.access import staff_only
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.treasury import queries
from sofy.treasury.models import Question
from sofy.treasury.services import decisions, files, open_items, originals
from sofy.ui import notify, problems
from sofy.wire.iso20022 import Limits

#: What somebody waits for in front of a page; longer files are loaded by the command.
LIMITS: Final = Limits(most_bytes=200_000_000, most_seconds=60.0)
ZERO: Final = Decimal("0.00")


@clause("CGVU 10.1", "CGVU 22")
@staff_only
def queue(request: Any) -> HttpResponse:
    """Payments to decide, the oldest first."""
    state = request.GET.get("state", Question.State.OPEN)
    if state not in Question.State.values:
        raise Http404
    context = {"rows": queries.questions(state), "state": state, "counts": queries.counts()}
    return render(request, "treasury/bank.html", context)


@staff_only
def question(request: Any, question_id: UUID) -> HttpResponse:
    """One payment: which client, which of its invoices, how much of each."""
    row = queries.question(question_id)
    if row is None:
        raise Http404
    found = queries.clients(row.entity_id, request.GET.get("q", ""), request.GET.get("client", ""))
    items = open_items.of_client(row.entity_id, found.chosen.pk) if found.chosen else []
    rows, rest = _shared_out(items, row.amount_eur)
    context = {"row": row, "clients": found, "items": rows, "rest": rest, "q": request.GET.get("q", "")}
    return render(request, "treasury/question.html", context)


def _shared_out(items: list[open_items.Item], amount: Decimal) -> tuple[list[dict[str, Any]], Decimal]:
    """The oldest first, until the payment is used up: what a person starts from."""
    rows = []
    for item in items:
        part = min(amount, item.account.open_eur)
        rows.append({"account": item.account, "part": max(part, ZERO)})
        amount -= max(part, ZERO)
    return rows, max(amount, ZERO)


@require_POST
@staff_only
def decide(request: Any, question_id: UUID) -> HttpResponse:
    """Do what was decided, and show the next one."""
    actor, said = request.user.actor, request.POST.get("do", "")
    undo = reverse("treasury:undo", args=[question_id])
    try:
        if said == "later":
            decisions.put_aside(question_id, actor=actor)
            notify.done(request, _("Put aside."), undo_url=undo)
        elif said == "apart":
            decisions.set_apart(question_id, request.POST.get("note", ""), actor=actor)
            notify.done(request, _("Kept as no client’s payment."), undo_url=undo)
        elif said == "give":
            _give(request, question_id)
            notify.done(request, _("The payment is recorded in the client’s contract."))
        else:
            decisions.accept(question_id, int(said) if said.isdecimal() and len(said) < 3 else -1, actor=actor)
            notify.done(request, _("The payment is recorded in the client’s contract."))
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("treasury:question" if said == "give" else "treasury:bank", *([question_id] * (said == "give")))
    return redirect("treasury:bank")


def _give(request: Any, question_id: UUID) -> None:
    parts = [
        (name.removeprefix("part-"), _amount(value)) for name, value in request.POST.items() if name.startswith("part-")
    ]
    try:
        client_id = UUID(request.POST.get("client", ""))
    except ValueError:
        raise Refused("question_empty") from None
    credit = _amount(request.POST.get("credit", ""))
    decisions.give(question_id, client_id, parts, credit, actor=request.user.actor)


def _amount(text: str) -> Decimal:
    """An amount as people write it. Raises: Refused (part_unreadable)."""
    plain = "".join(text.split()).replace("\u202f", "").replace(",", ".")
    try:
        value = Decimal(plain or "0")
    except InvalidOperation:
        raise Refused("part_unreadable", value=text[:20]) from None
    if not value.is_finite() or value != value.quantize(Decimal("0.01")) or abs(value) > Decimal(10**12):
        raise Refused("part_unreadable", value=text[:20])
    return value


@require_POST
@staff_only
def undo(request: Any, question_id: UUID) -> HttpResponse:
    """Take a decision back that recorded nothing."""
    try:
        decisions.take_back(question_id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("Taken back: the line is to be decided again."))
    return redirect("treasury:bank")


@staff_only
def bank_files(request: Any) -> HttpResponse:
    """The files that were taken in, and the form that takes another one."""
    problem = ""
    if request.method == "POST":
        try:
            return redirect("treasury:file", _taken(request))
        except Refused as refused:
            problem = problems.sentence(refused)
    entities = contracts.entities(retired=False)
    context = {
        "rows": queries.bank_files(), "entities": entities, "accounts": queries.accounts(), "problem": problem,
        "chosen": request.POST.get("entity", ""),
    }  # fmt: skip
    return render(request, "treasury/files.html", context, status=422 if problem else 200)


def _taken(request: Any) -> UUID:
    """Read the file now, so that whoever sent it sees what is wrong with it; the worker matches it."""
    from sofy.treasury.tasks import match

    given = request.FILES.get("file")
    if given is None:
        raise Refused("bank_file_empty")
    entity = next((one for one in contracts.entities() if one.code == request.POST.get("entity")), None)
    if entity is None:
        raise Refused("entity_unknown", 404)
    source, actor = cast(BinaryIO, given.file), request.user.actor
    row, new = files.take(entity.id, source, name=str(given.name or ""), actor=actor, limits=LIMITS)
    if row.matched_at is None:
        match.defer(entity_id=str(entity.id), actor=actor)
    if not new:
        notify.warn(request, _("This file was loaded before: nothing was changed."))
    return row.pk


@staff_only
def bank_file(request: Any, file_id: UUID) -> HttpResponse:
    """What a file holds, and how far its matching is."""
    rows = queries.bank_files(file_id=file_id)
    if not rows:
        raise Http404
    context = {"row": rows[0], "entries": queries.entries(file_id), "counts": queries.counts()}
    return render(request, "treasury/file.html", context)


@staff_only
def original(request: Any, file_id: UUID) -> HttpResponseBase:
    """A file as it came."""
    row = queries.original(file_id, actor=request.user.actor)
    if row is None:
        raise Http404
    answer = StreamingHttpResponse(originals.read(row.entity_id, row.pk), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{row.sha256[:12]}.xml"'
    return answer
