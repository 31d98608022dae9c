"""Where messages stand with all that happened to them: what GET answers, and webhooks tell, also as of a step."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from sofy.engine.intake import decode_payload
from sofy.engine.keystore import KeyStore
from sofy.engine.pgarray import UuidArray
from sofy.engine.statuses import ENDED, RANK, in_order
from sofy.ingest import ladder
from sofy.ingest.offers import cost
from sofy.ingest.shapes import Standing, Step
from sofy.kernel import ids
from sofy.kernel.content import Content, flat
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused

Rows = Callable[[str, dict[str, Any]], Awaitable[list[tuple[Any, ...]]]]
"""Asks the database a named statement."""

Said = tuple[str, str, Content | None]
"""To whom, the text, and what was sent when that is more than a text."""
_FORGOTTEN: Final[Said] = ("", "", None)
#: Verdicts, whose article the message keeps.
VERDICTS: Final = frozenset({"deferred", "held", "withheld", "cancelled"})


async def standings(
    rows: Rows, keystore: KeyStore, client: UUID, messages: Sequence[bytes]
) -> dict[bytes, Standing]:  # fmt: skip
    """Where messages of a client stand, by id; those it does not have are left out. A few statements, however many.

    A message that takes several channels stands where the best of them does, whichever of its rungs is asked for.
    """
    single, heads = await _each(rows, keystore, client, messages)
    if not single:
        return {}
    asked = UuidArray.of(list(set(heads.values())))
    ladders: dict[bytes, list[tuple[str, bytes | None]]] = {}
    for head, channel, message in await rows("rungs_of", {"client": client, "messages": asked}):
        ladders.setdefault(head, []).append((channel, message))
    further = [m for rungs in ladders.values() for _, m in rungs if m is not None and m not in single]
    if further:
        others, _ = await _each(rows, keystore, client, further)
        single |= others
    known = {head: ladder.climbed(head, rungs, single) for head, rungs in ladders.items()}
    return {message: known[heads[message]] if heads[message] in known else single[message] for message in heads}


async def _each(
    rows: Rows, keystore: KeyStore, client: UUID, messages: Sequence[bytes]
) -> tuple[dict[bytes, Standing], dict[bytes, bytes]]:
    """Each message by itself, and the message that its sender knows."""
    found = await rows("messages", {"client": client, "messages": UuidArray.of(messages)})
    if not found:
        return {}, {}
    values = {
        "client": client,
        "messages": UuidArray.of([row[0] for row in found]),
        "contacts": UuidArray.of([row[1] for row in found]),
    }
    steps: dict[bytes, list[Step]] = {row[0]: [] for row in found}
    for message, kind, at, submitted_at, detail in await rows("steps_of_messages", values):
        if submitted_at is not None:  # one event tells of two steps where they were written together
            steps[message].append(Step("submitted", submitted_at))
        known = detail or {}
        step = Step(kind, at, known.get("reason", ""), known.get("code", ""), known.get("article", ""))
        steps[message].append(step)
    opened = _opener(keystore, client)
    standing = {row[0]: _standing(row, steps[row[0]], opened) for row in found}
    if by_smpp := [row[0] for row in found if row[-1]]:
        for message, name, *_ in await rows("smpp_names", {"client": client, "messages": UuidArray.of(by_smpp)}):
            standing[message].smpp_ids.append(str(ids.from_bytes(name)))
    return standing, {row[0]: row[2] or row[0] for row in found}


def _opener(keystore: KeyStore, client: UUID) -> Callable[[UUID, bytes], Said]:
    """What a message says and to whom, for as long as that is known."""
    try:
        open_sealed = keystore.client(client).opener("engine_message", "payload")
    except Refused:
        return lambda _row, _blob: _FORGOTTEN

    def opened(row: UUID, blob: bytes) -> Said:
        try:
            plain = decode_payload(open_sealed(row, blob))
        except (Unreadable, msgspec.DecodeError):
            return _FORGOTTEN
        content = plain.content
        if content is None:
            return plain.to, plain.text, None
        shown = msgspec.structs.replace(content, html="") if content.html else content
        return plain.to, flat(content) or plain.text, shown

    return opened


def _standing(
    row: tuple[Any, ...], steps: list[Step], opened: Callable[[UUID, bytes], Said]
) -> Standing:  # fmt: skip
    (message, _, _, channel, purpose, sender, payload, parts, encoding, unit_price, reference, campaign, establishment,
     created_at, expires_at, status, reason, article, code, submitted_at, final_at, not_before, _) = row  # fmt: skip
    ordered = in_order(steps, lambda step: (step.type, step.at))
    to, text, content = opened(ids.from_bytes(message), payload)
    return Standing(
        str(ids.from_bytes(message)), status, channel, purpose, sender, to, text, reference, _text_id(establishment),
        _text_id(campaign), parts, encoding, cost(unit_price, parts), reason,
        article if status in VERDICTS else None, code, created_at, not_before, expires_at, submitted_at, final_at,
        [Step("accepted", created_at), *ordered], content=content,
    )  # fmt: skip


def as_of(whole: Standing, kind: str, at: datetime) -> Standing | None:
    """The same message as it stood at one of its steps; None when that step is not known any more, or when another
    channel was tried after it.

    What a message waited for is forgotten when it stops waiting: `not_before` is empty for the steps before.
    """
    place = next((n for n, step in enumerate(whole.events) if step.type == kind and step.at == at), None)
    if place is None:
        return None
    events = whole.events[: place + 1]
    if ladder.goes_on(whole, events[-1]):
        return None
    if not any(step.type in RANK for step in whole.events[place + 1 :]):
        return msgspec.structs.replace(whole, events=events)
    step = events[-1]
    return msgspec.structs.replace(
        whole,
        status=kind,
        reason=step.reason or None,
        article=step.article or None if kind in VERDICTS else None,
        supplier_code=next((each.code for each in reversed(events) if each.code), None),
        not_before=None,
        submitted_at=next((each.at for each in events if each.type == "submitted"), None),
        final_at=at if RANK[kind] >= ENDED else None,
        events=events,
    )


def _text_id(value: bytes | None) -> str | None:
    return None if value is None else str(ids.from_bytes(value))
