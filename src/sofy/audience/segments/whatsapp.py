"""Where contacts stand by WhatsApp: agreed to apart and by few, so that no column of the contact is kept for it."""

from typing import Final
from uuid import UUID

from django.db import connection

#: Which phone numbers SMS and WhatsApp reach.
MOBILE: Final = "i.valid AND i.mobile"
#: The place in reach.STATES of one address of a contact: the lower, the nearer to being written to.
PLACE: Final = """CASE WHEN i.id IS NULL OR NOT ({usable}) THEN 5
                WHEN u.identity_index IS NOT NULL OR p.identity_index IS NOT NULL THEN 4
                WHEN s.state = 'granted' THEN 1
                WHEN s.state IN ('withdrawn', 'opposed') THEN 3
                ELSE 2 END"""
_ADDRESSES: Final = f"""min({PLACE.format(usable=MOBILE)}) AS place
  FROM audience_identity i
  LEFT JOIN audience_consent_state s ON s.client_id = %(client)s AND s.identity_index = i.index
       AND s.channel = 'whatsapp' AND s.purpose = 'marketing'
  LEFT JOIN audience_suppression u ON u.client_id = %(client)s AND u.channel = 'whatsapp'
       AND u.identity_index = i.index
  LEFT JOIN audience_stopped p ON p.client_id = %(client)s AND p.identity_index = i.index
 WHERE i.client_id = %(client)s AND i.kind = 'phone' AND i.deleted_at IS NULL"""
#: Where those contacts of a client stand of whose numbers something is known there. Who is not among them has a number
#: that nothing was said of, or none.
STANDING: Final = f"""
SELECT i.contact_id, {_ADDRESSES} AND i.contact_id IN (
       SELECT o.contact_id FROM audience_identity o
        WHERE o.client_id = %(client)s AND o.kind = 'phone' AND o.deleted_at IS NULL AND o.index IN (
              SELECT identity_index FROM audience_consent_state
               WHERE client_id = %(client)s AND channel = 'whatsapp' AND purpose = 'marketing'
              UNION SELECT identity_index FROM audience_suppression
               WHERE client_id = %(client)s AND channel = 'whatsapp'
              UNION SELECT identity_index FROM audience_stopped WHERE client_id = %(client)s))
 GROUP BY 1"""  # noqa: S608  fragments of this module
#: The reach of a contact `c` beside its standing `w`, in the numbers of models.Reach; without one, by its number.
REACH: Final = "coalesce((ARRAY[3, 2, 4, 4, 1])[w.place], least(c.sms, 2))"
#: The places of who agreed, who said no, and who said anything.
AGREED, REFUSED, ANSWERED = (1,), (3, 4), (1, 3, 4)


def stands(*places: int) -> str:
    """The condition on `audience_contact c` that somebody stands at one of these places."""
    wanted = ", ".join(str(int(place)) for place in places)
    return f"c.id IN (SELECT contact_id FROM ({STANDING}) w WHERE w.place IN ({wanted}))"  # noqa: S608  of this module


def reach_of(client_id: UUID, contact_id: UUID) -> int | None:
    """How one contact can be reached, in the numbers of models.Reach; None when nothing was ever said of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (ARRAY[3, 2, 4, 4, 1])[w.place] FROM (SELECT {_ADDRESSES} AND i.contact_id = %(contact)s"  # noqa: S608
            " HAVING bool_or(s.state IS NOT NULL OR u.identity_index IS NOT NULL)) w",
            {"client": client_id, "contact": contact_id},
        )
        row = cursor.fetchone()
    return row[0] if row else None


def in_use(client_id: UUID) -> bool:
    """Whether anybody ever told this client anything about WhatsApp."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM audience_consent_state WHERE client_id = %s AND channel = 'whatsapp')",
            [client_id],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
