"""The count of one day of one client, page by page, from what the ledger says.

A page is one short transaction of the caller, so that a day of ten million messages holds nothing up; the figures of a
day are replaced at once when its last page is read. Counted twice, a day says the same.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg

from sofy.engine import pgarray
from sofy.engine.db import sql
from sofy.engine.fraud.ranges import ranges
from sofy.engine.fraud.watch import RANGE_KIND, TEXT_KIND
from sofy.engine.intake import Payload, decode_payload
from sofy.engine.keystore import KeyStore
from sofy.engine.service_level.rules import REVOCABLE, Course, Hold, Record, Verdict, judge
from sofy.kernel import channels, clock, ids, misuse
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused
from sofy.kernel.hours import CONTRACT_HOURS, HoursPolicy

PAGE: Final = 5_000
#: What left so soon was never held: nobody decides anything in that time.
_AT_ONCE: Final = timedelta(seconds=5)
#: A day is counted again this often while messages come in, and as often at most later.
_FRESH: Final = timedelta(minutes=2)
#: Of a client with very many messages less often: counting takes this part of the time at most.
_SHARE: Final = 10
_HOURLY: Final = timedelta(hours=1)
#: An answer or a receipt may come so late, and make a message known that was not.
_LATE_NEWS: Final = timedelta(days=3)
_HOME: Final = ("Europe/Paris",)


class Day:
    """The count of one day (Paris) of one client: `step` until it answers False."""

    def __init__(self, client: UUID, day: date, keystore: KeyStore) -> None:
        self.client, self.day = client, day
        self._keystore = keystore
        self._began, self._started = clock.now(), monotonic()
        self._from, self._until = bounds(day)
        self._after, self._before = ids.before(self._from), ids.before(self._until)
        self._figures: Counter[tuple[str, str, str, str]] = Counter()
        self._again: datetime | None = None

    @clause("CGVU 28")
    def step(self, conn: psycopg.Connection[Any]) -> bool:
        """Count one page on the caller's transaction; the last one writes the figures. Says whether there is more."""
        page = _Page(conn, self.client, self._keystore)
        values = {"client": self.client, "after": self._after, "before": self._before, "n": PAGE}
        rows = page.rows("service_page", values)
        if rows:
            last = rows[-1][0]
            page.run("service_forget_page", {
                "client": self.client, "day": self.day, "after": self._after, "last": last,
            })  # fmt: skip
            self._count(page, rows)
            self._after = last
        if len(rows) == PAGE:
            return True
        self._write(page)
        return False

    def _count(self, page: "_Page", rows: list[tuple[Any, ...]]) -> None:
        now, policy = clock.now(), page.policy()
        lost: list[tuple[UUID, Course, Verdict]] = []
        records: list[Record] | None = None
        for name, course in page.courses(rows):
            told = judge(course, policy, (), now)
            if told.verdict == "lost":
                records = page.records(self._from, now) if records is None else records
                told = judge(course, policy, records, now)
            self._figures[course.purpose, course.channel, told.verdict, told.reason] += 1
            if told.again:
                self._look_again(told, now)
            if told.verdict == "lost" or told.record is not None:
                lost.append((name, course, told))
        if lost:
            page.note_lost(self.day, lost)

    def _look_again(self, told: Verdict, now: datetime) -> None:
        """An open message when its deadline is over, what waits for a person or for news each hour."""
        deadline = told.term.deadline
        at = deadline if told.verdict == "open" and deadline is not None else now + _HOURLY
        at = max(at, now + _FRESH)
        if told.verdict != "lost" or now < self._until + _LATE_NEWS:
            self._again = at if self._again is None else min(at, self._again)

    def _write(self, page: "_Page") -> None:
        values: dict[str, Any] = {"client": self.client, "day": self.day}
        page.rows("service_lock_day", values)
        page.run("service_forget_day", values)
        found = sorted(self._figures.items())
        page.run("service_write_day", values | {
            "purposes": [key[0] for key, _ in found],
            "channels": [key[1] for key, _ in found],
            "verdicts": [key[2] for key, _ in found],
            "reasons": [key[3] for key, _ in found],
            "counts": [count for _, count in found],
        })  # fmt: skip
        now = clock.now()
        took = timedelta(seconds=monotonic() - self._started)
        again = next_look(now, self._until, self._again, took)
        page.run("service_counted", values | {"now": now, "began": self._began, "again": again})


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day in Paris, and of the next one."""
    starts = (datetime.combine(d, time(), clock.PARIS).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    begins, ends = starts
    return begins, ends


def day_of(message: UUID) -> date:
    """The day a message was taken in, which its id tells. Source: RFC 9562, 5.7."""
    return datetime.fromtimestamp((message.int >> 80) / 1000, clock.PARIS).date()


def next_look(now: datetime, day_ends: datetime, changing: datetime | None, took: timedelta) -> datetime | None:
    """When a day that took so long to count is to be counted again; None: nothing can change by itself any more."""
    soonest = now + max(_FRESH, _SHARE * took)
    if now < day_ends:
        return min(soonest, day_ends + _HOURLY)
    news = [at for at in (day_ends + _HOURLY, day_ends + _LATE_NEWS) if at > now]
    first = min([*news, *([changing] if changing is not None else [])], default=None)
    return None if first is None else max(first, soonest)


class _Page:
    """Statements on the caller's transaction, and what they know of some messages."""

    def __init__(self, conn: psycopg.Connection[Any], client: UUID, keystore: KeyStore) -> None:
        self._cursor: psycopg.Cursor[Any] = psycopg.Cursor(conn)  # Django's own writes values into the statement
        pgarray.register(self._cursor)
        self._client = client
        self._keystore = keystore

    def rows(self, name: LiteralString, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        return list(self._cursor.execute(sql(name), values).fetchall())

    def run(self, name: LiteralString, values: dict[str, Any]) -> None:
        self._cursor.execute(sql(name), values)

    def policy(self) -> HoursPolicy | None:
        found = self.rows("service_hours", {"client": self._client})
        try:
            return CONTRACT_HOURS if not found or found[0][0] is None else msgspec.convert(found[0][0], HoursPolicy)
        except (msgspec.ValidationError, Refused):
            return None

    def records(self, since: datetime, until: datetime) -> list[Record]:
        values = {"from": since, "until": until + timedelta(days=1)}
        return [Record(*row) for row in self.rows("service_records", values)]

    def courses(self, rows: list[tuple[Any, ...]]) -> list[tuple[UUID, Course]]:
        """What became of each message that its sender knows."""
        heads = [row for row in rows if row[7] is None]
        climbed = [row[0] for row in heads if row[16]]
        values = {"client": self._client, "ids": climbed}
        rungs = {row[0]: row[1:] for row in self.rows("service_last_rungs", values)} if climbed else {}
        found = [(row[0], rungs.get(row[0], row[:7] + row[8:16])) for row in heads]
        slow = [row for _, row in found if not _at_once(row)]
        holds, pauses = self._holds(slow), self._pauses(slow)
        opened = self._opened([row for row in slow if _needs_opening(row)])
        back = self._taken_back(slow, opened)
        return [(name, _course(row, holds, pauses, opened, back)) for name, row in found]

    def _holds(self, rows: Sequence[tuple[Any, ...]]) -> dict[UUID, list[Hold]]:
        found: dict[UUID, list[Hold]] = {}
        if rows:
            values = {"client": self._client, "ids": [r[0] for r in rows], "contacts": [r[13] for r in rows]}
            for message, at, reason in self.rows("service_holds", values):
                found.setdefault(message, []).append(Hold(at, reason or ""))
        return found

    def _pauses(self, rows: Sequence[tuple[Any, ...]]) -> dict[UUID, tuple[datetime, ...]]:
        campaigns = list({row[14] for row in rows if row[14] is not None})
        if not campaigns:
            return {}
        values = {"client": self._client, "campaigns": campaigns}
        return {name: tuple(pauses) for name, pauses in self.rows("service_pauses", values)}

    def _opened(self, rows: Sequence[tuple[Any, ...]]) -> dict[UUID, Payload]:
        """Numbers and texts, of the few that cannot be judged without."""
        if not rows:
            return {}
        try:
            opener = self._keystore.client(self._client).opener("engine_message", "payload")
        except Refused:
            return {}
        found: dict[UUID, Payload] = {}
        values = {"client": self._client, "ids": [row[0] for row in rows]}
        for name, sealed in self.rows("service_payloads", values):
            try:
                found[name] = decode_payload(opener(name, sealed))
            except (Unreadable, msgspec.DecodeError):
                continue
        return found

    def _taken_back(self, rows: Sequence[tuple[Any, ...]], opened: dict[UUID, Payload]) -> set[UUID]:
        """Messages that were withheld for something which turned out to be in order."""
        revocable = [row for row in rows if row[9] in REVOCABLE and row[0] in opened]
        if not revocable:
            return set()
        values = {"client": self._client}
        released = self.rows("service_taken_back", values)
        texts = {bytes(row[0]) for row in self.rows("service_texts_taken_back", values)}
        by_range = self._keystore.platform().indexer(RANGE_KIND)
        keys = self._keystore.client(self._client)
        found = set()
        for row in revocable:
            plain = opened[row[0]]
            if row[9] == "alert_is_marketing":
                said = misuse.words(plain.text, plain.content)
                wrong = keys.index(TEXT_KIND, misuse.skeleton(said)) in texts
            else:
                hashes = {by_range(digits) for digits in ranges(plain.to)}
                wrong = any(
                    purpose == row[1]
                    and bytes(hashed) in ({by_range(plain.to[:digits])} if digits else hashes)
                    and first <= (row[11] or first) <= closed
                    for purpose, hashed, first, closed, digits in released
                )
            if wrong:
                found.add(row[0])
        return found

    def note_lost(self, day: date, lost: list[tuple[UUID, Course, Verdict]]) -> None:
        self.run("service_note_lost", {
            "client": self._client,
            "day": day,
            "ids": [name for name, _, _ in lost],
            "purposes": [course.purpose for _, course, _ in lost],
            "channels": [course.channel for _, course, _ in lost],
            "verdicts": [told.verdict for _, _, told in lost],
            "reasons": [told.reason for _, _, told in lost],
            "dues": [told.term.since for _, _, told in lost],
            "deadlines": [told.term.deadline for _, _, told in lost],
            "ats": [told.at for _, _, told in lost],
            "records": [told.record for _, _, told in lost],
            "lefts": [course.submitted_at for _, course, _ in lost],
        })  # fmt: skip


def _at_once(row: tuple[Any, ...]) -> bool:
    """Whether a message left so soon that nothing else has to be looked at."""
    due_at, accepted_at, submitted_at = row[6], row[7], row[10]
    return submitted_at is not None and submitted_at <= max(accepted_at, due_at or accepted_at) + _AT_ONCE


def _needs_opening(row: tuple[Any, ...]) -> bool:
    purpose, zone, destination, reason = row[1], row[3], row[4], row[9]
    abroad = purpose == "marketing" and not zone and bool(destination) and not destination.startswith("FR")
    return abroad or reason in REVOCABLE


def _course(
    row: tuple[Any, ...],
    holds: dict[UUID, list[Hold]],
    pauses: dict[UUID, tuple[datetime, ...]],
    opened: dict[UUID, Payload],
    taken_back: set[UUID],
) -> Course:
    (name, purpose, channel, zone, _, expires_at, due_at, accepted_at, status, reason, submitted_at, final_at, route,
     _, campaign) = row  # fmt: skip
    zones = (zone,) if zone else channels.zones(opened[name].to) if name in opened else _HOME
    return Course(
        purpose=purpose, channel=channel, accepted_at=accepted_at, status=status, due_at=due_at, expires_at=expires_at,
        reason=reason, submitted_at=submitted_at, final_at=final_at, route_id=route, zones=zones,
        holds=tuple(holds.get(name, ())), pauses=pauses.get(campaign, ()), misjudged=name in taken_back,
    )  # fmt: skip
