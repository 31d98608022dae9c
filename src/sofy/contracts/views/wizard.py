"""An order form, step by step: what is written is kept at each step, and while somebody types."""

import json
from typing import Any
from uuid import UUID

import msgspec
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from sofy.clients.queries import all_clients
from sofy.contracts import papers, queries, wizard
from sofy.contracts.access import staff_only
from sofy.contracts.models import OrderForm
from sofy.contracts.rules import totals
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.values import converted
from sofy.contracts.services import order_forms
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.ui import notify, problems

ORDER = (*wizard.STEPS, "check")


def find(client_id: UUID, form_id: UUID) -> OrderForm:
    """An order form on the staff login, or a 404."""
    with staff_scope():
        row = queries.order_form(client_id, form_id, drafts=True, using="staff")
        if row is None:
            raise Http404
        row.content  # noqa: B018 - opened while the row is at hand
        return row


@staff_only
def begin(request: Any) -> HttpResponse:
    """For whom, and who signs."""
    clients = [(str(line.id), line.name) for line in all_clients()]
    known = {line.slug: str(line.id) for line in all_clients()}
    companies = [(row.id, f"{row.data.name} ({row.code})") for row in queries.entities(retired=False)]
    form = wizard.BeginForm(
        clients, companies, request.POST or None, initial={"client": known.get(request.GET.get("client", ""))}
    )
    if request.method == "POST" and form.is_valid():
        client_id, entity_id = UUID(form.cleaned_data["client"]), UUID(form.cleaned_data["entity"])
        content = papers.begun_from(client_id, name=dict(clients)[str(client_id)])
        row = order_forms.draft(client_id, entity_id=entity_id, content=content, actor=request.user.actor)
        return redirect(f"contracts:step-{ORDER[0]}", client_id, row.pk)
    context = {"form": form, "entities": companies}
    return render(request, "contracts/begin.html", context, status=422 if form.errors else 200)


@staff_only
@clause("CGVU 4", "CGVU 8.1", "CGVU 10.1")
def step(request: Any, client_id: UUID, form_id: UUID, step: str) -> HttpResponse:
    """One step: kept when it is complete, and with htmx each time somebody pauses."""
    row = find(client_id, form_id)
    if row.state not in order_forms.OPEN:
        return redirect("contracts:order-form", client_id, form_id)
    if step == "check":
        return _check(request, row)
    content = json.loads(row.content)
    form = wizard.form_of(step, content, request.POST if request.method == "POST" else None)
    posted = request.method == "POST"
    valid = posted and form.is_valid()
    if valid:
        content = form.into(content)
        order_forms.write(client_id, form_id, content, actor=request.user.actor)
    if posted and request.htmx:
        return render(request, "contracts/aside.html", {"saved": valid, "now": clock.now(), **_figures(content)})
    if valid:
        return redirect(f"contracts:step-{_next(request, step)}", client_id, form_id)
    context = {"form": form, "row": row, **_frame(row, content, step), **_figures(content)}
    return render(request, f"contracts/step_{step}.html", context, status=422 if posted else 200)


def _next(request: Any, step: str) -> str:
    """The step whose button was pressed, else the one after."""
    wanted = request.POST.get("next", "")
    if wanted == "stay":
        return step
    return wanted if wanted in ORDER else ORDER[ORDER.index(step) + 1]


def _frame(row: OrderForm, content: wizard.Content, step: str) -> dict[str, Any]:
    lacking = wizard.missing(content)
    return {
        "step": step,
        "steps": [(name, wizard.NAMES[name], name in lacking) for name in ORDER],
        "client": (content.get("client") or {}).get("name") or row.number,
    }


def _figures(content: wizard.Content) -> dict[str, Any]:
    """What the draft is worth so far; lines that cannot be read count for nothing."""
    items = (content.get("order_form") or {}).get("items") or []
    try:
        found = totals.totals([converted(item, Item) for item in items])
    except msgspec.ValidationError:
        found = None
    return {"totals": found, "lines": len(items)}


def _check(request: Any, row: OrderForm) -> HttpResponse:
    """What is still lacking, the paper as it will be, and the button that sends it."""
    content = json.loads(row.content)
    lacking = wizard.missing(content)
    context = {
        "row": row,
        "lacking": [(name, wizard.NAMES[name], said) for name, said in lacking.items()],
        "paper": None if lacking else papers.preview(row, content),
        **_frame(row, content, "check"),
        **_figures(content),
    }
    return render(request, "contracts/step_check.html", context)


@require_POST
@staff_only
def send(request: Any, client_id: UUID, form_id: UUID) -> HttpResponse:
    """Put it before the client."""
    find(client_id, form_id)
    try:
        version = order_forms.send(client_id, form_id, actor=request.user.actor)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("contracts:step-check", client_id, form_id)
    sent_to = papers.tell_owners(request, client_id, form_id)
    if sent_to:
        said = ngettext(
            "Version %(n)s is sent: %(people)s owner told by e-mail.",
            "Version %(n)s is sent: %(people)s owners told by e-mail.",
            sent_to,
        )
    else:
        said = _("Version %(n)s is sent. It waits for an owner: none has opened the invitation yet.")
    notify.done(request, said % {"n": version.version, "people": sent_to})
    return redirect("contracts:order-form", client_id, form_id)
