"""One's own account, invitations, and the API keys of a client."""

from typing import Any
from uuid import UUID

from allauth.account.utils import perform_login
from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sofy.accounts import examples, forms, landing, queries, services, words
from sofy.accounts.models import ApiKey
from sofy.clients import queries as client_queries
from sofy.clients import services as client_services
from sofy.clients.access import ClientRequest, requires
from sofy.ui import notify, panels


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """The first page after a log-in: the workspace, when there is only one."""
    mine = client_queries.clients_of(request.user)
    if len(mine) == 1 and not request.user.is_operator:  # type: ignore[union-attr]
        return redirect(landing.first(request.user, mine[0].slug) or reverse("clients:home", args=[mine[0].slug]))
    if not mine and request.user.is_operator:  # type: ignore[union-attr]
        return redirect("backoffice:clients")
    return redirect("accounts:clients")


@login_required
def clients(request: HttpRequest) -> HttpResponse:
    """The clients somebody works for."""
    return render(request, "accounts/clients.html", {"clients": client_queries.clients_of(request.user)})


@login_required
def secure(request: HttpRequest) -> HttpResponse:
    """Why a second factor is needed, and where to begin."""
    user: Any = request.user
    if not services.must_set_up_second_factor(user):
        return redirect("accounts:start")
    return render(request, "accounts/secure.html")


class RemoveKey(RemoveWebAuthnView):  # type: ignore[misc]
    """Take a security key away, unless it is the last factor of somebody who must have one."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Source: DPA 7 (a second factor for owners and staff)."""
        if not get_adapter().can_delete_authenticator(self.object):
            notify.refuse(self.request, _("This key is your only second factor: add another one before it goes."))
            return redirect("mfa_list_webauthn")
        return super().form_valid(form)  # type: ignore[no-any-return]


remove_key = RemoveKey.as_view()


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name and language."""
    user: Any = request.user
    form = forms.ProfileForm(request.POST or None, initial={"full_name": user.full_name, "language": user.language})
    if request.method == "POST" and form.is_valid():
        services.update_profile(user, **form.cleaned_data)
        notify.done(request, _("Your account is saved."))
        return redirect("accounts:profile")
    status = 422 if form.errors else 200
    return render(request, "accounts/profile.html", {"form": form, "section": "profile"}, status=status)


@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is logged in."""
    rows = sorted(UserSession.objects.purge_and_list(request.user), key=lambda row: row.last_seen_at, reverse=True)
    return render(request, "accounts/sessions.html", {"rows": rows, "section": "sessions"})


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Log one session out, or with 0 all but this one."""
    mine = UserSession.objects.filter(user=request.user)
    rows = [row for row in (mine if session_id == 0 else mine.filter(pk=session_id)) if not row.is_current()]
    if not rows and session_id:
        raise Http404
    services.end_sessions(request.user, rows)  # type: ignore[arg-type]
    notify.done(request, _("These sessions are logged out."))
    return redirect("accounts:sessions")


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Take the place an invitation kept: with a new account, or with the one that has this address."""
    client, invited = client_services.find_invitation(token)
    user: Any = request.user
    known = client_services.user_exists(invited.email)
    form = forms.JoinForm(request.POST or None, email=invited.email)
    context = {"client_name": client.name, "invitation": invited, "known": known, "form": form}
    if request.method == "POST" and user.is_authenticated:
        client_services.accept_invitation(token, user=user)
        return redirect("clients:home", client.slug)
    if request.method == "POST" and not known and form.is_valid():
        data = form.cleaned_data
        joined = services.create_user(email=invited.email, full_name=data["full_name"], password=data["password"])
        client_services.accept_invitation(token, user=joined)
        return perform_login(request, joined)  # type: ignore[no-any-return]
    return render(request, "accounts/invitation.html", context, status=422 if form.errors else 200)


@requires("key.view")
def keys(request: ClientRequest) -> HttpResponse:
    """The API keys of a client."""
    return render(request, "accounts/keys.html", {"lines": queries.keys(request.client.pk)})


@requires("key.view")
def developers(request: ClientRequest) -> HttpResponse:
    """How the client's own software sends messages, with programs to copy."""
    sender = queries.first_sender(request.client.pk)
    api_url: str = settings.SOFY.api_url
    text = _("Your order 1234 is ready.")
    shown = examples.sending(api_url, sender=sender or "VotreMarque", text=text)
    programs = [("curl", "example-curl", shown["curl"]), ("Python", "example-python", shown["python"])]
    context = {"api_url": api_url, "sender": sender, "programs": programs, "answer": shown["answer"]}
    context["panels"] = panels.render(request, "client.developers")
    return render(request, "accounts/developers.html", context | {"scopes": words.SCOPES.items()})


@requires("key.edit")
def new_key(request: ClientRequest) -> HttpResponse:
    """Make a key; its text is on the answer of this request and nowhere else."""
    form = forms.ApiKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key, text = services.create_api_key(request.client, user=request.user, **form.cleaned_data)
        return render(request, "accounts/key_made.html", {"key": key, "secret": text})
    return render(request, "accounts/key.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@requires("key.edit")
def revoke_key(request: ClientRequest, key_id: UUID) -> HttpResponse:
    """End a key at once."""
    try:
        services.revoke_api_key(request.client, key_id=key_id, actor=request.user.actor)
    except ApiKey.DoesNotExist:
        raise Http404 from None
    notify.done(request, _("The key is revoked: it will open nothing."))
    return redirect("accounts:keys", request.client.slug)
