"""SMPP accounts: made by staff, shown to the client."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.clients import queries as client_queries
from sofy.clients.access import ClientRequest, requires
from sofy.clients.models import Client
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope
from sofy.messaging.access import staff_only
from sofy.messaging.forms import NewSmppAccountForm, SmppAccountForm
from sofy.messaging.services import smpp_accounts
from sofy.ui import notify, problems

#: Where on the form a refusal is said.
FIELDS = {
    "account_name_missing": "name",
    "account_senders": "senders",
    "max_binds_range": "max_binds",
    "per_s_range": "per_s",
}


@requires("key.view")
def of_client(request: ClientRequest) -> HttpResponse:
    """The accounts of the client’s own software, and which of them are bound now."""
    accounts = smpp_accounts.of_client(request.client.pk)
    return render(request, "messaging/smpp.html", {"accounts": accounts, **_addresses()})


def panel(request: HttpRequest) -> dict[str, Any]:
    """What the page for developers shows of them."""
    client: Client = request.client  # type: ignore[attr-defined]
    return {"accounts": smpp_accounts.of_client(client.pk)}


def staff_panel(request: HttpRequest) -> dict[str, Any] | None:
    """The way there from the page of a client."""
    match = request.resolver_match
    return {"slug": match.kwargs["slug"]} if match is not None else None


@staff_only
def accounts(request: HttpRequest, slug: str) -> HttpResponse:
    """The accounts of one client, for staff."""
    client = _client(slug)
    with staff_scope():
        rows = smpp_accounts.of_client(client.pk, using="staff")
    return render(request, "messaging/smpp_accounts.html", {"client": client, "accounts": rows})


@staff_only
def new(request: Any, slug: str) -> HttpResponse:
    """Make an account; what it logs in with is on the answer of this request and nowhere else."""
    client = _client(slug)
    form = NewSmppAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = smpp_accounts.add(client.pk, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(FIELDS.get(refused.code), problems.sentence(refused))
        else:
            context = {"client": client, "account": made, "system_id": made.system_id, "password": made.password}
            return render(request, "messaging/smpp_made.html", context | _addresses())
    context = {"client": client, "form": form, "new": True}
    return render(request, "messaging/smpp_account.html", context, status=422 if form.errors else 200)


@staff_only
def edit(request: Any, slug: str, account_id: UUID) -> HttpResponse:
    """What an account may do."""
    client = _client(slug)
    account = _account(client, account_id)
    form = SmppAccountForm(request.POST or None, initial=_terms(account))
    if request.method == "POST" and form.is_valid():
        try:
            smpp_accounts.change(client.pk, account_id, **form.cleaned_data, actor=request.user.actor)
        except Refused as refused:
            form.add_error(FIELDS.get(refused.code), problems.sentence(refused))
        else:
            notify.done(request, _("The account is changed, and its binds know."))
            return redirect("messaging:smpp-accounts", slug)
    context = {"client": client, "form": form, "account": account}
    return render(request, "messaging/smpp_account.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only
def disable(request: Any, slug: str, account_id: UUID) -> HttpResponse:
    """End an account at once."""
    client = _client(slug)
    try:
        smpp_accounts.disable(client.pk, account_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    notify.done(request, _("The account is disabled, and its binds are logged out."))
    return redirect("messaging:smpp-accounts", slug)


@require_POST
@staff_only
def password(request: Any, slug: str, account_id: UUID) -> HttpResponse:
    """Give an account another password; it is on the answer of this request and nowhere else."""
    client = _client(slug)
    account = _account(client, account_id)
    try:
        made = smpp_accounts.new_password(client.pk, account_id, actor=request.user.actor)
    except Refused:
        raise Http404 from None
    context = {"client": client, "account": account, "password": made}
    return render(request, "messaging/smpp_made.html", context | _addresses())


def _client(slug: str) -> Client:
    found = client_queries.find_client(slug)
    if found is None:
        raise Http404
    return found


def _account(client: Client, account_id: UUID) -> smpp_accounts.Account:
    try:
        return smpp_accounts.find(client.pk, account_id)
    except Refused:
        raise Http404 from None


def _terms(account: smpp_accounts.Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "networks": "\n".join(account.networks),
        "senders": " ".join(account.senders),
        "max_binds": account.max_binds,
        "per_s": account.per_s,
    }


def _addresses() -> dict[str, Any]:
    """Where a program binds, as this installation is set up."""
    config = settings.SOFY
    tls = config.smpp_cert_file is not None or not config.production
    plain = f"{config.smpp_host}:{config.smpp_port}"
    return {
        "smpp": {
            "host": config.smpp_name or urlsplit(config.api_url).hostname,
            "tls_port": config.smpps_port if tls else None,
            "plain": plain,
        }
    }
