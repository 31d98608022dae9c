"""What pages of this room read."""

from typing import Any
from uuid import UUID

from django.db import connection

from sofy.accounts import words
from sofy.accounts.models import ApiKey
from sofy.engine import permissions as gate


def keys(client_id: UUID) -> list[dict[str, Any]]:
    """The API keys of a client, newest first, with their rights in words and when each was used last."""
    rows = list(ApiKey.objects.filter(client_id=client_id))
    used = gate.api_keys_last_used(connection.connection, client_id)
    return [
        {"key": row, "rights": [words.SCOPES.get(scope, scope) for scope in row.scopes], "last_used": used.get(row.pk)}
        for row in rows
    ]


def first_sender(client_id: UUID) -> str:
    """One of the names that messages of a client may show; empty when none is registered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM gate_sender WHERE client_id = %s ORDER BY name LIMIT 1", [client_id])
        row = cursor.fetchone()
    return row[0] if row else ""
