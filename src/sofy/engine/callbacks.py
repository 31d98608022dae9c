"""What suppliers call back with: stored as it came, read by whichever engine is first, forgotten when it is safe."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import structlog

from sofy.connectors.base import REVOKE_FAILED, TTL_REVOKED, Events, Heard, Receipt, own_key
from sofy.engine.capability import Capabilities
from sofy.engine.inbound import InboundDesk
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.routes import Counters, RouteTable
from sofy.kernel import crypto

log = structlog.get_logger(__name__)

_ENTITY: Final = "callbacks"
_LOOK_EVERY_S: Final = 0.1
_AT_ONCE: Final = 500
#: After so many tries a callback that stops its reader is left: the sixth time would be no other.
_TRIES: Final = 5


def seal_body(keystore: KeyStore, row: UUID, body: bytes) -> bytes:
    """A callback as it is stored: it names people."""
    return crypto.seal(keystore.entity(_ENTITY), body, _aad(row))


def _aad(row: UUID) -> bytes:
    return b"engine_callback\0body\0" + row.bytes


def _named(receipt: Receipt) -> Receipt:
    """A receipt that says which message of ours it is of can be placed when the answer to that message was lost."""
    if receipt.message_id is None:
        return receipt
    return msgspec.structs.replace(receipt, keys=(*receipt.keys, own_key(receipt.message_id)))


class Callbacks:
    """Reads stored callbacks, a few hundred at a time, and tells the engine what they say."""

    def __init__(
        self,
        link: HotLink,
        keystore: KeyStore,
        table: RouteTable,
        events_for: Callable[[bytes, Counters], Events],
        inbound: InboundDesk,
        capabilities: Capabilities,
    ) -> None:
        self.unread = 0
        self._link = link
        self._keystore = keystore
        self._table = table
        self._events_for = events_for
        self._inbound = inbound
        self._capabilities = capabilities

    async def run(self) -> None:
        """Look for callbacks, for ever."""
        while True:
            if not self._expected() or not await self.look():
                await asyncio.sleep(_LOOK_EVERY_S)

    def _expected(self) -> bool:
        """Whether any supplier calls back at all."""
        return any("read_callback" in vars(reading.kind) for reading in self._table.readings.values())

    async def look(self) -> int:
        """Read one batch; answers how many callbacks there were."""
        rows = await self._link.rows("take_callbacks", {"n": _AT_ONCE})
        by_route: dict[bytes, list[tuple[UUID, bytes, int]]] = {}
        for row, route, body, tries in sorted(rows):
            by_route.setdefault(route, []).append((UUID(bytes=row), body, tries))
        for route, callbacks in by_route.items():
            done = await self._read(route, callbacks)
            if done:
                await self._link.run("forget_callbacks", {"ids": done})
        return len(rows)

    async def _read(self, route: bytes, callbacks: list[tuple[UUID, bytes, int]]) -> list[UUID]:
        """What the supplier of one route said; answers the callbacks that need not be read again."""
        reading = self._table.readings.get(route)
        if reading is None:
            log.warning("engine.callback_without_route", route=str(UUID(bytes=route)), callbacks=len(callbacks))
            return [row for row, _, tries in callbacks if tries >= _TRIES]
        done: list[UUID] = []
        heard: list[Heard] = []
        for row, body, tries in callbacks:
            try:
                opened = crypto.unseal(self._keystore.entity(_ENTITY), body, _aad(row))
                said = reading.kind.read_callback(reading.settings, opened)
                if overdue := [receipt for receipt in said.receipts if receipt.code == REVOKE_FAILED]:
                    said = Heard(receipts=await self._call_back(route, overdue, tries))
                    done += [row] if said.receipts or tries >= _TRIES else []
                else:
                    done.append(row)
                heard.append(said)
            except Exception as error:  # a foreign text that its reader does not stand must not stop the others
                self.unread += 1
                log.error("engine.callback_unreadable", route=str(UUID(bytes=route)), error=type(error).__name__)
                done += [row] if tries >= _TRIES else []
        way = self._table.routes.get(route)
        told = [receipt for each in heard for receipt in each.receipts]
        both = [(f"+{one.phones[0]}", one.identity) for one in told if one.identity and one.phones]
        await self._inbound.aliases.note(way, both)
        for person in [one for each in heard for one in each.renamed]:
            await self._inbound.aliases.rename(way, person.names)
        await self._capabilities.leave_alone(way, [one for each in heard for one in each.rests])
        events = self._events_for(route, Counters())
        if receipts := [_named(receipt) for receipt in told]:
            await events.on_receipts(receipts)
        if inbound := [message for each in heard for message in each.inbound]:
            await events.on_inbound(inbound)
        if templates := [news for each in heard for news in each.templates]:
            await self._inbound.templates(way, templates)
        return done

    async def _call_back(self, route: bytes, overdue: list[Receipt], tries: int) -> list[Receipt]:
        """Messages past their time that may still arrive: called back again each minute, the first time not at once,
        since their receipt may be under way. Answers what became of them; nothing where that is not known yet.
        """
        running = self._table.running.get(route)
        where = {one.message_id: f"+{one.phones[0]}" for one in overdue if one.message_id and one.phones}
        if tries < 2 or running is None or not where:
            return []
        answers = await running.connector.revoke(where)
        told: list[Receipt] = []
        for one in overdue:
            answer = answers.get(one.message_id, "unknown") if one.message_id else "unknown"
            if answer == "revoked":
                told.append(msgspec.structs.replace(one, status="expired", code=TTL_REVOKED, at=None))
            elif answer == "delivered":  # its own receipt says so
                told.append(one)
        return told
