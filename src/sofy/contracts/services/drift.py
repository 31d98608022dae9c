"""Every day: points of sale that are active beyond what the order forms license."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from sofy.clients.models import Establishment
from sofy.contracts.models import OrderForm, QuotaDrift
from sofy.contracts.rules import totals
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kit import audit
from sofy.kit.rls import staff_scope


@clause("CGVU 4")
def check_all() -> int:
    """Compare active with licensed points of sale of every client that signed; answers how many are over.

    A drift is one row from the day it is noticed until it is settled; its counts follow from day to day.
    """
    with staff_scope():
        signed = OrderForm.objects.using("staff").filter(Q(poi__gt=0) | ~Q(licences={}), state=OrderForm.State.ACCEPTED)
        licensed = dict(signed.values_list("client_id").annotate(Sum("poi")))
        opened: dict[UUID, list[datetime]] = defaultdict(list)
        rows = Establishment.objects.using("staff").filter(client_id__in=licensed)
        for client_id, at in rows.values_list("client_id", "created_at"):
            opened[client_id].append(at)
        known = QuotaDrift.objects.using("staff").filter(ended_at=None).select_for_update(no_key=True)
        before = {row.client_id: row for row in known}
        over = 0
        for client_id, quota in sorted(licensed.items()):
            found = totals.drift(licensed_poi=quota, opened=opened[client_id])
            over += found is not None
            _keep(client_id, quota, found, before.get(client_id))
    return over


def _keep(client_id: UUID, licensed: int, found: tuple[int, datetime] | None, row: QuotaDrift | None) -> None:
    if found is None:
        if row is not None:
            row.ended_at = clock.now()
            row.save(using="staff", update_fields=["ended_at"])
            audit.append(client_id, "quota.settled", "worker", {"licensed": licensed}, using="staff")
        return
    active, since = found
    if row is None:
        QuotaDrift(client_id=client_id, licensed=licensed, active=active, since=since).save(using="staff")
        audit.append(client_id, "quota.drift", "worker", {"licensed": licensed, "active": active}, using="staff")
    elif (row.licensed, row.active, row.since) != (licensed, active, since):
        row.licensed, row.active, row.since = licensed, active, since
        row.save(using="staff", update_fields=["licensed", "active", "since"])
