"""Files of a legal entity are taken in by one process at a time, and its money is matched and debited by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections


@contextmanager
def alone(entity_id: UUID, work: str = "money") -> Iterator[None]:
    """Wait until nobody else does this work for an entity. The lock is the connection's, and ends with it.

    `work`: "files" for taking them in, so that nobody who sends a file waits for a long matching.
    """
    key = f"treasury {work} {entity_id}"
    with connections["staff"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
