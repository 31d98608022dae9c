"""Why access is taken away, and what that means: one table, so that access and invoicing never depend on each other."""

from typing import Final, Literal, NamedTuple

from sofy.kernel.clauses import Because, because, clause

Cause = Literal["default", "fraud", "security", "missing_stop", "af2m", "operator_fault", "court_order"]
Lifter = Literal["collection", "staff", "two_staff", "court"]


class Consequence(NamedTuple):
    """What a suspension needs and entails. `lifted_by`: what ends it."""

    notice: bool
    invoiced: bool
    credit: bool
    lifted_by: Lifter
    because: Because


#: Source: CGVU 7.2, 11, 13 and 14.1. Art. 22, which would cut access without notice, gives way to 7.2 and 11.
CONSEQUENCES: Final[dict[Cause, Consequence]] = {
    "default": Consequence(True, True, False, "collection", because("CGVU 11", "uniquement après respect")),
    "fraud": Consequence(False, True, False, "staff", because("CGVU 7.2", "suspension immédiate et sans préavis")),
    "security": Consequence(False, True, False, "staff", because("CGVU 11", "sans préavis en cas de risque avéré")),
    "missing_stop": Consequence(False, True, False, "staff", because("CGVU 14.1", "suspension immédiate")),
    "af2m": Consequence(False, True, False, "two_staff", because("CGVU 13", "suspension définitive")),
    "operator_fault": Consequence(False, False, True, "staff", because("CGVU 11", "faute exclusive")),
    "court_order": Consequence(False, True, False, "court", because("CGVU 12", "autorité judiciaire")),
}


@clause("CGVU 7.2", "CGVU 11", "CGVU 13", "CGVU 14.1")
def consequence(cause: Cause) -> Consequence:
    """What a suspension for this cause needs and entails."""
    return CONSEQUENCES[cause]


#: What proves that a formal notice was received: an e-mail that a server took, or a delivery report, does not.
PROOFS: Final = frozenset({"acknowledgement", "qualified_registered", "registered_letter"})


@clause("CGVU 7.2")
def proves_delivery(proof: str) -> bool:
    """Whether the five business days begin with this proof."""
    return proof in PROOFS
