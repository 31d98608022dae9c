"""What befell the Applications, as staff writes it down, and the credits a client may claim for it."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.billing import forms, queries
from sofy.billing.services import freezing, service_level, tables
from sofy.clients.access import ClientRequest, requires
from sofy.contracts.access import staff_only
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.ui import notify, problems

FORMS = {"incident": forms.IncidentForm, "maintenance": forms.MaintenanceForm}


@staff_only
@clause("CGVU 28")
def incidents(request: HttpRequest) -> HttpResponse:
    """Time the Applications were away, and work that was announced: the same for every contract that has them."""
    what = request.POST.get("what", "")
    asked = {kind: form(request.POST if kind == what else None, prefix=kind) for kind, form in FORMS.items()}
    form = asked.get(what)
    if form is not None and form.is_valid():
        try:
            tables.record(what, form.event(), actor=request.user.actor)  # type: ignore[union-attr]
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, _("It is written down: every contract it touches counts with it."))
            return redirect("billing:incidents")
    with staff_scope():
        rows = tables.current().happened[::-1]
    context = {"asked": asked, "rows": rows}
    return render(request, "billing/incidents.html", context, status=422 if form is not None else 200)


@requires("contract.view")
@clause("CGVU 28")
def credits(request: ClientRequest) -> HttpResponse:
    """Each month in which something was away, what it gives back, and until when that may be claimed."""
    context = {"rows": queries.credits(request.client.pk), "today": freezing.today()}
    return render(request, "billing/credits.html", context)


@require_POST
@requires("contract.sign")
@clause("CGVU 28")
def claim(request: ClientRequest, order_form_id: UUID, month: str, application: str) -> HttpResponse:
    """Claim a credit; the credit note follows within a day."""
    try:
        service_level.claim(
            request.client.pk, order_form_id, month, application, actor=request.user.actor  # type: ignore[arg-type]
        )  # fmt: skip
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("Your claim is recorded: the credit note follows within a day."))
    return redirect("billing:credits", request.client.slug)
