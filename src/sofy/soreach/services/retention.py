"""What is kept about people for a time, and then goes: as `personal_data.py` declares it."""

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from sofy.audience.models import Contact
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit.rls import client_scope
from sofy.soreach.models import Campaign, CampaignExclusion, Click, OpenImage, ShortLink, Unsubscribe
from sofy.soreach.services import exports

#: After the end of a campaign.
LINKS_KEPT = timedelta(days=365)
CLICKS_KEPT = EXCLUSIONS_KEPT = UNSUBSCRIBES_KEPT = timedelta(days=3 * 365)

_OF_NOBODY = """
DELETE FROM {table} t WHERE t.client_id = %(client)s AND t.contact_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM {contacts} c WHERE c.client_id = t.client_id AND c.id = t.contact_id)
"""
_TABLES = (Click, CampaignExclusion, ShortLink, OpenImage, Unsubscribe)

_KEPT = (
    (ShortLink, LINKS_KEPT),
    (OpenImage, LINKS_KEPT),
    (Click, CLICKS_KEPT),
    (CampaignExclusion, EXCLUSIONS_KEPT),
    (Unsubscribe, UNSUBSCRIBES_KEPT),
)


def expire_all() -> int:
    """Do it for every client; answers how many rows went."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT soreach_clients()")
        clients = [row[0] for row in cursor.fetchall()]
    return sum(expire(client_id) for client_id in clients)


@clause("DPA 12")
def expire(client_id: UUID) -> int:
    """Remove what is past its time, and what is about people who were erased; answers how many rows went.

    The campaigns and their counts stay: they name nobody.
    """
    with client_scope(client_id):
        exports.discard_old(client_id)
    gone = 0
    for model, kept in _KEPT:
        if ended := _ended(client_id, kept):
            with client_scope(client_id):
                gone += model.objects.filter(client_id=client_id, campaign_id__in=ended).delete()[0]
    with client_scope(client_id), connection.cursor() as cursor:
        for model in _TABLES:
            tables = {"table": model._meta.db_table, "contacts": Contact._meta.db_table}
            cursor.execute(_OF_NOBODY.format(**tables), {"client": client_id})
            gone += cursor.rowcount
    return gone


def _ended(client_id: UUID, kept: timedelta) -> list[UUID]:
    """Campaigns that ended so long ago; one that never ended is as old as its launch."""
    before = clock.now() - kept
    with client_scope(client_id):
        rows = Campaign.objects.filter(client_id=client_id, launched_at__lt=before)
        return list(rows.filter(Q(finished_at__lt=before) | Q(finished_at=None)).values_list("id", flat=True))
