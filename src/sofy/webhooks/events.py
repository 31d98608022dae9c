"""What webhooks can be told: types, and how what is noted becomes events."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sofy.engine.statuses import LATTICE

#: Of messages: a status each, or what somebody sent back.
_OF_MESSAGES: Final = "message."
INBOUND: Final = "inbound"
#: What is no message, and carries its data.
OTHERS: Final = ("template.updated", "fraud.suspected")
TYPES: Final = (*(f"{_OF_MESSAGES}{status}" for status in LATTICE), f"{_OF_MESSAGES}{INBOUND}", *OTHERS)
#: A test that a person asks for.
TEST: Final = "webhook.test"
MOST_EVENTS: Final = 500


def type_of(kind: str) -> str:
    """The type of what is noted as this kind."""
    return kind if kind in (*OTHERS, TEST) else _OF_MESSAGES + kind


class Happened(NamedTuple):
    """An event as a delivery keeps it: everything but its words."""

    kind: str
    at: datetime
    order: int
    message: bytes | None
    inbound: bytes | None
    data: str | None


def unfold(notice: tuple[Any, ...], wanted: frozenset[str]) -> list[Happened]:
    """The events of one row of engine_notice that a webhook asked for: it may stand for the hand-over too."""
    number, message, inbound, kind, at, submitted_at, data = notice
    steps = [(kind, at, 1)] if submitted_at is None else [("submitted", submitted_at, 0), (kind, at, 1)]
    return [
        Happened(kind, at, 2 * number + second, message, inbound, data)
        for kind, at, second in steps
        if not wanted or type_of(kind) in wanted or kind == TEST
    ]
