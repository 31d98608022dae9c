"""The page that forgets a person for good."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sofy.audience import comparing, queries
from sofy.audience.services import people
from sofy.clients.access import ClientRequest, requires
from sofy.ui import notify


@require_http_methods(["GET", "POST"])
@requires("contact.erase")
def contact_erase(request: ClientRequest, contact_id: UUID) -> HttpResponse:
    """Say what goes, what stays and why, then do it: nothing brings the person back."""
    contact = queries.contact(request.client, contact_id)
    if contact is None:
        raise Http404
    if request.method == "POST" and request.POST.get("do") == "erase":
        people.erase(client_id=request.client.pk, contact_id=contact.id, actor=request.user.actor)
        notify.done(request, _("The person was erased. Their addresses stay on the suppression list as fingerprints."))
        return redirect("audience:contacts", request.client.slug)
    merges = [each for each in comparing.merges_of(request.client, contact.id) if not each["merge"].undone_at]
    context = {"contact": contact, "addresses": comparing.addresses_of(request.client.pk, contact.id), "merges": merges}
    return render(request, "audience/erase.html", context)
