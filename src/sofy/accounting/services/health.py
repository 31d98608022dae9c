"""How every client stands, kept in a small table: the list of ten thousand is one look at it.

Money and access come from what the last replays said (`dunning`), the rest is counted: one statement for all. Only
deadlines are worked out client by client, once a day and after what changes them.
"""

from datetime import timedelta
from uuid import UUID

from django.db import connections

from sofy.accounting.models import Health
from sofy.billing.services import freezing
from sofy.contracts import deadlines
from sofy.kernel import clock
from sofy.kit.rls import staff_scope

#: Unit: clients of one turn of the chore whose deadlines are worked out.
BATCH = 500
#: What asks for somebody, by how much: of two clients the one with the larger sum is first.
UNREADABLE, OVERDUE, OVER_QUOTA, RUNS_OUT, SHUT = 16, 8, 4, 2, 1

# Sums of each table by client, beside every client; what is unchanged is written anew, too.
_COUNT = """
INSERT INTO accounting_health AS health (client_id, id, rank, licensed, active, used, open_eur, overdue_eur,
    oldest_due_on, access, problems, deadline, deadline_on, insured_until, worked_out_at)
SELECT client.id, gen_random_uuid(),
       (CASE WHEN coalesce(refused.n, 0) + coalesce(money.problems, 0) > 0 THEN 16 ELSE 0 END)
       + (CASE WHEN coalesce(money.overdue, 0) > 0 THEN 8 ELSE 0 END)
       + (CASE WHEN signed.poi > 0 AND coalesce(shops.n, 0) > signed.poi THEN 4 ELSE 0 END)
       + (CASE WHEN insured.until < %(today)s + 30 OR known.deadline_on <= %(today)s + 14 THEN 2 ELSE 0 END)
       + (CASE WHEN client.state = 'suspended' OR money.shut THEN 1 ELSE 0 END),
       coalesce(signed.poi, 0), coalesce(shops.n, 0), coalesce(used.n, 0),
       coalesce(money.not_due, 0) + coalesce(money.overdue, 0), coalesce(money.overdue, 0), money.oldest,
       CASE WHEN client.state = 'suspended' OR money.shut THEN 'suspended' WHEN signed.n > 0 THEN 'active' ELSE '' END,
       coalesce(refused.n, 0) + coalesce(money.problems, 0), coalesce(known.deadline, ''), known.deadline_on,
       insured.until, %(now)s
  FROM clients_client AS client
  LEFT JOIN accounting_health AS known ON known.client_id = client.id
  LEFT JOIN (SELECT client_id, count(*) AS n, sum(poi) AS poi FROM contracts_order_form
              WHERE state = 'accepted' GROUP BY client_id) AS signed ON signed.client_id = client.id
  LEFT JOIN (SELECT client_id, count(*) AS n FROM clients_establishment GROUP BY client_id) AS shops
         ON shops.client_id = client.id
  LEFT JOIN (SELECT client_id, sum(messages) AS n FROM service_day WHERE day >= %(month)s GROUP BY client_id) AS used
         ON used.client_id = client.id
  LEFT JOIN (SELECT client_id, sum(not_due_eur) AS not_due,
                    sum(late_30_eur + late_60_eur + late_90_eur + late_more_eur) AS overdue,
                    min(oldest_due_on) AS oldest, bool_or(suspended) AS shut,
                    count(*) FILTER (WHERE problem <> '') AS problems
               FROM dunning_standing GROUP BY client_id) AS money ON money.client_id = client.id
  LEFT JOIN (SELECT client_id, count(*) AS n FROM billing_problem WHERE solved_at IS NULL GROUP BY client_id) AS refused
         ON refused.client_id = client.id
  LEFT JOIN (SELECT client_id, max(expires_on) AS until FROM contracts_insurance WHERE client_id IS NOT NULL
              GROUP BY client_id) AS insured ON insured.client_id = client.id
ON CONFLICT (client_id) DO UPDATE SET rank = excluded.rank, licensed = excluded.licensed, active = excluded.active,
    used = excluded.used, open_eur = excluded.open_eur, overdue_eur = excluded.overdue_eur,
    oldest_due_on = excluded.oldest_due_on, access = excluded.access, problems = excluded.problems,
    insured_until = excluded.insured_until, worked_out_at = excluded.worked_out_at
"""


def refresh() -> int:
    """Count for every client, then work out the next deadlines of some; answers of how many."""
    today = freezing.today()
    with staff_scope(), connections["staff"].cursor() as cursor:
        cursor.execute(_COUNT, {"today": today, "month": today.replace(day=1), "now": clock.now()})
    with staff_scope():
        rows = Health.objects.using("staff").exclude(access="").exclude(dated_on=today)
        waiting = list(rows.order_by("dated_on", "client_id").values_list("client_id", flat=True)[:BATCH])
    for client_id in waiting:
        date_of(client_id)
    return len(waiting)


def date_of(client_id: UUID) -> None:
    """Work out which deadline of a client is next."""
    today = freezing.today()
    with staff_scope():
        found = deadlines.of_client(client_id, today, using="staff")
        first = next((one for one in found if one.kind != "insurance"), None)
        Health.objects.using("staff").filter(client_id=client_id).update(
            deadline=first.kind if first else "", deadline_on=first.day if first else None, dated_on=today
        )


def is_soon(row: Health) -> bool:
    """Whether its next deadline is near."""
    return row.deadline_on is not None and row.deadline_on <= freezing.today() + timedelta(days=14)
