"""Visits of the operator's staff to a client's workspace: for a reason, for an hour at most, to read, and on record.

The pages of a visit run as those of the client's own people do, on the web login inside the scope of that one client.
What opens the door is a row that only the staff login can write, together with its entry in the client's chain.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sofy.clients import rules
from sofy.clients.models import Client, SupportVisit
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit
from sofy.kit.rls import staff_scope

MINUTES = (15, 30, 60)
SHORTEST_REASON = 10


def as_visitor(client: Client, user: Any) -> Client | None:
    """The client with what somebody on a visit may do there, or None when they are on none. Asked at each request."""
    if not user.is_operator:
        return None
    visits = SupportVisit.objects.filter(client_id=client.pk, user_id=user.pk, ended_at=None)
    visit = visits.filter(expires_at__gt=clock.now()).order_by("-started_at").first()
    if visit is None:
        return None
    client.viewer_role = rules.SUPPORT
    client.support_visit = visit
    return client


@clause("DPA 2", "DPA 7")
def enter(client_id: UUID, *, user: Any, reason: str, minutes: int) -> SupportVisit:
    """Let somebody of the staff in; the client reads in its journal who came and why.

    Raises: Refused (staff_only, support_reason, support_minutes).
    """
    reason = reason.strip()
    if not user.is_operator:
        raise Refused("staff_only", 403)
    if len(reason) < SHORTEST_REASON:
        raise Refused("support_reason")
    if minutes not in MINUTES:
        raise Refused("support_minutes")
    with staff_scope():
        _end(client_id, user_id=user.pk)
        now = clock.now()
        visit = SupportVisit(
            client_id=client_id,
            user_id=user.pk,
            reason=reason,
            started_at=now,
            expires_at=now + timedelta(minutes=minutes),
        )
        visit.save(using="staff", force_insert=True)
        facts = {"visit": str(visit.pk), "reason": reason, "minutes": minutes}
        audit.append(client_id, "support.entered", user.actor, facts, using="staff")
    return visit


def leave(client_id: UUID, *, user: Any) -> None:
    """End somebody's visit; without one nothing happens."""
    with staff_scope():
        _end(client_id, user_id=user.pk)


def end_expired() -> int:
    """Note the end of visits whose time is over; answers how many. They opened nothing since."""
    with staff_scope():
        overdue = SupportVisit.objects.using("staff").filter(ended_at=None, expires_at__lte=clock.now())
        return sum(_end(client_id, user_id=user) for client_id, user in overdue.values_list("client_id", "user_id"))


def _end(client_id: UUID, *, user_id: UUID) -> int:
    rows = SupportVisit.objects.using("staff").filter(client_id=client_id, user_id=user_id, ended_at=None)
    visits = list(rows.select_for_update(no_key=True, of=("self",)))
    for visit in visits:
        visit.ended_at = min(clock.now(), visit.expires_at)
        visit.save(using="staff", update_fields=["ended_at"])
        facts = {"visit": str(visit.pk), "expired": visit.ended_at == visit.expires_at}
        audit.append(client_id, "support.left", f"user:{user_id}", facts, using="staff")
    return len(visits)


def going_on(client_id: UUID) -> list[SupportVisit]:
    """Who of the staff is in the workspace now; inside the client's scope."""
    rows = SupportVisit.objects.filter(client_id=client_id, ended_at=None, expires_at__gt=clock.now())
    return list(rows.select_related("user").order_by("started_at"))
