"""Long messages that come in parts: kept until all are there, then one message; a part is answered when it is safe."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
import structlog

from sofy.engine import intake
from sofy.engine.alphabets import Alphabets
from sofy.engine.db import sql
from sofy.engine.intake import MessageIn
from sofy.engine.link import Hot, HotLink
from sofy.ingest import reading as patience
from sofy.ingest.offers import Desk
from sofy.ingest.problems import Fault
from sofy.kernel import clock, ids
from sofy.kernel.crypto import ClientKeys
from sofy.smsc import reading
from sofy.smsc.accounts import Account
from sofy.smsc.reading import Asked
from sofy.smsc.words import Faulted, Refusal

log = structlog.get_logger(__name__)

#: A long message of which no part came for so long will not be whole.
OVERDUE: Final = timedelta(minutes=5)
REFUSED, MISSING = "refused", "missing"
#: Why a part makes no message, as a status of the house.
ENDED_AS: Final = {REFUSED: "withheld", MISSING: "expired", "cancelled": "cancelled"}
Make = Callable[[Desk, Account, Asked, str], MessageIn]
_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Asked).decode


class Parts:
    """Keeps parts and joins them, on a link of its own. `make`: the message of a whole text."""

    def __init__(self, link: HotLink, make: Make) -> None:
        self._link = link
        self._make = make

    async def keep(
        self, account: Account, desk: Desk, keys: ClientKeys, asked: Sequence[Asked]
    ) -> Sequence[str | Refusal]:
        """The id of each part, or why it is refused; returns once they are committed."""
        if not asked:
            return []
        work = _Keeping(account, desk, keys, asked, self._make)
        try:
            await self._within_patience(work)
        except Fault as fault:
            return [Faulted(fault)] * len(asked)
        return [work.told[work.key_of(each), each.part] for each in asked]

    async def name_all(self, account: Account, keys: ClientKeys, messages: list[MessageIn], receipt: int) -> UUID:
        """Store messages that a submit_multi made, under one id. Raises: Fault."""
        name, now = ids.uuid7(), clock.now()
        values = {
            "client": account.client, "account": account.id, "id": name, "count": len(messages), "receipt": receipt,
            "messages": [each.id for each in messages], "now": now,
        }  # fmt: skip

        async def work(conn: Hot) -> None:
            try:
                async with conn.transaction():
                    await conn.execute(sql("smpp_name_all"), values)
                    prepared = intake.prepare(account.client, messages, keys=keys, known=Alphabets(), now=now)
                    await intake.admit(conn, prepared)
            except psycopg.errors.UniqueViolation:
                return  # it was done, and the answer lost with the connection

        await self._within_patience(work)
        return name

    async def _within_patience(self, work: Callable[[Hot], Awaitable[None]]) -> None:
        """Have something stored. Raises: Fault; doubtful once it was begun."""
        begun = False

        async def begin(conn: Hot) -> None:
            nonlocal begun
            begun = True
            await work(conn)

        try:
            await asyncio.wait_for(self._link.call(begin), patience.PATIENCE_S)
        except TimeoutError:
            raise Fault("database_away", 503, doubtful=begun) from None

    async def give_up(self) -> None:
        """End long messages of which parts are missing for too long: a receipt says so to who asked for one."""
        rows = await self._link.rows("smpp_parts_overdue", {"before": clock.now() - OVERDUE})
        for client, account, names, receipts in rows:
            pairs = list(zip(names, receipts, strict=True))

            async def work(conn: Hot, client: Any = client, account: Any = account, pairs: Any = pairs) -> None:
                async with conn.transaction():
                    await end(conn, UUID(bytes=client), UUID(bytes=account), pairs, MISSING)

            await self._link.call(work)
            log.info("smpp.parts_missing", account=str(UUID(bytes=account)), parts=len(pairs))


async def end(conn: Hot, client: UUID, account: UUID, parts: Sequence[tuple[Any, int]], why: str) -> None:
    """These parts (id, receipt) make no message: those who asked are told; of the others only this is kept."""
    values = {"client": client, "account": account, "why": why, "now": clock.now()}
    told = [_uuid(name) for name, receipt in parts if receipt in (1, 2)]
    others = [_uuid(name) for name, receipt in parts if receipt not in (1, 2)]
    if told:
        await conn.execute(sql("smpp_parts_refused"), values | {"ids": told})
        await conn.execute(sql("smpp_part_notices"), values | {"ids": told})
    if others:
        await conn.execute(sql("smpp_parts_over"), values | {"ids": others})


def opened(keys: ClientKeys, name: UUID, payload: bytes) -> Asked:
    """A part as it is kept. Raises: Unreadable, msgspec.DecodeError."""
    return _read(keys.unseal("smpp_part", "payload", name, payload))


def _uuid(name: Any) -> UUID:
    return name if isinstance(name, UUID) else UUID(bytes=name)


class _Keeping:
    """One transaction: parts that came together, and the messages that they complete."""

    def __init__(self, account: Account, desk: Desk, keys: ClientKeys, asked: Sequence[Asked], make: Make) -> None:
        self.told: dict[tuple[bytes, int], str | Refusal] = {}
        self._account = account
        self._desk = desk
        self._keys = keys
        self._make = make
        self._where = {"client": account.client, "account": account.id, "now": desk.now}
        self._asked = {(self.key_of(each), each.part): each for each in asked}
        self._new = ids.uuid7s(len(self._asked))

    def key_of(self, asked: Asked) -> bytes:
        """Which long message a part is of."""
        words = (str(self._account.id), asked.sender, asked.to, str(asked.reference), str(asked.of))
        return self._keys.index("smpp_part", "\0".join(words))

    async def __call__(self, conn: Hot) -> None:
        try:
            async with conn.transaction():
                await self._work(conn)
        except psycopg.errors.UniqueViolation:
            if not self.told:  # else it was done, and the answer lost with the connection
                raise

    async def _work(self, conn: Hot) -> None:
        keys = sorted({key for key, _ in self._asked})
        await conn.execute(sql("smpp_take_turns"), {"keys": keys})
        rows = await (await conn.execute(sql("smpp_keep_parts"), self._columns())).fetchall()
        told: dict[tuple[bytes, int], str | Refusal] = {(key, part): str(name) for name, key, part in rows}
        waiting = defaultdict(list)
        found = await (await conn.execute(sql("smpp_parts_waiting"), self._where | {"keys": keys})).fetchall()
        for name, key, _, of, receipt, payload in found:
            waiting[key].append((name, of, receipt, payload))
        joined: list[tuple[MessageIn, list[UUID]]] = []
        for key, parts in waiting.items():
            if len(parts) < parts[0][1]:
                continue
            try:
                joined.append((self._join(parts), [name for name, *_ in parts]))
            except (Refusal, Fault) as error:
                refusal = error if isinstance(error, Refusal) else Faulted(error)
                await self._refuse(conn, key, parts, refusal, told)
        if joined:
            await self._store(conn, joined)
        self.told = told

    def _columns(self) -> dict[str, Any]:
        parts = list(zip(self._new, self._asked.items(), strict=True))
        seal = self._keys.seal
        return self._where | {
            "ids": self._new,
            "keys": [key for _, ((key, _), _) in parts],
            "numbers": [asked.part for _, (_, asked) in parts],
            "parts": [asked.of for _, (_, asked) in parts],
            "receipts": [asked.receipt for _, (_, asked) in parts],
            "payloads": [seal("smpp_part", "payload", name, _write(asked).decode()) for name, (_, asked) in parts],
        }

    def _join(self, parts: Sequence[tuple[UUID, int, int, bytes]]) -> MessageIn:
        """Raises: Refusal, Fault."""
        said = [opened(self._keys, name, payload) for name, _, _, payload in parts]
        first = said[0]
        if any(each.coding != first.coding for each in said):
            text = "".join(reading.text(each.octets, each.coding) for each in said)
        else:  # a character may be cut in two
            text = reading.text(b"".join(each.octets for each in said), first.coding)
        made = self._make(self._desk, self._account, first, text)
        made.id = ids.uuid7()
        made.recipient_index = self._keys.index("phone", made.to)
        made.receipt = _together([receipt for _, _, receipt, _ in parts])
        return made

    async def _refuse(
        self, conn: Hot, key: bytes, parts: Sequence[tuple[UUID, int, int, bytes]], refusal: Refusal, told: Any
    ) -> None:
        """Parts that are here now hear it as their answer; those that were answered, by a receipt."""
        ours = {name for place, name in told.items() if place[0] == key and place in self._asked}
        fresh = [name for name, *_ in parts if str(name) in ours]
        before = [(name, receipt) for name, _, receipt, _ in parts if str(name) not in ours]
        await conn.execute(sql("smpp_parts_forget"), self._where | {"ids": fresh})
        await end(conn, self._account.client, self._account.id, before, REFUSED)
        for place in [place for place in told if place[0] == key]:
            told[place] = refusal

    async def _store(self, conn: Hot, joined: Sequence[tuple[MessageIn, list[UUID]]]) -> None:
        names = [name for _, each in joined for name in each]
        messages = [message.id for message, each in joined for _ in each]
        await conn.execute(sql("smpp_parts_joined"), self._where | {"ids": names, "messages": messages})
        whole = [message for message, _ in joined]
        prepared = intake.prepare(self._account.client, whole, keys=self._keys, known=Alphabets(), now=self._desk.now)
        await intake.admit(conn, prepared)


def _together(receipts: Sequence[int]) -> int:
    """What is asked of a message when its parts ask these (0 to 3): their sum, as 2 and 3 are each half of 1."""
    asked = {each for each in receipts if each}
    return 1 if len(asked) > 1 else next(iter(asked), 0)
