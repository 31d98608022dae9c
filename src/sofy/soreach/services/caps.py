"""How often one person may be written to: the client's own limit, and a stricter one of a campaign."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from sofy.audience.segments.reach import Statement
from sofy.clients.models import Client
from sofy.kernel import clock
from sofy.soreach import rules
from sofy.soreach.models import Campaign
from sofy.soreach.rules import Cap
from sofy.soreach.sampling import COUNTS

_COUNTED = f"client_id = %(client)s AND {COUNTS}"


def of_client(client: Client) -> Cap:
    """The limit that every campaign of a client is under."""
    return Cap(client.cap_messages or 0, client.cap_days)


def of_campaign(campaign: Campaign) -> list[Cap]:
    """The limits a campaign is under today. The client's counts whatever the campaign says."""
    client = Client.objects.get(pk=campaign.client_id)
    return rules.caps_in_force(of_client(client), Cap(campaign.cap_messages, campaign.cap_days))


def capped_numbers(campaign: Campaign) -> Statement | None:
    """A SELECT of the numbers, by their index, that have had their share; None when there is no limit.

    Only campaigns that were still being written in the days that count are looked into.
    """
    caps = of_campaign(campaign)
    if not caps:
        return None
    having, params = _having(caps)
    sql = f"""
SELECT recipient_index FROM engine_state
 WHERE {_COUNTED} AND accepted_at >= %(cap_since)s AND campaign_id IN (
       SELECT id FROM soreach_campaign WHERE client_id = %(client)s AND id <> %(cap_campaign)s
          AND launched_at IS NOT NULL AND (expanded_at IS NULL OR expanded_at >= %(cap_since)s))
 GROUP BY 1 HAVING {having}"""  # noqa: S608  fragments of this file; values are parameters
    return Statement(sql, params | {"client": campaign.client_id, "cap_campaign": campaign.id})


def capped_among(campaign: Campaign, caps: Sequence[Cap], indexes: Sequence[bytes]) -> frozenset[bytes]:
    """Those of some numbers that have had their share, over all campaigns of the client but this one."""
    if not caps or not indexes:
        return frozenset()
    having, params = _having(caps)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_index FROM engine_state WHERE {_COUNTED} AND accepted_at >= %(cap_since)s"  # noqa: S608
            " AND recipient_index = ANY(%(indexes)s) AND campaign_id IS NOT NULL AND campaign_id <> %(cap_campaign)s"
            f" GROUP BY 1 HAVING {having}",
            params | {"client": campaign.client_id, "cap_campaign": campaign.id, "indexes": list(indexes)},
        )
        return frozenset(bytes(row[0]) for row in cursor.fetchall())


def _having(caps: Sequence[Cap]) -> tuple[str, dict[str, Any]]:
    """Any of the limits reached; `cap_since` is where the longest of them begins."""
    now = clock.now()
    params: dict[str, Any] = {"cap_since": now - timedelta(days=max(cap.days for cap in caps))}
    reached = []
    for number, cap in enumerate(caps):
        reached.append(f"count(*) FILTER (WHERE accepted_at >= %(cap_since_{number})s) >= %(cap_most_{number})s")
        params |= {f"cap_since_{number}": now - timedelta(days=cap.days), f"cap_most_{number}": cap.messages}
    return " OR ".join(reached), params
