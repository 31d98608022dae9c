"""The register of SEPA mandates."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.contracts import queries as contracts
from sofy.contracts.access import staff_only
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.treasury import debit_queries as queries
from sofy.treasury.forms import AmendForm, DayForm, MandateForm
from sofy.treasury.services import mandates
from sofy.ui import notify, problems


@clause("CGVU 10.1")
@staff_only
def register(request: Any) -> HttpResponse:
    """Every mandate, with its state today."""
    words = request.GET.get("q", "")
    return render(request, "treasury/mandates.html", {"rows": queries.mandate_lines(words), "q": words})


@staff_only
def new(request: Any) -> HttpResponse:
    """Register a mandate that came on paper."""
    entities = {row.code: row for row in contracts.entities(retired=False)}
    choices = [(code, f"{row.data.name} ({code})") for code, row in entities.items()]
    form = MandateForm(request.POST or None, entities=choices)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        client, entity = given.pop("client"), entities[given.pop("entity")]
        try:
            row = mandates.register(client.pk, entity.id, actor=request.user.actor, **given)
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, _("The mandate is registered."))
            return redirect("treasury:mandate", row.pk)
    return render(request, "treasury/mandate_new.html", {"form": form}, status=422 if form.errors else 200)


@staff_only
def mandate(request: Any, mandate_id: UUID) -> HttpResponse:
    """One mandate, and what may be done with it."""
    row = queries.mandate_line(mandate_id)
    if row is None:
        raise Http404
    context = {"row": row, "amend": AmendForm(), "day": DayForm()}
    return render(request, "treasury/mandate.html", context)


@require_POST
@staff_only
def act(request: Any, mandate_id: UUID, what: str) -> HttpResponse:
    """Amend, revoke, or note that the client's bank registered it."""
    form = AmendForm(request.POST) if what == "amend" else DayForm(request.POST)
    if not form.is_valid():
        notify.refuse(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("treasury:mandate", mandate_id)
    given, actor = form.cleaned_data, request.user.actor
    try:
        if what == "amend":
            mandates.amend(mandate_id, actor=actor, **given)
        elif what == "revoke":
            mandates.revoke(mandate_id, given["on"], actor=actor)
        elif what == "confirm":
            mandates.confirm(mandate_id, given["on"], actor=actor)
        else:
            raise Http404
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("The mandate is changed; the next debit tells the bank."))
    return redirect("treasury:mandate", mandate_id)
