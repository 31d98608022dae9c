"""Changes of the product are announced to every client, with what the terms promise about them."""

from datetime import date
from decimal import Decimal

from sofy.contracts.models import ProductChange
from sofy.contracts.rules import changes
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused
from sofy.kernel.text import one_line
from sofy.kit import audit
from sofy.kit.rls import staff_scope


@clause("CGVU 6")
def announce(
    *,
    kind: changes.Kind,
    product: str,
    title: str,
    text: str,
    effective_on: date,
    actor: str,
    equivalence: str = "",
    price_eur: Decimal | None = None,
) -> ProductChange:
    """Tell every client of a change of the product. Unit: `price_eur` is EUR before VAT, a month.

    Raises: Refused (change_unreadable, price_of_update, price_missing, equivalence_missing).
    """
    unknown = kind not in ProductChange.Kind.values or product not in ProductChange.Product.values
    if unknown or not one_line(title) or not text.strip():
        raise Refused("change_unreadable")
    if found := changes.obstacle(kind, price_eur=price_eur, equivalence=equivalence):
        raise Refused(found)
    with staff_scope():
        row = ProductChange(
            kind=kind, product=product, title=one_line(title), text=text.strip(), equivalence=equivalence.strip(),
            price_eur=price_eur, effective_on=effective_on, actor=actor,
        )  # fmt: skip
        row.save(using="staff", force_insert=True)
        audit.append(audit.PLATFORM, "change.announced", actor, {"change": str(row.pk), "kind": kind}, using="staff")
    return row
