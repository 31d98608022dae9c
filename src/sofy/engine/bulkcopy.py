"""Binary COPY of a campaign's messages into the three tables a message lives in.

Source: PostgreSQL documentation, COPY, "Binary Format". One packed buffer per table and chunk: the general row writer
takes four times as long as the server needs to store the rows.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg

from sofy.engine.pgarray import micros
from sofy.kernel.crypto import ClientKeys

if TYPE_CHECKING:
    from sofy.engine.intake import MessageIn

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_len = Struct(">i").pack
_head = Struct(">h").pack
_UUID = _len(16)
_TIME = Struct(">iq")
_INT2 = Struct(">ih")
_RANK_WAITING = _INT2.pack(2, 10)
_ZERO = _INT2.pack(2, 0)

_COPY_MESSAGE: LiteralString = """COPY engine_message (client_id, id, channel, purpose, campaign_id, contact_id,
    establishment_id, variant, recipient_index, sender, short_code, zone, payload, parts, encoding, unit_price_eur,
    reference, created_at) FROM STDIN (FORMAT binary)"""
_COPY_STATE: LiteralString = """COPY engine_state (client_id, message_id, campaign_id, contact_id, establishment_id,
    recipient_index, variant, status, rank, parts, parts_done, accepted_at, not_before, updated_at)
    FROM STDIN (FORMAT binary)"""
_COPY_QUEUE: LiteralString = "COPY engine_queue (client_id, message_id, lane, due_at) FROM STDIN (FORMAT binary)"


def _uuid(value: UUID | None) -> bytes:
    return _NULL if value is None else _UUID + value.bytes


@lru_cache(maxsize=4096)
def _text(value: str | None) -> bytes:
    """Sender, short code, zone, variant: a campaign has few of each."""
    if value is None:
        return _NULL
    raw = value.encode()
    return _len(len(raw)) + raw


def _bytes(value: bytes) -> bytes:
    return _len(len(value)) + value


def _instant(value: datetime) -> bytes:
    return _TIME.pack(8, micros(value))


@lru_cache(maxsize=256)
def _numeric(value: Decimal) -> bytes:
    """Source: PostgreSQL, src/backend/utils/adt/numeric.c, numeric_recv: base 10000 digits, weight, sign, scale."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"a price must be a finite number, not {value}")
    scale = max(0, -exponent)
    whole = "".join(map(str, digits)) + "0" * max(0, exponent)
    whole = whole.rjust(scale + 1, "0")
    left, right = (whole[:-scale], whole[-scale:]) if scale else (whole, "")
    left = left.rjust(-(-len(left) // 4) * 4, "0")
    right = right.ljust(-(-len(right) // 4) * 4, "0")
    groups = [int((left + right)[i : i + 4]) for i in range(0, len(left) + len(right), 4)]
    weight = len(left) // 4 - 1
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    body = Struct(f">hhHh{len(groups)}h").pack(
        len(groups), weight if groups else 0, 0x4000 if sign and groups else 0, scale, *groups
    )
    return _bytes(body)


class Packed(NamedTuple):
    """A chunk ready to be written: one COPY buffer per table."""

    now: datetime
    state: bytes
    message: bytes
    queue: bytes


def pack(client_id: UUID, messages: "Sequence[MessageIn]", keys: ClientKeys, now: datetime) -> Packed:
    """Seal messages and lay out their rows; ids, index and parts are filled in already."""
    from sofy.engine.intake import Payload, encode_payload

    client, at, seal = _uuid(client_id), _instant(now), keys.seal
    message_head, state_head, queue_head = _head(18) + client, _head(14) + client, _head(4) + client
    accepted = _text("accepted") + _RANK_WAITING
    message_rows, state_rows, queue_rows = [_SIGNATURE], [_SIGNATURE], [_SIGNATURE]
    for m in messages:
        assert m.id is not None
        key = _UUID + m.id.bytes
        campaign, contact, shop = _uuid(m.campaign_id), _uuid(m.contact_id), _uuid(m.establishment_id)
        variant, recipient, parts = _text(m.variant), _bytes(m.recipient_index), _INT2.pack(2, m.parts)
        due = at if m.due_at is None or m.due_at <= now else _instant(m.due_at)
        payload = seal("engine_message", "payload", m.id, encode_payload(Payload(m.to, m.text)).decode())
        message_rows += (
            message_head, key, _text(m.channel), _text(m.purpose), campaign, contact, shop, variant, recipient,
            _text(m.sender), _text(m.short_code), _text(m.zone), _len(len(payload)), payload, parts,
            _text(m.encoding), _numeric(m.unit_price_eur), _text(m.reference), at,
        )  # fmt: skip
        state_rows += (
            state_head, key, campaign, contact, shop, recipient, variant, accepted, parts, _ZERO, at,
            _NULL if due is at else due, at,
        )  # fmt: skip
        queue_rows += (queue_head, key, _text(m.purpose), due)
    for rows in (message_rows, state_rows, queue_rows):
        rows.append(_END)
    return Packed(now, b"".join(state_rows), b"".join(message_rows), b"".join(queue_rows))


def write(conn: psycopg.Connection[Any], packed: Packed) -> None:
    """Store a chunk in the caller's transaction.

    Raises: psycopg.errors.UniqueViolation when somebody in it has the campaign already.
    """
    for statement, rows in (
        (_COPY_STATE, packed.state),  # first: the table that tells who has the campaign already
        (_COPY_MESSAGE, packed.message),
        (_COPY_QUEUE, packed.queue),
    ):
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows)
