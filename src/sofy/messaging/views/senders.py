"""Senders of a client: what messages may show, what was asked for, and the documents that show it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.messaging import queries
from sofy.messaging.forms import ProofForm, SenderForm
from sofy.messaging.models import Sender, SenderProof
from sofy.messaging.services import proofs
from sofy.messaging.services import senders as services
from sofy.ui import notify, problems

#: Where on the form a refusal of a document is said.
FIELDS = {"proof_expired": "expires_on"}


@require_http_methods(["GET", "POST"])
@requires("sender.view")
def overview(request: ClientRequest) -> HttpResponseBase:
    """Every sender, and the form for another one."""
    form = SenderForm(request.POST or None)
    if request.method == "POST":
        return _ask(request, form)
    return _listed(request, form)


def _listed(request: ClientRequest, form: SenderForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "rows": queries.registry(request.client.pk)}
    return render(request, "messaging/senders.html", context, status=status)


@requires("sender.edit")
def _ask(request: ClientRequest, form: SenderForm) -> HttpResponse:
    if form.is_valid():
        try:
            sender = services.request_sender(request.client.pk, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error("name", problems.sentence(refused))
        else:
            if sender.state == Sender.State.APPROVED:
                notify.done(request, _("Messages may now show “%(name)s”.") % {"name": sender.name})
                return redirect("messaging:senders", request.client.slug)
            notify.done(
                request, _("“%(name)s” is asked for: add the documents that show it is yours.") % {"name": sender.name}
            )
            return redirect("messaging:sender", request.client.slug, sender.pk)
    return _listed(request, form, 422)


@require_http_methods(["GET", "POST"])
@requires("sender.view")
def one(request: ClientRequest, sender_id: UUID) -> HttpResponseBase:
    """Where a sender stands, and its documents."""
    sender = next((each for each in queries.registry(request.client.pk) if each.pk == sender_id), None)
    if sender is None:
        raise Http404
    form = ProofForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        return _add_proof(request, sender, form)
    return render(request, "messaging/sender.html", {"sender": sender, "form": form})


@requires("sender.edit")
def _add_proof(request: ClientRequest, sender: Sender, form: ProofForm) -> HttpResponse:
    if form.is_valid():
        data: dict[str, Any] = dict(form.cleaned_data)
        content = data.pop("file").read(proofs.LARGEST + 1)
        try:
            proofs.add_proof(request.client.pk, sender.pk, content=content, actor=request.user.actor, **data)
        except Refused as refused:
            form.add_error(FIELDS.get(refused.code, "file"), problems.sentence(refused))
        else:
            notify.done(request, _("The document is kept."))
            return redirect("messaging:sender", request.client.slug, sender.pk)
    return render(request, "messaging/sender.html", {"sender": sender, "form": form}, status=422)


@require_GET
@requires("sender.view")
def proof(request: ClientRequest, proof_id: UUID) -> HttpResponse:
    """One document, as a file."""
    try:
        return served(*proofs.open_proof(request.client.pk, proof_id, actor=request.user.actor))
    except Refused:
        raise Http404 from None


def served(row: SenderProof, content: bytes) -> HttpResponse:
    """A document as a download: a browser shows none of it inside our pages."""
    name = f"{row.kind}-{row.pk}.{proofs.EXTENSIONS[row.media_type]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=row.media_type, headers=headers)


@require_POST
@requires("sender.edit")
def remove_proof(request: ClientRequest, proof_id: UUID) -> HttpResponse:
    """Throw a document away."""
    try:
        sender_id = proofs.remove_proof(request.client.pk, proof_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The document is removed."))
    return redirect("messaging:sender", request.client.slug, sender_id)


@require_POST
@requires("sender.edit")
def withdraw(request: ClientRequest, sender_id: UUID) -> HttpResponse:
    """Take a name away."""
    try:
        services.withdraw_sender(request.client.pk, sender_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The sender is withdrawn."))
    return redirect("messaging:senders", request.client.slug)
