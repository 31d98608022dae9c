"""The images of a campaign's e-mails: written down when it is expanded, counted when they are fetched."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.soreach import opens, people
from sofy.soreach.links import Taken

_INSERT = """
INSERT INTO soreach_openimage (code, client_id, campaign_id, variant, contact_id, identity_index)
SELECT g.code, %(client)s, %(campaign)s, g.variant, g.contact, g.index
  FROM unnest(%(codes)s::text[], %(variants)s::text[], %(contacts)s::uuid[], %(indexes)s::bytea[])
       AS g (code, variant, contact, index)
ON CONFLICT (code) DO NOTHING
"""
# One line an hour: a line per fetch, with its moment, could be laid beside the log of a mail service.
_COUNT = """
INSERT INTO soreach_opencount AS c (client_id, campaign_id, variant, hour, fetched, early)
VALUES (%(client)s, %(campaign)s, %(variant)s, date_trunc('hour', %(now)s::timestamptz), 1, %(early)s)
ON CONFLICT (client_id, campaign_id, variant, hour)
DO UPDATE SET fetched = c.fetched + 1, early = c.early + excluded.early
"""
_MESSAGE = """
SELECT message_id FROM engine_state WHERE client_id = %s AND campaign_id = %s AND contact_id = %s
 ORDER BY rung DESC LIMIT 1
"""
_EVENT = """
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
VALUES (%s, %s, %s, %s, 'opened', %s)
"""


class Image(NamedTuple):
    """One address that e-mails of a campaign fetch; without a contact it is that of everybody."""

    code: str
    variant: str
    contact_id: UUID | None = None
    identity_index: bytes | None = None


def store(client_id: UUID, campaign_id: UUID, images: Iterable[Image]) -> None:
    """Write the addresses of a batch inside the client's scope; those that are there already stay.

    Raises: Taken, when a code is another's; the batch needs another salt.
    """
    rows = sorted(set(images), key=lambda image: image.code)
    if not rows:
        return
    given: dict[str, Any] = {
        "client": client_id,
        "campaign": campaign_id,
        "codes": [row.code for row in rows],
        "variants": [row.variant for row in rows],
        "contacts": [row.contact_id for row in rows],
        "indexes": [row.identity_index for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, given)
        if cursor.rowcount == len(rows):
            return
        cursor.execute(
            "SELECT count(*) FROM soreach_openimage WHERE client_id = %(client)s AND campaign_id = %(campaign)s"
            " AND code = ANY(%(codes)s)",
            given,
        )
        if cursor.fetchone()[0] != len(rows):
            raise Taken


def fetched(code: str, *, agent: str) -> None:
    """Count one fetch of an image; of a person who still agrees to it, also that they opened it.

    A code that leads nowhere counts nothing. Nothing of whoever asks is kept.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM soreach_resolve_image(%s)", [code])
        row = cursor.fetchone()
    if row is None:
        return
    client_id, campaign_id, variant, contact_id, index = row
    early = opens.fetched_early(agent)
    with client_scope(client_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")  # an approximate figure waits for no disk
        cursor.execute(
            _COUNT,
            {"client": client_id, "campaign": campaign_id, "variant": variant, "now": clock.now(), "early": int(early)},
        )
        if contact_id is not None and not early and people.agreed_to_opens(client_id, [bytes(index)]):
            _note_opened(cursor, client_id, campaign_id, contact_id)


def _note_opened(cursor: Any, client_id: UUID, campaign_id: UUID, contact_id: UUID) -> None:
    cursor.execute(_MESSAGE, [client_id, campaign_id, contact_id])
    found: Sequence[Any] | None = cursor.fetchone()
    if found is not None:
        cursor.execute(_EVENT, [client_id, found[0], contact_id, campaign_id, clock.now()])
