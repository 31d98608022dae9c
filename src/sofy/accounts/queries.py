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
