"""Receipts and answers on their way to clients' programs: kept until they are acknowledged, and sent again after that
did not come.

One process at a time tells an account (`gate_endpoint.claimed_by`), over whichever of its binds receive there.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog

from sofy.engine.intake import decode_payload
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.waiting import until_set
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused
from sofy.smsc import receipts
from sofy.smsc.accounts import LEASE_S, Account
from sofy.smsc.parts import ENDED_AS, MISSING, opened
from sofy.smsc.receipts import Ended
from sofy.wire.smpp.codes import Status
from sofy.wire.smpp.pdu import Sm
from sofy.wire.smpp.server import Delivered, ServerSession

log = structlog.get_logger(__name__)

#: So many notices are fetched at once, and known at most; when there are none, the next look is after this long.
_AT_ONCE: Final = 500
_LOOK_S: Final = 0.25
_CLAIM_S: Final = 3.0
#: A delivery that was refused comes again after this long, then twice as long, and so on. Unit: seconds.
_AGAIN_S, _LONGEST_S = 2.0, 120.0
#: What a program says that will never take a delivery: it is not sent again.
_NEVER: Final = frozenset({Status.RX_P_APPN, Status.RX_R_APPN})


class Notice(msgspec.Struct, eq=False):
    """What there is to tell, as deliver_sm; several when a long message came in parts."""

    id: int
    message: bytes | None
    left: int
    part: UUID | None = None


class Delivery(msgspec.Struct, eq=False):
    """One deliver_sm of a notice."""

    notice: Notice
    sm: Sm
    tries: int = 0


class Row(NamedTuple):
    """One row of engine_notice."""

    id: int
    message: bytes | None
    inbound: bytes | None
    kind: str
    at: Any
    data: Any


class Teller:
    """Tells one account, as long as it has binds here that receive."""

    def __init__(self, account: Account, link: HotLink, keystore: KeyStore, process: UUID) -> None:
        self._account = account
        self._link = link
        self._keystore = keystore
        self._where = {"client": account.client, "account": account.id, "process": process, "lease": f"{LEASE_S} s"}
        self.sessions: list[ServerSession] = []
        self._claimed_at = 0.0
        self._ours = False
        self._known: dict[int, Notice] = {}
        self._queue: deque[Delivery] = deque()
        self._busy: dict[bytes, Notice] = {}  # of one message, what comes later waits for what came before
        self._told: list[int] = []
        self._moved = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._run())

    def delivered(self, answers: Sequence[Delivered]) -> None:
        """The other end answered."""
        for delivery, status in answers:
            if status == Status.ROK or status in _NEVER:
                self._over(delivery.notice)
            else:
                delivery.tries += 1
                pause_s = min(_LONGEST_S, _AGAIN_S * 2 ** (delivery.tries - 1))
                asyncio.get_running_loop().call_later(pause_s, self._again, [delivery])
        self._moved.set()

    def lost(self, session: ServerSession, undelivered: Sequence[Delivery]) -> None:
        """A bind ended: what it did not acknowledge goes on another, or waits for one."""
        self.sessions.remove(session)
        self._again(undelivered)

    async def stop(self) -> None:
        """Let another process tell this account."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self._forget_told()
        if self._ours:
            await self._link.run("smpp_let_go", self._where)

    def _again(self, deliveries: Sequence[Delivery]) -> None:
        self._queue.extendleft(reversed(deliveries))
        self._moved.set()

    def _over(self, notice: Notice) -> None:
        notice.left -= 1
        if notice.left > 0:
            return
        self._told.append(notice.id)
        if notice.message is not None and self._busy.get(notice.message) is notice:
            del self._busy[notice.message]

    async def _run(self) -> None:
        while True:
            try:
                if not await self._claim():
                    await asyncio.sleep(1.0)
                    continue
                await self._forget_told()
                found = await self._fetch() if len(self._known) < _AT_ONCE else 0
                self._send()
                if found < _AT_ONCE:
                    self._moved.clear()
                    await until_set(self._moved, _LOOK_S)
            except Exception as error:
                log.error("smpp.telling_failed", account=str(self._account.id), error=type(error).__name__)
                await asyncio.sleep(1.0)

    async def _claim(self) -> bool:
        """Whether this process may tell the account now."""
        if time.monotonic() - self._claimed_at > _CLAIM_S:
            self._ours = bool(await self._link.rows("smpp_claim", self._where))
            self._claimed_at = time.monotonic()
            if not self._ours:  # another tells it, from the beginning
                self._known.clear()
                self._queue.clear()
                self._busy.clear()
        return self._ours

    async def _forget_told(self) -> None:
        if self._told:
            told, self._told = self._told, []
            parts = [part for name in told if (known := self._known.get(name)) and (part := known.part)]
            await self._link.run("smpp_told", self._where | {"ids": told})
            if parts:
                await self._link.run("smpp_parts_over", self._where | {"ids": parts, "why": MISSING})
            for name in told:
                self._known.pop(name, None)

    async def _fetch(self) -> int:
        values = self._where | {"known": list(self._known), "n": _AT_ONCE}
        rows = [Row(*row) for row in await self._link.rows("smpp_notices", values)]
        if not rows:
            return 0
        made: dict[int, list[Sm]] = {row.id: [] for row in rows} | dict(await self._written(rows))
        for row in rows:
            part = UUID(row.data["part"]) if row.kind == "smpp.part" else None
            notice = Notice(row.id, row.message, len(made[row.id]), part)
            self._known[row.id] = notice
            self._queue += [Delivery(notice, sm) for sm in made[row.id]]
            if not made[row.id]:  # nobody asked for it, or nothing is left of it
                self._told.append(row.id)
        return len(rows)

    def _send(self) -> None:
        """As many as the windows take, over the bind with the most room."""
        kept: list[Delivery] = []
        while self._queue:
            session = max(self.sessions, key=ServerSession.room, default=None)
            if session is None or session.room() <= 0:
                break
            delivery = self._queue.popleft()
            message = delivery.notice.message
            if message is not None and self._busy.setdefault(message, delivery.notice) is not delivery.notice:
                kept.append(delivery)
                continue
            session.deliver(delivery.sm if session.modern else receipts.without_tlvs(delivery.sm), delivery)
        self._queue.extendleft(reversed(kept))

    async def _written(self, rows: Sequence[Row]) -> Iterator[tuple[int, list[Sm]]]:
        """What each notice says, as deliver_sm."""
        try:
            keys = self._keystore.client(self._account.client)
        except Refused:  # the client is gone, and everything about it
            return iter(())
        ends = [row for row in rows if row.kind in receipts.ENDS and row.message is not None]
        parts = [row for row in rows if row.kind == "smpp.part"]
        answers = [row for row in rows if row.kind == "inbound" and row.inbound is not None]
        made: list[tuple[int, list[Sm]]] = []
        if ends:
            made += await self._ends(ends, keys)
        if parts:
            made += await self._parts(parts, keys)
        if answers:
            made += await self._answers(answers, keys)
        return iter(made)

    async def _ends(self, rows: Sequence[Row], keys: Any) -> list[tuple[int, list[Sm]]]:
        values = self._where | {"messages": [UUID(bytes=row.message) for row in rows if row.message]}
        known = {row[0]: row for row in await self._link.rows("smpp_messages", values)}
        names: dict[bytes, list[tuple[UUID, int]]] = {}
        for message, name, _, receipt in await self._link.rows("smpp_names", values):
            names.setdefault(message, []).append((UUID(bytes=name), receipt))
        made = []
        for row in rows:
            if row.message is None or row.message not in known:
                continue
            _, sender, payload, created_at, _, code, _, _, receipt = known[row.message]
            message = UUID(bytes=row.message)
            with contextlib.suppress(Unreadable, msgspec.DecodeError):
                plain = decode_payload(keys.unseal("engine_message", "payload", message, payload))
                about = (plain.to, sender, plain.text, row.kind, code or "", created_at, row.at)
                told = names.get(row.message, [(message, receipt or 0)])
                sms = [
                    receipts.receipt(Ended(str(name), *about))
                    for name, asked in told
                    if receipts.wanted(asked, row.kind)
                ]
                made.append((row.id, sms))
        return made

    async def _parts(self, rows: Sequence[Row], keys: Any) -> list[tuple[int, list[Sm]]]:
        of = {UUID(row.data["part"]).bytes: row for row in rows}
        values = self._where | {"ids": [UUID(bytes=name) for name in of]}
        made = []
        for name, why, payload, at in await self._link.rows("smpp_parts", values):
            row = of[name]
            with contextlib.suppress(Unreadable, msgspec.DecodeError):
                asked = opened(keys, UUID(bytes=name), payload)
                ended = Ended(str(UUID(bytes=name)), asked.to, asked.sender, "", ENDED_AS[why], "", at, row.at)
                made.append((row.id, [receipts.receipt(ended)]))
        return made

    async def _answers(self, rows: Sequence[Row], keys: Any) -> list[tuple[int, list[Sm]]]:
        of = {row.inbound: row for row in rows}
        values = self._where | {"ids": [UUID(bytes=row.inbound) for row in rows if row.inbound]}
        made = []
        for name, payload, recipient in await self._link.rows("smpp_inbound", values):
            with contextlib.suppress(Unreadable, msgspec.DecodeError):
                plain = msgspec.json.decode(keys.unseal("engine_inbound", "payload", UUID(bytes=name), payload))
                made.append((of[name].id, [receipts.answer(plain["from"], recipient or "", plain["text"])]))
        return made


class Deliveries:
    """The tellers of a process."""

    def __init__(self, link: HotLink, keystore: KeyStore, process: UUID) -> None:
        self._link = link
        self._keystore = keystore
        self._process = process
        self._tellers: dict[UUID, Teller] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def joined(self, session: ServerSession, account: Account) -> None:
        """A bind that receives."""
        if account.id not in self._tellers:
            self._tellers[account.id] = Teller(account, self._link, self._keystore, self._process)
        self._tellers[account.id].sessions.append(session)

    def delivered(self, account: Account, answers: Sequence[Delivered]) -> None:
        """The other end answered."""
        if account.id in self._tellers:
            self._tellers[account.id].delivered(answers)

    def lost(self, session: ServerSession, account: Account, undelivered: Sequence[Any]) -> None:
        """A bind that received ended."""
        teller = self._tellers.get(account.id)
        if teller is None or session not in teller.sessions:
            return
        teller.lost(session, undelivered)
        if not teller.sessions:
            del self._tellers[account.id]
            task = asyncio.get_running_loop().create_task(teller.stop())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def stop(self) -> None:
        """What was not acknowledged is told by another process, or by the next."""
        await asyncio.gather(*(teller.stop() for teller in self._tellers.values()), *self._ending)
        self._tellers.clear()
