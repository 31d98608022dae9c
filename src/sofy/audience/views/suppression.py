"""The page of the suppression list."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from sofy.audience import queries
from sofy.audience.forms import OptOutFileForm, SuppressionForm
from sofy.audience.models import Suppression
from sofy.audience.services import optouts, suppression, unreachable
from sofy.audience.views.reading import read_id
from sofy.audience.wording import say
from sofy.clients.access import ClientRequest, requires
from sofy.kernel import bounces
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.ui import notify


@require_http_methods(["GET", "POST"])
@requires("contact.view")
def suppression_list(request: ClientRequest) -> HttpResponse:
    """How many addresses are on the list and why; whether one is on it, by POST: they are kept as a keyed hash."""
    context = _context(request)
    if typed := request.POST.get("who", "").strip():
        context |= {"who": typed, "found": _listed(request, typed)}
    return render(request, "audience/suppressions.html", context)


def _context(
    request: ClientRequest, *, form: SuppressionForm | None = None, file_form: OptOutFileForm | None = None
) -> dict[str, Any]:
    groups = queries.suppression_counts(request.client.pk)
    return {
        "groups": groups,
        "total": sum(number for _channel, _reason, number in groups),
        "form": form or SuppressionForm(),
        "file_form": file_form or OptOutFileForm(),
        "came_back": bounces.REASONS,
        "may_edit": request.client.can("contact.edit"),
        "may_import": request.client.can("contact.import"),
    }


def _listed(request: ClientRequest, typed: str) -> Suppression | bool | None:
    """The row of an address; None when it is not on the list, False when it is no address."""
    found = queries.canonical(typed)
    if found is None:
        return False
    index = keys_for(request.client.pk).index(*found)
    return Suppression.objects.filter(client_id=request.client.pk, identity_index=index).first()


@require_POST
@requires("contact.edit")
def suppression_add(request: ClientRequest) -> HttpResponse:
    """Put addresses on the list; one wrong line keeps all of them out, so that nothing is half done."""
    form = SuppressionForm(request.POST)
    if form.is_valid():
        try:
            added = _added(request, form)
        except Refused as refused:
            form.add_error("addresses", say(refused))
        else:
            text = ngettext("%(n)s address added.", "%(n)s addresses added.", added) % {"n": added}
            notify.done(request, text if added else _("These addresses were on the list already."))
            return redirect("audience:suppressions", request.client.slug)
    return render(request, "audience/suppressions.html", _context(request, form=form), status=422)


@require_POST
@requires("contact.import")
def suppression_file(request: ClientRequest) -> HttpResponse:
    """Put all addresses of a file on the list; what it did, row by row where it matters, is on the page of the file."""
    form = OptOutFileForm(request.POST, request.FILES)
    if form.is_valid():
        data = dict(form.cleaned_data)
        file = data.pop("file")
        try:
            row = optouts.start(
                client_id=request.client.pk, content=file.file, file_name=file.name, actor=request.user.actor, **data
            )
        except Refused as refused:
            form.add_error("password" if "password" in refused.code else "file", say(refused))
        else:
            notify.done(request, _("The file was read: here is what it did."))
            return redirect("audience:import", request.client.slug, row.id)
    return render(request, "audience/suppressions.html", _context(request, file_form=form), status=422)


@require_POST
@requires("contact.edit")
def suppression_put_back(request: ClientRequest) -> HttpResponse:
    """Write again to an address whose messages came back; what a person said is not touched."""
    found = queries.canonical(request.POST.get("who", "").strip())
    back = found and unreachable.put_back(
        client_id=request.client.pk, kind=found[0], address=found[1], actor=request.user.actor
    )
    if back:
        notify.done(request, _("Messages go to this address again. If they come back, it returns to the list."))
    else:
        notify.warn(request, _("This address was not on the list for messages that came back."))
    contact = read_id(request.POST.get("contact", ""))
    if contact:
        return redirect("audience:contact", request.client.slug, contact)
    return redirect("audience:suppressions", request.client.slug)


def _added(request: ClientRequest, form: SuppressionForm) -> int:
    lines = form.cleaned_data["addresses"]
    return suppression.add(
        client_id=request.client.pk,
        phones=[line for line in lines if "@" not in line],
        emails=[line for line in lines if "@" in line],
        reason=form.cleaned_data["reason"],
        source=form.cleaned_data["source"],
        actor=request.user.actor,
    )
