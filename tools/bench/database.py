"""Databases of the benches: private or kept, on the embedded server, with durability on."""

import os
import resource
from typing import Any
from urllib.parse import unquote, urlsplit

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def private_database() -> Any:
    """Django on a migrated database of its own, dropped at the end."""
    from sofy.project.testing import TestDatabase

    made = TestDatabase()
    made.create()
    connect(made)
    return made


def connect(database: Any) -> None:
    """Point Django at a database, with the logins of the roles that serve people; its durability must be on."""
    os.environ["SOFY_DATABASE_URL"] = database.admin_url
    import django

    django.setup()
    from django.db import connection, connections

    connections.close_all()
    for alias, role in (("default", "sofy_web"), ("staff", "sofy_staff")):
        url = urlsplit(database.url(role))
        connections[alias].settings_dict.update(
            NAME=database.name, USER=role, PASSWORD=unquote(url.password or ""), HOST=url.hostname, PORT=url.port
        )
    with connection.cursor() as cursor:
        for setting in DURABLE:
            cursor.execute(f"SHOW {setting}")
            assert cursor.fetchone()[0] == "on", f"{setting} is off: figures without durability mean nothing"


def peak_mb() -> float:
    """Resident memory of this process and of its largest child at their highest."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + child) / 1024


def percentile(taken: list[float], share: float) -> float:
    """The value that this share of the measures stays under, to a tenth."""
    ordered = sorted(taken)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
