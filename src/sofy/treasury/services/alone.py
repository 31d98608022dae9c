"""Money of a legal entity is matched, and debited, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections


@contextmanager
def alone(entity_id: UUID) -> Iterator[None]:
    """Wait until nobody else works on the money of an entity. The lock is the connection's, and ends with it."""
    key = f"treasury {entity_id}"
    with connections["staff"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
