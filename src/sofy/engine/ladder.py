"""Ladders: a message that may take several channels, one after the other, until one of them reaches the person.

A rung is a message of its own with its own lattice of statuses; the first is the one its sender knows. The statement
that writes that a rung led nowhere notes it (`engine_ladder_step`); an engine begins the next rung and forgets the note
in one transaction, so that a kill neither loses a rung nor begins one twice. What a supplier may still deliver is
not followed by anything, unless the sender asked for it (`insist`); nothing that RCS may have outlives its rung.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from sofy.connectors.base import own_key
from sofy.engine.db import sql
from sofy.engine.intake import MessageIn, submit_async
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import Int2Array, TextArray, TimeArray, UuidArray, micros
from sofy.engine.rungs import deadline, decode_rung, row_id
from sofy.kernel import clock, ids
from sofy.kernel.channels import TRAITS
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys, Unreadable
from sofy.kernel.errors import Refused

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 200


class Ladders:
    """Begins the next rung where one led nowhere."""

    def __init__(self, link: HotLink, keystore: KeyStore) -> None:
        self._link = link
        self._keystore = keystore

    @clause("CGVU 3.4")
    async def step(self) -> int:
        """One round over every client; answers how many rungs were begun."""
        begun = 0
        for client in await self._clients("clients_with_deadlines"):
            values = {"client": UUID(bytes=client), "now": clock.now(), "n": _AT_ONCE}
            await self._link.run("end_rungs", values)
        for client in await self._clients("clients_with_steps"):
            begun += await self._begin(UUID(bytes=client))
        return begun

    async def _clients(self, name: str) -> list[bytes]:
        return list(dict.fromkeys(row[0] for row in await self._link.rows(name, {"now": clock.now()})))

    async def _begin(self, client: UUID) -> int:
        try:
            keys = self._keystore.client(client)
        except Refused:
            log.warning("engine.ladder_without_key", client=str(client))
            keys = None

        async def work(conn: Hot) -> int:
            async with conn.transaction():
                cursor = await conn.execute(sql("take_steps"), {"client": client, "n": _AT_ONCE}, binary=True)
                found = await cursor.fetchall()
                arrived = await _arrived(conn, found)
                if arrived:
                    await conn.execute(sql("drop_rungs"), {"client": client, "messages": UuidArray.of(list(arrived))})
                led_nowhere = [row for row in found if row[1] and row[0] not in arrived]
                messages = [made for row in led_nowhere if keys and (made := _next(row, keys)) is not None]
                messages = await _wanted(conn, client, messages, found)
                if messages and keys:
                    await submit_async(conn, client, messages, keys=keys)
                    await self._note(conn, client, messages, found)
                await conn.execute(
                    sql("forget_steps"), {"client": client, "messages": UuidArray.of([r[0] for r in found])}
                )
            return len(messages)

        return await self._link.call(work)

    async def _note(self, conn: Hot, client: UUID, messages: list[MessageIn], found: list[tuple[Any, ...]]) -> None:
        begun = {message.head_id: message for message in messages}
        before = [row[0] for row in found if row[1] and UUID(bytes=row[1]) in begun]
        values = {
            "client": client,
            "now": clock.now(),
            "heads": UuidArray.of([m.head_id.bytes for m in messages if m.head_id]),
            "rungs": Int2Array.of([m.rung for m in messages]),
            "messages": UuidArray.of([m.id.bytes for m in messages if m.id]),
            "deadlines": TimeArray.of([None if m.expires_at is None else micros(m.expires_at) for m in messages]),
        }
        await conn.execute(sql("begin_rungs"), values)
        await conn.execute(sql("supersede"), values | {"messages": UuidArray.of(before)})


async def _arrived(conn: Hot, steps: list[tuple[Any, ...]]) -> set[bytes]:
    """Those that a supplier answered with errors only, and says by a receipt that they arrived: nothing follows."""
    failed = {own_key(UUID(bytes=row[0])): row[0] for row in steps if row[-1]}
    if not failed:
        return set()
    cursor = await conn.execute(sql("arrived_all_the_same"), {"keys": TextArray.of(list(failed))}, binary=True)
    return {failed[key] for (key,) in await cursor.fetchall()}


@clause("CGVU 17")
async def _wanted(conn: Hot, client: UUID, messages: list[MessageIn], steps: list[tuple[Any, ...]]) -> list[MessageIn]:
    """Those whose person did not say no to this very message by another channel: of that one the gate knows nothing."""
    heads = {message.head_id for message in messages if message.purpose == "marketing"}
    if not heads:
        return messages
    values = {"client": client, "heads": UuidArray.of([head.bytes for head in heads if head])}
    refused = await (await conn.execute(sql("refused_meanwhile"), values, binary=True)).fetchall()
    said_no: dict[UUID | None, set[str]] = {}
    for head, channel in refused:
        said_no.setdefault(UUID(bytes=head), set()).add(channel)
    over = {
        message.head_id
        for message in messages
        if said_no.get(message.head_id, set()) - {TRAITS[message.channel].permission}
    }
    if over:
        ended = [row[0] for row in steps if row[1] and UUID(bytes=row[1]) in over]
        await conn.execute(sql("drop_rungs"), {"client": client, "messages": UuidArray.of(ended)})
    return [message for message in messages if message.head_id not in over]


def _next(row: tuple[Any, ...], keys: ClientKeys) -> MessageIn | None:
    """The message of the next rung; None when it cannot be read any more."""
    (_, head, number, payload, purpose, campaign, contact, establishment, variant, zone, reference, answers,
     _only_failed) = row  # fmt: skip
    head_id = UUID(bytes=head)
    try:
        plain = keys.unseal("engine_ladder", "payload", UUID(bytes=row_id(head_id, number)), payload)
        rung = decode_rung(plain.encode())
    except (Unreadable, msgspec.DecodeError):
        log.error("engine.rung_unreadable", head=str(head_id), rung=number)
        return None
    return MessageIn(
        id=ids.uuid7(), channel=rung.channel, purpose=purpose, to=rung.to, text=rung.text, content=rung.content,
        sender=rung.sender, short_code=rung.short_code, parts=rung.parts, encoding=rung.encoding,
        unit_price_eur=rung.unit_price_eur, campaign_id=_uuid(campaign), contact_id=_uuid(contact),
        establishment_id=_uuid(establishment), variant=variant, zone=zone, reference=reference, answers=_uuid(answers),
        head_id=head_id, rung=number, expires_at=deadline(rung, clock.now()),
    )  # fmt: skip


def _uuid(raw: bytes | None) -> UUID | None:
    return None if raw is None else UUID(bytes=raw)
