"""How many points of sale a contract licenses today: what was signed, what was added, what was given up."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sofy.billing.services import cases, freezing
from sofy.contracts.models import OrderForm
from sofy.contracts.queries import SignedForm
from sofy.contracts.rules import totals
from sofy.contracts.services import quota
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kit.rls import staff_scope


@clause("CGVU 4", "CGVU 8.3")
def carry_out(client_id: UUID, order_form_id: UUID) -> None:
    """Tell contracts what the replay of a contract licenses today, line by line.

    Raises: Refused (contract_unknown, contract_unreadable).
    """
    day = freezing.today()
    with staff_scope():
        licence = cases.load(client_id, order_form_id).played(day).licence
    over = licence.last_day is not None and licence.last_day < day
    licensed = {item.code: 0 if over else licence.licensed(item.code, day) for item in licence.per_poi(())}
    quota.settle(client_id, order_form_id, licensed)


@clause("CGVU 4", "CGVU 8.3")
def carry_out_all() -> int:
    """The same for every contract per point of sale; answers how many could not be worked out and stay as they are."""
    with staff_scope():
        rows = OrderForm.objects.using("staff").filter(state=OrderForm.State.ACCEPTED)
        contracts = [row for row in rows.values_list("client_id", "pk", "licences", "poi") if row[2] or row[3]]
    failed = 0
    for client_id, order_form_id, _, _ in contracts:
        try:
            carry_out(client_id, order_form_id)
        except Refused:
            failed += 1
    return failed


@clause("CGVU 4")
def growing(signed: Iterable[SignedForm]) -> dict[UUID, tuple[str, ...]]:
    """The lines that one more point of sale is an increase of, by contract: of the products licensed for the most.

    Each product grows in the newest contract that has it.
    """
    forms = list(signed)
    by_product = totals.licensed(form.licensing for form in forms)
    newest = {item.product: form for form in forms for item in form.licensing.items if item.per == "poi"}
    most = max(by_product.values(), default=0)
    found: defaultdict[UUID, tuple[str, ...]] = defaultdict(tuple)
    for product, form in newest.items():
        if by_product[product] == most > 0:
            lines = [item for item in form.licensing.items if item.per == "poi" and item.product == product]
            found[form.id] += tuple(item.code for item in lines)
    return dict(found)
