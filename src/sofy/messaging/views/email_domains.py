"""Domains that a client writes e-mails from."""

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sofy.clients.access import ClientRequest, requires
from sofy.kernel.errors import Refused
from sofy.messaging.forms import EmailDomainForm
from sofy.messaging.models import EmailDomain
from sofy.messaging.services import email_domains as services
from sofy.ui import notify, problems


@require_http_methods(["GET", "POST"])
@requires("sender.view")
def overview(request: ClientRequest) -> HttpResponseBase:
    """Every domain, what to put into its DNS, and what is there."""
    form = EmailDomainForm(request.POST or None)
    if request.method == "POST":
        return _add(request, form)
    return _page(request, form)


@requires("sender.edit")
def _add(request: ClientRequest, form: EmailDomainForm) -> HttpResponse:
    if form.is_valid():
        try:
            made = services.add(request.client.pk, domain=form.cleaned_data["domain"], actor=request.user.actor)
        except Refused as refused:
            form.add_error("domain", problems.sentence(refused))
        else:
            notify.done(request, _("%(domain)s is added: put these records into its DNS.") % {"domain": made.domain})
            return redirect("messaging:email-domains", request.client.slug)
    return _page(request, form)


def _page(request: ClientRequest, form: EmailDomainForm) -> HttpResponse:
    known = services.routes()
    rows = [(row, services.shown(row, known)) for row in EmailDomain.objects.filter(client_id=request.client.pk)]
    context = {"rows": rows, "routes": known, "form": form}
    return render(request, "messaging/email_domains.html", context, status=422 if form.errors else 200)


@require_POST
@requires("sender.edit")
def check(request: ClientRequest, domain_id: UUID) -> HttpResponse:
    """Ask DNS now."""
    try:
        found = services.check(request.client.pk, domain_id)
    except Refused:
        raise Http404 from None
    if any(each.state == "unknown" for each in found):
        notify.warn(request, _("DNS does not answer at the moment. Try again in a few minutes."))
    elif all(each.state == "ok" for each in found):
        notify.done(request, _("Everything is in place."))
    else:
        notify.warn(request, _("Something is not in place yet. DNS may take hours to tell of a change."))
    return redirect("messaging:email-domains", request.client.slug)


@require_POST
@requires("sender.edit")
def remove(request: ClientRequest, domain_id: UUID) -> HttpResponse:
    """Forget a domain."""
    try:
        services.remove(request.client.pk, domain_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The domain is removed."))
    return redirect("messaging:email-domains", request.client.slug)
