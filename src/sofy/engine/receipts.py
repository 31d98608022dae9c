"""Finding the message a receipt speaks of: in memory for what was submitted just now, in receipt_key for the rest.

A receipt that nothing explains yet waits: its submit may be unanswered still, here or in another engine.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Container
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog

from sofy.connectors.base import Action, Receipt
from sofy.engine.choice import Told, seconds
from sofy.engine.circuit import OF_THE_ROUTE
from sofy.engine.db import sql
from sofy.engine.item import Item, Part
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.outcomes import Ledger, now_micros
from sofy.engine.pgarray import Int2Array, TextArray, TimeArray, micros
from sofy.engine.recent import Recent
from sofy.kernel import clock, phone
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 0.2
_PARK_AFTER_S = 2.0
_PARKED_EVERY_S = 1.0
_GIVE_UP_AFTER = timedelta(hours=24)
#: When so many receipts of a route, and most, name other numbers than their ids do, its addresses say nothing.
_DIFFERENT = 20


class Lost(NamedTuple):
    """A receipt whose message is not known yet. `done` is called when it is safe in the database; `parked` is its row
    when it came from there. `refused` are the keys under which only messages to other people were found."""

    route: bytes
    receipt: Receipt
    at: int
    since: float
    parked: int | None
    done: Callable[[], None] | None
    refused: frozenset[str] = frozenset()


class Receipts:
    """Applies receipts to messages."""

    def __init__(self, link: HotLink, ledger: Ledger, recent: Recent, keystore: KeyStore) -> None:
        self.unmatched = 0
        self.dropped = 0
        self.told: Told = lambda route, place, receipt, took_s: None
        self._link = link
        self._ledger = ledger
        self._recent = recent
        self._keystore = keystore
        self._told: Counter[bytes] = Counter()
        self._different: Counter[bytes] = Counter()
        self._lost: list[Lost] = []
        self._parked_look = time.monotonic()
        self._placed: list[int] = []
        self._closing = False

    def take(self, route: bytes, receipts: list[Receipt], done: Callable[[], None]) -> None:
        """Apply what can be applied at once; `done` is called when all of them are committed."""
        at = now_micros()
        open_ones = 1

        def one_done() -> None:
            nonlocal open_ones
            open_ones -= 1
            if not open_ones:
                done()

        for receipt in receipts:
            if receipt.status == "submitted":
                continue  # on its way: nothing that was not known
            when = micros(receipt.at) if receipt.at is not None else at
            if not self._apply_recent(route, receipt, when):
                open_ones += 1
                self._lost.append(Lost(route, receipt, when, time.monotonic(), None, one_done))
                self._different[route] += self._recent.refuses(route, receipt)
        self._ledger.after_now(one_done)
        self._told[route] += len(receipts)
        if self._different[route] > max(_DIFFERENT, self._told[route] // 2) and route not in self._recent.loose:
            self._recent.loose.add(route)
            log.warning("engine.receipts_name_other_numbers", route=str(UUID(bytes=route)))

    def _apply_recent(self, route: bytes, receipt: Receipt, at: int) -> bool:
        found = self._recent.find(route, receipt)
        if found is None:
            return False
        key, known = found
        if isinstance(known, str):
            return True
        item, part = known
        if item.pieces is None or (item.due is not None and item.parts == 1):  # it leaves again: see `again` in the SQL
            return False
        piece = item.pieces[part]
        if not piece.receipt:
            self.told(route, item.place, receipt, seconds(at - (item.submitted_at or at)))
        if piece.receipt not in ("delivered", "read") or receipt.status == "read":
            piece.receipt = receipt.status
        _explain(item, receipt)
        changed = item.judge_parts(at)
        if changed:
            item.resend = item.lane == "alert" and self._may_go_elsewhere(item, receipt)
        if changed or item.parts > 1:
            self._ledger.changed(item)
        if receipt.status == ("delivered" if item.channel == "sms" else "read"):
            self._recent.close(key, item)
        return True

    @clause("CGVU 14.2")
    def _may_go_elsewhere(self, item: Item, receipt: Receipt) -> bool:
        """Whether the route failed, not the number or the text. The ledger looks whether it is an alert."""
        if receipt.status != "failed" or receipt.action not in OF_THE_ROUTE:
            return False
        return all(piece.receipt != "delivered" for piece in item.pieces or ())

    async def run(self) -> None:
        """Look for the messages of lost receipts until `close`."""
        while not self._closing:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """One round over everything that is not placed yet, parked receipts included when it is their time."""
        if time.monotonic() - self._parked_look >= _PARKED_EVERY_S:
            self._parked_look = time.monotonic()
            await self._unpark()
        lost, self._lost = self._lost, []
        by_route: dict[bytes, list[Lost]] = {}
        for one in lost:
            if self._apply_recent(one.route, one.receipt, one.at):
                if one.done is not None:
                    self._ledger.after_now(one.done)
            else:
                by_route.setdefault(one.route, []).append(one)
        for route, ones in by_route.items():
            for start in range(0, len(ones), 1000):
                await self._look_up(route, ones[start : start + 1000])

    async def close(self, written: Container[tuple[bytes, str]] = ()) -> None:
        """Put what is still lost into the database and end `run`.

        `written`: names, by route, of parts whose messages are in the ledger. One that has no key there heard all.
        """
        self._closing = True
        lost, self._lost = self._lost, []
        by_route: dict[bytes, list[Lost]] = {}
        for one in lost:
            if not any((one.route, key) in written for key in one.receipt.keys):
                by_route.setdefault(one.route, []).append(one)
        for route, ones in by_route.items():
            await self._park(route, ones)

    async def _look_up(self, route: bytes, ones: list[Lost]) -> None:
        try:
            rows = await self._asked("match_receipts", route, ones)
        except psycopg.DataError as error:
            await self._one_by_one(self._look_up, route, ones, error)
            return
        found = {row[0]: row[1:-1] for row in rows}
        refuses = self._recent.refuses
        doubtful = {
            n: ones[n]
            for n, *_, sure in rows
            if (phones := ones[n].receipt.phones) and route not in self._recent.loose
            and (refuses(route, ones[n].receipt) or (not sure and _in_full(phones)))
        }  # fmt: skip
        if doubtful:
            ones = await self._compare(route, ones, doubtful, found)
        for n in [n for n, row in found.items() if row[6]]:
            waits, again = await self._left_again(found[n])
            if waits:
                del found[n]
            else:
                found[n] = (*found[n][:6], again)
        long_ones = [(one, found[n]) for n, one in enumerate(ones) if n in found and found[n][5] > 1]
        for n, one in enumerate(ones):
            if n in found and found[n][5] == 1:
                _, submitted, client, message, _, _, again = found[n]
                self._note_late(one, submitted)
                if not again or one.receipt.status in ("delivered", "read"):
                    handed_over = _micros(submitted) if again and await self._took(found[n]) else None
                    self._write(one, client, message, [one.receipt.status], handed_over)
                elif one.done is not None:  # how the second hand-over ends is the message's end
                    one.done()
        if long_ones:
            await self._look_up_parts(route, long_ones)
        moment = time.monotonic()
        rest = [one for n, one in enumerate(ones) if n not in found]
        self._lost += [one for one in rest if moment - one.since < _PARK_AFTER_S]
        await self._park(route, [one for one in rest if moment - one.since >= _PARK_AFTER_S])

    async def _left_again(self, row: tuple[Any, ...]) -> tuple[bool, bool]:
        """Whether a message that nobody answered still waits to leave once more, and else whether it did."""
        values = {"client": UUID(bytes=row[2]), "message": UUID(bytes=row[3])}
        rows = await self._link.rows("left_again", values)
        return not any(left for left, _ in rows), any(again for _, again in rows)

    async def _took(self, row: tuple[Any, ...]) -> bool:
        """Note that a message was handed over whose supplier failed at it, and says now that it arrived: once."""
        _, submitted, client, message, *_ = row
        values = {"client": UUID(bytes=client), "message": UUID(bytes=message), "now": clock.now()}
        ((taken,),) = await self._link.rows("took_after_all", values | {"ats": TimeArray.of([_micros(submitted)])})
        return bool(taken)

    async def _asked(self, name: str, route: bytes, ones: list[Lost]) -> list[tuple[Any, ...]]:
        """What the database says about the keys of these; the first column is the place among them."""
        asked = [(n, order, key) for n, one in enumerate(ones) for order, key in enumerate(one.receipt.keys)]
        numbers, orders, keys = zip(*asked, strict=True)
        values = {
            "route": UUID(bytes=route), "now": clock.now(), "numbers": Int2Array.of(numbers),
            "orders": Int2Array.of(orders), "keys": TextArray.of(keys),
        }  # fmt: skip
        return await self._link.rows(name, values)

    async def _compare(
        self, route: bytes, ones: list[Lost], doubtful: dict[int, Lost], found: dict[int, tuple[Any, ...]]
    ) -> list[Lost]:
        """Where several messages may be meant, the one that went to a number of the receipt is; else none.

        Answers `ones`, with the keys that lead to nobody of theirs.
        """
        places = list(doubtful)
        compared = list(ones)
        seen: dict[int, set[str]] = {n: set() for n in places}
        for n in places:
            del found[n]
        for place, *row, recipient in await self._asked("candidates", route, list(doubtful.values())):
            n = places[place]
            seen[n].add(row[0])
            if n not in found and recipient in self._indexes(row[2], ones[n].receipt.phones):
                found[n] = tuple(row)
        for n in places:
            compared[n] = ones[n]._replace(refused=frozenset(seen[n]))
        return compared

    def _indexes(self, client: bytes, phones: tuple[str, ...]) -> list[bytes]:
        try:
            keys = self._keystore.client(UUID(bytes=client))
        except Refused:  # its key was destroyed
            return []
        return [keys.index("phone", number) for number in _in_full(phones)]

    async def _look_up_parts(self, route: bytes, ones: list[tuple[Lost, tuple[Any, ...]]]) -> None:
        latest = {(row[0], row[1]): (one, row) for one, row in ones}
        values = {
            "route": UUID(bytes=route),
            "supplier_ids": [supplier_id for supplier_id, _ in latest],
            "submitted": [submitted_at for _, submitted_at in latest],
            "statuses": [one.receipt.status for one, _ in latest.values()],
            "messages": [UUID(bytes=row[3]) for _, row in ones],
        }
        told: dict[bytes, list[str]] = {}
        for message, _, status in await self._link.rows("part_receipts", values):
            told.setdefault(message, []).append(status)
        for one, (_, _, client, message, _, parts, _) in ones:
            statuses = told.get(message, [])
            self._write(one, client, message, statuses + [""] * (parts - len(statuses)))

    def _note_late(self, one: Lost, submitted: Any) -> None:
        """A receipt of a message that is no longer in memory counts for its route, wherever its number is."""
        self.told(one.route, "", one.receipt, seconds(one.at - _micros(submitted)))

    def _write(
        self, one: Lost, client: bytes, message: bytes, statuses: list[str], handed_over: int | None = None
    ) -> None:
        """A message that is no longer in memory moves up by a stand-in that only carries the news.

        `handed_over`: when that was, if nobody has heard of it yet.
        """
        item = Item(
            client + message, client, message, UUID(bytes=message), UUID(bytes=client), "", "", "", None, None, b"", "",
            None, None, "", "", len(statuses), "", 0, 0, None, status="submitted", first=False, keys_written=True,
        )  # fmt: skip
        item.pieces = [Part(receipt=status) for status in statuses]
        _explain(item, one.receipt)
        item.judge_parts(one.at)
        item.submitted_at, item.first = handed_over, handed_over is not None
        item.route, item.resend = one.route, self._may_go_elsewhere(item, one.receipt)
        self._ledger.changed(item)
        if one.done is not None:
            self._ledger.after_now(one.done)

    async def _park(self, route: bytes, ones: list[Lost]) -> None:
        fresh = []
        for one in ones:
            if one.parked is not None:
                continue
            if not one.refused.issuperset(one.receipt.keys):
                fresh.append(one)
                continue
            self.dropped += 1  # it is of nobody here, and would be taken for somebody else's where numbers are not kept
            if one.done is not None:
                one.done()
        if fresh:
            values = {
                "route": UUID(bytes=route), "now": clock.now(),
                "joined": TextArray.of(["\n".join(_open_keys(one)) for one in fresh]),
                "statuses": TextArray.of([one.receipt.status for one in fresh]),
                "codes": TextArray.of([one.receipt.code for one in fresh]),
                "actions": TextArray.of([one.receipt.action or "" for one in fresh]),
                "ats": TimeArray.of([one.at for one in fresh]),
            }  # fmt: skip
            try:
                await self._link.run("park_receipts", values)
            except psycopg.DataError as error:
                await self._one_by_one(self._park, route, fresh, error)
                return
        self.unmatched += len(fresh)
        for one in fresh:
            if one.done is not None:
                one.done()

    async def _one_by_one(
        self, work: Callable[[bytes, list[Lost]], Awaitable[None]], route: bytes, ones: list[Lost], error: Exception
    ) -> None:
        """What the database cannot hold, whatever an operator put into it, holds up no other receipt and no engine."""
        if len(ones) > 1:
            for one in ones:
                await work(route, [one])
            return
        log.error("engine.receipt_refused", route=str(UUID(bytes=route)), error=type(error).__name__)
        self.dropped += 1
        (one,) = ones
        if one.done is not None:
            one.done()

    async def _unpark(self) -> None:
        """Forget the rows that were placed, and take up those whose time it is again."""
        placed, self._placed = self._placed, []

        async def work(conn: Hot) -> list[tuple[Any, ...]]:
            if placed:
                await conn.execute(sql("unpark"), {"ids": placed})
            return await (await conn.execute(sql("parked"), binary=True)).fetchall()

        rows = await self._link.call(work)
        horizon = clock.now() - _GIVE_UP_AFTER
        for number, route, keys, status, code, action, at, parked_at in rows:
            if parked_at < horizon:
                self.dropped += 1
                self._placed.append(number)
                continue
            asked = Action(action) if action else None
            receipt = Receipt(keys=tuple(keys), status=status, code=code, action=asked, at=at)
            self._lost.append(Lost(route, receipt, micros(at), 0.0, number, partial(self._placed.append, number)))


def _in_full(phones: tuple[str, ...]) -> list[str]:
    """Those that are written as the database knows numbers, so that another index means another person."""
    numbers = (phone.parse(f"+{one}", fictional=True) for one in phones)
    return [number.e164 for number in numbers if isinstance(number, phone.Number)]


def _micros(at: Any) -> int:
    return at if isinstance(at, int) else micros(at)


def _open_keys(one: Lost) -> list[str]:
    return [key for key in one.receipt.keys if key not in one.refused]


def _explain(item: Item, receipt: Receipt) -> None:
    if receipt.status == "delivered":
        item.reason = item.code = None
    else:
        item.reason, item.code = "receipt", receipt.code or None
        item.dead_number = receipt.action is Action.SUPPRESS
