"""Who a set of segments comes to, and at which number each person can be written to: what a campaign is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from sofy.audience.segments import context, preview, tree, whatsapp
from sofy.audience.segments.compile import BASE, Compiler
from sofy.audience.segments.whatsapp import MOBILE, PLACE

Purpose = Literal["marketing", "alert"]
#: What a consent is given for: one for SMS holds for RCS.
Channel = Literal["sms", "whatsapp", "email"]
KINDS: dict[Channel, str] = {"sms": "phone", "whatsapp": "phone", "email": "email"}
STATES = ("reachable", "no_consent", "opposed", "suppressed", "invalid")
#: The reach of a contact, as kept on the contact itself (audience.models.Reach), in the words of STATES.
REACHABLE = 3
FROM_COLUMN = {0: "invalid", 1: "invalid", 2: "no_consent", 3: "reachable", 4: "opposed"}

_USABLE: dict[Channel, str] = {"sms": MOBILE, "whatsapp": MOBILE, "email": "i.valid"}


@dataclass(frozen=True)
class Statement:
    """SQL in psycopg's named style with its parameters."""

    sql: str
    params: dict[str, Any]


def members_sql(
    client_id: UUID,
    segments: Sequence[UUID],
    exclusions: Sequence[UUID] = (),
    *,
    purpose: Purpose = "marketing",
    channel: Channel = "sms",
    numbers: str = "",
    seen_by: frozenset[UUID] | None = None,
) -> Statement:
    """A SELECT with one row per contact who is in any of `segments` and in none of `exclusions`, by contact id.

    Columns: contact_id uuid, identity_id uuid | null, recipient_index bytea | null (the engine's), sealed_number
    bytea | null (open with `keys.unseal("audience_identity", "value", identity_id, ...)`), zone text | null,
    language text, establishment_id uuid | null, state text, one of STATES. The identity is the first mobile in the
    contact's own order that may be written to, or the first e-mail address with `channel`; when none may, the one that
    came nearest, with the reason. No segment: nobody. `numbers`: a SELECT of indexes; only contacts who have one.
    `seen_by`: the establishments of somebody who sees no others (`Client.viewer_establishments`).
    Use it as a subselect: `INSERT ... SELECT ... FROM ({sql}) AS member`. Runs as sofy_web within the client's scope.
    Raises: Refused, as `Compiler.expression`.
    """
    compiler, where = _members(client_id, segments, exclusions, seen_by)
    kind, place = KINDS[channel], PLACE.format(usable=_USABLE[channel])
    if numbers:
        owners = f"SELECT contact_id FROM audience_identity WHERE client_id = %(client)s AND kind = '{kind}'"  # noqa: S608
        where += f" AND c.id IN ({owners} AND deleted_at IS NULL AND index IN ({numbers}))"
    # A person with two mobiles is written to at the first one that may be used; without any, the nearest miss is told.
    consent_purpose = compiler.param(purpose)
    sql = f"""
SELECT DISTINCT ON (m.id)
       m.id AS contact_id, i.id AS identity_id, i.index AS recipient_index, i.value AS sealed_number,
       m.zone, m.language, m.establishment_id, (%(states)s::text[])[{place}] AS state
  FROM (SELECT c.id, c.zone, c.language, c.establishment_id FROM audience_contact c WHERE {where}) m
  LEFT JOIN audience_identity i ON i.client_id = %(client)s AND i.contact_id = m.id AND i.kind = '{kind}'
       AND i.deleted_at IS NULL
  LEFT JOIN audience_consent_state s ON s.client_id = %(client)s AND s.identity_index = i.index
       AND s.channel = '{channel}' AND s.purpose = {consent_purpose}
  LEFT JOIN audience_suppression u ON u.client_id = %(client)s AND u.channel = '{channel}'
       AND u.identity_index = i.index
  LEFT JOIN audience_stopped p ON p.client_id = %(client)s AND p.identity_index = i.index
 ORDER BY m.id, {place}, i.position, i.id"""  # noqa: S608  fragments of this room; values are parameters
    return Statement(sql, compiler.params | {"states": list(STATES)})


def reach_counts(
    client_id: UUID,
    segments: Sequence[UUID],
    exclusions: Sequence[UUID] = (),
    *,
    channels: Sequence[Channel] = ("sms",),
    seen_by: frozenset[UUID] | None = None,
) -> dict[str, int]:
    """How many contacts each state of STATES has for marketing, without choosing their addresses: a fast count.

    With several channels each contact counts where it comes nearest. `seen_by` as for `members_sql`.
    Raises: Refused, as `Compiler.expression`.
    """
    compiler, where = _members(client_id, segments, exclusions, seen_by)
    columns = ", ".join(_reached(channel) for channel in channels)
    groups = ", ".join(str(number + 1) for number in range(2 * len(channels)))
    told = f"LEFT JOIN ({whatsapp.STANDING}) w ON w.contact_id = c.id" if "whatsapp" in channels else ""
    sql = f"SELECT {columns}, count(*) FROM audience_contact c {told} WHERE {where} GROUP BY {groups}"  # noqa: S608
    found = dict.fromkeys(STATES, 0)
    with connection.cursor() as cursor:
        cursor.execute(sql, compiler.params)
        for *states, number in cursor.fetchall():
            each = ["suppressed" if off else FROM_COLUMN[at] for at, off in zip(states[::2], states[1::2], strict=True)]
            found[min(each, key=STATES.index)] += number
    return found


def reachable(channel: Channel) -> str:
    """The condition on `audience_contact c` that somebody can be written to on a channel."""
    if channel != "whatsapp":
        return f"c.{channel} = {REACHABLE}"
    return whatsapp.stands(1)


def _reached(channel: Channel) -> str:
    """How a contact stands on a channel, and whether it is a list that says no."""
    if channel == "whatsapp":
        return f"{whatsapp.REACH}, coalesce(w.place = 4, false)"
    return f"""c.{channel}, c.{channel} = 4 AND EXISTS (
         SELECT FROM audience_identity i
           LEFT JOIN audience_suppression u ON u.client_id = %(client)s AND u.channel = '{channel}'
                AND u.identity_index = i.index
           LEFT JOIN audience_stopped p ON p.client_id = %(client)s AND p.identity_index = i.index
          WHERE i.client_id = %(client)s AND i.contact_id = c.id AND i.kind = '{KINDS[channel]}'
            AND i.deleted_at IS NULL AND (u.client_id IS NOT NULL OR p.client_id IS NOT NULL))"""


def contacts_where(
    client_id: UUID,
    segments: Sequence[UUID],
    exclusions: Sequence[UUID] = (),
    *,
    seen_by: frozenset[UUID] | None = None,
) -> Statement:
    """The condition on `audience_contact c` that keeps the people of `members_sql`, for questions that open nobody.

    Raises: Refused, as `Compiler.expression`.
    """
    compiler, where = _members(client_id, segments, exclusions, seen_by)
    return Statement(where, compiler.params)


def _members(
    client_id: UUID, segments: Sequence[UUID], exclusions: Sequence[UUID], seen_by: frozenset[UUID] | None
) -> tuple[Compiler, str]:
    chosen = tree.Some(of=tuple(tree.InSegment(segment=each) for each in segments))
    included = preview.within(chosen, seen_by)
    excluded = tree.Without(of=tuple(tree.InSegment(segment=each) for each in exclusions))
    compiler = Compiler(context.load(client_id, included, excluded))
    return compiler, f"{BASE} AND {compiler.expression(included)} AND {compiler.expression(excluded)}"
