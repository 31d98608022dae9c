"""Log-ins, sessions and factors are dated by the clock of the house, as everything beside them on a page is.

Django and allauth take the system's clock, which a demo does not move.
"""

from collections.abc import Collection
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models.signals import pre_save

from sofy.accounts.models import User
from sofy.kernel import clock


def install() -> None:
    """Date what the frameworks write."""
    for sender, receiver in ((User, _log_in), (UserSession, _session), (Authenticator, _factor)):
        pre_save.connect(receiver, sender=sender, dispatch_uid=f"sofy.accounts.times.{sender.__name__}")


def _log_in(instance: User, update_fields: Collection[str] | None, **_: Any) -> None:
    if update_fields and "last_login" in update_fields:
        instance.last_login = clock.now()


def _session(instance: UserSession, **_: Any) -> None:
    instance.last_seen_at = clock.now()
    if instance._state.adding:
        instance.created_at = instance.last_seen_at


def _factor(instance: Authenticator, update_fields: Collection[str] | None, **_: Any) -> None:
    if update_fields and "last_used_at" in update_fields:
        instance.last_used_at = clock.now()
    if instance._state.adding:
        instance.created_at = clock.now()
