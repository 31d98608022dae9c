"""What time does to campaigns: the scheduled begin, the running end, the late are dropped, the old are settled."""

from functools import partial
from uuid import UUID

import structlog
from django.db import connection

from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope
from sofy.kit.ties import again
from sofy.soreach.models import Campaign
from sofy.soreach.services import lifecycle

_log = structlog.get_logger("sofy.soreach")
SETTLED_AT_ONCE = 20
_WATCHED = (Campaign.Status.SCHEDULED, Campaign.Status.EXPANDING, Campaign.Status.RUNNING)


def tick() -> int:
    """Look once at every client that has something scheduled or live; answers how many campaigns were looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT soreach_clients_with_work(%s)", [clock.now()])
        clients = [row[0] for row in cursor.fetchall()]
    return sum(tick_client(client_id) for client_id in clients)


def tick_client(client_id: UUID) -> int:
    """Look at the campaigns of one client; one that fails does not hold up the others."""
    with client_scope(client_id):
        client = Client.objects.filter(pk=client_id).first()
        watched = list(Campaign.objects.filter(client_id=client_id, status__in=_WATCHED).order_by("created_at"))
    if client is None:
        return 0
    for campaign in watched:
        try:
            again(partial(_look, client, campaign))
        except Refused as refused:
            _log.warning("campaign_tick_refused", campaign=str(campaign.id), code=refused.code)
    return len(watched) + _settle(client_id)


def _settle(client_id: UUID) -> int:
    """Each in its own transaction: counting a large ledger takes a moment."""
    with client_scope(client_id):
        ended = list(lifecycle.unsettled(client_id)[:SETTLED_AT_ONCE])
    for campaign in ended:
        with client_scope(client_id):
            lifecycle.settle(campaign)
    return len(ended)


def _look(client: Client, campaign: Campaign) -> None:
    with client_scope(client.pk):
        lifecycle.start_if_due(client, campaign)
        lifecycle.drop_late(campaign)
        lifecycle.finish_if_done(campaign)
