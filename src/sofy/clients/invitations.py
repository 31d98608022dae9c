"""Invitations that ended hold an address nobody needs any more."""

from collections import Counter
from datetime import timedelta

from django.db.models import Q

from sofy.clients.models import Invitation
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.kit.rls import staff_scope

#: After it was taken, withdrawn or over.
KEPT = timedelta(days=30)
BATCH = 500


@clause("DPA 12")
def forget_old() -> int:
    """Remove invitations that ended a month ago, of every client; answers how many. The chains keep their ids."""
    gone = 0
    while removed := _forget_some():
        gone += removed
    return gone


def _forget_some() -> int:
    before = clock.now() - KEPT
    ended = Q(accepted_at__lt=before) | Q(withdrawn_at__lt=before) | Q(expires_at__lt=before)
    with staff_scope():
        rows = Invitation.objects.using("staff").filter(ended).order_by("client_id", "id")
        some = rows.select_for_update(skip_locked=True, of=("self",))
        found = dict(some.values_list("id", "client_id")[:BATCH])
        Invitation.objects.using("staff").filter(id__in=found).delete()
        for client_id, count in sorted(Counter(found.values()).items()):
            audit.append(client_id, "invitation.forgotten", "worker", {"count": count}, using="staff")
    return len(found)
