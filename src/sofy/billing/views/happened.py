"""Something happened to a contract: staff sees what follows first, then records it, or only tries."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from sofy.billing import forms
from sofy.billing.case.difference import Difference
from sofy.billing.services import cases, foresight
from sofy.billing.told_words import said
from sofy.clients.models import Client
from sofy.contracts.access import staff_only
from sofy.kernel import ids
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.ui import notify, problems


@staff_only
@clause("CGVU 4", "CGVU 7.2", "CGVU 8.3", "CGVU 13", "CGVU 16", "CGVU 19", "CGVU 21.1", "CGVU 21.2", "CGVU 29")
def happened(request: Any, client_id: UUID, order_form_id: UUID) -> HttpResponse:
    """Choose what happened, see what follows from it, record it: once, however often the button is pressed."""
    client, contract = _contract(client_id, order_form_id)
    kind = forms.TRIED.get(request.POST.get("what") or request.GET.get("what", ""))
    context: dict[str, Any] = {"client": client, "contract": contract, "tried": forms.TRIED, "kind": kind}
    if kind is None:
        return render(request, "billing/happened.html", context)
    per_poi = contract.played(contract.case.order_form.starts_on).licence.per_poi(())
    form = kind(request.POST or None, items=per_poi)
    context |= {"form": form, "key": key_of(request)}
    if request.method == "POST" and form.is_valid():
        trial = form.trial(request.user.full_name or request.user.email)
        try:
            seen = foresight.fingerprint(trial)
            if request.POST.get("step") == "record" and trial.event is not None and request.POST.get("seen") == seen:
                return _record(request, contract.order_form, trial.event, context["key"])
            context |= {"shown": _shown(foresight.foresee(client_id, order_form_id, trial)), "seen": seen}
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
    return render(request, "billing/happened.html", context, status=422 if form.errors else 200)


def _contract(client_id: UUID, order_form_id: UUID) -> tuple[Client, cases.Contract]:
    with staff_scope():
        client = Client.objects.using("staff").filter(pk=client_id).first()
        try:
            contract = cases.load(client_id, order_form_id)
        except Refused as refused:
            if refused.status == 404:
                raise Http404 from None
            raise
    if client is None:
        raise Http404
    return client, contract


def key_of(request: Any) -> UUID:
    """What makes the form count once: made with the empty form, kept until it is recorded."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return ids.uuid7()


def _record(request: Any, form: Any, event: Any, key: UUID) -> HttpResponse:
    new = foresight.record(form.client_id, form.pk, event, key=key, actor=request.user.actor)
    if new:
        notify.done(request, _("It is recorded: what follows from it is issued with the next run."))
    else:
        notify.done(request, _("It was recorded already, and counts once."))
    return redirect("contracts:order-form", form.client_id, form.pk)


def _shown(found: Difference) -> dict[str, Any]:
    """What follows, as the page shows it: documents due now and later, then everything else in words."""
    return {
        "found": found,
        "now": [paper for paper in found.papers if str(paper.told["issued_on"] or "") <= found.today.isoformat()],
        "later": [paper for paper in found.papers if str(paper.told["issued_on"] or "") > found.today.isoformat()],
        "changes": [(change, said(change.part, change.entry)) for change in found.changes],
    }
