"""What is known of sessions goes when they are over."""

import pytest
from django.db import connection

from sofy.accounts.tasks import forget_sessions
from sofy.accounts.tests.factories import make_user
from sofy.kit import jobs


@pytest.mark.clause("DPA 12")
def test_sessions_and_counts_that_are_over_go(db):
    user = make_user()
    with connection.cursor() as cursor:
        for key, ends in (("old", "-1 hour"), ("live", "1 hour")):
            cursor.execute("INSERT INTO django_session VALUES (%s, 'x', clock_timestamp() + %s::interval)", [key, ends])
            cursor.execute(
                "INSERT INTO usersessions_usersession (session_key, user_id, ip, user_agent, data, created_at,"
                " last_seen_at) VALUES (%s, %s, '127.0.0.1', 'x', '{}', now(), now() - interval '13 hours')",
                [key, user.pk],
            )
            cursor.execute("INSERT INTO accounts_cache VALUES (%s, 'x', clock_timestamp() + %s::interval)", [key, ends])

        assert forget_sessions() == 3

        for table, column in (("django_session", "session_key"), ("usersessions_usersession", "session_key"),
                              ("accounts_cache", "cache_key")):  # fmt: skip
            cursor.execute(f"SELECT {column} FROM {table}")
            assert cursor.fetchall() == [("live",)], table
    assert forget_sessions in jobs.chores()
