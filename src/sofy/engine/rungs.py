"""The rungs of a message that may take several channels, and the rows that keep them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from sofy.engine.pgarray import ByteaArray, Int2Array, TextArray, TimeArray, UuidArray, micros
from sofy.kernel.content import Content
from sofy.kernel.crypto import ClientKeys

if TYPE_CHECKING:
    from sofy.engine.intake import MessageIn


class Rung(msgspec.Struct, gc=False, kw_only=True, omit_defaults=True):
    """One channel that is tried. `after_s`: for how long, before the next one is; 0: for as long as it takes.

    Unit: EUR before VAT per part for `unit_price_eur`.
    """

    channel: str
    to: str
    sender: str
    text: str = ""
    content: Content | None = None
    short_code: str | None = None
    parts: int = 0
    encoding: str = ""
    unit_price_eur: Decimal = Decimal(0)
    after_s: int = 0
    insist: bool = False


def only_rung(message: "MessageIn") -> Rung:
    """A message that takes one channel, as a rung."""
    return Rung(
        channel=message.channel, to=message.to, sender=message.sender, text=message.text, content=message.content,
        short_code=message.short_code, parts=message.parts, encoding=message.encoding,
        unit_price_eur=message.unit_price_eur,
    )  # fmt: skip


_encode = msgspec.json.Encoder().encode
decode_rung = msgspec.json.Decoder(Rung).decode


def rows(heads: "Sequence[MessageIn]", keys: ClientKeys, now: datetime) -> dict[str, Any] | None:
    """What `write_ladders` takes of messages that have rungs; None when none has."""
    found = [(head, number, rung) for head in heads if head.ladder for number, rung in enumerate(head.ladder)]
    if not found:
        return None
    row_ids = [row_id(head.id, number) for head, number, _ in found if head.id is not None]
    deadlines = [deadline(rung, head.due_at or now) if not number else None for head, number, rung in found]
    return {
        "heads": UuidArray.of([head.id.bytes if head.id else None for head, _, _ in found]),
        "rungs": Int2Array.of([number for _, number, _ in found]),
        "channels": TextArray.of([rung.channel for _, _, rung in found]),
        "messages": UuidArray.of([None if number or not head.id else head.id.bytes for head, number, _ in found]),
        "payloads": ByteaArray.of(
            keys.seal_rows("engine_ladder", "payload", row_ids, [_encode(rung) for _, _, rung in found])
        ),
        "insists": Int2Array.of([rung.insist for _, _, rung in found]),
        "deadlines": TimeArray.of([None if at is None else micros(at) for at in deadlines]),
    }


def deadline(rung: Rung, begun: datetime) -> datetime | None:
    """Until when a rung is tried."""
    return begun + timedelta(seconds=rung.after_s) if rung.after_s else None


def row_id(head: UUID, rung: int) -> bytes:
    """A ladder's rows share the id of their head; each is sealed for its own place."""
    return (head.int ^ rung).to_bytes(16)
