"""kill -9 of PostgreSQL in the middle of a campaign: the engine waits and goes on, and nobody is lost or doubled."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sofy.engine.db import schema_files
from sofy.engine.shifted_clock import FileClock
from sofy.project import database
from sofy.project.embedded_pg import EmbeddedPostgres
from tests.faults.field import Field, check_books

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: What the engine needs of the rooms above.
_OUTBOX = """
create table kit_outbox (client_id uuid, id uuid, topic text, payload jsonb, created_at timestamptz);
grant insert on kit_outbox to sofy_engine;
"""


@pytest.fixture
def private_field(server: EmbeddedPostgres, tmp_path: Path, house_clock: FileClock) -> Iterator[Field]:
    """A field on that server, with the engine's tables."""
    admin = database.with_database(server.ensure(), "sofy")
    database.init(admin, server.secrets_dir)
    with psycopg.connect(admin) as connection:
        connection.execute(_OUTBOX)
        for path in schema_files():
            connection.execute(path.read_text().encode())
    made = Field(database.role_url(admin, server.secrets_dir, "sofy_engine"), tmp_path)
    yield made
    made.stop()


def test_a_killed_database_is_taken_up_again(private_field: Field, server: EmbeddedPostgres):
    field, recipients = private_field, 6000
    field.start_operator(rate_per_s=1500)
    field.prepare(recipients)
    field.start_engine()

    field.wait(lambda: field.accepted().total() > 300)
    os.kill(_backend(field), signal.SIGKILL)  # the server ends every connection and recovers by itself
    before = field.accepted().total()
    field.wait(lambda: field.accepted().total() > before + 300)
    postmaster = server.running_pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    field.wait(lambda: server.running_pid() != postmaster)
    before = field.accepted().total()
    server.ensure()
    field.wait(lambda: field.accepted().total() > before)
    field.wait_until_over()

    assert before < recipients
    assert field.engine_process is not None
    assert field.engine_process.poll() is None
    check_books(field, recipients, 0)


def _backend(field: Field) -> int:
    """The process behind one of the engine's connections."""
    query: Any = "SELECT pid FROM pg_stat_activity WHERE application_name = 'sofy-engine' ORDER BY backend_start"
    pid: int = field.rows(query)[0][0]
    return pid
