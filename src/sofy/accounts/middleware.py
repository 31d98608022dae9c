"""What happens around each request of somebody who is logged in."""

from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from sofy.accounts import services
from sofy.kernel import clock
from sofy.kernel.clauses import clause

#: How often a session notes that it is alive.
SEEN_EVERY_S = 300

#: What somebody without a second factor still reaches: setting one up, logging out, choosing a language.
OPEN = (
    "accounts:secure",
    "account_login",
    "account_logout",
    "account_reauthenticate",
    "account_reset_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "ui:preferences",
    "healthz",
)


class SecondFactor:
    """Leads owners and staff without a second factor to the page that sets one up; everything else stays closed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    @clause("DPA 7")
    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Asked again at each request: a role can change while somebody is logged in. Source: DPA 7."""
        user: Any = request.user
        if not user.is_authenticated or request.resolver_match is None or request.resolver_match.view_name in OPEN:
            return None
        return redirect("accounts:secure") if services.must_set_up_second_factor(user) else None


class Private:
    """Keeps pages of somebody who is logged in out of every cache: after the log-out, "Back" on a shared computer of a
    shop shows the log-in page and no contact.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        logged_in = request.user.is_authenticated
        response = self.get_response(request)
        if logged_in:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class SeenSessions:
    """Notes when a session was last seen, every few minutes: a write in each reading of a page would cost its fsync."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        now = int(clock.now().timestamp())
        if request.user.is_authenticated and abs(now - request.session.get("seen", 0)) >= SEEN_EVERY_S:
            request.session["seen"] = now
            UserSession.objects.create_from_request(request)
        return self.get_response(request)
