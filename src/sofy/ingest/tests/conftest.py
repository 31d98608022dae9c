"""The API in this process, on a database with committed data, and programs that call it."""

import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import pytest

from sofy.engine import permissions
from sofy.engine.tests import conftest as engine
from sofy.ingest import app as application
from sofy.ingest.tests.description import check_answer
from sofy.kernel import clock, ids
from sofy.kernel.config import Config

SHORT_CODE = engine.SHORT_CODE
MENTION = engine.MENTION
SENDER = "Fournil"
SECRET = "s3cret"
ALL_SCOPES = ("messages:send", "messages:read")


class Answer(NamedTuple):
    """What the API said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Why it refused."""
        return str(self.json["code"])


class Api:
    """One process of the API, called as a server calls it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.faults: list[Exception] = []

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Sequence[tuple[str, str | bytes]] = (),
        query: str = "",
        address: str = "192.0.2.7",
        content_type: str | None = "application/json",
        fault: bool = False,
    ) -> Answer:
        """Send a request and check its answer against the description. `body`: bytes as they are, else as JSON.

        A fault of ours is raised here, unless it is what the test is about (`fault`).
        """
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = [(name.lower().encode(), v if isinstance(v, bytes) else v.encode("latin-1")) for name, v in headers]
        if content_type is not None and body is not None:
            named.append((b"content-type", content_type.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", b"localhost"), *named], "client": (address, 5000), "server": ("localhost", 8001),
        }  # fmt: skip
        chunks = [sent[start : start + (1 << 20)] for start in range(0, len(sent), 1 << 20)] or [b""]
        events = [{"type": "http.request", "body": c, "more_body": n + 1 < len(chunks)} for n, c in enumerate(chunks)]
        said: list[Any] = []

        async def receive() -> Any:
            return events.pop(0) if events else {"type": "http.disconnect"}

        async def send(event: Any) -> None:
            said.append(event)

        await self.app(scope, receive, send)
        if self.faults and not fault:
            raise self.faults[0]
        told = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        answer = Answer(said[0]["status"], told, b"".join(event.get("body", b"") for event in said[1:]))
        check_answer(method, path, *answer)
        return answer


class Program:
    """A program of a client: it has a key."""

    def __init__(self, api: Api, key: str) -> None:
        self.api = api
        self.key = key

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        headers = [("authorization", f"Bearer {self.key}"), *more.pop("headers", ())]
        return await self.api.ask(method, path, body, headers=headers, **more)

    async def send(self, body: Any = None, *, name: str | None = None, **more: Any) -> Answer:
        """POST /v1/messages. `name`: the Idempotency-Key."""
        headers = [*more.pop("headers", ()), *([("idempotency-key", name)] if name is not None else [])]
        return await self.ask("POST", "/v1/messages", body if body is not None else alert(), headers=headers, **more)

    async def batch(self, messages: Any, **more: Any) -> Answer:
        return await self.ask("POST", "/v1/messages/batch", {"messages": messages}, **more)

    async def show(self, message: Any) -> Answer:
        return await self.ask("GET", f"/v1/messages/{message}")

    async def cancel(self, message: Any) -> Answer:
        return await self.ask("DELETE", f"/v1/messages/{message}")

    async def convert(self, message: Any) -> Answer:
        return await self.ask("POST", f"/v1/messages/{message}/conversion")

    async def find(self, reference: str) -> Answer:
        return await self.ask("GET", "/v1/messages", query=urlencode({"reference": reference}))

    async def plan(self, body: Any) -> Answer:
        return await self.ask("POST", "/v1/route-plan", body)


def alert(**fields: Any) -> dict[str, Any]:
    """A message that is accepted as it is."""
    return {"to": "+33639980001", "purpose": "alert", "text": "Votre commande est prete.", **fields}


def marketing(**fields: Any) -> dict[str, Any]:
    """A message that is accepted as it is."""
    return alert(purpose="marketing", text="Une baguette offerte !" + MENTION, **fields)


class House(engine.House):
    """The engine's house, whose clients have keys and senders."""

    def __init__(self, database: Any, folder: Path) -> None:
        super().__init__(database, folder)
        self.admin = psycopg.connect(self.admin_url, autocommit=True)
        self.add_sender(SENDER)
        self.add_route()

    def add_sender(self, name: str, client: UUID | None = None) -> None:
        permissions.write_sender(self.admin, client or self.client, name)

    def add_key(
        self, client: UUID | None = None, *, secret: str = SECRET, scopes: Any = ALL_SCOPES, **more: Any
    ) -> str:
        """A key as accounts makes it; `key_id`, `networks` and `per_10s` may be given."""
        client = client or self.client
        place = base64.urlsafe_b64encode(client.bytes).decode().rstrip("=")
        text = f"sofy_{place}.{secret}"
        digest = hashlib.sha256(text.encode()).digest()
        key_id = more.pop("key_id", None) or ids.uuid7()
        permissions.write_api_key(self.admin, client, key_id, digest=digest, scopes=scopes, **more)
        return text

    def config(self, **settings: str) -> Config:
        return Config.load({"SOFY_ENVIRONMENT": "test", "SOFY_VAR_DIR": str(self.folder), **settings})

    def row(self, statement: str, *values: Any) -> dict[str, Any]:
        """The one row of a statement."""
        (row,) = self.rows(statement, *values)
        return row

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        cursor = self.admin.cursor(row_factory=psycopg.rows.dict_row)
        return cursor.execute(statement, values).fetchall()

    def count(self, table: str = "engine_message") -> int:
        return int(self.row(f"SELECT count(*) AS n FROM {table}")["n"])

    def stand(self, message: str, status: str, rank: int) -> None:
        """Let a message have come that far, and nothing wait for it."""
        self.admin.execute("DELETE FROM engine_queue WHERE message_id = %s", [message])
        self.admin.execute(
            "UPDATE engine_state SET status = %s, rank = %s WHERE message_id = %s", [status, rank, message]
        )


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[House]:
    """A database with one client, its sender and a route; the clock stands at the demo's Tuesday afternoon."""
    clock.install(lambda: clock.DEMO_START)
    made = House(engine_db, tmp_path)
    yield made
    made.conn.close()
    made.admin.close()


@pytest.fixture
async def start(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Starts processes of the API, with settings of their own."""
    made: list[Api] = []
    answer_fault = application._fault

    def fault(request: Any, error: Exception) -> Any:
        made[-1].faults.append(error)
        return answer_fault(request, error)

    monkeypatch.setattr(application, "_fault", fault)
    async with contextlib.AsyncExitStack() as stack:

        async def begin(**settings: str) -> Api:
            app = application.create(house.config(**settings), house.engine_url)
            await stack.enter_async_context(app.router.lifespan_context(app))
            made.append(Api(app))
            return made[-1]

        yield begin


@pytest.fixture
async def api(start: Callable[..., Any]) -> Api:
    made: Api = await start()
    return made


@pytest.fixture
def program(house: House, api: Api) -> Program:
    """A program that may do everything."""
    return Program(api, house.add_key())
