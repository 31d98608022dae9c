"""POST, GET and DELETE /v1/messages: what a program can do with messages of its client."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sofy.engine.intake import MessageIn
from sofy.engine.pgarray import UuidArray
from sofy.engine.rungs import Rung as EngineRung
from sofy.engine.rungs import deadline, only_rung
from sofy.engine.statuses import WAITING
from sofy.ingest import acceptance, smpp_ids
from sofy.ingest.bodies import read_body
from sofy.ingest.callers import Caller
from sofy.ingest.house import House
from sofy.ingest.misread import UNREADABLE, misread
from sofy.ingest.offers import Desk, cost
from sofy.ingest.problems import Fault, language_of, problem
from sofy.ingest.shapes import (
    MOST_MESSAGES,
    Accepted,
    AcceptedOf,
    BatchAnswer,
    Candidate,
    Found,
    Message,
    Plan,
    RawBatch,
    RefusedOf,
    RouteOut,
    Rung,
    Standing,
    Verdict,
)  # fmt: skip
from sofy.ingest.storing import Answer, Consented, Named
from sofy.ingest.taking_back import take_back
from sofy.kernel import clock, ids
from sofy.kernel.channels import TRAITS, identity
from sofy.kernel.clauses import clause
from sofy.kernel.crypto import ClientKeys

T = TypeVar("T")
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_NAME = re.compile(r"[\x21-\x7e]{1,255}")
#: So many messages of a batch are looked at before others get a turn.
_AT_ONCE: Final = 200
_read_message = msgspec.json.Decoder(Message).decode
_read_batch = msgspec.json.Decoder(RawBatch).decode
_write = msgspec.json.Encoder().encode
#: How many messages of one reference are answered.
_MOST_FOUND: Final = 100


class Messages:
    """The endpoints; each is an async function of a request, behind the door of its scope."""

    def __init__(self, house: House) -> None:
        self._house = house

    @clause("CGVU 3.4")
    async def send(self, request: Request) -> Response:
        """POST /v1/messages: accept one message; answered once it is on disk."""
        caller = await self._house.callers.admit(request, "messages:send")
        body = await read_body(request)
        named = _named(request, caller, body)
        try:
            desk, keys = await self._house.open_desk(caller.client)
            asked = _shaped(_read_message, body)
            desk = await self._house.placed(desk, [asked])
            message = acceptance.accept(desk, asked)
            message.recipient_index = keys.index(identity(message.to), message.to)
            for fault in (await self._house.answering(desk, [(0, asked, message)])).values():
                raise fault
        except Fault:
            if (before := await self._before(caller, named)) is not None:
                return before
            raise
        message.id = ids.uuid7()
        consents = _consents(keys, [(asked, message)])
        price = cost(message.unit_price_eur, message.parts)
        told = Answer(202, _write(Accepted(str(message.id), "accepted", message.parts, price)))
        return _answered(await self._house.store.put(caller.client, [message], consents, named, told), caller)

    @clause("CGVU 3.4")
    async def send_batch(self, request: Request) -> Response:
        """POST /v1/messages/batch: accept what can be accepted of up to 10,000 messages."""
        caller = await self._house.callers.admit(request, "messages:send")
        body = await read_body(request)
        named = _named(request, caller, body)
        raw = _shaped(_read_batch, body).messages
        if not 1 <= len(raw) <= MOST_MESSAGES:
            raise Fault("batch_size", pointer="/messages", limit=MOST_MESSAGES, count=len(raw))
        try:
            desk, keys = await self._house.open_desk(caller.client)
        except Fault:
            if (before := await self._before(caller, named)) is not None:
                return before
            raise
        language = language_of(request.headers.get("accept-language", ""))
        readable, faults = await _each_read(raw)
        desk = await self._house.placed(desk, [asked for _, asked in readable])
        taken: list[tuple[int, Message, MessageIn]] = []
        index_of = keys.indexer("phone")
        for n, asked in readable:
            if n % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                message = acceptance.accept(desk, asked)
            except Fault as fault:
                faults[n] = fault
                continue
            to = message.to
            message.recipient_index = index_of(to) if to[0] == "+" else keys.index(identity(to), to)
            taken.append((n, asked, message))
        if unanswered := await self._house.answering(desk, taken):
            faults |= unanswered
            taken = [each for each in taken if each[0] not in unanswered]
        refused = [_refused(n, faults[n], language) for n in sorted(faults)]
        accepted = []
        for (n, _, message), fresh in zip(taken, ids.uuid7s(len(taken)), strict=True):
            message.id = fresh
            accepted.append(AcceptedOf(n, fresh))
        if not taken:
            if (before := await self._before(caller, named)) is not None:
                return before
            nothing = problem(Fault("batch_refused", count=len(raw)), language)
            whole = msgspec.to_builtins(nothing) | {"accepted": [], "refused": refused}
            return Response(_write(whole), 422, {**caller.headers(), "content-language": language}, _PROBLEM)
        told = Answer(202, _write(BatchAnswer(accepted, refused)))
        consents = _consents(keys, [(asked, message) for _, asked, message in taken])
        messages = [message for _, _, message in taken]
        return _answered(await self._house.store.put(caller.client, messages, consents, named, told), caller)

    async def show(self, request: Request) -> Response:
        """GET /v1/messages/{id}: a message and everything that happened to it."""
        caller = await self._house.callers.admit(request, "messages:read")
        return _json(await self._standing(caller.client, _id(request)), caller)

    async def find(self, request: Request) -> Response:
        """GET /v1/messages?reference=: the client's own word leads to its messages."""
        caller = await self._house.callers.admit(request, "messages:read")
        reference = request.query_params.get("reference", "")
        if not reference or "\0" in reference:
            raise Fault("field_missing", 400, field="reference", pointer="/reference")
        values = {"client": caller.client, "reference": reference, "n": _MOST_FOUND}
        rows = await self._house.link.rows("messages_by_reference", values)
        return _json(Found(await self._standings(caller.client, [row[0] for row in rows])), caller)

    @clause("DPA 6")
    async def cancel(self, request: Request) -> Response:
        """DELETE /v1/messages/{id}: take a message back that has not left."""
        caller = await self._house.callers.admit(request, "messages:send")
        message = _id(request)
        values = {"client": caller.client, "messages": UuidArray.of([message.bytes])}
        rungs = await self._house.link.rows("rungs_of", values)
        wanted = dict.fromkeys([message, *(UUID(bytes=rung) for _, _, rung in rungs if rung is not None)])
        gone = await take_back(self._house.link, caller.client, wanted)
        gone = gone or await self._cancel_told(caller.client, message)
        standing = await self._standing(caller.client, message)
        if gone or standing.status == "cancelled":
            return _json(standing, caller)
        if standing.status in WAITING:
            raise Fault("message_leaving", 409, retry_after_s=5)
        raise Fault("message_left", 409, status_now=standing.status)

    @clause("CGVU 15")
    async def convert(self, request: Request) -> Response:
        """POST /v1/messages/{id}/conversion: the code it carried was used."""
        caller = await self._house.callers.admit(request, "messages:send")
        message = _id(request)
        standing = await self._standing(caller.client, message)
        if standing.destinations:
            raise Fault("message_several", 409, count=len(standing.destinations))
        if standing.status in WAITING or standing.status in ("withheld", "cancelled"):
            raise Fault("message_not_sent", 409)
        used = UUID(standing.id) if str(message) in standing.smpp_ids else message
        await self._house.link.run("convert", {"client": caller.client, "message": used, "now": clock.now()})
        return Response(status_code=204, headers=dict(caller.headers()))

    @clause("CGVU 3.4")
    async def plan(self, request: Request) -> Response:
        """POST /v1/route-plan: what would happen to a message now; nothing is sent or kept."""
        caller = await self._house.callers.admit(request, "messages:send")
        asked = _shaped(_read_message, await read_body(request))
        desk, keys = await self._house.desk(caller.client)
        desk = await self._house.placed(desk, [asked])
        message = acceptance.accept(desk, asked)
        message.recipient_index = keys.index(identity(message.to), message.to)
        for fault in (await self._house.answering(desk, [(0, asked, message)])).values():
            raise fault
        rungs: list[Rung] = []
        begins = message.due_at or desk.now
        for each in message.ladder or [only_rung(message)]:
            ends = deadline(each, begins) if rungs else message.expires_at
            rungs.append(await self._rung(desk, keys, each, message, ends, asked.consent is not None))
            begins = ends or begins  # the next one begins then, at the latest
        first = rungs[0]
        told = Plan(
            message.to, asked.purpose, message.sender, message.parts, message.encoding, first.cost_estimate,
            first.verdict, rungs,
        )  # fmt: skip
        return _json(told, caller)

    async def _rung(
        self, desk: Desk, keys: ClientKeys, tried: EngineRung, message: MessageIn, ends: datetime | None, consents: bool
    ) -> Rung:
        """What would happen on one channel. `ends`: until when it is tried."""
        verdict = await self._house.verdict(desk, tried, message, ends, keys, consents)
        plan = desk.plan(tried, message.purpose)
        own_price = desk.sale_eur(tried.channel, tried.to, message.purpose)
        return Rung(
            tried.channel, tried.sender, tried.parts, cost(tried.unit_price_eur, tried.parts), tried.after_s or None,
            Verdict(verdict.action, verdict.article, verdict.reason, verdict.until),
            [
                Candidate(
                    each.route.code, each.route.channel,
                    cost(each.route.price_eur if own_price is None else own_price, tried.parts),
                    round(each.share, 4), each.quality, each.sender,
                )
                for each in plan.candidates
            ],
            [RouteOut(each.route.code, each.reason) for each in plan.out],
            await self._house.reach(desk.client, keys, tried) if tried.channel == "rcs" else None,
        )  # fmt: skip

    async def _before(self, caller: Caller, named: Named | None) -> Response | None:
        """What a request was answered before, when it would be refused now: its sender may be gone since.

        Raises: Fault idempotency_key_reused.
        """
        if named is None:
            return None
        told = await self._house.answered_before(caller.client, named)
        return None if told is None else _answered(told, caller)

    async def _cancel_told(self, client: UUID, name: UUID) -> bool:
        """Take back what an id stands for that was told over SMPP; whether anything was."""
        values = {"client": client, "id": name, "now": clock.now()}
        gone = await self._house.link.rows("smpp_part_cancel", values)
        stands_for = [UUID(bytes=one.message) for one in await self._told(client, name) if one.message is not None]
        return (bool(stands_for) and await take_back(self._house.link, client, stands_for)) or bool(gone)

    async def _standing(self, client: UUID, message: UUID) -> Standing:
        """Raises: Fault message_unknown."""
        if found := await self._standings(client, [message.bytes]):
            return found[0]
        told = await self._told(client, message)
        if told and told[0].message is None:
            return smpp_ids.alone(self._house.keystore, client, told[0])
        found = await self._standings(client, [each.message for each in told if each.message is not None])
        if not found:
            raise Fault("message_unknown", 404)
        return found[0] if len(found) == 1 else smpp_ids.together(found)

    async def _told(self, client: UUID, name: UUID) -> list[smpp_ids.Told]:
        values = {"client": client, "id": name}
        return [smpp_ids.Told(*row) for row in await self._house.link.rows("smpp_told_id", values)]

    async def _standings(self, client: UUID, messages: Sequence[bytes]) -> list[Standing]:
        """In the order they are asked for."""
        found = await self._house.polls.standings(client, messages)
        return [found[message] for message in messages if message in found]


def _shaped(read: Callable[[bytes], T], body: bytes) -> T:
    """Raises: Fault."""
    try:
        return read(body)
    except UNREADABLE as error:
        raise misread(error, body) from None


def _refused(index: int, fault: Fault, language: Any) -> RefusedOf:
    return RefusedOf(index, fault.code, fault.detail(language), fault.article, fault.pointer)


async def _each_read(raw: Sequence[msgspec.Raw]) -> tuple[list[tuple[int, Message]], dict[int, Fault]]:
    """The messages of a batch by their place, and why those that are none are none."""
    readable: list[tuple[int, Message]] = []
    faults: dict[int, Fault] = {}
    for n, text in enumerate(raw):
        if n % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        try:
            readable.append((n, _read_message(text)))
        except UNREADABLE as error:
            faults[n] = misread(error)
    return readable, faults


def _consents(keys: ClientKeys, asked: Sequence[tuple[Message, MessageIn]]) -> list[Consented]:
    """What came as consents: each for the channels that its message may take."""
    found = []
    for each, message in asked:
        if (given := each.consent) is None:
            continue
        at = given.at.isoformat()
        for channel, recipient in _consenting(keys, message):
            found.append(Consented(recipient, channel, at, given.source, given.text_version))
    return found


def _consenting(keys: ClientKeys, message: MessageIn) -> Collection[tuple[str, bytes]]:
    first = (TRAITS[message.channel].permission, message.recipient_index)
    if not message.ladder:
        return (first,)
    found: set[tuple[str, bytes]] = {first}
    for rung in message.ladder[1:]:
        found.add((TRAITS[rung.channel].permission, keys.index(identity(rung.to), rung.to)))
    return found


def _named(request: Request, caller: Caller, body: bytes) -> Named | None:
    """Raises: Fault idempotency_key_unreadable."""
    names = request.headers.getlist("idempotency-key")
    if not names:
        return None
    name = ", ".join(names)  # two headers say what one with a list would
    if not _NAME.fullmatch(name):
        raise Fault("idempotency_key_unreadable", 400)
    hashed = hashlib.sha256(caller.key.bytes + name.encode()).digest()[:16]
    return Named(caller.key, hashed, hashlib.sha256(request.url.path.encode() + b"\0" + body).digest())


def _answered(told: Answer, caller: Caller) -> Response:
    headers = dict(caller.headers())
    if told.replayed:
        headers["idempotent-replayed"] = "true"
    return Response(told.body, told.status, headers, _JSON)


def _json(told: Any, caller: Caller) -> Response:
    return Response(_write(told), 200, {**caller.headers(), "cache-control": "no-store"}, _JSON)


def _id(request: Request) -> UUID:
    """Raises: Fault message_unknown: what is no id names no message."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise Fault("message_unknown", 404) from None
