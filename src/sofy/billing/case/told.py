"""What the replay tells besides invoices: dated entries, each with its reason."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sofy.kernel.clauses import Because

#: A value of an entry as the answer writes it.
Entry = dict[str, Any]


@dataclass
class Told:
    """Everything that is neither an invoice nor a payment of one, in the order in which it came to be known."""

    notices: list[Entry] = field(default_factory=list)
    deadlines: list[Entry] = field(default_factory=list)
    credits: list[Entry] = field(default_factory=list)
    ends: list[Entry] = field(default_factory=list)
    tasks: list[Entry] = field(default_factory=list)
    refused: list[Entry] = field(default_factory=list)
    quota: list[Entry] = field(default_factory=list)
    prices: list[Entry] = field(default_factory=list)
    caps: list[Entry] = field(default_factory=list)

    def deadline(self, what: str, until: datetime | date, because: Because, **facts: Any) -> None:
        """Something has to be done by then."""
        self.deadlines.append({"what": what, "until": until, **facts, "because": because})

    def task(self, what: str, at: datetime | date, because: Because, **facts: Any) -> None:
        """Somebody of the operator has to look at it."""
        self.tasks.append({"what": what, "since": at, **facts, "because": because})

    def refuse(self, what: str, at: datetime, why: str, because: Because, **facts: Any) -> None:
        """Something was asked that the contract does not allow: nothing else follows from it."""
        self.refused.append({"what": what, "at": at, "why": why, **facts, "because": because})


def money(amount: Decimal) -> str:
    """An amount as the answer writes it: to the cent, and further where it is a price."""
    exponent = amount.normalize().as_tuple().exponent
    digits = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{amount:.{digits}f}"
