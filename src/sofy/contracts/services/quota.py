"""A point of sale opens beyond what was ordered: it becomes an increase, or does not open, as the order form says."""

from uuid import UUID

from sofy.contracts import queries
from sofy.contracts.models import OrderForm
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit import audit, outbox
from sofy.kit.rls import staff_scope


@clause("CGVU 4", "CGVU 8.3")
def settle(client_id: UUID, order_form_id: UUID, licensed: dict[str, int]) -> None:
    """Take note of how many points of sale each line of a contract licenses from now on."""
    with staff_scope():
        rows = OrderForm.objects.using("staff").filter(client_id=client_id, pk=order_form_id)
        form = rows.select_for_update(no_key=True).get()
        if form.licences != licensed:
            rows.update(licences=licensed, poi=max(licensed.values(), default=0))
            facts = {"order_form": form.number, "licensed": max(licensed.values(), default=0)}
            audit.append(client_id, "quota.changed", "billing", facts, using="staff")


@clause("CGVU 4")
def opened(client_id: UUID, establishment_id: UUID, actor: str) -> None:
    """Take note of a point of sale beyond the order, never silently; inside the client's scope.

    Billing hears of it by the event `quota.exceeded`. Who ordered nothing per point of sale may open any number.
    Raises: Refused (poi_blocked).
    """
    quota = queries.quota(client_id)
    if not quota.over or not quota.by_product:
        return
    if any(form.paper.order_form.extra_poi == "block" for form in queries.signed_forms(client_id)):
        raise Refused("poi_blocked", 409, licensed=quota.licensed)
    facts = {"establishment": str(establishment_id), "licensed": quota.licensed, "active": quota.active}
    audit.append(client_id, "quota.increased", actor, facts)
    outbox.publish("quota.exceeded", client_id, establishment_id=establishment_id)
