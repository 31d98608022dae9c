"""kill -9 in the middle of a campaign: nothing is lost, and only what had no answer is unknown."""

import os
import random
import time
from typing import Any

import psycopg
import pytest

from tests.faults.field import WINDOW, Field, check_books

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_killed_engines_lose_nothing(field: Field):
    recipients, kills = 20_000, 6
    field.start_operator()
    field.prepare(recipients)
    chance = random.Random(os.environ.get("SOFY_TEST_SEED", "7"))

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


def test_a_cut_line_loses_nothing(field: Field):
    recipients = 2000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine()
    field.wait(lambda: field.statuses()["submitted"] + field.statuses()["delivered"] > 300)

    assert field.smsc is not None
    field.smsc.kill()
    field.smsc.wait()
    field.start_operator()

    field.wait(lambda: field.left() == 0)
    assert field.statuses()["unknown"] <= WINDOW * 2
    assert all(count == 1 for count in field.accepted().values())


def test_connections_cut_by_the_database_are_taken_up_again(field: Field, engine_db: Any):
    recipients = 2000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine()

    for _ in range(5):
        time.sleep(0.4)
        with psycopg.connect(engine_db.database.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sofy-engine'"
            )

    field.wait(lambda: field.statuses()["delivered"] == recipients)
    assert all(count == 1 for count in field.accepted().values())
    assert field.engine_process is not None
    assert field.engine_process.poll() is None
