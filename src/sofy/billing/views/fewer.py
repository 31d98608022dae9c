"""A client asks for fewer points of sale: it sees from when, then asks."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from sofy.billing import forms
from sofy.billing.case.licence import Licence
from sofy.billing.services import cases, foresight, freezing
from sofy.billing.views.happened import key_of
from sofy.clients.access import ClientRequest, requires
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.ui import notify, problems


@requires("contract.sign")
@clause("CGVU 8.3")
def fewer(request: ClientRequest, contract_id: UUID) -> HttpResponse:
    """From the end of the contractual period, and nothing comes back; more again later counts at once."""
    client_id, key = request.client.pk, key_of(request)
    contract, licence = _licence(client_id, contract_id)
    form = forms.FewerForm(request.POST or None, items=licence.per_poi(()))
    context: dict[str, Any] = {"contract": contract, "form": form, "key": key, "asked": _asked(licence)}
    if request.method == "POST" and form.is_valid():
        event, seen = form.event(), f"{form.cleaned_data['count']}/{form.cleaned_data['item']}"
        try:
            if request.POST.get("seen") == seen and request.POST.get("step") == "record":
                foresight.record(
                    client_id, contract_id, event, key=key, actor=request.user.actor, source="client"
                )  # fmt: skip
                notify.done(request, _("It is asked for: the page says from when it counts."))
                return redirect("billing:fewer", request.client.slug, contract_id)
            found = foresight.foresee(client_id, contract_id, foresight.Trial(event=event))
            if found.refused:
                facts = {"article": found.refused[0]["because"]["article"]}
                raise Refused("event_refused", 409, **facts)
            shown = [one.entry for one in found.changes if one.part == "quota"]
            context |= {"seen": seen, "shown": _named(shown, licence)}
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
    return render(request, "billing/fewer.html", context, status=422 if form.errors else 200)


def _licence(client_id: UUID, order_form_id: UUID) -> tuple[cases.Contract, Licence]:
    try:
        contract = cases.load(client_id, order_form_id, using="default")
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        raise
    return contract, contract.played(freezing.today()).licence


def _asked(licence: Licence) -> list[dict[str, Any]]:
    """What was asked for and has not come yet."""
    today = freezing.today()
    rows = [row for row in licence.told.quota if row["what"] == "decrease" and row["from"] > today]
    return _named(rows, licence)


def _named(rows: list[dict[str, Any]], licence: Licence) -> list[dict[str, Any]]:
    """With lines called as the order form calls them."""
    names = {item.code: item.label or item.code for item in licence.per_poi(())}
    return [{**row, "item": names[row["item"]]} for row in rows]
