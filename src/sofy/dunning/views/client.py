"""What a late client sees: why its access is closed, what to do, and what it contests."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.billing import queries as billing
from sofy.clients.access import ClientRequest, requires
from sofy.clients.models import State
from sofy.clients.services import resolve_client
from sofy.dunning import queries
from sofy.dunning.services import disputes
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import user_scope
from sofy.ui import notify, problems

_SAYS_IT_ITSELF = ("dunning:due", "clients:home")


@clause("CGVU 7.2", "CGVU 11", "CGVU 30")
@requires("home.view")
def due(request: ClientRequest) -> HttpResponse:
    """What is to be paid and how; while access is closed also why, and what stays open."""
    client, found, unknown = request.client, list[queries.Due](), False
    if client.can("contract.view"):
        try:
            found = queries.due(client.pk)
        except Refused:
            unknown = True
    suspended = client.state == State.SUSPENDED
    why = queries.why(client.suspension_cause, client.suspended_at, found) if suspended else None
    context = {
        "why": why,
        "found": [one for one in found if one.documents],
        "unknown": unknown,
        "may": client.can("contract.view"),
        "first_day": queries.first_day(found),
    }
    return render(request, "dunning/due.html", context)


@require_POST
@requires("contract.sign")
def contest(request: ClientRequest, invoice_id: UUID) -> HttpResponse:
    """Say why an invoice is not owed."""
    if billing.by_id(request.client.pk, invoice_id) is None:
        raise Http404
    try:
        disputes.contest(
            request.client.pk, invoice_id, reason=request.POST.get("reason", ""), actor=request.user.actor
        )  # fmt: skip
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        notify.refuse(request, problems.sentence(refused))
    else:
        notify.done(request, _("Your objection is recorded: we look into it, and do not remind you meanwhile."))
    return redirect("billing:invoice", request.client.slug, invoice_id)


def after_log_in(user: Any, slug: str) -> str | None:
    """Somebody of a suspended client reads why before anything else."""
    with user_scope(user.pk):
        client = resolve_client(user, slug)
    if client is None or client.state != State.SUSPENDED:
        return None
    return reverse("dunning:due", args=[slug])


def suspended_panel(request: Any) -> dict[str, Any] | None:
    """What a suspended client reads first on its home page."""
    return {"slug": request.client.slug} if request.client.state == State.SUSPENDED else None


def suspended_banner(request: Any) -> dict[str, Any] | None:
    """What every other page says while access is closed, but the one that explains it."""
    if getattr(request, "client", None) is None or request.resolver_match.view_name in _SAYS_IT_ITSELF:
        return None
    return suspended_panel(request)


def contest_panel(request: Any) -> dict[str, Any] | None:
    """On the page of an invoice: the form that contests it."""
    line = getattr(request, "invoice_line", None)
    if line is None or line.kind != "invoice" or not line.open_eur or not request.client.can("contract.sign"):
        return None
    return {"line": line, "slug": request.client.slug, "most": disputes.MOST}
