"""kill -9 in the middle of a campaign: nothing is lost, and only what had no answer is unknown."""

import time
from typing import Any

import psycopg
import pytest

from tests.faults.field import Field, check_books, dice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_killed_engines_lose_nothing(field: Field):
    recipients, kills, chance = 20_000, 6, dice()
    field.start_operator()
    field.prepare(recipients)

    for n in range(kills):
        field.start_engine()
        if n % 2:  # among hand-overs; otherwise at any moment, its beginning included
            before = field.left()
            field.wait(lambda before=before: field.left() < before)
        time.sleep(chance.uniform(0.0, 0.6))
        field.kill_engine()
    field.start_engine()
    field.wait_until_over()

    check_books(field, recipients, kills)


def test_connections_cut_by_the_database_are_taken_up_again(field: Field, engine_db: Any):
    recipients = 2000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine()

    for _ in range(5):
        time.sleep(0.4)
        with psycopg.connect(engine_db.database.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'sofy-engine' AND datname = current_database()"  # not those of other tests
            )

    field.wait_until_over()
    check_books(field, recipients, 0)
    assert field.engine_process is not None
    assert field.engine_process.poll() is None
