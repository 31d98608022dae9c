"""Invoice runs: what a month would issue, starting it, and how far it is."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.billing import queries
from sofy.billing.services import freezing, runs
from sofy.contracts import queries as contracts
from sofy.contracts.access import staff_only
from sofy.contracts.queries import EntityLine
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import live
from sofy.ui import notify, problems


@staff_only
def all_runs(request: HttpRequest) -> HttpResponseBase:
    """The runs and how far each is, what is refused, and the form that previews a month."""
    if live.wanted(request):
        return live.stream(request, ("invoice runs",), _moved)
    known = queries.runs()
    context = {
        "runs": known,
        "watch": any(row.finished_at is None for row in known),
        "refused": queries.refused(),
        "entities": contracts.entities(retired=False),
        "month": f"{freezing.today():%Y-%m}",
    }
    template = "billing/runs.html#standing" if "HX-Request" in request.headers else "billing/runs.html"
    return render(request, template, context)


def _moved() -> object:
    """What the stream compares; None once no run is under way."""
    shown = [(row.pk, row.done, row.total) for row in queries.runs() if row.finished_at is None]
    return shown or None


@staff_only
@clause("CGVU 9.2")
def preview(request: HttpRequest) -> HttpResponse:
    """What a month would issue, client by client, beside the month before."""
    try:
        entity, month = _asked(request.GET.get("entity", "")), runs.month_of(request.GET.get("month", ""))
        lines = runs.preview(entity.id, month)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("billing:runs")
    context = {
        "entity": entity,
        "month": month,
        "lines": lines,
        "documents": sum(len(line.documents) for line in lines),
        "new_eur": sum(line.new_eur for line in lines),
    }
    return render(request, "billing/preview.html", context)


@require_POST
@staff_only
def start(request: HttpRequest) -> HttpResponse:
    """Have the worker run a month; a second time changes nothing."""
    from sofy.billing.tasks import run_month

    try:
        entity, month = _asked(request.POST.get("entity", "")), runs.month_of(request.POST.get("month", ""))
        runs.last_day(month)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("billing:runs")
    run_month.defer(entity_id=str(entity.id), month=f"{month:%Y-%m}", actor=request.user.actor)  # type: ignore[union-attr]
    notify.done(request, _("The run has begun. This page says how far it is."))
    return redirect("billing:runs")


def _asked(code: str) -> EntityLine:
    """Raises: Refused (entity_unknown)."""
    for row in contracts.entities():
        if row.code == code:
            return row
    raise Refused("entity_unknown", 404)
