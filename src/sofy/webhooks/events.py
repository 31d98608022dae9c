"""What webhooks can be told: types, and the shape of an event."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from sofy.engine.statuses import LATTICE
from sofy.ingest.shapes import Standing

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


class Order(msgspec.Struct, gc=False):
    """Of what shares a key, a greater sequence happened later."""

    key: str
    sequence: int


class Event(msgspec.Struct, gc=False):
    """One thing that happened. `data`: what GET /v1/messages/{id} said when it had happened, for a message."""

    type: str
    timestamp: datetime
    order: Order
    data: Any


class StandingEvent(msgspec.Struct, gc=False):
    """An event of a message, for the description of the API."""

    type: str
    timestamp: datetime
    order: Order
    data: Standing


class Said(msgspec.Struct, gc=False, rename={"sender": "from"}):
    """What somebody sent back. `message`: the one it answers; `keyword`: stop, contact or nothing."""

    id: str
    message: str | None
    sender: str
    text: str
    keyword: str
    at: datetime


class SaidEvent(msgspec.Struct, gc=False):
    """An event of an answer, for the description of the API."""

    type: str
    timestamp: datetime
    order: Order
    data: Said


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
