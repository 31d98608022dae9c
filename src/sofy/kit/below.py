"""Django's connection for the rooms below, which know psycopg only."""

from typing import Any

import psycopg
from django.db import connection


def engine_connection() -> psycopg.Connection[Any]:
    """The connection of the caller's transaction, as functions of the engine take it."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return raw
