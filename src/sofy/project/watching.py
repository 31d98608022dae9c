"""Start the small server for monitors in a process of the house."""

import psycopg

from sofy.engine.db import role_url
from sofy.kernel.config import Config
from sofy.watch import server


def start(process: str, config: Config, role: str | None = None) -> None:
    """Answer monitors; ready is who reaches the database as `role`, or at once when none is needed."""

    def reaches_database() -> bool:
        try:
            with psycopg.connect(role_url(config, role or ""), connect_timeout=2) as connection:
                connection.execute("select 1")
        except (psycopg.Error, OSError):
            return False
        return True

    server.serve(process, config.metrics_host, config.metrics_port, reaches_database if role else lambda: True)
