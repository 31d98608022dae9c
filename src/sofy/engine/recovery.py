"""After a kill: read back the journals of dead engines and bring the ledger to where they were.

A claimed message absent from the journal was never written to a socket: it is queued again. One handed over without an
answer becomes unknown (an alert is tried again). Answers and receipts are entered as if they came now. Everything here
may be repeated: a kill in the middle of a recovery costs nothing.
"""

import asyncio
import contextlib
import fcntl
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from sofy.connectors import base
from sofy.connectors.base import Action, Receipt, Reported
from sofy.engine import handover, journal, route_config
from sofy.engine.db import sql
from sofy.engine.intake import decode_payload
from sofy.engine.item import SENT_AGAIN, Claim, Item
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.outcomes import Ledger, now_micros
from sofy.engine.receipts import Receipts
from sofy.engine.recent import Recent
from sofy.kernel import channels
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused

log = structlog.get_logger(__name__)


Held = dict[bytes, bytes]
"""Messages (client and message id) that engines hold, each with the claim it was taken by."""


class _Past:
    """What dead engines did, from their journals."""

    def __init__(self, folders: list[Path]) -> None:
        self.trusted = True
        self.handed: dict[bytes, dict[int, None]] = {}
        self.route: dict[bytes, bytes] = {}
        self.answers: dict[bytes, dict[int, tuple[int, str, str, str]]] = defaultdict(dict)
        self.named: set[tuple[bytes, str]] = set()
        self.receipts: list[tuple[bytes, journal.Heard]] = []
        # In the order of time between engines, and in the order of writing within each.
        for record in merge(*map(journal.read, folders), key=lambda record: record.at):
            match record:
                case journal.HandedOver(_, route, keys):
                    for start in range(0, len(keys), 33):
                        key, part = keys[start : start + 32], keys[start + 32]
                        if part in self.handed.get(key, ()):  # handed over once more: what was answered before is past
                            self.answers[key].pop(part, None)
                        self.handed.setdefault(key, {})[part] = None
                        self.route[key] = route
                case journal.Answered(at, route, answers):
                    for key, part, kind, value, action in answers:
                        self.answers[key][part] = (at, kind, value, action)
                        if kind == "A" and value:
                            self.named.add((route, value))
                case journal.Received(_, route, receipts):
                    self.receipts += [(route, one) for one in receipts]


async def recover(root: Path, link: HotLink, me: UUID, keystore: KeyStore) -> None:
    """Deal with every dead engine whose journal lies under `root`, all together and one recoverer at a time.

    An engine killed in the middle of a recovery holds messages whose hand-over is in the journal of the engine before
    it: read alone, its own journal would say that they were never written, and they would be sent twice.
    """
    async with _turn(root):
        dead = list(journal.abandoned(root))
        past = _Past([left.folder for left in dead])
        counts = {"released": 0, "replayed": 0, "unknown": 0, "receipts": len(past.receipts)}
        mine: Held = {}
        for left in dead:
            held = await held_by(link, left.instance)
            silent = {key: claim for key, claim in held.items() if key not in past.handed}
            if left.same_boot:
                await release(link, silent)
                counts["released"] += len(silent)
            else:  # the machine died too: the journal may have lost its end, so silence proves nothing
                past.trusted = False
                past.handed.update({key: {0: None} for key in silent})
            await link.run("adopt", {"dead": left.instance, "me": me})
            mine |= {key: claim for key, claim in held.items() if key in past.handed}
        if dead:
            counts |= await _replay(link, past, mine, me, keystore)
            log.warning("engine.recovered", instances=[str(left.instance) for left in dead], **counts)
        for left in dead:
            journal.finish(left)


@contextlib.asynccontextmanager
async def _turn(root: Path) -> AsyncIterator[None]:
    """Wait until no other engine of this spool recovers; a killed one gives its turn up at once."""
    root.mkdir(parents=True, exist_ok=True)
    lock = os.open(root / "recovery.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield
    finally:
        os.close(lock)


async def _replay(link: HotLink, past: _Past, mine: Held, me: UUID, keystore: KeyStore) -> dict[str, int]:
    recent = Recent()
    ledger = Ledger(link, lambda item: None)
    at = now_micros()
    unknown = 0
    safe = await _idempotent(link)
    for item in await _adopted(link, mine, keystore):
        item.route = past.route.get(item.key)
        answers = past.answers.get(item.key, {})
        parts = max([item.parts, *(part + 1 for part in past.handed[item.key]), *(part + 1 for part in answers)])
        handover.begin(item, parts)
        when = at
        # What is told of the route that did not deliver is of the first hand-over: the second one never was.
        again = item.attempt >= SENT_AGAIN and item.route == item.avoid
        for part in range(parts):
            answered = answers.get(part)
            when = answered[0] if answered is not None else when
            written = part in past.handed[item.key] or not past.trusted
            outcome = base.NotSent("stopping") if again else _outcome(answered, written)
            handover.note(item, Reported(item.uid, part, parts, outcome))
            if not again and answered is not None and answered[1] == "A" and answered[2] and item.route is not None:
                recent.add((item.route, answered[2]), item, part)
        handover.conclude(item, when, _no_other_route, idempotent=item.route in safe)
        unknown += item.lost and item.status == "unknown"
        ledger.changed(item)
    await ledger.write_all()
    desk = Receipts(link, ledger, recent, keystore)
    for route, heard in past.receipts:
        told: Any = heard.status
        action = Action(heard.action) if heard.action else None
        desk.take(route, [Receipt(keys=heard.keys, status=told, code=heard.code, action=action)], _nothing)
    await desk.look()
    await desk.close(past.named)
    await ledger.write_all()
    await link.run("end_claims", {"me": me})
    return {"replayed": len(mine), "unknown": unknown}


async def _idempotent(link: HotLink) -> frozenset[bytes]:
    """Routes to suppliers that take a message id once."""
    return frozenset(row[0] for row in await link.rows("routes") if route_config.idempotent(row[3]))


def _no_other_route(item: Item) -> bool:
    """Routes are not open yet."""
    return False


def _nothing() -> None:
    """A replayed receipt needs no settling: its journal goes when the recovery is over."""


def _outcome(answered: tuple[int, str, str, str] | None, written: bool) -> base.Outcome:
    if answered is None:
        return base.Unknown("engine_killed") if written else base.NotSent("stopping")
    _, kind, value, action = answered
    match kind:
        case "A":
            return base.Accepted(value)
        case "R" | "F":
            return base.Refused(value, Action(action), fault=kind == "F")
        case _:  # never written, or not taken when it was
            return base.NotSent("stopping")


async def held_by(link: HotLink, instance: UUID) -> Held:
    """Every message the database says an engine holds."""
    return {client + message: claim for client, message, claim in await link.rows("held_by", {"instance": instance})}


async def release(link: HotLink, held: Held) -> None:
    """Put messages nobody handed over back into the queue, client by client."""
    for values in _by_client(held):

        async def work(conn: Hot, values: dict[str, Any] = values) -> None:
            async with conn.transaction():
                await conn.execute(sql("release"), values)
                await conn.execute(sql("leave_claims"), values)

        await link.call(work)


def _by_client(held: Held) -> Iterator[dict[str, Any]]:
    """What statements about claimed messages of one client are given."""
    for client, group in groupby(sorted(held), key=lambda key: key[:16]):
        keys = list(group)
        yield {
            "client": UUID(bytes=client),
            "claims": [UUID(bytes=claim) for claim in {held[key] for key in keys}],
            "ids": [UUID(bytes=key[16:]) for key in keys],
        }


async def _adopted(link: HotLink, held: Held, keystore: KeyStore) -> list[Item]:
    items = []
    claims: dict[bytes, Claim] = {}
    for values in _by_client(held):
        client = values["client"].bytes
        for row in await link.rows("adopted", values):
            (mid, claim, lane, channel, purpose, parts, encoding, price_micro, attempt, campaign, contact, recipient,
             short_code, payload, avoid) = row  # fmt: skip
            item = Item(
                client + mid, client, mid, UUID(bytes=mid), UUID(bytes=client), lane, channel, purpose, campaign,
                contact, recipient, "", short_code, None, "", "", parts, encoding, price_micro, attempt, avoid,
            )  # fmt: skip
            item.claim = claims.setdefault(claim, Claim(client, claim, 0))
            item.claim.open += 1
            if short_code is not None:  # it was announced; if nobody got it, answers are another client's again
                item.number_index = _number_index(keystore, item, payload)
                item.displaced = bool(item.number_index)
            items.append(item)
    return items


def _number_index(keystore: KeyStore, item: Item, payload: bytes) -> bytes:
    """Under which name `mo_lookup` knows the number of a message; nothing when its key is gone."""
    try:
        opened = decode_payload(keystore.client(item.uid_client).unseal("engine_message", "payload", item.uid, payload))
    except (Refused, Unreadable, msgspec.DecodeError):
        return b""
    return keystore.platform().index(channels.identity(opened.to), opened.to)
