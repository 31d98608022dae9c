"""What the operator's staff do across clients; each use is an entry in an audit chain."""

from typing import Any
from uuid import UUID

from sofy.clients import queries, services
from sofy.clients.models import Client, Invitation, State
from sofy.dunning.services import access
from sofy.kit import audit
from sofy.kit.models import AuditEntry
from sofy.kit.rls import staff_scope


def list_clients(*, user: Any, search: str) -> list[queries.ClientLine]:
    """Every client; that the list was read is in the platform's chain."""
    lines = queries.all_clients(search)
    with staff_scope():
        audit.append(audit.PLATFORM, "staff.read", user.actor, {"query": "clients", "rows": len(lines)}, using="staff")
    return lines


def platform_journal(*, before: int | None, limit: int) -> list[AuditEntry]:
    """The chain of what staff did across clients, newest first."""
    with staff_scope():
        rows = AuditEntry.objects.using("staff").filter(client_id=audit.PLATFORM)
        if before is not None:
            rows = rows.filter(seq__lt=before)
        return list(rows.order_by("-seq")[:limit])


def verify_platform_journal() -> audit.Verdict:
    """Recompute the chain of what staff did across clients."""
    with staff_scope():
        return audit.verify(audit.PLATFORM, using="staff")


def open_client(*, user: Any, name: str, timezone: str, owner_email: str) -> tuple[Client, Invitation, str]:
    """Make a client and invite its first owner; answers the token of the invitation's link."""
    client = services.create_client(name=name, timezone=timezone, actor=user.actor)
    invitation, token = services.invite_member(client, email=owner_email, role="owner", actor=user.actor)
    return client, invitation, token


def change_state(client_id: UUID, *, user: Any, state: State, reason: str, cause: str = "") -> bool:
    """Suspend a client or let it send again; whether it may send now.

    Raises: Refused (suspension_cause, lifted_by_collection, second_person_needed, not_suspended).
    """
    if state == State.SUSPENDED:
        access.suspend(client_id, cause=cause, reason=reason, actor=user.actor)
        return False
    return access.lift(client_id, reason=reason, actor=user.actor)
