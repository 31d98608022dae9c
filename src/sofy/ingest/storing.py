"""Group commit: what arrives together is stored together, client by client, and answered when it is on disk."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
import structlog

from sofy.engine import intake
from sofy.engine.alphabets import Alphabets
from sofy.engine.db import sql
from sofy.engine.intake import MessageIn
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import ByteaArray, TextArray
from sofy.ingest import reading
from sofy.ingest.problems import Fault
from sofy.kernel import clock, ids

log = structlog.get_logger(__name__)

#: Messages in one transaction, and in all that wait for theirs.
_TOGETHER: Final = 4_000
_MOST_WAITING: Final = 200_000
#: A further link joins in when so many messages wait, or while one stores many: one alone finds more to store together.
_PLENTY: Final = 1_000
#: Under load, what comes within this long of a transaction goes into the next one: a fifth less processor time.
_GATHERING_S: Final = 0.003
_CONSENTS_IN_A_NOTICE: Final = 2_000


class Consented(msgspec.Struct, gc=False):
    """A consent that came with a message. `at`: ISO 8601."""

    recipient_index: bytes
    channel: str
    at: str
    source: str
    text_version: str


class Named(msgspec.Struct, gc=False):
    """A request with an Idempotency-Key. `name`: hash of that and of the caller's `key`; `fingerprint`: of the body."""

    key: UUID
    name: bytes
    fingerprint: bytes


class Answer(msgspec.Struct, gc=False):
    """Status and body as they are sent, and kept for a request that carries a name."""

    status: int
    body: bytes
    replayed: bool = False


class Request(msgspec.Struct, gc=False, eq=False):
    """What one request wants stored, and the answer it gets when it is. `tried`: from then on it may be stored."""

    client: UUID
    messages: list[MessageIn]
    consents: list[Consented]
    named: Named | None
    answer: Answer
    done: "asyncio.Future[Answer]"
    since: float
    tried: bool = False


class Store:
    """Requests wait here by client; a few links take the clients in turn.

    `aside`: one more link, which stores requests of a few messages while all the others store many.
    """

    def __init__(self, links: Sequence[HotLink], keystore: KeyStore, aside: HotLink | None = None) -> None:
        self._links = links
        self._aside = aside
        self._keystore = keystore
        self._waiting: dict[UUID, deque[Request]] = {}
        self._turns: deque[UUID] = deque()
        self._count = 0
        self._long = 0  # transactions of many messages under way: nobody waits for them who need not
        self._some, self._plenty, self._held_up = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._asked: deque[Request] = deque()
        self._being_answered: set[bytes] = set()

    async def put(
        self, client: UUID, messages: list[MessageIn], consents: list[Consented], named: Named | None, answer: Answer
    ) -> Answer:
        """Store messages with their answer; returns when they are committed.

        Raises: Fault overloaded, database_away, idempotency_key_in_use, idempotency_key_reused.
        """
        if self._count + len(messages) > _MOST_WAITING:
            raise Fault("overloaded", 503, retry_after_s=1)
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        request = Request(client, messages, consents, named, answer, done, time.monotonic())
        if named is not None:
            if named.name in self._being_answered:
                raise Fault("idempotency_key_in_use", 409, retry_after_s=1)
            self._being_answered.add(named.name)
            done.add_done_callback(lambda _done: self._being_answered.discard(named.name))
        self._count += len(messages)
        if client not in self._waiting:
            self._waiting[client] = deque()
            self._turns.append(client)
        self._waiting[client].append(request)
        self._asked.append(request)
        self._some.set()
        if self._count >= _PLENTY or self._long:
            self._plenty.set()
        if self._long == len(self._links):
            self._held_up.set()
        return await done

    async def run(self) -> None:
        """Store what waits, for ever, on every link at once."""
        events = [self._some, *[self._plenty] * (len(self._links) - 1)]
        aside = () if self._aside is None else (self._serve_aside(self._aside),)
        await asyncio.gather(self._lose_patience(), *map(self._serve, self._links, events), *aside)

    async def _serve(self, link: HotLink, event: asyncio.Event) -> None:
        while True:
            await event.wait()
            if requests := self._take():
                many = sum(len(each.messages) for each in requests) > intake.FEW
                self._long += many
                if many and self._turns:
                    self._plenty.set()
                if self._long == len(self._links):
                    self._held_up.set()
                await self._store(link, requests)
                self._long -= many
                if len(self._asked) > 1:
                    await asyncio.sleep(_GATHERING_S)
            if not self._turns:
                self._some.clear()
            if self._count < _PLENTY and not (self._long and self._turns):
                self._plenty.clear()

    async def _serve_aside(self, link: HotLink) -> None:
        while True:
            await self._held_up.wait()
            self._held_up.clear()
            while self._long == len(self._links) and (requests := self._take(few=True)):
                await self._store(link, requests)
                await asyncio.sleep(_GATHERING_S)

    async def _lose_patience(self) -> None:
        """Tell those who have waited too long, the oldest first. Only what is being tried may still be stored."""
        while True:
            await asyncio.sleep(reading.PATIENCE_S / 20)
            overdue = time.monotonic() - reading.PATIENCE_S
            while self._asked and (self._asked[0].done.done() or self._asked[0].since < overdue):
                request = self._asked.popleft()
                if not request.done.done():
                    fault = Fault("database_away", 503, retry_after_s=5, doubtful=request.tried)
                    request.done.set_exception(fault)

    def _take(self, *, few: bool = False) -> list[Request]:
        """The requests of the client whose turn it is, as many as go into one transaction.

        `few`: of the first client with a request that one statement stores, so many of those.
        """
        first = (each for each in self._turns if not few or len(self._waiting[each][0].messages) <= intake.FEW)
        if (client := next(first, None)) is None:
            return []
        self._turns.remove(client)
        most = intake.FEW if few else _TOGETHER
        waiting, count = self._waiting[client], 0
        taken: list[Request] = []
        while waiting and (not taken or count + len(waiting[0].messages) <= most):
            request = waiting.popleft()
            count += len(request.messages)
            if not request.done.done():  # who was told that it cannot be done asks again
                taken.append(request)
        if waiting:
            self._turns.append(client)
        else:
            del self._waiting[client]
        self._count -= count
        return taken

    async def _store(self, link: HotLink, requests: list[Request]) -> None:
        """What the database refuses of several requests is tried one by one: a bad one holds up no other."""
        try:
            work = _Transaction(requests, self._keystore)
            await link.call(work)
        except Exception as error:
            if len(requests) > 1:
                for request in requests:
                    await self._store(link, [request])
                return
            (request,) = requests
            fault = error if isinstance(error, Fault) else Fault("fault", 500, doubtful=work.tries > 1)
            if not isinstance(error, Fault):
                log.error("ingest.not_stored", error=type(error).__name__)
            if not request.done.done():
                request.done.set_exception(fault)
            return
        for request, answer in work.answers():
            if request.done.done():
                continue
            if isinstance(answer, Fault):
                request.done.set_exception(answer)
            else:
                request.done.set_result(answer)


class _Transaction:
    """One transaction of one client; safe to repeat when the answer to its commit was lost."""

    def __init__(self, requests: list[Request], keystore: KeyStore) -> None:
        self._client = requests[0].client
        self._requests = requests
        self._keys = keystore.client(self._client)
        self.tries = 0
        self._given: dict[int, Answer | Fault] = {}
        self._now = clock.now()

    def answers(self) -> list[tuple[Request, Answer | Fault]]:
        """What each request is told."""
        return [(each, self._given.get(n, each.answer)) for n, each in enumerate(self._requests)]

    async def __call__(self, conn: Hot) -> None:
        self.tries += 1
        if self.tries == 1:  # who lost patience while there was no connection was told so: it is not stored any more
            self._requests = [each for each in self._requests if not each.done.done()]
            for each in self._requests:
                each.tried = True
        if not self._requests:
            return
        if self.tries > 1 and await self._took_place(conn):
            return
        try:
            await self._write(conn)
        except psycopg.errors.UniqueViolation:
            # The server was still at the transaction whose connection was lost, and finished it meanwhile.
            if not await self._took_place(conn):
                raise

    async def _write(self, conn: Hot) -> None:
        few = sum(len(each.messages) for each in self._requests) <= intake.FEW
        # One round trip for everything where no rows have to be copied.
        async with conn.pipeline() if few else contextlib.nullcontext(), conn.transaction():
            self._given = await self._answered_before(conn)
            new = [each for n, each in enumerate(self._requests) if n not in self._given]
            messages = [message for each in new for message in each.messages]
            if not messages:
                return
            # Counted and priced already, whence no alphabets are asked for.
            prepared = intake.prepare(self._client, messages, keys=self._keys, known=Alphabets(), now=self._now)
            await self._give_consents(conn, [consent for each in new for consent in each.consents])
            await intake.admit(conn, prepared)

    async def _took_place(self, conn: Hot) -> bool:
        """Whether the transaction whose answer was lost is there: of its new requests, one message tells."""
        first = next((each.messages[0].id for n, each in enumerate(self._requests) if n not in self._given), None)
        if first is None:
            return False
        values = {"client": self._client, "message": first}
        return await (await conn.execute(sql("stored"), values)).fetchone() is not None

    async def _answered_before(self, conn: Hot) -> dict[int, Answer | Fault]:
        """The requests whose name was used before, with what they are told; the names of the others are kept."""
        named = [(n, each, each.named) for n, each in enumerate(self._requests) if each.named is not None]
        if not named:
            return {}
        values: dict[str, Any] = {
            "client": self._client,
            "now": self._now,
            "keys": [name.key for _, _, name in named],
            "names": [name.name for _, _, name in named],
            "fingerprints": [name.fingerprint for _, _, name in named],
            "statuses": [each.answer.status for _, each, _ in named],
            "answers": [each.answer.body.decode() for _, each, _ in named],
        }
        free = dict(await (await conn.execute(sql("take_names"), values)).fetchall())
        given: dict[int, Answer | Fault] = {
            n: Fault("idempotency_key_in_use", 409, retry_after_s=1) for n, _, name in named if not free[name.name]
        }
        if given:  # rare: another process answers one of them; the others are asked about again without it
            named = [each for each in named if each[0] not in given]
            kept = [n for n, key in enumerate(values["names"]) if free[key]]
            for column in ("keys", "names", "fingerprints", "statuses", "answers"):
                values[column] = [values[column][n] for n in kept]
        fresh = {row[0] for row in await (await conn.execute(sql("keep_answers"), values)).fetchall()}
        if len(fresh) < len(named):
            rows = await (await conn.execute(sql("kept_answers"), values)).fetchall()
            known = {row[0]: row[1:] for row in rows}
            given |= {n: as_before(name, *known[name.name]) for n, _, name in named if name.name not in fresh}
        return given

    async def _give_consents(self, conn: Hot, consents: list[Consented]) -> None:
        """The gate knows at once; the ledger keeps the proof as soon as the worker hears of it."""
        if not consents:
            return
        values = {"client": self._client, "now": self._now}
        given = {
            "recipients": ByteaArray.of([each.recipient_index for each in consents]),
            "channels": TextArray.of([each.channel for each in consents]),
        }
        await conn.execute(sql("give_consents"), values | given)
        for start in range(0, len(consents), _CONSENTS_IN_A_NOTICE):
            some = consents[start : start + _CONSENTS_IN_A_NOTICE]
            events = [
                [event, each.recipient_index.hex(), each.at, each.source, each.text_version, each.channel]
                for event, each in zip(ids.uuid7s(len(some)), some, strict=True)
            ]
            payload = msgspec.json.encode({"at": self._now.isoformat(), "events": events}).decode()
            told = values | {"id": ids.uuid7(), "topic": "consent.given", "payload": payload}
            await conn.execute(sql("publish"), told)


def as_before(name: Named, fingerprint: bytes, status: int, answer: str) -> Answer | Fault:
    """What is told to a request whose name was used: the same answer, or that it came with something else."""
    if fingerprint != name.fingerprint:
        return Fault("idempotency_key_reused", 409)
    return Answer(status, answer.encode(), replayed=True)
