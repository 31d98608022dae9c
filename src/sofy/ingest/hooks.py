"""/hooks/<connector>/<route>: what suppliers call back with is checked, stored as it came, and only then answered."""

import asyncio
import contextlib
import time
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import psycopg
import structlog
from starlette.requests import Request
from starlette.responses import Response

from sofy.connectors.base import Callback, Connector
from sofy.engine.callbacks import seal_body
from sofy.engine.keystore import KeyStore
from sofy.engine.link import HotLink
from sofy.engine.pgarray import ByteaArray, UuidArray
from sofy.engine.route_config import settings_of
from sofy.ingest.bodies import whole_body
from sofy.ingest.problems import Fault
from sofy.ingest.reading import PATIENCE_S, Reader
from sofy.kernel import clock, ids
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused

log = structlog.get_logger(__name__)

#: A route that was made or changed is known after this long.
_FRESH_S: Final = 1.0
_NEVER: Final = float("-inf")
_LONGEST: Final = 8 << 20
_TOGETHER: Final = 500
_MOST_WAITING: Final = 20_000
_UNUSABLE = (Refused, ValueError, KeyError, Unreadable, msgspec.ValidationError)


class _Way(NamedTuple):
    """A route whose supplier may call back. `written`: the row it was read from."""

    kind: type[Connector]
    settings: Any
    written: str


class _Waiting(NamedTuple):
    """A callback on its way to the disk."""

    id: UUID
    route: UUID
    body: bytes
    done: "asyncio.Future[None]"


class Hooks:
    """The endpoint of suppliers. What came together is stored together."""

    def __init__(self, reader: Reader, link: HotLink, keystore: KeyStore) -> None:
        self._reader = reader
        self._link = link
        self._keystore = keystore
        self._ways: dict[UUID, _Way] = {}
        self._read_at = _NEVER
        self._reading = asyncio.Lock()
        self._waiting: list[_Waiting] = []
        self._some = asyncio.Event()

    async def receive(self, request: Request) -> Response:
        """POST or GET /hooks/{connector}/{route}; 200 once it is on disk."""
        try:
            return await self._receive(request)
        except Fault as fault:
            if fault.code != "database_away":
                raise
            # Suppliers know no Idempotency-Key: what they repeat is known by what it says.
            raise Fault("callback_later", fault.status, retry_after_s=fault.retry_after_s) from None

    async def _receive(self, request: Request) -> Response:
        route = _id(request.path_params["route"])
        way = await self._way(route)
        if way is None or way.kind.code != request.path_params["connector"]:
            raise Fault("not_found", 404)
        body = await whole_body(request, _LONGEST)
        headers = {name.lower(): value for name, value in request.headers.items()}
        callback = Callback(method=request.method, headers=headers, query=dict(request.query_params), body=body)
        answer = way.kind.answer_at_once(way.settings, callback)
        if answer is not None:
            return Response(answer.body, answer.status, media_type="text/plain")
        if not way.kind.authentic(way.settings, callback):
            raise Fault("callback_unsigned", 401)
        await self._put(route, body)
        return Response(status_code=200)

    async def run(self) -> None:
        """Store what waits, for ever."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                some, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._store(some)

    async def _put(self, route: UUID, body: bytes) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            raise Fault("overloaded", 503, retry_after_s=1)
        row = ids.uuid7()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(row, route, seal_body(self._keystore, row, body), done))
        self._some.set()
        try:
            # Not asyncio.timeout: it cancels the task, and that of the server that runs this cannot be.
            await asyncio.wait_for(done, PATIENCE_S)
        except TimeoutError:
            raise Fault("database_away", 503, retry_after_s=5) from None

    async def _store(self, some: list[_Waiting]) -> None:
        values = {
            "ids": UuidArray.of([each.id.bytes for each in some]),
            "routes": UuidArray.of([each.route.bytes for each in some]),
            "bodies": ByteaArray.of([each.body for each in some]),
            "now": clock.now(),
        }
        with contextlib.suppress(psycopg.errors.UniqueViolation):  # the answer to the commit was lost: they are there
            try:
                await self._link.run("store_callbacks", values)
            except psycopg.errors.UniqueViolation:
                raise
            except psycopg.Error as error:
                log.error("ingest.callbacks_not_stored", callbacks=len(some), error=type(error).__name__)
                for each in some:
                    if not each.done.done():
                        each.done.set_exception(Fault("fault", 500))
                return
        for each in some:
            if not each.done.done():
                each.done.set_result(None)

    async def _way(self, route: UUID) -> _Way | None:
        """Whoever comes while the routes are read again is served by those known; the first ones wait for them."""
        if self._read_at == _NEVER:
            async with self._reading:
                if self._read_at == _NEVER:
                    self._ways = self._read(await self._reader.rows("routes"))
                    self._read_at = time.monotonic()
        elif time.monotonic() - self._read_at > _FRESH_S:
            self._read_at = time.monotonic()
            self._ways = self._read(await self._reader.rows("routes"))
        return self._ways.get(route)

    def _read(self, rows: list[tuple[Any, ...]]) -> dict[UUID, _Way]:
        found = {}
        for row in rows:
            route, written = UUID(bytes=row[0]), repr(row)
            before = self._ways.get(route)
            if before is not None and before.written == written:  # opening secrets and reading keys takes its time
                found[route] = before
                continue
            try:
                found[route] = _Way(*settings_of(self._keystore, row), written)
            except _UNUSABLE as error:
                log.error("ingest.route_unusable", route=row[1], error=type(error).__name__)
        return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Fault("not_found", 404) from None
