"""What is known of an audience without opening its people: a fair sample, who lacks a field, who was written to lately.

Each question is one pass over the contacts in the database, whatever their number; reads the tables of `audience` and
the ledger only.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from sofy.audience.models import Attribute
from sofy.audience.segments.reach import Statement, contacts_where, reachable
from sofy.soreach.models import Campaign
from sofy.soreach.people import ALIASES, ATTRIBUTE_COLUMNS, CONTACT_ATTRIBUTE, CONTACT_FIELDS

#: Ids are made in the order of time: their hash is not, so that the first ones by it are spread over the audience.
_SPREAD = "uuid_hash_extended(c.id, 0)"
#: What was accepted for somebody counts, here and for limits per person, unless it came to nothing.
COUNTS = "status NOT IN ('withheld', 'cancelled', 'failed', 'expired')"
_BLANKS = frozenset({"title", "town", "postcode"})  # empty rather than null


def spread(campaign: Campaign, *, limit: int, lacking: str = "") -> list[UUID]:
    """Some people who can be written to, the same ones each time; `lacking`: of those without that field.

    Raises: Refused, as contacts_where.
    """
    who = _who(campaign)
    lack = f"AND {_lack(lacking, who.params, _kinds(campaign, [lacking]))}" if lacking else ""
    sql = f"SELECT c.id FROM audience_contact c WHERE {who.sql} {lack} ORDER BY {_SPREAD} LIMIT %(limit)s"  # noqa: S608
    return [row[0] for row in _rows(sql, who.params | {"limit": limit})]


def lacking(campaign: Campaign, fields: Collection[str]) -> dict[str, int]:
    """Field -> people who can be written to and have no value for it.

    Raises: Refused, as contacts_where.
    """
    if not fields:
        return {}
    names = sorted(fields)
    who = _who(campaign)
    kinds = _kinds(campaign, names)
    counted = ", ".join(f"count(*) FILTER (WHERE {_lack(name, who.params, kinds)})" for name in names)
    (row,) = _rows(f"SELECT {counted} FROM audience_contact c WHERE {who.sql}", who.params)  # noqa: S608
    return dict(zip(names, row, strict=True))


def written_to(campaign: Campaign, since: datetime) -> dict[UUID, int]:
    """Other campaign -> people of this audience who got a message of it since then, or are going to.

    Raises: Refused, as contacts_where.
    """
    others = Campaign.objects.filter(client_id=campaign.client_id, launched_at__isnull=False).exclude(id=campaign.id)
    recent = list(others.exclude(expanded_at__lt=since).values_list("id", flat=True))
    if not recent or not campaign.segment_ids:
        return {}
    who = _who(campaign)
    sql = f"""
SELECT s.campaign_id, count(*) FROM audience_contact c
  JOIN engine_state s ON s.client_id = %(client)s AND s.campaign_id = ANY(%(recent)s) AND s.contact_id = c.id
 WHERE {who.sql} AND s.accepted_at >= %(since)s
   AND s.{COUNTS} GROUP BY 1"""  # noqa: S608
    return dict(_rows(sql, who.params | {"recent": recent, "since": since}))


def _who(campaign: Campaign) -> Statement:
    """Those who can be written to, of the people whom whoever looks may see."""
    segments, excluded = campaign.segment_ids, campaign.excluded_segment_ids
    found = contacts_where(campaign.client_id, segments, excluded, seen_by=campaign.seen_by)
    may = " OR ".join(reachable(channel) for channel in campaign.consents)
    return Statement(f"{found.sql} AND ({may})", found.params)


def _kinds(campaign: Campaign, names: Sequence[str]) -> dict[str, str]:
    own = Attribute.objects.filter(client_id=campaign.client_id, name__in=names)
    return dict(own.values_list("name", "kind"))


def _lack(name: str, params: dict[str, Any], kinds: dict[str, str]) -> str:
    """The condition that a contact has no value for one field; adds what it asks for to `params`."""
    known = CONTACT_FIELDS.get(ALIASES.get(name, name))
    if known is not None:
        return f"c.{known.column} = ''" if known.column in _BLANKS else f"c.{known.column} IS NULL"
    params[f"lack_{name}"] = name
    column = ATTRIBUTE_COLUMNS.get(kinds.get(name, ""), "text")
    filled = "a.text <> ''" if column == "text" else f"a.{column} IS NOT NULL"
    return (
        f"NOT EXISTS (SELECT FROM {CONTACT_ATTRIBUTE} a WHERE a.client_id = %(client)s AND a.contact_id = c.id"
        f" AND a.name = %(lack_{name})s AND {filled})"
    )


def _rows(sql: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
