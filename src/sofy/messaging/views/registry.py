"""The operator's pages of senders: who asks for which name, with which documents; and the names operators reserve."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.clients.models import Client
from sofy.kernel.errors import Refused
from sofy.kernel.senders import likeness
from sofy.kit.rls import client_scope, staff_scope
from sofy.messaging import queries
from sofy.messaging.access import staff_only
from sofy.messaging.forms import RefusalForm, ReservedForm
from sofy.messaging.models import Sender
from sofy.messaging.services import proofs
from sofy.messaging.services import senders as services
from sofy.messaging.views.senders import served
from sofy.ui import notify, problems


@staff_only
@require_GET
def queue(request: Any) -> HttpResponse:
    """Names that wait for an answer, the oldest first, and both lists."""
    return _queue(request, ReservedForm())


def _queue(request: Any, form: ReservedForm) -> HttpResponse:
    rows = queries.senders_waiting()
    context = {
        "rows": rows,
        "names": _names({row.client_id for row in rows}),
        "form": form,
        "reserved": proofs.reserved(),
    }
    return render(request, "messaging/sender_queue.html", context, status=422 if form.errors else 200)


def _names(ids: set[UUID]) -> dict[UUID, str]:
    with staff_scope():
        return dict(Client.objects.using("staff").filter(pk__in=ids).values_list("pk", "name"))


@staff_only
@require_http_methods(["GET", "POST"])
def one(request: Any, client_id: UUID, sender_id: UUID) -> HttpResponse:
    """One request with its documents; yes, or no with a reason."""
    sender, rule = _found(client_id, sender_id)
    form = RefusalForm(request.POST if "reason" in request.POST else None)
    problem = ""
    if request.method == "POST":
        try:
            _decide(request, sender, form)
        except Refused as refused:
            problem = problems.sentence(refused)
        else:
            return redirect("messaging:sender-queue")
    context = {
        "sender": sender, "rule": rule, "form": form, "problem": problem,
        "client_name": _names({client_id}).get(client_id, ""),
    }  # fmt: skip
    return render(request, "messaging/sender_review.html", context, status=422 if problem else 200)


def _found(client_id: UUID, sender_id: UUID) -> tuple[Sender, str]:
    """A sender with its documents, and what operators say of its name."""
    sender = queries.sender_for_staff(client_id, sender_id)
    if sender is None:
        raise Http404
    look = likeness(sender.name)
    rule = next((each.rule for each in proofs.reserved() if each.likeness == look), "")
    return sender, rule if sender.channel == "sms" else ""


def _decide(request: Any, sender: Sender, form: RefusalForm) -> None:
    """Raises: Refused."""
    with client_scope(sender.client_id):
        if "approve" in request.POST:
            services.approve(sender.client_id, sender.pk, actor=request.user.actor)
            notify.done(request, _("“%(name)s” is approved.") % {"name": sender.name})
        else:
            reason = request.POST.get("reason", "")
            services.refuse(sender.client_id, sender.pk, reason=reason, actor=request.user.actor)
            notify.done(request, _("“%(name)s” is refused; the client reads why.") % {"name": sender.name})


@staff_only
@require_GET
def proof(request: Any, client_id: UUID, proof_id: UUID) -> HttpResponse:
    """One document; the client's journal says who read it."""
    try:
        with client_scope(client_id):
            return served(*proofs.open_proof(client_id, proof_id, actor=request.user.actor))
    except Refused:
        raise Http404 from None


@staff_only
@require_POST
def reserve(request: Any) -> HttpResponse:
    """Put names on a list."""
    form = ReservedForm(request.POST)
    if form.is_valid():
        try:
            proofs.reserve(**form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error("names", problems.sentence(refused))
        else:
            notify.done(request, _("The list is changed: it counts for every name asked for from now on."))
            return redirect("messaging:sender-queue")
    return _queue(request, form)


@staff_only
@require_POST
def free(request: Any, name_id: UUID) -> HttpResponse:
    """Take a name off its list."""
    try:
        proofs.free(name_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The name is off the list."))
    return redirect("messaging:sender-queue")
