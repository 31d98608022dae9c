"""What is known of people who left: their account is emptied a year after their last place.

The row stays with its id, which chains, campaigns and visits of the support name; nothing in it leads to a person.
"""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.db import connections

from sofy.accounts.models import User
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.kit.audit import PLATFORM
from sofy.kit.rls import staff_scope

#: After the last membership ended, or the person stopped working for the operator.
KEPT = timedelta(days=365)
BATCH = 200
#: Takes the place of an address; no mail can go there and nobody can log in with it.
GONE = "@forgotten.invalid"

_LOOK = """
UPDATE accounts_user u SET left_at = CASE WHEN found.belongs THEN NULL ELSE %(now)s END
  FROM (SELECT a.id, a.is_active AND a.is_operator
               OR EXISTS (SELECT FROM clients_membership m WHERE m.user_id = a.id) AS belongs
          FROM accounts_user a) found
 WHERE u.id = found.id AND found.belongs = (u.left_at IS NOT NULL)
"""


@clause("DPA 12")
def forget_accounts() -> int:
    """Note who has no place any more and who has one again, then empty what is past its time; answers how many.

    On the staff login: only there the memberships of everybody are seen.
    """
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_LOOK, {"now": clock.now()})
    gone = 0
    while emptied := _empty_some():
        gone += emptied
    return gone


def _empty_some() -> int:
    with staff_scope():
        rows = User.objects.using("staff").filter(left_at__lt=clock.now() - KEPT).exclude(email__endswith=GONE)
        users = list(rows.order_by("left_at").select_for_update(skip_locked=True)[:BATCH])
        for model in (EmailAddress, Authenticator, UserSession):
            model.objects.using("staff").filter(user_id__in=[user.pk for user in users]).delete()
        for user in users:
            user.email, user.sealed_name, user.language = f"{user.pk}{GONE}", b"", ""
            user.password, user.last_login = make_password(None), None
            user.is_active = user.is_operator = False
            user.save(using="staff")
        if users:
            audit.append(PLATFORM, "account.forgotten", "worker", {"count": len(users)}, using="staff")
    return len(users)
