"""Pages of the operator's staff."""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.backoffice import forms, services
from sofy.backoffice.access import staff_only
from sofy.clients import queries, support, words
from sofy.clients.models import Client, State
from sofy.clients.services import INVITATION_DAYS
from sofy.dunning.words import cause_table
from sofy.kernel import numbers
from sofy.kernel.errors import Refused
from sofy.ui import commands, notify, panels, problems


@staff_only
def clients(request: HttpRequest) -> HttpResponse:
    """Every client of the platform."""
    search = request.GET.get("q", "")[:120]
    rows = services.list_clients(user=request.user, search=search)
    return render(request, "backoffice/clients.html", {"rows": rows, "search": search})


@staff_only
def new_client(request: HttpRequest) -> HttpResponse:
    """Make a client and invite its first owner."""
    form = forms.ClientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        client, invitation, token = services.open_client(user=request.user, **form.cleaned_data)
        link = settings.BASE_URL + reverse("accounts:invitation", args=[token])
        context = {"client": client, "link": link, "days": INVITATION_DAYS}
        body = render_to_string("clients/mail/invitation.txt", context, request=request)
        send_mail(_("%(client)s invites you to Sofy") % {"client": client.name}, body, None, [invitation.email])
        notify.done(request, _("“%(name)s” exists, and its owner is invited.") % {"name": client.name})
        return redirect("backoffice:client", client.slug)
    return render(request, "backoffice/client_new.html", {"form": form}, status=422 if form.errors else 200)


@staff_only
def client(request: HttpRequest, slug: str) -> HttpResponse:
    """One client: its state, and the switch that suspends it."""
    row = _client(slug)
    form = forms.StateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        state = State.ACTIVE if row.state == State.SUSPENDED else State.SUSPENDED
        return _change(request, row, state, form.cleaned_data)
    context = {
        "row": row,
        "form": form,
        "suspension": queries.suspension(row),
        "causes": cause_table(),
        "panels": panels.render(request, "op.client"),
    }
    return render(request, "backoffice/client.html", context, status=422 if form.errors else 200)


def _change(request: Any, row: Client, state: State, given: dict[str, Any]) -> HttpResponse:
    try:
        may_send = services.change_state(row.pk, user=request.user, state=state, **given)
    except Refused as refused:
        notify.refuse(request, problems.sentence(refused))
        return redirect("backoffice:client", row.slug)
    if may_send:
        notify.done(request, _("The client may send again."))
    else:
        notify.done(request, _("The client is suspended."))
    return redirect("backoffice:client", row.slug)


@staff_only
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """Come into a client's workspace as support, for a reason the client reads."""
    row = _client(slug)
    form = forms.VisitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        support.enter(row.pk, user=request.user, **form.cleaned_data)
        return redirect("clients:home", slug)
    return render(request, "backoffice/enter.html", {"row": row, "form": form}, status=422 if form.errors else 200)


@require_POST
@staff_only
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Go out again."""
    support.leave(_client(slug).pk, user=request.user)
    notify.done(request, _("You have left the client’s workspace."))
    return redirect("backoffice:client", slug)


def _client(slug: str) -> Client:
    row = queries.find_client(slug)
    if row is None:
        raise Http404
    return row


@staff_only
def journal(request: HttpRequest) -> HttpResponse:
    """The platform's own chain, newest first."""
    after = request.GET.get("after", "")
    rows = services.platform_journal(before=numbers.whole(after), limit=51)
    lines = words.lines(rows[:50], queries.names_of(row.actor for row in rows))
    context = {"lines": lines, "after": rows[49].seq if len(rows) > 50 else None, "first": not after}
    if "verify" in request.GET:
        context |= words.verified(services.verify_platform_journal())
    return render(request, "backoffice/journal.html", context)


@staff_only
def find(request: HttpRequest) -> HttpResponse:
    """The answer of the operator's command bar. Never a number in an address."""
    text = request.POST.get("q", "")[:200]
    context = {"text": text, "hits": commands.find(request, "op", text)}
    return render(request, "ui/hits.html" if getattr(request, "htmx", False) else "ui/find.html", context)


def in_command_bar(request: HttpRequest, text: str) -> list[commands.Hit]:
    """Clients of this name, for the command bar of staff; never on a page of a client."""
    if getattr(request, "client", None) is not None or not getattr(request.user, "is_operator", False):
        return []
    return [
        commands.Hit(each.name, reverse("backoffice:client", args=[each.slug]), "building-store", each.slug)
        for each in services.list_clients(user=request.user, search=text)[: commands.LIMIT]
    ]
