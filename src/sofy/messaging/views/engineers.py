"""Routes in figures, what a change would do, and prices: screens for the operator's engineers."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sofy.clients.queries import all_clients
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kernel.prices import day
from sofy.messaging import prices, replay, route_figures, routes
from sofy.messaging.access import staff_only
from sofy.messaging.route_forms import ChoiceForm, DryRunForm, PriceForm
from sofy.ui import notify, problems

#: What each line of the chart is called, and its colour.
_LINES = {
    "handed_over": (gettext_lazy("Handed over"), "blue"),
    "delivered": (gettext_lazy("Delivered"), "green"),
    "refused": (gettext_lazy("Refused, unknown"), "orange"),
    "failed": (gettext_lazy("Not delivered"), "red"),
    "waiting": (gettext_lazy("Waiting"), "blue"),
}


def _found(route_id: UUID) -> routes.Route:
    try:
        return routes.find(route_id)
    except Refused:
        raise Http404 from None


@staff_only
def figures(request: Any, route_id: UUID) -> HttpResponse:
    """One route: its links, its pace, its errors and a day of charts; how it is chosen can be changed here."""
    route = _found(route_id)
    form = ChoiceForm(request.POST or None, initial={**route.__dict__})
    if request.method == "POST" and form.is_valid():
        try:
            routes.change_choice(route_id, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, _("%(route)s is changed.") % {"route": route.name})
            return redirect("messaging:route-figures", route_id)
    shown = route_figures.of(route_id, window=route.window, binds=route.binds)
    context = {"route": route, "figures": shown, "form": form, "charts": _charts(shown)}
    return render(request, "messaging/route_figures.html", context, status=422 if form.errors else 200)


def _charts(shown: route_figures.Figures) -> list[dict[str, Any]]:
    """Two lines at most in each: on a phone more would not be told apart."""
    return [
        _chart(shown, "traffic", _("Parts per quarter of an hour"), "line", "handed_over", "delivered"),
        _chart(shown, "failures", _("Failures per quarter of an hour"), "line", "refused", "failed"),
        _chart(shown, "waiting", _("Parts waiting in the connector, at the most"), "area", "waiting"),
    ]


def _chart(shown: route_figures.Figures, code: str, title: str, kind: str, *names: str) -> dict[str, Any]:
    labels = [date_format(at.astimezone(clock.PARIS), "H:i") for at in shown.times]
    lines = [(str(_LINES[name][0]), _LINES[name][1], shown.series[name]) for name in names]
    series = [{"name": said, "values": values, "tone": tone} for said, tone, values in lines]
    return {
        "id": code,
        "title": title,
        "spec": {"kind": kind, "labels": labels, "series": series},
        "columns": [_("Time"), *(said for said, _tone, _values in lines)],
        "rows": [(label, *(values[n] for _said, _tone, values in lines)) for n, label in enumerate(labels)],
    }


@staff_only
def dry_run(request: HttpRequest) -> HttpResponse:
    """What other states, weights or prices would have meant for yesterday's traffic; nothing is changed."""
    forms = [
        (
            route,
            DryRunForm(
                request.POST or None,
                prefix=route.code,
                initial={"state": "active" if route.state == "active" else "paused", "weight": route.weight},
            ),
        )
        for route in routes.console()
        if route.channel == "sms"
    ]
    outcome = None
    if request.method == "POST" and all(form.is_valid() for _route, form in forms):
        outcome = replay.yesterday({route.id: _changes(form) for route, form in forms})
    names = {route.code: route.name for route, _form in forms}
    return render(request, "messaging/dry_run.html", {"forms": forms, "outcome": outcome, "names": names})


def _changes(form: DryRunForm) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}


@staff_only
def price_tables(request: Any) -> HttpResponse:
    """Every price that is, was and will be; what a number costs on a day."""
    known = routes.console()
    clients = {line.id: line.name for line in all_clients()}
    names = {route.id: route.name for route in known} | clients
    owners = [("list", _("The list, for every client"))]
    owners += [(f"route:{route.code}", _("Route %(name)s") % {"name": route.name}) for route in known]
    owners += [(f"client:{key}", _("Client %(name)s") % {"name": name}) for key, name in clients.items()]
    looks = "number" in request.POST
    form = PriceForm(owners, None if looks else request.POST or None, initial={"channel": "sms", "country": "FR"})
    if request.method == "POST" and not looks and form.is_valid():
        try:
            prices.add([_new_price(form.cleaned_data)], actor=request.user.actor)
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, _("The price is added."))
            return redirect("messaging:prices")
    context = {"form": form, "rows": prices.rows(), "names": names, **_asked(request)}
    return render(request, "messaging/prices.html", context, status=422 if form.errors else 200)


def _new_price(given: dict[str, Any]) -> prices.NewPrice:
    kind, _colon, owner = given["owner"].partition(":")
    return prices.NewPrice(
        price_eur=Decimal(given["price_eur"]),
        valid_from=given["valid_from"],
        channel=given["channel"],
        purpose="" if kind == "route" else given["purpose"],
        country=given["country"].upper(),
        network=given["network"].strip(),
        route=owner if kind == "route" else "",
        client_id=UUID(owner) if kind == "client" else None,
    )


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What was asked about a number: posted, since an address is kept in logs and histories."""
    number = request.POST.get("number", "").strip()
    today = day(clock.now())
    told: dict[str, Any] = {"number": number, "on": request.POST.get("on") or today.isoformat()}
    if not number:
        return told
    try:
        on = today.fromisoformat(told["on"])
    except ValueError:
        on = today
    try:
        told["found"] = prices.find(
            number, client_id=None, channel="sms", purpose="marketing", on=on,
            fictional=settings.SOFY.fictional_numbers,
        )  # fmt: skip
    except Refused as refused:
        told["problem"] = problems.sentence(refused)
    return told
