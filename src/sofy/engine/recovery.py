"""After a kill: read back the journals of dead engines and bring the ledger to where they were.

A claimed row absent from the journal was never written to a socket: it is queued again. A row handed over without an
answer becomes unknown (an alert is tried again). Answers and receipts are entered as if they came now. Everything here
may be repeated: a kill in the middle of a recovery costs nothing.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from sofy.connectors import base
from sofy.connectors.base import Action, Receipt, Reported
from sofy.engine import handover, journal
from sofy.engine.db import sql
from sofy.engine.item import Item
from sofy.engine.link import Hot, HotLink
from sofy.engine.outcomes import Ledger, now_micros
from sofy.engine.receipts import Receipts, Recent

log = structlog.get_logger(__name__)


class _Past:
    """What one dead engine did, from its journal."""

    def __init__(self, folder: Path) -> None:
        self.trusted = True
        self.handed: dict[bytes, dict[int, None]] = {}
        self.route: dict[bytes, bytes] = {}
        self.answers: dict[bytes, dict[int, tuple[int, str, str, str]]] = defaultdict(dict)
        self.receipts: list[tuple[bytes, tuple[str, ...], str, str]] = []
        for record in journal.read(folder):
            match record:
                case journal.HandedOver(_, route, keys):
                    for start in range(0, len(keys), 33):
                        key, part = keys[start : start + 32], keys[start + 32]
                        if part in self.handed.get(key, ()):  # handed over once more: what was answered before is past
                            self.answers[key].pop(part, None)
                        self.handed.setdefault(key, {})[part] = None
                        self.route[key] = route
                case journal.Answered(at, _, answers):
                    for key, part, kind, value, action in answers:
                        self.answers[key][part] = (at, kind, value, action)
                case journal.Received(_, route, receipts):
                    self.receipts += [(route, tuple(keys), status, code) for keys, status, code, _ in receipts]


async def recover(root: Path, link: HotLink, me: UUID) -> None:
    """Deal with every dead engine whose journal lies under `root`."""
    for left in journal.abandoned(root):
        past = _Past(left.folder)
        held = await _held(link, left.instance)
        known = past.handed.keys()
        silent = {key for key in held if key not in known}
        if left.same_boot:
            await _by_client(link, "release_claims", silent, left.instance, me)
        else:  # the machine died too: the journal may have lost its end, so silence proves nothing
            past.trusted = False
            past.handed.update({key: {0: None} for key in silent})
        mine = {key for key in held if key in past.handed}
        await _by_client(link, "adopt", mine, left.instance, me)
        counts = await _replay(link, past, mine, me)
        journal.finish(left)
        log.warning("engine.recovered", instance=str(left.instance), released=len(silent), **counts)


async def _replay(link: HotLink, past: _Past, mine: set[bytes], me: UUID) -> dict[str, int]:
    recent = Recent()
    ledger = Ledger(link, me, lambda item: None)
    at = now_micros()
    unknown = 0
    for item in await _adopted(link, mine, me):
        item.route = past.route.get(item.key)
        answers = past.answers.get(item.key, {})
        parts = max([item.parts, *(part + 1 for part in past.handed[item.key]), *(part + 1 for part in answers)])
        handover.begin(item, parts)
        when = at
        for part in range(parts):
            answered = answers.get(part)
            when = answered[0] if answered is not None else when
            written = part in past.handed[item.key] or not past.trusted
            handover.note(item, Reported(item.uid, part, parts, _outcome(answered, written)))
            if answered is not None and answered[1] == "A" and item.route is not None:
                recent.add((item.route, answered[2]), item, part)
        unknown += item.lost
        handover.conclude(item, when, other_route=False)
        ledger.changed(item)
    await ledger.write_all()
    desk = Receipts(link, ledger, recent)
    for route, keys, status, code in past.receipts:
        told: Any = status
        desk.take(route, [Receipt(keys=keys, status=told, code=code)], _nothing)
    await desk.look()
    await desk.close()
    await ledger.write_all()
    return {"replayed": len(mine), "unknown": unknown, "receipts": len(past.receipts)}


def _nothing() -> None:
    """A replayed receipt needs no settling: its journal goes when the recovery is over."""


def _outcome(answered: tuple[int, str, str, str] | None, written: bool) -> base.Outcome:
    if answered is None:
        return base.Unknown("engine_killed") if written else base.NotSent("stopping")
    _, kind, value, action = answered
    match kind:
        case "A":
            return base.Accepted(value)
        case "R":
            return base.Refused(value, Action(action))
        case _:  # never written, or not taken when it was
            return base.NotSent("stopping")


async def _held(link: HotLink, instance: UUID) -> set[bytes]:
    async def work(conn: Hot) -> list[tuple[Any, ...]]:
        return await (await conn.execute(sql("held_by"), {"instance": instance}, binary=True)).fetchall()

    return {client + message for client, message in await link.call(work)}


async def _by_client(link: HotLink, name: str, keys: set[bytes], dead: UUID, me: UUID) -> None:
    grouped: dict[bytes, list[UUID]] = defaultdict(list)
    for key in sorted(keys):
        grouped[key[:16]].append(UUID(bytes=key[16:]))
    for client, messages in grouped.items():
        values = {"client": UUID(bytes=client), "messages": messages, "dead": dead, "me": me}

        async def work(conn: Hot, values: dict[str, Any] = values) -> None:
            await conn.execute(sql(name), values)

        await link.call(work)


async def _adopted(link: HotLink, keys: set[bytes], me: UUID) -> list[Item]:
    grouped: dict[bytes, list[UUID]] = defaultdict(list)
    for key in sorted(keys):
        grouped[key[:16]].append(UUID(bytes=key[16:]))
    items = []
    for client, messages in grouped.items():
        values = {"client": UUID(bytes=client), "messages": messages, "me": me}

        async def work(conn: Hot, values: dict[str, Any] = values) -> list[tuple[Any, ...]]:
            return await (await conn.execute(sql("adopted"), values, binary=True)).fetchall()

        for row in await link.call(work):
            mid, lane, purpose, parts, encoding, price_micro, attempt, campaign, contact, recipient, short_code = row
            items.append(
                Item(client + mid, client, mid, UUID(bytes=mid), UUID(bytes=client), lane, purpose, campaign, contact,
                     recipient, "", short_code, None, "", "", parts, encoding, price_micro, attempt, None)
            )  # fmt: skip
    return items
