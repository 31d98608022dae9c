"""What changes clients, establishments and teams. Each change is an audit entry in the same transaction."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from django.contrib.auth import get_user_model
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from sofy.clients import opening, queries, rules, support
from sofy.clients.models import Client, Establishment, Invitation, Membership, MembershipEstablishment, State
from sofy.engine import permissions as gate
from sofy.kernel import clock, ids
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.hours import HoursPolicy
from sofy.kernel.text import one_line
from sofy.kit import audit, outbox
from sofy.kit.below import engine_connection
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope

INVITATION_DAYS = 7
INVITATION_SALT = "sofy.clients.invitation"
SYSTEM = "system"


def resolve_client(user: Any, slug: str) -> Client | None:
    """The client of an address for one person, with what that person is to it; None when they are nothing to it.

    Runs before a client is chosen: row-level security shows only the person's own memberships and clients.
    """
    client = Client.objects.filter(slug=slug).first()
    if client is None:
        return None
    membership = Membership.objects.filter(client_id=client.pk, user_id=user.pk).first()
    if membership is None:
        return support.as_visitor(client, user)
    client.viewer_role = membership.role
    if rules.limited_to_establishments(membership.role):
        with client_scope(client.pk):
            places = MembershipEstablishment.objects.filter(client_id=client.pk, membership=membership)
            client.viewer_establishments = frozenset(places.values_list("establishment_id", flat=True))
    return client


def can(user: Any, client: Client, permission: str) -> bool:
    """Whether a person holds a permission at a client; inside the client's scope or the person's own."""
    role = Membership.objects.filter(client_id=client.pk, user_id=user.pk).values_list("role", flat=True).first()
    return rules.can(role, permission)


def create_client(
    *, name: str, slug: str = "", timezone: str = "Europe/Paris", actor: str = SYSTEM, client_id: UUID | None = None
) -> Client:
    """Make a client with its keys, its line at the gate and the first link of its audit chain.

    Raises: Refused (client_name_missing, slug_invalid, timezone_unknown, slug_taken).
    """
    if not name.strip():
        raise Refused("client_name_missing")
    if slug and not rules.is_slug(slug):
        raise Refused("slug_invalid", slug=slug)
    _check_timezone(timezone)
    client = Client(id=client_id or ids.uuid7(), name=one_line(name), timezone=timezone)
    client.slug = slug or _free_slug(client)
    # The keys come first: a transaction that fails leaves keys of nobody, never a client without keys.
    keystore().create(client.pk)
    with client_scope(client.pk):
        try:
            with transaction.atomic():
                client.save(force_insert=True)
        except IntegrityError:
            raise Refused("slug_taken", 409, slug=client.slug) from None
        _tell_gate(client)
        audit.append(client.pk, "client.created", actor, {"slug": client.slug})
    return client


def _free_slug(client: Client) -> str:
    """A readable address with a random end: the names of other clients cannot be looked up to avoid them."""
    return f"{slugify(client.name)[:48] or 'client'}-{ids.base58(4).lower()}"


def _check_timezone(name: str) -> None:
    if name not in clock.zones():
        raise Refused("timezone_unknown", name=name)


def _tell_gate(client: Client) -> None:
    """The gate reads its own tables only: it learns of a change in the transaction of the change."""
    state: Literal["active", "suspended"] = "suspended" if client.state == State.SUSPENDED else "active"
    gate.write_client(engine_connection(), client.pk, state=state, hours=client.hours, budget_eur=client.budget_eur)


@clause("CGVU 14.1")
def hours_policy(client: Client) -> HoursPolicy:
    """The hours in which this client's marketing may leave: those of the contract, or narrower.

    Source: CGVU 14.1; a wider policy cannot be built.
    """
    return msgspec.convert(client.hours, HoursPolicy) if client.hours else HoursPolicy()


def update_settings(
    client: Client,
    *,
    actor: str,
    name: str,
    timezone: str,
    approval_required: bool,
    cap_messages: int | None,
    cap_days: int,
    budget_eur: Decimal | None,
    hours: HoursPolicy,
) -> Client:
    """Change what a client decides for itself; the gate knows it from the same commit.

    Raises: Refused (timezone_unknown, budget_negative).
    """
    _check_timezone(timezone)
    if budget_eur is not None and budget_eur < 0:
        raise Refused("budget_negative")
    after = {
        "name": one_line(name),
        "timezone": timezone,
        "approval_required": approval_required,
        "cap_messages": cap_messages,
        "cap_days": cap_days,
        "budget_eur": budget_eur,
        "hours": None if hours == HoursPolicy() else msgspec.to_builtins(hours),
    }
    with client_scope(client.pk):
        row = Client.objects.select_for_update(no_key=True, of=("self",)).get(pk=client.pk)
        changed = sorted(field for field, value in after.items() if getattr(row, field) != value)
        if not changed:
            return row
        for field, value in after.items():
            setattr(row, field, value)
        row.save(update_fields=changed)
        _tell_gate(row)
        audit.append(client.pk, "settings.changed", actor, {"fields": changed})
    return row


@clause("CGVU 11", "CGVU 7.2")
def set_state(client_id: UUID, state: State, *, actor: str, reason: str = "", cause: str = "") -> Client:
    """Suspend a client or let it send again; nothing that was withheld meanwhile is released later.

    `cause`: one of `Cause`, which its invoices depend on; another one takes the place of the one before. Higher rooms
    hear of it by the event `client.access`, which names the entry of the chain.
    """
    with client_scope(client_id):
        row = Client.objects.select_for_update(no_key=True, of=("self",)).get(pk=client_id)
        suspended = state == State.SUSPENDED
        if row.state != state or (suspended and cause and row.suspension_cause != cause):
            ended = row.suspension_cause
            row.state, row.suspension_cause = state, cause if suspended else ""
            row.suspended_at = clock.now() if suspended else None
            row.save(update_fields=["state", "suspension_cause", "suspended_at"])
            _tell_gate(row)
            named = cause if suspended else ended
            facts = {"reason": reason, "cause": named} if named else {"reason": reason}
            entry = audit.append(client_id, f"client.{state.value}", actor, facts)
            outbox.publish("client.access", client_id, entry=entry.seq)
    return row


def save_establishment(client: Client, *, actor: str, establishment: Establishment) -> Establishment:
    """Keep a new or changed establishment.

    Raises: Refused (timezone_unknown, establishment_code_taken, or what a higher room has against it).
    """
    _check_timezone(establishment.timezone)
    establishment.client_id, establishment.name = client.pk, one_line(establishment.name)
    with client_scope(client.pk):
        new = establishment._state.adding
        try:
            with transaction.atomic():
                establishment.save()
                gate.write_establishment(engine_connection(), client.pk, establishment.pk, code=establishment.code)
        except IntegrityError:
            raise Refused("establishment_code_taken", 409, shop_code=establishment.code) from None
        action = "establishment.created" if new else "establishment.changed"
        audit.append(client.pk, action, actor, {"establishment": str(establishment.pk)})
        if new:
            opening.tell(client.pk, establishment.pk, actor)
    return establishment


def create_establishment(client: Client, *, name: str, actor: str = SYSTEM, **fields: Any) -> Establishment:
    """Add a point of sale; `fields` are those of the model (code, street, postcode, town, insee, latitude...)."""
    return save_establishment(
        client, actor=actor, establishment=Establishment(client_id=client.pk, name=name, **fields)
    )


def add_member(
    client: Client, *, user: Any, role: str, actor: str = SYSTEM, establishments: Iterable[UUID] = ()
) -> Membership:
    """Give a person a role at a client; a second run gives the same membership.

    Raises: Refused (role_unknown, establishments_missing, establishment_unknown).
    """
    _check_role(role, establishments := list(establishments))
    with client_scope(client.pk):
        membership, new = Membership.objects.get_or_create(
            client_id=client.pk, user_id=user.pk, defaults={"role": role}
        )
        if new:
            _set_places(membership, establishments)
            facts = {"member": str(membership.pk), "user": str(user.pk), "role": role}
            audit.append(client.pk, "member.added", actor, facts)
    return membership


def change_role(
    client: Client, *, membership_id: UUID, role: str, actor: str, establishments: Iterable[UUID] = ()
) -> Membership:
    """Change what a member may do.

    Raises: Refused (role_unknown, last_owner, establishments_missing, establishment_unknown); Membership.DoesNotExist.
    """
    _check_role(role, establishments := list(establishments))
    with client_scope(client.pk):
        membership, owners = _locked(client, membership_id)
        before = membership.role
        if role != before and not rules.may_lose_role(before, owners):
            raise Refused("last_owner", 409)
        membership.role = role
        membership.save(update_fields=["role"])
        _set_places(membership, establishments)
        facts = {"member": str(membership.pk), "from": before, "to": role, "establishments": len(establishments)}
        audit.append(client.pk, "member.role_changed", actor, facts)
    return membership


def remove_member(client: Client, *, membership_id: UUID, actor: str) -> None:
    """Take a person out of the team.

    Raises: Refused (last_owner); Membership.DoesNotExist.
    """
    with client_scope(client.pk):
        membership, owners = _locked(client, membership_id)
        if not rules.may_lose_role(membership.role, owners):
            raise Refused("last_owner", 409)
        facts = {"member": str(membership.pk), "user": str(membership.user_id), "role": membership.role}
        membership.delete()
        audit.append(client.pk, "member.removed", actor, facts)


def _locked(client: Client, membership_id: UUID) -> tuple[Membership, int]:
    """A membership and the number of owners, with every owner's row locked: two owners cannot both leave at once."""
    rows = Membership.objects.filter(client_id=client.pk).select_for_update(no_key=True, of=("self",))
    owners = len(list(rows.filter(role=rules.OWNER).order_by("id")))
    return rows.get(pk=membership_id), owners


def _check_role(role: str, establishments: Sequence[UUID]) -> None:
    if role not in rules.ROLES:
        raise Refused("role_unknown", role=role)
    if rules.limited_to_establishments(role) and not establishments:
        raise Refused("establishments_missing")


def _set_places(membership: Membership, establishments: Sequence[UUID]) -> None:
    known = set(queries.establishments(membership.client_id).filter(pk__in=establishments).values_list("pk", flat=True))
    if known != set(establishments):
        raise Refused("establishment_unknown", 404)
    MembershipEstablishment.objects.filter(client_id=membership.client_id, membership=membership).delete()
    if rules.limited_to_establishments(membership.role):
        MembershipEstablishment.objects.bulk_create(
            MembershipEstablishment(client_id=membership.client_id, membership=membership, establishment_id=place)
            for place in establishments
        )


def invite_member(
    client: Client, *, email: str, role: str, actor: str, establishments: Iterable[UUID] = ()
) -> tuple[Invitation, str]:
    """Keep a place for somebody and answer it with the token of its link, which goes by e-mail only.

    Raises: Refused (role_unknown, establishments_missing, already_member).
    """
    _check_role(role, establishments := list(establishments))
    email = email.strip().lower()
    with client_scope(client.pk):
        if Membership.objects.filter(client_id=client.pk, user__email=email).exists():
            raise Refused("already_member", 409)
        invitation = Invitation(
            client_id=client.pk,
            email=email,
            role=role,
            establishment_ids=[str(place) for place in establishments],
            expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
        )
        invitation.save(force_insert=True)
        audit.append(client.pk, "member.invited", actor, {"invitation": str(invitation.pk), "role": role})
    return invitation, signing.dumps([str(client.pk), str(invitation.pk)], salt=INVITATION_SALT)


def withdraw_invitation(client: Client, *, invitation_id: UUID, actor: str) -> None:
    """Close a place nobody has taken yet. Raises: Invitation.DoesNotExist."""
    with client_scope(client.pk):
        rows = Invitation.objects.filter(client_id=client.pk, accepted_at=None)
        invitation = rows.select_for_update(no_key=True, of=("self",)).get(pk=invitation_id)
        invitation.withdrawn_at = clock.now()
        invitation.save(update_fields=["withdrawn_at"])
        audit.append(client.pk, "invitation.withdrawn", actor, {"invitation": str(invitation.pk)})


def find_invitation(token: str) -> tuple[Client, Invitation]:
    """The open invitation behind a link.

    Raises: Refused (invitation_invalid): forged, used, withdrawn or too old, without saying which.
    """
    try:
        client_id, invitation_id = (UUID(part) for part in signing.loads(token, salt=INVITATION_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        raise Refused("invitation_invalid", 404) from None
    with client_scope(client_id):
        invitation = Invitation.objects.filter(client_id=client_id, pk=invitation_id).first()
        client = Client.objects.filter(pk=client_id).first()
        if client is None or invitation is None or not invitation.is_open:
            raise Refused("invitation_invalid", 404)
    return client, invitation


def accept_invitation(token: str, *, user: Any) -> Membership:
    """Take the place an invitation kept; only the person it was written to can.

    Raises: Refused (invitation_invalid, invitation_for_other).
    """
    client, invitation = find_invitation(token)
    if user.email != invitation.email:
        raise Refused("invitation_for_other", 403)
    with client_scope(client.pk):
        locked = Invitation.objects.select_for_update(no_key=True, of=("self",)).get(pk=invitation.pk)
        if not locked.is_open:
            raise Refused("invitation_invalid", 404)
        locked.accepted_at = clock.now()
        locked.save(update_fields=["accepted_at"])
        places = queries.establishments(client.pk).filter(pk__in=invitation.establishment_ids)
        places_left = list(places.values_list("pk", flat=True))
        return add_member(client, user=user, role=invitation.role, actor=f"user:{user.pk}", establishments=places_left)


def user_exists(email: str) -> bool:
    """Whether somebody can log in with this address already."""
    return get_user_model().objects.filter(email=email.strip().lower()).exists()
