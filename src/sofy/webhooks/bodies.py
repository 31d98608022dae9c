"""The words of deliveries, made of the messages they are about each time they are sent: nothing of them is kept."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from sofy.engine.keystore import KeyStore
from sofy.engine.pgarray import UuidArray
from sofy.ingest.shapes import Event, Order, Said, Standing
from sofy.ingest.standing import Rows, as_of, standings
from sofy.kernel import ids
from sofy.kernel.crypto import Unreadable
from sofy.webhooks.events import INBOUND, OTHERS, TEST, Happened, type_of

_write = msgspec.json.Encoder().encode


class _Plain(msgspec.Struct, gc=False, rename={"sender": "from"}):
    """What is sealed in engine_inbound.payload, of which this is told."""

    sender: str
    text: str


_read_plain = msgspec.json.Decoder(_Plain).decode


async def bodies(
    rows: Rows, keystore: KeyStore, client: UUID, deliveries: Sequence[Sequence[Happened]], *, batch: bool
) -> list[bytes | None]:
    """One body for each delivery, None where everything it is about was forgotten. Three statements, however many."""
    events = [event for delivery in deliveries for event in delivery]
    wanted = {event.message for event in events if event.message is not None and event.inbound is None}
    known = await standings(rows, keystore, client, list(wanted)) if wanted else {}
    answers = {event.inbound for event in events if event.inbound is not None}
    said = await _said(rows, keystore, client, list(answers)) if answers else {}
    made = []
    for delivery in deliveries:
        told = [event for each in delivery if (event := _event(each, known, said)) is not None]
        whole: Any = {"events": told} if batch else told[0] if told else None
        made.append(_write(whole) if told else None)
    return made


def _event(event: Happened, known: dict[bytes, Standing], said: dict[bytes, Said]) -> Event | None:
    data: Any = None
    if event.kind in (*OTHERS, TEST):
        data = msgspec.Raw((event.data or "{}").encode())
    elif event.kind == INBOUND:
        data = said.get(event.inbound or b"")
    elif (whole := known.get(event.message or b"")) is not None:
        data = as_of(whole, event.kind, event.at)
    if data is None:
        return None
    key = str(ids.from_bytes(event.message)) if event.message is not None else event.kind
    return Event(type_of(event.kind), event.at, Order(key, event.order), data)


async def _said(rows: Rows, keystore: KeyStore, client: UUID, inbounds: Sequence[bytes]) -> dict[bytes, Said]:
    keys = keystore.client(client)
    found = {}
    for row, message, payload, keyword, channel, at in await rows(
        "inbounds", {"client": client, "inbounds": UuidArray.of(inbounds)}
    ):
        place = ids.from_bytes(row)
        try:
            plain = _read_plain(keys.unseal("engine_inbound", "payload", place, payload).encode())
        except (Unreadable, msgspec.DecodeError):
            continue
        answered = None if message is None else str(ids.from_bytes(message))
        found[row] = Said(str(place), answered, channel, plain.sender, plain.text, keyword, at)
    return found
