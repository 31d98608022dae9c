"""Somebody opens a short link."""

from datetime import timedelta
from uuid import UUID

from django.db import connection

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import rules
from sofy.soreach.models import Click
from sofy.soreach.rules import Visit


def follow(code: str, *, method: str, agent: str, language: str, purpose: str) -> str | None:
    """Record a visit and answer where the link leads; None when there is no such link."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM soreach_resolve_link(%s)", [code])
        row = cursor.fetchone()
    if row is None:
        return None
    client_id, campaign_id, link_id, contact_id, variant, target = row
    if contact_id is not None:
        with client_scope(client_id):
            visit = _visit(client_id, campaign_id, contact_id, method, agent, language, purpose)
            _record(visit, client_id, campaign_id, link_id, contact_id, variant)
    return str(target)


def _visit(
    client_id: UUID, campaign_id: UUID, contact_id: UUID, method: str, agent: str, language: str, purpose: str
) -> tuple[Visit, UUID | None]:
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, submitted_at FROM engine_state WHERE client_id = %s AND"
            " campaign_id = %s AND contact_id = %s ORDER BY rung DESC LIMIT 1",
            [client_id, campaign_id, contact_id],
        )
        message_id, sent_at = cursor.fetchone() or (None, None)
    recent = Click.objects.filter(
        client_id=client_id, campaign_id=campaign_id, contact_id=contact_id, at__gte=now - timedelta(seconds=5)
    ).count()
    since = (now - sent_at).total_seconds() if sent_at else None
    return Visit(method, agent[:300], language, purpose, since, recent), message_id


def _record(
    visited: tuple[Visit, UUID | None],
    client_id: UUID,
    campaign_id: UUID,
    link_id: UUID,
    contact_id: UUID,
    variant: str,
) -> None:
    """Write the visit; a person's click also joins what happened to the message, for segments on behaviour."""
    visit, message_id = visited
    score = rules.machine_score(visit)
    human = rules.is_human(score)
    now = clock.now()
    Click.objects.create(
        client_id=client_id,
        campaign_id=campaign_id,
        link_id=link_id,
        contact_id=contact_id,
        message_id=message_id,
        variant=variant,
        at=now,
        score=score,
        human=human,
    )
    if human:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)"
                " VALUES (%s, %s, %s, %s, 'clicked', %s)",
                [client_id, message_id, contact_id, campaign_id, now],
            )
