"""What the worker does again and again for this room."""

from django.db import connection

from sofy.accounts import retention
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit.jobs import every

# Django's sessions and counts of failed log-ins live on the system's clock, which no demo moves; our own tells when
# a session was last seen.
_OVER = (
    "DELETE FROM django_session WHERE expire_date < clock_timestamp()",
    "DELETE FROM usersessions_usersession u WHERE u.last_seen_at < %(now)s - interval '12 hours'"
    " AND NOT EXISTS (SELECT FROM django_session s WHERE s.session_key = u.session_key)",
    "DELETE FROM accounts_cache WHERE expires < clock_timestamp()",
)


@every(3600)
@clause("DPA 12")
def forget_sessions() -> int:
    """Every hour: sessions that are over, where they came from, and counts of failed log-ins; answers how many."""
    gone = 0
    with connection.cursor() as cursor:
        for statement in _OVER:
            cursor.execute(statement, {"now": clock.now()})
            gone += cursor.rowcount
    return gone


@every(24 * 3600)
def forget_accounts() -> int:
    """Every day: accounts of people who left more than a year ago are emptied."""
    return retention.forget_accounts()
