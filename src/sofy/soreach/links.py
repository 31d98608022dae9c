"""Codes of short links: nobody can guess them, and an expansion that is repeated makes the same ones."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from sofy.kernel.crypto import ClientKeys
from sofy.soreach.content import LINK_CODE_CHARS

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE = len(_ALPHABET)

_INSERT = """
INSERT INTO soreach_shortlink (code, client_id, link_id, campaign_id, contact_id)
SELECT g.code, %(client)s, g.link, %(campaign)s, g.contact
  FROM unnest(%(codes)s::text[], %(links)s::uuid[], %(contacts)s::uuid[]) AS g (code, link, contact)
ON CONFLICT (code) DO NOTHING
"""


def base() -> str:
    """What stands before the code of a short link."""
    return f"{settings.BASE_URL.rstrip('/')}/l/"


def image_base() -> str:
    """What stands before the code of an image that counts openings."""
    return f"{settings.BASE_URL.rstrip('/')}/o/"


def code_of(keys: ClientKeys, link_id: UUID, contact_id: UUID, salt: int = 0) -> str:
    """One person's code for one link: nine characters out of 7 × 10^15, keyed by the client's index key."""
    number = int.from_bytes(keys.index("short link", f"{link_id.hex}{contact_id.hex}{salt or ''}"), "big")
    code = ""
    for _ in range(LINK_CODE_CHARS):
        number, digit = divmod(number, _BASE)
        code += _ALPHABET[digit]
    return code


class Taken(Exception):
    """A code belongs to somebody else already; the batch needs another salt."""


def store(client_id: UUID, campaign_id: UUID, rows: Sequence[tuple[str, UUID, UUID | None]]) -> None:
    """Write (code, link, contact) rows inside the client's scope; rows that are there already stay.

    Without a contact, a link leads on and counts nothing: that of a test.

    Raises: Taken, when a code leads to another person, of this client or of one that is not visible from here.
    """
    if not rows:
        return
    given: dict[str, Any] = {
        "client": client_id,
        "campaign": campaign_id,
        "codes": [row[0] for row in rows],
        "links": [row[1] for row in rows],
        "contacts": [row[2] for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, given)
        if cursor.rowcount == len(rows):
            return
        cursor.execute(
            "SELECT code, link_id, contact_id FROM soreach_shortlink WHERE client_id ="
            " %(client)s AND code = ANY(%(codes)s)",
            given,
        )
        if set(cursor.fetchall()) != set(rows):
            raise Taken
