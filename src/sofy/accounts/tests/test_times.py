"""With a moved clock, log-ins, sessions and factors are dated by it too."""

from datetime import UTC, datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import update_last_login

from sofy.accounts.models import User
from sofy.accounts.tests.factories import make_user
from sofy.kernel import clock

THEN = datetime(2027, 1, 5, 13, 30, tzinfo=UTC)


def test_what_the_frameworks_date_is_dated_by_the_clock_of_the_house(db):
    clock.install(lambda: THEN)
    user = make_user()

    update_last_login(User, user)
    session = UserSession.objects.create(user=user, ip="127.0.0.1", session_key="x", user_agent="x")
    factor = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})
    factor.record_usage()

    for row in (user, session, factor):
        row.refresh_from_db()
    assert {user.last_login, session.created_at, session.last_seen_at, factor.created_at, factor.last_used_at} == {THEN}
