"""Django's connection for the rooms below, which know psycopg only."""

from typing import Any

import psycopg
from django.db import connections


def engine_connection(using: str = "default") -> psycopg.Connection[Any]:
    """The connection of the caller's transaction, as functions of the engine take it."""
    connections[using].ensure_connection()
    raw: psycopg.Connection[Any] = connections[using].connection
    return raw
