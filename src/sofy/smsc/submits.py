"""What clients' programs submit: read, held against the rules, stored, and only then answered."""

from collections.abc import Sequence
from uuid import UUID

from sofy.engine.intake import MessageIn
from sofy.ingest import acceptance
from sofy.ingest.house import House
from sofy.ingest.offers import Desk
from sofy.ingest.problems import Fault
from sofy.ingest.storing import Answer
from sofy.kernel import ids
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys
from sofy.smsc import reading
from sofy.smsc.accounts import Account
from sofy.smsc.parts import Parts
from sofy.smsc.reading import Asked
from sofy.smsc.words import Faulted, Refusal
from sofy.wire.smpp.codes import Status
from sofy.wire.smpp.pdu import Sm

Outcome = str | Refusal
"""The id by which a submit is known, or why it is not taken."""
_STORED = Answer(0, b"")


class Submits:
    """The one way in for all binds of a process."""

    def __init__(self, house: House, parts: Parts) -> None:
        self._house = house
        self._parts = parts

    @clause("CGVU 3.4")
    async def take(self, account: Account, sms: Sequence[Sm]) -> list[Outcome]:
        """What becomes of each submit of one segment; returns once those that are taken are committed."""
        try:
            desk, keys = await self._house.open_desk(account.client)
        except Fault as fault:
            return [Faulted(fault)] * len(sms)
        told: list[Outcome | None] = [None] * len(sms)
        whole: list[tuple[int, MessageIn]] = []
        parts: list[tuple[int, Asked]] = []
        fits = account.take(len(sms))
        for n, sm in enumerate(sms):
            try:
                if n >= fits:
                    raise Refusal(Status.RTHROTTLED, "throttled", per_s=account.per_s)
                asked = reading.read(sm, desk.now)
                if asked.of > 1:
                    check_part(desk, account, asked)
                    parts.append((n, asked))
                else:
                    whole.append((n, message(desk, account, asked, reading.text(asked.octets, asked.coding))))
            except Refusal as refusal:
                told[n] = refusal
            except Fault as fault:
                told[n] = Faulted(fault)
        for (n, _), outcome in zip(whole, await self._store(account, keys, [m for _, m in whole]), strict=True):
            told[n] = outcome
        for (n, _), outcome in zip(
            parts, await self._parts.keep(account, desk, keys, [a for _, a in parts]), strict=True
        ):
            told[n] = outcome
        return [each for each in told if each is not None]

    async def _store(self, account: Account, keys: ClientKeys, messages: list[MessageIn]) -> Sequence[Outcome]:
        if not messages:
            return []
        names = identify(keys, messages)
        try:
            await self._house.store.put(account.client, messages, [], None, _STORED)
        except Fault as fault:
            return [Faulted(fault)] * len(messages)
        return [str(name) for name in names]


def identify(keys: ClientKeys, messages: Sequence[MessageIn]) -> list[UUID]:
    """Give messages their ids."""
    index_of = keys.indexer("phone")
    names = ids.uuid7s(len(messages))
    for each, name in zip(messages, names, strict=True):
        each.id = name
        each.recipient_index = index_of(each.to)
    return names


def message(desk: Desk, account: Account, asked: Asked, text: str) -> MessageIn:
    """What the engine is asked to send. Raises: Refusal, Fault."""
    made = acceptance.accept(desk, reading.message(asked, text, account.limits, desk.now))
    made.account_id = account.id
    made.receipt = asked.receipt
    return made


def check_part(desk: Desk, account: Account, asked: Asked) -> None:
    """What is wrong already with one part of a long message, whatever the others say. Raises: Refusal, Fault."""
    text = "."
    if account.purpose == "marketing":
        text += "".join(f" STOP SMS {code}" for code in desk.offers.answering(desk.client.bytes, "marketing")[:1])
    message(desk, account, asked, text)
    reading.text(asked.octets, asked.coding)
