"""Binary COPY of many messages into the three tables a message lives in.

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

from sofy.engine.db import sql
from sofy.engine.pgarray import UuidArray, micros
from sofy.kernel import channels, ids
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

#: First what many messages of a campaign share, which is packed once, then what each has of its own.
_COPY_MESSAGE: LiteralString = """COPY engine_message (client_id, campaign_id, created_at, channel, purpose, variant,
    sender, short_code, zone, parts, encoding, unit_price_eur, expires_at, destination,
    id, contact_id, establishment_id, recipient_index, due_at, reference, answers, payload)
    FROM STDIN (FORMAT binary)"""
_COPY_STATE: LiteralString = """COPY engine_state (client_id, campaign_id, accepted_at, updated_at, variant, status,
    rank, parts, parts_done, account_id, receipt,
    message_id, contact_id, establishment_id, recipient_index, not_before) FROM STDIN (FORMAT binary)"""
_COPY_QUEUE: LiteralString = "COPY engine_queue (client_id, lane, message_id, due_at) FROM STDIN (FORMAT binary)"


def _uuid(value: UUID) -> bytes:
    return _UUID + value.bytes


@lru_cache(maxsize=4096)
def _text(value: str | None) -> bytes:
    """Sender, short code, zone, variant: messages that come together have few of each."""
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
    client_id: UUID
    ids: list[bytes]
    state: bytes
    message: bytes
    queue: bytes


def pack(
    client_id: UUID, campaign_id: UUID | None, messages: "Sequence[MessageIn]", keys: ClientKeys, now: datetime
) -> Packed:
    """Seal messages of one campaign, or of none, and lay out their rows; index and parts are filled in already."""
    from sofy.engine.intake import sealed_payloads

    at = _instant(now)
    common = _uuid(client_id) + (_NULL if campaign_id is None else _uuid(campaign_id))
    starts: dict[tuple[Any, ...], tuple[bytes, bytes, bytes]] = {}
    message_rows, state_rows, queue_rows = [_SIGNATURE], [_SIGNATURE], [_SIGNATURE]
    fresh = iter(ids.uuid7_bytes(sum(m.id is None for m in messages)))
    row_ids = [next(fresh) if m.id is None else m.id.bytes for m in messages]
    last = None
    for row_id, m, payload in zip(row_ids, messages, sealed_payloads(row_ids, messages, keys), strict=True):
        shape = (m.channel, m.purpose, m.variant, m.sender, m.short_code, m.zone, m.parts, m.encoding, m.unit_price_eur,
                 m.expires_at, m.account_id, m.receipt, m.destination)  # fmt: skip
        if shape != last:  # comparing costs less than hashing
            last = shape
            if shape not in starts:
                starts[shape] = _starts(m, _uuid(client_id), common, at)
            message_start, state_start, queue_start = starts[shape]
        key, recipient = _UUID + row_id, m.recipient_index
        contact = _NULL if m.contact_id is None else _UUID + m.contact_id.bytes
        shop = _NULL if m.establishment_id is None else _UUID + m.establishment_id.bytes
        own = b"".join((key, contact, shop, _len(len(recipient)), recipient))
        due = at if m.due_at is None or m.due_at <= now else _instant(m.due_at)
        reference = _NULL if m.reference is None else _bytes(m.reference.encode())
        answers = _NULL if m.answers is None else _UUID + m.answers.bytes
        later = _NULL if due is at else due
        message_rows += (message_start, own, later, reference, answers, _len(len(payload)), payload)
        state_rows += (state_start, own, later)
        queue_rows += (queue_start, key, due)
    for rows in (message_rows, state_rows, queue_rows):
        rows.append(_END)
    return Packed(now, client_id, row_ids, b"".join(state_rows), b"".join(message_rows), b"".join(queue_rows))


def _starts(m: "MessageIn", client: bytes, common: bytes, at: bytes) -> tuple[bytes, bytes, bytes]:
    """The shared first fields of a row of engine_message, engine_state and engine_queue."""
    purpose, variant, parts = _text(m.purpose), _text(m.variant), _INT2.pack(2, m.parts)
    message = (_text(m.channel), purpose, variant, _text(m.sender), _text(m.short_code), _text(m.zone), parts)
    expiry = _NULL if m.expires_at is None else _instant(m.expires_at)
    price = (_text(m.encoding), _numeric(m.unit_price_eur), expiry, _text(m.destination))
    account = _NULL if m.account_id is None else _uuid(m.account_id)
    receipt = _INT2.pack(2, m.receipt) if m.receipt else _NULL
    waiting = (_text("accepted"), _RANK_WAITING, parts, _ZERO)
    return (
        b"".join((_head(22), common, at, *message, *price)),
        b"".join((_head(16), common, at, at, variant, *waiting, account, receipt)),
        b"".join((_head(4), client, _text(channels.lane(m.purpose, m.channel)))),
    )


def joined(pieces: Sequence[Packed]) -> Packed:
    """Pieces of one client as one: each table is copied to once."""
    if len(pieces) == 1:
        return pieces[0]
    rows = (b"".join([_SIGNATURE, *(each[len(_SIGNATURE) : -len(_END)] for each in tables), _END])
            for tables in zip(*(each[3:] for each in pieces), strict=True))  # fmt: skip
    return Packed(pieces[0].now, pieces[0].client_id, [row for each in pieces for row in each.ids], *rows)


def write(conn: psycopg.Connection[Any], packed: Packed) -> None:
    """Store a chunk in the caller's transaction.

    Raises: psycopg.errors.UniqueViolation when somebody in it has the campaign already.
    """
    for statement, rows in _copies(packed):
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows)
    conn.execute(sql("tell_accepted"), _accepted(packed), prepare=True)


async def write_async(conn: psycopg.AsyncConnection[Any], packed: Packed) -> None:
    """The same for processes that run an event loop."""
    for statement, rows in _copies(packed):
        async with conn.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(rows)
    await conn.execute(sql("tell_accepted"), _accepted(packed), prepare=True)


def _accepted(packed: Packed) -> dict[str, Any]:
    return {"client": packed.client_id, "now": packed.now, "ids": UuidArray.of(packed.ids)}


def _copies(packed: Packed) -> tuple[tuple[LiteralString, bytes], ...]:
    return (
        (_COPY_STATE, packed.state),  # first: the table that tells who has the campaign already
        (_COPY_MESSAGE, packed.message),
        (_COPY_QUEUE, packed.queue),
    )
