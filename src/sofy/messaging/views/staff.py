"""The route console of the operator's staff."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.kernel.errors import Refused
from sofy.kit import live
from sofy.messaging import routes
from sofy.messaging.access import staff_only
from sofy.messaging.forms import RouteForm
from sofy.ui import notify, problems

#: Where on the form a refusal is said.
FIELDS = {
    "route_name": "name",
    "short_code_unreadable": "short_code",
    "short_code_marketing": "short_code",
    "short_code_alert": "short_code",
    "price_range": "price_eur",
    "route_purposes": "purposes",
    "route_alphabets": "alphabets",
}


@staff_only
def console(request: HttpRequest) -> HttpResponseBase:
    """Every route, live."""
    if live.wanted(request):
        return live.stream(request, "routes", routes.console)
    rows = routes.console()
    context = {
        "rows": rows,
        "up": sum(route.health in ("up", "partly") for route in rows),
        "per_second": sum(route.per_second for route in rows),
        "waiting": sum(route.waiting for route in rows),
    }
    template = "messaging/routes.html#console" if "HX-Request" in request.headers else "messaging/routes.html"
    return render(request, template, context)


@staff_only
def edit(request: Any, route_id: UUID) -> HttpResponse:
    """What a route is called, costs, answers to and carries."""
    try:
        route = routes.find(route_id)
    except Refused:
        raise Http404 from None
    form = RouteForm(request.POST or None, initial=_terms(route), channel=route.channel)
    if request.method == "POST" and form.is_valid():
        try:
            routes.change_terms(route_id, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(FIELDS.get(refused.code), problems.sentence(refused))
        else:
            notify.done(request, _("%(route)s is changed.") % {"route": form.cleaned_data["name"]})
            return redirect("messaging:routes")
    status = 422 if form.errors else 200
    return render(request, "messaging/route.html", {"form": form, "route": route}, status=status)


def _terms(route: routes.Route) -> dict[str, Any]:
    return {
        "name": route.name,
        "short_code": route.short_code,
        "price_eur": number_format(route.price_eur.normalize()),
        "purposes": route.purposes,
        "alphabets": route.encodings,
    }


@require_POST
@staff_only
def change(request: Any, route_id: UUID) -> HttpResponse:
    """Pause a route or open it again."""
    try:
        route = routes.change_state(route_id, state=request.POST.get("state", ""), actor=request.user.actor)
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        raise
    if route.state == "active":
        notify.done(request, _("%(route)s is open again.") % {"route": route.name})
    else:
        notify.done(request, _("%(route)s takes no new message.") % {"route": route.name})
    return redirect("messaging:routes")
