"""The lattice of message statuses, as data. A status is replaced only by one of a higher rank.

Waiting: accepted, deferred, held, queued may follow one another (each step has its own reason), so they share a rank
order only with what comes after them. Late, doubled and shuffled receipts never move a message back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeVar

Told = TypeVar("Told")

Status = Literal[
    "accepted",
    "deferred",
    "held",
    "queued",
    "submitted",
    "unknown",
    "failed",
    "expired",
    "delivered",
    "read",
    "withheld",
    "cancelled",
]


@dataclass(frozen=True, slots=True)
class Level:
    """`rank`: height in the lattice. `waiting`: not handed over yet. `end`: nothing may follow, whatever its rank."""

    rank: int
    waiting: bool = False
    end: bool = False


LATTICE: Final[dict[str, Level]] = {
    "accepted": Level(10, waiting=True),
    "deferred": Level(10, waiting=True),
    "held": Level(10, waiting=True),
    "queued": Level(10, waiting=True),
    "submitted": Level(20),
    "unknown": Level(30),
    "expired": Level(40),
    "failed": Level(40),
    "delivered": Level(50),
    "read": Level(60),
    "withheld": Level(90, end=True),
    "cancelled": Level(90, end=True),
}
WAITING: Final = frozenset(name for name, level in LATTICE.items() if level.waiting)
RANK: Final = {name: level.rank for name, level in LATTICE.items()}
#: From this rank on a message has come to an end.
ENDED: Final = RANK["failed"]
_NO_STATUS: Final = 99

#: Where a message can stand once it was handed over.
HANDED_OVER: Final = tuple(name for name, level in LATTICE.items() if not level.waiting and not level.end)

#: Statuses that a receipt of a supplier can lead to.
RECEIPT_STATUSES: Final = frozenset({"delivered", "failed", "expired", "unknown", "read"})


def in_order(steps: Iterable[Told], told: Callable[[Told], tuple[str, datetime]]) -> list[Told]:
    """Steps of a message as they happened; an end that overtook the answer to its hand-over comes after it.

    `told`: what kind of step it is, and when it was. Of one instant, the lower status comes first, what is no status
    last.
    """
    known = [(step, *told(step)) for step in steps]
    left = max((at for _, kind, at in known if kind == "submitted"), default=None)

    def place(one: tuple[Told, str, datetime]) -> tuple[datetime, int]:
        _, kind, at = one
        rank = RANK.get(kind, _NO_STATUS)
        overtook = left is not None and at < left and ENDED <= rank < _NO_STATUS
        return (left if overtook and left is not None else at, rank)

    return [step for step, _, _ in sorted(known, key=place)]


def follows(current: str, new: str) -> bool:
    """Whether `new` may replace `current`.

    Waiting statuses replace one another. A verdict (withheld, cancelled) ends only what still waits: once a message
    was handed over, no verdict can call it back.
    """
    was, becomes = LATTICE[current], LATTICE[new]
    if was.end:
        return False
    if becomes.end or becomes.waiting:
        return was.waiting
    return becomes.rank > was.rank
