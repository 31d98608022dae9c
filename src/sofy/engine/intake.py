"""The one door in: messages enter on the caller's connection and in the caller's transaction.

`submit` is for rooms that have a few messages; `bulk` is for campaign expansion, which runs as sofy_engine and may be
repeated after a crash: a person who has the campaign already gets nothing new.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from queue import SimpleQueue
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from sofy.engine import alphabets, bulkcopy, pgarray, rungs
from sofy.engine.alphabets import Alphabets
from sofy.engine.db import sql
from sofy.engine.permissions import WAKE_CHANNEL
from sofy.engine.pgarray import ByteaArray, Int2Array, TextArray, TimeArray, UuidArray, micros
from sofy.engine.rungs import Rung
from sofy.kernel import channels, clock, ids, sms_text
from sofy.kernel.content import Content
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.prices import Networks

_COUNTRIES = Networks()
#: So many messages are stored by one statement; beyond, copying them is quicker.
FEW = 200
#: So many are sealed and copied at a time by a process that answers others meanwhile.
_AT_ONCE = 250
#: Some people of a batch were written by an earlier expansion, by another one or by a batch beside; in a deadlock with
#: that, each had somebody the other was about to write.
_WRITTEN_MEANWHILE = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)


class Payload(msgspec.Struct, gc=False, omit_defaults=True):
    """What is sealed in engine_message.payload."""

    to: str
    text: str
    content: Content | None = None


class MessageIn(msgspec.Struct, gc=False, kw_only=True):
    """One message to be sent.

    `to`: E.164, or an address of the channel. `recipient_index`: the client's blind index of it, computed when empty.
    `content`: what a channel with more than text shows. `short_code`: where the recipient answers. `answers`: the
    message of the person that this one answers. `head_id`: the first rung, of a message that is a further one.
    `ladder`: the channels it may take, itself first, when there are several.
    `zone`: IANA zone of the contact's record, when it has one. `parts` and `encoding` are counted when `parts` is 0.
    `due_at`: not before this instant; None: now. `expires_at`: worth nothing from this instant on; None: it waits for
    as long as it must. `destination`: where its number is, as `kernel.prices.Networks` says it; without, its country.
    Unit: EUR before VAT per part for `unit_price_eur`.
    """

    purpose: str
    to: str
    text: str
    sender: str
    id: UUID | None = None
    channel: str = "sms"
    recipient_index: bytes = b""
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    establishment_id: UUID | None = None
    variant: str | None = None
    short_code: str | None = None
    zone: str | None = None
    parts: int = 0
    encoding: str = ""
    unit_price_eur: Decimal = Decimal(0)
    reference: str | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    destination: str | None = None
    account_id: UUID | None = None
    receipt: int = 0
    content: Content | None = None
    answers: UUID | None = None
    head_id: UUID | None = None
    rung: int = 0
    ladder: Sequence[Rung] = ()


encode_payload = msgspec.json.Encoder().encode
decode_payload = msgspec.json.Decoder(Payload).decode


def _complete(keys: ClientKeys, messages: Sequence[MessageIn], known: Alphabets) -> None:
    """Fill in what the caller left to the door: blind index, parts."""
    for message in messages:
        if not message.recipient_index:
            message.recipient_index = keys.index(channels.identity(message.to), message.to)
        if message.channel != "sms":
            message.parts, message.encoding = 1, channels.UTF8
        elif not message.parts:
            takes = known.of(message.purpose, message.short_code)
            message.parts, message.encoding = sms_text.measure(message.text, takes)
        if message.destination is None:
            message.destination = _COUNTRIES.of(message.to)


def submit(
    conn: psycopg.Connection[Any], client_id: UUID, messages: Sequence[MessageIn], *, keys: ClientKeys
) -> list[UUID]:
    """Accept messages of one client on the caller's transaction; answers the ids of those that are new."""
    if not messages:
        return []
    cursor: psycopg.Cursor[Any] = psycopg.Cursor(conn)  # Django's own writes values into the statement
    pgarray.register(cursor)
    prepared = _as_statement(client_id, messages, keys, alphabets.read(conn), clock.now())
    rows = cursor.execute(sql("insert_messages"), prepared.values).fetchall()
    for name, values in prepared.notices():
        cursor.execute(sql(name), values)
    return [row[0] for row in rows]


async def submit_async(
    conn: psycopg.AsyncConnection[Any], client_id: UUID, messages: Sequence[MessageIn], *, keys: ClientKeys
) -> list[UUID]:
    """The same door for processes that run an event loop."""
    if not messages:
        return []
    known = await alphabets.read_async(conn)
    return await _insert(conn, _as_statement(client_id, messages, keys, known, clock.now()))


def sealed_payloads(row_ids: Sequence[bytes], messages: Sequence[MessageIn], keys: ClientKeys) -> list[bytes]:
    """Number and text of each message, sealed for its row."""
    plain = [encode_payload(Payload(m.to, m.text, m.content)) for m in messages]
    return keys.seal_rows("engine_message", "payload", row_ids, plain)


def _lanes(messages: Sequence[MessageIn], now: datetime) -> list[tuple[str, datetime]]:
    """The lanes these messages wait in, each with its first due moment."""
    first: dict[str, datetime] = {}
    for message in messages:
        due_at = message.due_at or now
        lane = channels.lane(message.purpose, message.channel)
        if lane not in first or due_at < first[lane]:
            first[lane] = due_at
    return sorted(first.items())


class Prepared(NamedTuple):
    """Messages of one client, sealed and laid out: what is left to do is to store them.

    `values` of one statement when they are few, `rows` to be copied when they are many, laid out as they are asked for.
    """

    client_id: UUID
    lanes: list[tuple[str, datetime]]
    values: dict[str, Any]
    rows: Iterator[bulkcopy.Packed] | None = None
    ladders: dict[str, Any] | None = None

    def notices(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Statements that come after the messages: their ladders, and what tells the engines."""
        if self.ladders is not None:
            yield "write_ladders", self.ladders | {"client": self.client_id}
        yield from _notices(self.client_id, self.lanes)


def _notices(client_id: UUID, lanes: list[tuple[str, datetime]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The last statements of a transaction: the backlog is locked from then on."""
    for lane, due_at in lanes:
        yield "raise_backlog", {"client": client_id, "lane": lane, "due_at": due_at}
    yield "wake", {"channel": WAKE_CHANNEL}


def prepare(
    client_id: UUID, messages: Sequence[MessageIn], *, keys: ClientKeys, known: Alphabets, now: datetime
) -> Prepared:
    """Lay out messages of no campaign, which have their ids, for `admit`."""
    if len(messages) <= FEW:
        return _as_statement(client_id, messages, keys, known, now)
    _complete(keys, messages, known)
    starts = range(0, len(messages), _AT_ONCE)
    rows = (bulkcopy.pack(client_id, None, messages[start : start + _AT_ONCE], keys, now) for start in starts)
    return Prepared(client_id, _lanes(messages, now), {}, rows, rungs.rows(messages, keys, now))


async def admit(conn: psycopg.AsyncConnection[Any], prepared: Prepared) -> None:
    """Store what was prepared on the caller's transaction, as its last act.

    The caller may have opened a pipeline around few messages; many are copied, which no pipeline can carry.
    """
    if prepared.rows is None:
        await _insert(conn, prepared, answer=False)
        return
    pieces = []
    for piece in prepared.rows:
        pieces.append(piece)
        await asyncio.sleep(0)
    await bulkcopy.write_async(conn, bulkcopy.joined(pieces))
    for name, values in prepared.notices():
        await conn.execute(sql(name), values)


async def _insert(conn: psycopg.AsyncConnection[Any], prepared: Prepared, *, answer: bool = True) -> list[UUID]:
    cursor = await conn.execute(sql("insert_messages"), prepared.values)
    for name, values in prepared.notices():
        await conn.execute(sql(name), values)
    return [row[0] for row in await cursor.fetchall()] if answer else []


def _as_statement(
    client_id: UUID, messages: Sequence[MessageIn], keys: ClientKeys, known: Alphabets, now: datetime
) -> Prepared:
    """The columns `insert_messages` takes, texts counted, payloads sealed."""
    _complete(keys, messages, known)
    if nameless := [message for message in messages if message.id is None]:
        for message, fresh in zip(nameless, ids.uuid7s(len(nameless)), strict=True):
            message.id = fresh
    row_ids = [m.id.bytes for m in messages if m.id]
    values = {
        "client": client_id,
        "now": now,
        "ids": UuidArray.of(row_ids),
        "channels": TextArray.of([m.channel for m in messages]),
        "purposes": TextArray.of([m.purpose for m in messages]),
        "campaigns": _uuids([m.campaign_id for m in messages]),
        "contacts": _uuids([m.contact_id for m in messages]),
        "establishments": _uuids([m.establishment_id for m in messages]),
        "variants": TextArray.of([m.variant for m in messages]),
        "recipients": ByteaArray.of([m.recipient_index for m in messages]),
        "senders": TextArray.of([m.sender for m in messages]),
        "short_codes": TextArray.of([m.short_code for m in messages]),
        "zones": TextArray.of([m.zone for m in messages]),
        "payloads": ByteaArray.of(sealed_payloads(row_ids, messages, keys)),
        "parts": Int2Array.of([m.parts for m in messages]),
        "encodings": TextArray.of([m.encoding for m in messages]),
        "prices": TextArray.of([str(m.unit_price_eur) for m in messages]),
        "refs": TextArray.of([m.reference for m in messages]),
        "dues": _instants([m.due_at or now for m in messages]),
        "expiries": _instants([m.expires_at for m in messages]),
        "destinations": TextArray.of([m.destination for m in messages]),
        "accounts": _uuids([m.account_id for m in messages]),
        "receipts": Int2Array.of([m.receipt for m in messages]),
        "answers": _uuids([m.answers for m in messages]),
        "heads": _uuids([m.head_id for m in messages]),
        "rungs": Int2Array.of([m.rung for m in messages]),
    }
    return Prepared(client_id, _lanes(messages, now), values, None, rungs.rows(messages, keys, now))


def _uuids(values: Sequence[UUID | None]) -> UuidArray:
    return UuidArray.of([None if value is None else value.bytes for value in values])


def _instants(values: Sequence[datetime | None]) -> TimeArray:
    made = {value: None if value is None else micros(value) for value in set(values)}
    return TimeArray.of([made[value] for value in values])


def bulk(
    conns: Sequence[psycopg.Connection[Any]],
    client_id: UUID,
    batches: Iterable[Sequence[MessageIn]],
    *,
    keys: ClientKeys,
    campaign_id: UUID,
) -> Iterator[int]:
    """Materialise a campaign: one transaction per batch, committed here; yields how many messages each one added.

    `conns` are connections of `db.connect` as sofy_engine with no transaction open, and used by nobody else meanwhile:
    so many batches are stored at once.
    All messages are of `campaign_id`; those without an id get one, which is not told. A few thousand in a batch: the
    engine starts on the first while the next is made.
    Two expansions at once are safe: the one that loses a race on a person writes its batch again without them.
    """
    known = alphabets.read(conns[0])
    idle: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()
    for conn in conns:
        idle.put(conn)
    with ThreadPoolExecutor(len(conns), "bulk") as writers:  # batches are made while those before are being stored
        written: deque[Future[int]] = deque()
        for batch in batches:
            _complete(keys, batch, known)
            _name_heads(batch)
            unique: dict[bytes, MessageIn] = {}
            for message in batch:
                unique.setdefault(message.recipient_index, message)  # one message per person and campaign, the first
            copy = bulkcopy.pack(client_id, campaign_id, list(unique.values()), keys, clock.now())
            if len(written) > len(conns):
                yield written.popleft().result()
            written.append(writers.submit(_write_batch, idle, client_id, campaign_id, unique, copy, keys))
        while written:
            yield written.popleft().result()


def _name_heads(messages: Sequence[MessageIn]) -> None:
    """The rows of a ladder name their head, so that one has its id before it is laid out."""
    heads = [message for message in messages if message.ladder and message.id is None]
    for message, fresh in zip(heads, ids.uuid7s(len(heads)), strict=True):
        message.id = fresh


def _write_batch(
    idle: "SimpleQueue[psycopg.Connection[Any]]",
    client_id: UUID,
    campaign_id: UUID,
    unique: dict[bytes, MessageIn],
    copy: bulkcopy.Packed,
    keys: ClientKeys,
) -> int:
    """One transaction: what is new of this batch, which is nearly always all of it."""
    conn = idle.get()
    try:
        new = unique
        while new:
            try:
                _write(conn, client_id, copy, new, keys)
                return len(new)
            except _WRITTEN_MEANWHILE:
                new = _still_new(conn, client_id, campaign_id, new)
                copy = bulkcopy.pack(client_id, campaign_id, list(new.values()), keys, copy.now)
        return 0
    finally:
        idle.put(conn)


def _write(
    conn: psycopg.Connection[Any],
    client_id: UUID,
    copy: bulkcopy.Packed,
    new: dict[bytes, MessageIn],
    keys: ClientKeys,
) -> None:
    ladders = rungs.rows(list(new.values()), keys, copy.now)
    with conn.transaction():
        bulkcopy.write(conn, copy)
        if ladders is not None:
            conn.execute(sql("write_ladders"), ladders | {"client": client_id})
        for name, values in _notices(client_id, _lanes(list(new.values()), copy.now)):
            conn.execute(sql(name), values, prepare=True)


def _still_new(
    conn: psycopg.Connection[Any], client_id: UUID, campaign_id: UUID, people: dict[bytes, MessageIn]
) -> dict[bytes, MessageIn]:
    """Those of these people who are not in the campaign yet."""
    values = {"client": client_id, "campaign": campaign_id, "recipients": ByteaArray.of(list(people))}
    with conn.transaction():
        known = conn.execute(sql("already_in"), values, prepare=False).fetchall()  # planned for the table as it is
    present = {index for (index,) in known}
    return {index: message for index, message in people.items() if index not in present}
