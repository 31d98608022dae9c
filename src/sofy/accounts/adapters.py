"""Where django-allauth asks the house: who may sign up, what a log-in leaves behind, how secrets are kept."""

import time
from base64 import b64decode, b64encode
from typing import Any, ClassVar

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from sofy.accounts import sealing, services
from sofy.clients import queries
from sofy.kernel.clauses import clause

TOTP_PLACE = "mfa_authenticator/data"

#: What allauth would write a mail about -> the action and the facts of the audit entry.
NOTED: dict[str, tuple[str, dict[str, str]]] = {
    "account/email/password_changed": ("account.password_changed", {}),
    "account/email/password_set": ("account.password_changed", {}),
    "account/email/password_reset": ("account.password_reset", {}),
    "mfa/email/totp_activated": ("account.factor_added", {"factor": "totp"}),
    "mfa/email/totp_deactivated": ("account.factor_removed", {"factor": "totp"}),
    "mfa/email/webauthn_added": ("account.factor_added", {"factor": "webauthn"}),
    "mfa/email/webauthn_removed": ("account.factor_removed", {"factor": "webauthn"}),
    "mfa/email/recovery_codes_generated": ("account.factor_added", {"factor": "recovery_codes"}),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up: an owner invites, staff create."""

    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("This e-mail address and this password do not go together."),
        "too_many_login_attempts": _("Too many failed attempts. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed, always."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """The product's name first."""
        return f"Sofy – {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language the person chose, or else in that of the page that asks for the mail."""
        language = getattr(context.get("user"), "language", "") or translation.get_language()
        with translation.override(language):
            super().send_mail(template_prefix, email, context)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A log-in of the last minutes is proof enough: whoever is led to a second factor is not asked twice."""
        records = get_authentication_records(context.request, context.request.user)
        recent = bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not recent and bool(super().is_reauthentication_required(app=app, **kwargs))

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Runs once the last factor is given."""
        services.record_login(user)
        return super().post_login(request, user, **kwargs)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **kwargs: Any) -> Any:
        """What changes how somebody gets in is in the chains: with the change, or right after a factor is kept."""
        if template_prefix in NOTED:
            action, facts = NOTED[template_prefix]
            services.record(user, action, facts)
        return super().send_notification_mail(template_prefix, user, *args, **kwargs)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals secrets at rest, and keeps the last factor of those who must have one."""

    def encrypt(self, text: str) -> str:
        """Secrets of authenticators are unreadable in a dump."""
        return b64encode(sealing.seal_text(text, TOTP_PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The reverse."""
        return sealing.open_text(b64decode(encrypted_text), TOTP_PLACE)

    @clause("DPA 7")
    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Owners and staff replace their last factor, they never go without."""
        if not queries.needs_second_factor(authenticator.user):
            return True
        others = services.factors(authenticator.user).exclude(pk=authenticator.pk)
        return bool(others.exists())
