"""What was promised of the Applications and of routing, as each contract replays it; the client claims its credit."""

from datetime import date
from typing import Final
from uuid import UUID

from django.db import connections

from sofy.billing.case.events import Application, CreditClaim, Routing
from sofy.billing.services import cases, events, freezing
from sofy.contracts.models import OrderForm
from sofy.contracts.rules.term import add_months
from sofy.contracts.rules.values import as_moment, begin
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope

_ACTOR: Final = "billing"
_ROUTED: Final = (
    "SELECT client_id, sum(messages)::bigint, coalesce(sum(messages) FILTER (WHERE verdict = 'lost'), 0)::bigint"
    " FROM service_day WHERE day >= %s AND day < %s AND verdict IN ('reached', 'withheld', 'lost') GROUP BY client_id"
)


@clause("CGVU 28")
def claim(client_id: UUID, order_form_id: UUID, month: str, application: Application, *, actor: str) -> None:
    """The client asks for the credit of a month of an Application; the figures are ours, so it proves nothing itself.

    Raises: Refused (contract_unknown, contract_unreadable, credit_none, credit_too_late).
    """
    with staff_scope():
        told = cases.load(client_id, order_form_id).played(freezing.today()).told.credits
    rows = [row for row in told if (row.get("month"), row.get("application")) == (month, application)]
    if not rows or rows[0]["state"] not in ("claimable", "granted"):
        raise Refused("credit_none", 409)
    if rows[0]["state"] == "claimable" and freezing.today() > rows[0]["claim_until"]:
        raise Refused("credit_too_late", 409, until=rows[0]["claim_until"].isoformat())
    event = CreditClaim(at=as_moment(clock.now()), month=month, application=application)
    events.record(client_id, order_form_id, event, source="claim", source_key=f"{month}/{application}", actor=actor)


@clause("CGVU 28")
def routed(first: date) -> int:
    """Tell the contracts of every client how a month that is over was routed; answers how many were new."""
    after = add_months(first, 1)
    with staff_scope():
        with connections["staff"].cursor() as cursor:
            cursor.execute(_ROUTED, [first, after])
            figures = {client_id: (handed, lost) for client_id, handed, lost in cursor.fetchall()}
        rows = OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED, client_id__in=figures)
        forms = [form for form in rows.order_by("pk") if form.signed_at and form.signed_at < begin(after)]
    new = 0
    for form in forms:
        handed, lost = figures[form.client_id]
        event = Routing(at=as_moment(begin(after)), month=f"{first:%Y-%m}", handed_over=handed, failed=lost)
        new += events.record(
            form.client_id, form.pk, event, source="routing", source_key=f"{first:%Y-%m}", actor=_ACTOR
        )  # fmt: skip
    return new
