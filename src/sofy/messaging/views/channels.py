"""The channels of a client: what each takes out of the European Union, switched off or on, and the order of auto."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from sofy.clients import queries as client_queries
from sofy.clients.access import ClientRequest, requires
from sofy.clients.models import Client
from sofy.kernel.errors import Refused
from sofy.messaging.access import staff_only
from sofy.messaging.channel_forms import ChannelsForm
from sofy.messaging.services import channels
from sofy.ui import notify, problems


@requires("settings.view")
def of_client(request: ClientRequest) -> HttpResponse:
    """What the client does without; who may not change it reads it."""
    return _page(request, request.client, may_edit=request.client.can("settings.edit"), staff=False)


@staff_only
def for_staff(request: HttpRequest, slug: str) -> HttpResponse:
    """The same of one client, for the operator’s staff."""
    found = client_queries.find_client(slug)
    if found is None:
        raise Http404
    return _page(request, found, may_edit=True, staff=True)


def staff_panel(request: HttpRequest) -> dict[str, Any] | None:
    """The way there from the page of a client, with what is switched off."""
    match = request.resolver_match
    found = client_queries.find_client(match.kwargs["slug"]) if match is not None else None
    return None if found is None else {"slug": found.slug, "off": sorted(channels.chosen(found.pk).off)}


def _page(request: Any, client: Client, *, may_edit: bool, staff: bool) -> HttpResponse:
    held = channels.chosen(client.pk)
    asked = request.POST if may_edit and request.method == "POST" else None
    form = ChannelsForm(asked, held=held)
    if asked is not None and form.is_valid():
        try:
            channels.choose(client.pk, actor=request.user.actor, off=form.off(), ladder=form.ladder())
        except Refused as refused:
            form.add_error(None, problems.sentence(refused))
        else:
            notify.done(request, _("The channels are saved, and the engine knows."))
            return redirect(_address(client, staff=staff))
    if not may_edit:
        _read_only(form)
    context = {"client": client, "form": form, "may_edit": may_edit, "staff": staff, "held": held}
    return render(request, "messaging/channels.html", context, status=422 if form.errors else 200)


def _address(client: Client, *, staff: bool) -> str:
    return reverse("messaging:channels-staff" if staff else "messaging:channels", args=[client.slug])


def _read_only(form: forms.Form) -> None:
    for field in form.fields.values():
        field.disabled = True
