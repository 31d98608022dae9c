"""What changes in the product: updates come with the subscription, and nothing goes away without an equivalent."""

from decimal import Decimal
from typing import Literal

from sofy.kernel.clauses import clause

#: A new or better function; one that goes away; a module that may be ordered beside the rest.
Kind = Literal["update", "removal", "module"]


@clause("CGVU 6")
def obstacle(kind: Kind, *, price_eur: Decimal | None, equivalence: str) -> str:
    """Why a change may not be announced as it is, as a code; nothing when it may.

    price_of_update: only a new optional module has a price. price_missing: a module without one is an update.
    equivalence_missing: it is said what takes over the main use of what goes away.
    """
    if kind != "module" and price_eur is not None:
        return "price_of_update"
    if kind == "module" and not price_eur:
        return "price_missing"
    if kind == "removal" and not equivalence.strip():
        return "equivalence_missing"
    return ""
