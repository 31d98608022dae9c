"""Reads of this room, as typed rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from sofy.clients import rules
from sofy.clients.models import Client, Establishment, Invitation, Membership, State
from sofy.kit.models import AuditEntry
from sofy.kit.rls import client_scope, staff_scope, user_scope


@dataclass(frozen=True)
class MyClient:
    """A client somebody works for."""

    slug: str
    name: str
    state: str
    role: str


def clients_of(user: Any) -> list[MyClient]:
    """The clients a person belongs to, by name."""
    with user_scope(user.pk):
        roles = dict(Membership.objects.filter(user_id=user.pk).values_list("client_id", "role"))
        rows = list(Client.objects.filter(pk__in=roles).order_by("name"))
    return [MyClient(row.slug, row.name, row.state, roles[row.pk]) for row in rows]


def needs_second_factor(user: Any) -> bool:
    """Whether some role of this person is closed without a second factor."""
    if user.is_operator:
        return True
    with user_scope(user.pk):
        return Membership.objects.filter(user_id=user.pk, role__in=rules.SECOND_FACTOR_ROLES).exists()


def establishments(client_id: UUID) -> QuerySet[Establishment]:
    """The establishments of a client, by name."""
    return Establishment.objects.filter(client_id=client_id)


def visible_establishments(client: Client) -> QuerySet[Establishment]:
    """Those the person of this request works with."""
    rows = establishments(client.pk)
    return rows if client.viewer_establishments is None else rows.filter(pk__in=client.viewer_establishments)


def members(client_id: UUID) -> list[Membership]:
    """The team, owners first."""
    rows = (
        Membership.objects.filter(client_id=client_id).select_related("user").prefetch_related("places__establishment")
    )
    order = {role: place for place, role in enumerate(rules.ROLES)}
    return sorted(rows, key=lambda row: (order.get(row.role, 9), row.user.email))


def open_invitations(client_id: UUID) -> list[Invitation]:
    """Places nobody has taken yet."""
    rows = Invitation.objects.filter(client_id=client_id, accepted_at=None, withdrawn_at=None).order_by("-created_at")
    return [row for row in rows if row.is_open]


def journal(client_id: UUID, *, before: int | None = None, kind: str = "", limit: int = 50) -> list[AuditEntry]:
    """Entries of the audit chain, newest first; `kind` is the part of the action before its dot."""
    rows = AuditEntry.objects.filter(client_id=client_id)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    if kind:
        rows = rows.filter(action__startswith=f"{kind}.")
    return list(rows.order_by("-seq")[:limit])


def suspension(client: Client) -> AuditEntry | None:
    """The entry that says since when and why a client is suspended; None while it is not."""
    if client.state != State.SUSPENDED:
        return None
    with client_scope(client.pk):
        return AuditEntry.objects.filter(client_id=client.pk, action="client.suspended").order_by("-seq").first()


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The present names of the people among the actors of a journal."""
    wanted = {actor.removeprefix("user:") for actor in actors if actor.startswith("user:")}
    users = get_user_model().objects.filter(pk__in=wanted)
    return {f"user:{user.pk}": _named(user) for user in users}


def _named(user: Any) -> str:
    name = user.full_name or (_("Somebody who left") if user.left_at and not user.is_active else user.email)
    return _("%(name)s (Sofy)") % {"name": name} if user.is_operator else name


@dataclass(frozen=True)
class ClientLine:
    """A client as the operator's staff see it in their list."""

    id: UUID
    slug: str
    name: str
    state: str
    establishments: int
    members: int
    created_at: Any


def all_clients(search: str = "") -> list[ClientLine]:
    """Every client, for staff; on the staff login."""
    with staff_scope():
        rows = Client.objects.using("staff").order_by("name")
        if search:
            rows = rows.filter(name__icontains=search)
        shops = _counts(Establishment)
        people = _counts(Membership)
        return [
            ClientLine(c.pk, c.slug, c.name, c.state, shops.get(c.pk, 0), people.get(c.pk, 0), c.created_at)
            for c in rows
        ]


def _counts(model: type[Establishment] | type[Membership]) -> dict[UUID, int]:
    rows = model.objects.using("staff").order_by().values("client_id").annotate(n=Count("id"))
    return {row["client_id"]: row["n"] for row in rows}


def find_client(slug: str) -> Client | None:
    """A client by its address, for staff and the command line; on the staff login."""
    with staff_scope():
        client = Client.objects.using("staff").filter(slug=slug).first()
    if client is not None:
        client._state.db = "default"  # later writes belong to the client's own scope
    return client
