"""The fraud desk of the operator's staff, and what a client sees of it."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sofy.clients import services as clients
from sofy.clients.access import requires
from sofy.clients.models import Client, State
from sofy.clients.queries import all_clients
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.messaging.access import staff_only
from sofy.messaging.services import fraud, fraud_blocks
from sofy.ui import notify, problems


class SafeForm(forms.Form):
    """Numbers that are never judged."""

    digits = forms.CharField(
        label=gettext_lazy("First digits"), max_length=20, help_text=gettext_lazy("As +33 6 12; for every client.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("The digits are kept so that nobody reads them again: say whose they are."),
    )


class CloseForm(forms.Form):
    """A range of one client that is closed by hand."""

    prefix = "close"
    client = forms.ChoiceField(label=gettext_lazy("Client"))
    digits = forms.CharField(
        label=gettext_lazy("First digits"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("+33 7 00 00, eight digits at most. Empty: every number of this client."),
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("Type of message"),
        required=False,
        choices=[
            ("alert", gettext_lazy("Alerts")),
            ("marketing", gettext_lazy("Marketing")),
            ("", gettext_lazy("Marketing and alerts")),
        ],
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, help_text=gettext_lazy("The client reads it: name nobody.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(line.id, line.name) for line in all_clients()]
        self.fields["client"].choices = [("", "–"), *known]  # type: ignore[attr-defined]


@staff_only
@clause("CGVU 15")
def desk(request: HttpRequest) -> HttpResponse:
    """Everything suspected, the open first, and alerts that wait for review."""
    return _desk(request, SafeForm(), CloseForm())


def _desk(request: HttpRequest, form: SafeForm, closing: CloseForm) -> HttpResponse:
    rows, texts, safe = fraud.suspicions(), fraud.texts(), fraud.safe_ranges()
    context = {
        "rows": rows,
        "texts": texts,
        "safe": safe,
        "names": _names(
            {row.client_id for row in rows} | {row.client_id for row in texts} | {row.client_id for row in safe}
        ),
        "enforced": fraud.enforced(),
        "form": form,
        "closing": closing,
        "may_judge_fiction": settings.SOFY.fictional_numbers,
        "judges_fiction": fraud_blocks.judges_fiction(),
    }
    return render(request, "messaging/fraud.html", context, status=422 if form.errors or closing.errors else 200)


def _names(ids: set[UUID]) -> dict[UUID, str]:
    with staff_scope():
        return dict(Client.objects.using("staff").filter(pk__in=ids).values_list("pk", "name"))


@staff_only
@require_http_methods(["GET", "POST"])
@clause("CGVU 15")
def one(request: Any, client_id: UUID, suspicion_id: UUID) -> HttpResponse:
    """One suspicion with its evidence; its sample numbers are opened by a button of their own."""
    try:
        row = fraud.find(client_id, suspicion_id)
        numbers: list[str] = []
        decision = request.POST.get("decision", "")
        if decision == "samples":
            numbers = fraud.open_samples(row, actor=request.user.actor)
        elif request.method == "POST":
            fraud.decide(row, decision=decision, actor=request.user.actor)
            notify.done(request, _("Done: what waited follows."))
            return redirect("messaging:suspicion", client_id, suspicion_id)
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        notify.refuse(request, problems.sentence(refused))
        return redirect("messaging:fraud")
    context = {"row": row, "numbers": numbers, "client_name": _names({client_id}).get(client_id, "")}
    return render(request, "messaging/suspicion.html", context)


@staff_only
@require_http_methods(["GET", "POST"])
@clause("CGVU 14.2")
def text(request: Any, client_id: UUID, key: str) -> HttpResponse:
    """One text of the alert lane; release, or refuse."""
    try:
        if request.method == "POST":
            release = request.POST.get("decision") == "release"
            fraud.decide_text(client_id, key, release=release, actor=request.user.actor)
            notify.done(request, _("The text goes as an alert.") if release else _("The text is withheld."))
            return redirect("messaging:fraud")
        row = fraud.open_text(client_id, key, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    context = {"row": row, "client_name": _names({client_id}).get(client_id, "")}
    return render(request, "messaging/alert_text.html", context)


@staff_only
@require_POST
def switch(request: Any) -> HttpResponse:
    """Carry verdicts out, or only show them."""
    enforce = request.POST.get("enforce") == "on"
    fraud.set_enforced(enforce=enforce, actor=request.user.actor)
    notify.done(
        request, _("Verdicts are carried out.") if enforce else _("Verdicts are shown only: nothing is stopped.")
    )
    return redirect("messaging:fraud")


@staff_only
@require_POST
def safe(request: Any) -> HttpResponse:
    """Add numbers that are never judged."""
    form = SafeForm(request.POST)
    if form.is_valid():
        try:
            fraud.add_safe(None, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error("digits", problems.sentence(refused))
        else:
            notify.done(request, _("These numbers are never judged."))
            return redirect("messaging:fraud")
    return _desk(request, form, CloseForm())


@staff_only
@require_POST
def judge_again(request: Any, client_id: UUID, key: str) -> HttpResponse:
    """Take a range off the safe list."""
    try:
        fraud.remove_safe(client_id, key, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("These numbers are judged again."))
    return redirect("messaging:fraud")


@staff_only
@require_POST
def close(request: Any) -> HttpResponse:
    """Close a range of numbers of a client by hand, for twelve hours."""
    form = CloseForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            fraud_blocks.close(
                UUID(given["client"]), purpose=given["purpose"], prefix=given["digits"], reason=given["reason"],
                actor=request.user.actor,
            )  # fmt: skip
        except Refused as refused:
            form.add_error("digits" if refused.code == "block_prefix" else "reason", problems.sentence(refused))
        else:
            notify.done(request, _("Closed for twelve hours; the client is told."))
            return redirect("messaging:fraud")
    return _desk(request, SafeForm(), form)


@staff_only
@require_POST
def fiction(request: Any) -> HttpResponse:
    """For training and demos: judge numbers that nobody has."""
    if not settings.SOFY.fictional_numbers:
        raise Http404
    judged = request.POST.get("judge") == "on"
    fraud_blocks.set_fiction(judged=judged, actor=request.user.actor)
    notify.done(
        request,
        _("Numbers that nobody has are judged too.") if judged else _("Numbers that nobody has are left alone."),
    )
    return redirect("messaging:fraud")


@staff_only
@require_POST
@clause("CGVU 11")
def suspend(request: Any, client_id: UUID) -> HttpResponse:
    """Suspend a client at once, without notice (7.2, 11): its subscription is invoiced all the same, without credit."""
    if client_id not in _names({client_id}):
        raise Http404
    clients.set_state(client_id, State.SUSPENDED, actor=request.user.actor, reason="CGVU 7.2", cause="fraud")
    notify.done(request, _("The client is suspended at once."))
    return redirect("messaging:fraud")


@requires("message.view")
@clause("CGVU 15")
def protection(request: Any) -> HttpResponse:
    """What was held or stopped for a client, and why."""
    client_id = request.client.pk
    context = {"rows": fraud.of_client(client_id), "texts": fraud.texts_of(client_id)}
    return render(request, "messaging/protection.html", context)
