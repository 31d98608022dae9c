"""Things the tests of this connector need."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sofy.connectors.base import HandOver, Inbound, InboundPart, NotOurs, Outgoing, Receipt, Reported
from sofy.kernel.ids import uuid7
from sofy.kernel.sms_text import measure

CLIENT = UUID(int=1)


def outgoing(**changes: Any) -> Outgoing:
    """A message ready to leave."""
    fields = {
        "message_id": uuid7(),
        "client_id": CLIENT,
        "to": "+33639980001",
        "sender": "SOFY",
        "text": "Bonjour, STOP SMS 36105",
    } | changes
    parts, encoding = measure(str(fields["text"]))
    return Outgoing(**{"encoding": encoding, "parts": parts, **fields})  # type: ignore[arg-type]


def place(part: InboundPart) -> tuple[str, str, int, int]:
    """Which message a part belongs to."""
    return part.sender, part.recipient, part.reference, part.of


class Engine:
    """The engine's side of the contract, remembering everything."""

    def __init__(self) -> None:
        self.journal: list[HandOver] = []
        self.outcomes: list[Reported] = []
        self.receipts: list[Receipt] = []
        self.inbound: list[Inbound] = []
        self.kept: list[InboundPart] = []
        self.parts_are_old = False
        self.journal_works = True
        self.forgotten: set[UUID] = set()
        self.database_works = True
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self._news = asyncio.Event()

    def on_before_write(self, records: list[HandOver]) -> None:
        if not self.journal_works:
            raise OSError("disk full")
        if forgotten := {record.message_id for record in records} & self.forgotten:
            raise NotOurs(forgotten)
        self.journal += records

    def on_outcomes(self, outcomes: list[Reported]) -> None:
        self.outcomes += outcomes
        self._news.set()

    async def on_receipts(self, receipts: list[Receipt]) -> None:
        await self._commit()
        self.receipts += receipts
        self._news.set()

    async def on_inbound(self, messages: list[Inbound]) -> None:
        await self._commit()
        self.inbound += messages
        whole = {(one.sender, one.recipient, one.reference, one.of) for one in messages}
        self.kept = [one for one in self.kept if place(one) not in whole]
        self._news.set()

    async def on_parts(self, parts: list[InboundPart]) -> list[list[InboundPart]]:
        answers = []
        for part in parts:
            await self._commit()
            self.kept = [one for one in self.kept if (place(one), one.part) != (place(part), part.part)] + [part]
            answers.append(sorted((one for one in self.kept if place(one) == place(part)), key=lambda one: one.part))
        self._news.set()
        return answers

    async def overdue_parts(self, older_than_s: float) -> list[list[InboundPart]]:
        """They are as old as the test says."""
        return (
            []
            if not self.parts_are_old
            else [[one for one in self.kept if place(one) == name] for name in {place(one) for one in self.kept}]
        )

    def on_capacity(self) -> None:
        self._news.set()

    async def _commit(self) -> None:
        await self.may_commit.wait()
        if not self.database_works:
            raise ConnectionError("no database")

    def of(self, kind: type[Any]) -> list[Reported]:
        """The outcomes of one kind."""
        return [one for one in self.outcomes if isinstance(one.outcome, kind)]

    async def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait for something to have become true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._news.wait()
                except TimeoutError:
                    continue
