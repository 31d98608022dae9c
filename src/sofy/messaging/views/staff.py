"""The route console of the operator's staff."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.kernel.errors import Refused
from sofy.kit import live
from sofy.messaging import routes
from sofy.messaging.access import staff_only
from sofy.ui import notify


@staff_only
def console(request: HttpRequest) -> HttpResponseBase:
    """Every route, live."""
    if live.wanted(request):
        return live.stream(request, "routes", routes.console)
    rows = routes.console()
    context = {
        "rows": rows,
        "up": sum(route.health == "up" for route in rows),
        "per_second": sum(route.per_second for route in rows),
        "waiting": sum(route.waiting for route in rows),
    }
    template = "messaging/routes.html#console" if "HX-Request" in request.headers else "messaging/routes.html"
    return render(request, template, context)


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
