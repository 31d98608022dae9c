"""What changes users, their factors and sessions, and API keys."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from sofy.accounts import rules
from sofy.accounts.models import ApiKey, User
from sofy.clients import queries as client_queries
from sofy.clients.models import Client, Membership
from sofy.engine import permissions as gate
from sofy.kernel import api_keys, clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.kit.rls import client_scope, staff_scope, user_scope

#: Requests of one key that a process may answer in ten seconds.
PER_10S = (1, 100_000)


def create_user(
    *, email: str, full_name: str = "", password: str | None = None, language: str = "", is_operator: bool = False
) -> User:
    """Make somebody who can log in; somebody who exists is answered as they are.

    Without a password the account is opened by the link of a password reset or of an invitation.
    Raises: Refused (email_invalid, password_weak).
    """
    email = email.strip().lower()
    known = User.objects.filter(email=email).first()
    if known is not None:
        return known
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("email_invalid") from None
    user = User(email=email, language=language, is_operator=is_operator)
    user.full_name = full_name
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Refused("password_weak", problem=" ".join(error.messages)) from None
    with transaction.atomic():
        user.set_password(password)
        user.save(force_insert=True)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def factors(user: User) -> "QuerySet[Any]":
    """The second factors of a person; recovery codes alone are none."""
    return Authenticator.objects.filter(user_id=user.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)  # type: ignore[no-any-return]


def ensure_totp(user: User) -> None:
    """Give somebody an authenticator secret and recovery codes unless they have them: for demo and training accounts.

    Raises: Refused (demo_only) in production, where people set up their own.
    """
    _refuse_in_production()
    if not factors(user).filter(type=Authenticator.Type.TOTP).exists():
        totp.TOTP.activate(user, totp.generate_totp_secret())
        RecoveryCodes.activate(user)


def current_totp_code(email: str) -> str:
    """The present code of a demo account, in place of the telephone nobody has.

    Raises: Refused (demo_only, user_unknown, no_totp).
    """
    _refuse_in_production()
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise Refused("user_unknown", 404)
    authenticator = factors(user).filter(type=Authenticator.Type.TOTP).first()
    if authenticator is None:
        raise Refused("no_totp", 404)
    # Authenticator apps run on the real clock, whatever the demo's says.
    counter = int(time.time()) // 30
    return str(totp.format_hotp_value(totp.hotp_value(decrypt(authenticator.data["secret"]), counter)))


def _refuse_in_production() -> None:
    if settings.PRODUCTION:
        raise Refused("demo_only", 403)


def record_login(user: User) -> None:
    """A log-in is an entry in the chain of each client the person works for; staff have it in the platform's."""
    record(user, "login.succeeded")


@clause("DPA 7")
def record(user: User, action: str, facts: Mapping[str, Any] | None = None) -> None:
    """Write what somebody did to their own account where it matters: at each client they work for, or the platform."""
    with user_scope(user.pk):
        client_ids = list(Membership.objects.filter(user_id=user.pk).values_list("client_id", flat=True))
    for client_id in sorted(client_ids):
        with client_scope(client_id):
            audit.append(client_id, action, user.actor, facts)
    if user.is_operator:
        with staff_scope():
            audit.append(audit.PLATFORM, action, user.actor, facts, using="staff")


def end_sessions(user: User, rows: Sequence[UserSession]) -> None:
    """Log sessions of a person out, at once."""
    for row in rows:
        row.end()
    if rows:
        record(user, "account.sessions_ended", {"count": len(rows)})


def update_profile(user: User, *, full_name: str, language: str) -> None:
    """Keep a person's name and language."""
    user.full_name = full_name
    user.language = language
    user.save(update_fields=["sealed_name", "language"])


def must_set_up_second_factor(user: User) -> bool:
    """Whether a person may reach nothing before having a second factor. Source: DPA 7."""
    return not factors(user).exists() and client_queries.needs_second_factor(user)


def create_api_key(
    client: Client,
    *,
    name: str,
    scopes: list[str],
    networks: Sequence[str] = (),
    per_10s: int | None = None,
    user: User | None = None,
    actor: str = "system",
) -> tuple[ApiKey, str]:
    """Make a key and answer it with its text, which is never shown again.

    `networks`: the addresses and CIDR blocks it may be used from, IPv4 or IPv6; none: from anywhere.
    Unit: requests in ten seconds for `per_10s`; None: the product's own limit.
    Raises: Refused (key_name_missing, scopes_missing, scope_unknown, network_unreadable, per_10s_range).
    """
    if not name.strip():
        raise Refused("key_name_missing")
    if not scopes:
        raise Refused("scopes_missing")
    if unknown := rules.unknown_scopes(scopes):
        raise Refused("scope_unknown", scope=unknown[0])
    least, most = PER_10S
    if per_10s is not None and not least <= per_10s <= most:
        raise Refused("per_10s_range", least=least, most=most)
    limits = {"networks": rules.read_networks(networks), "per_10s": per_10s}
    text, made = api_keys.make(client.pk)
    with client_scope(client.pk):
        key = ApiKey(client_id=client.pk, name=name.strip(), scopes=sorted(set(scopes)), created_by=user, **limits)
        key.prefix, key.digest = made.secret[:6], made.digest
        key.save(force_insert=True)
        gate.write_api_key(
            engine_connection(),
            client.pk,
            key.pk,
            digest=key.digest,
            scopes=key.scopes,
            networks=key.networks,
            per_10s=per_10s,
        )
        facts = {"key": str(key.pk), "scopes": key.scopes} | {name: value for name, value in limits.items() if value}
        audit.append(client.pk, "api_key.created", user.actor if user else actor, facts)
    return key, text


def revoke_api_key(client: Client, *, key_id: UUID, actor: str) -> None:
    """End a key at once. Raises: ApiKey.DoesNotExist."""
    with client_scope(client.pk):
        key = ApiKey.objects.select_for_update(no_key=True, of=("self",)).get(client_id=client.pk, pk=key_id)
        if key.revoked_at is None:
            key.revoked_at = clock.now()
            key.save(update_fields=["revoked_at"])
            gate.end_api_key(engine_connection(), client.pk, key.pk)
            audit.append(client.pk, "api_key.revoked", actor, {"key": str(key.pk)})
