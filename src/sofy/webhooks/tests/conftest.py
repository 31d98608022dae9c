"""Programs of clients that are told things, on loopback, and the process that tells them."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from sofy.engine.intake import MessageIn
from sofy.engine.tests.test_notices import write_states
from sofy.ingest.tests.conftest import House
from sofy.kernel import clock
from sofy.webhooks import registry
from sofy.webhooks.process import Notify

RANKS = {"submitted": 20, "unknown": 30, "delivered": 50, "read": 60}


class Post(NamedTuple):
    """A request that a program got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Program:
    """A client's program: it answers what the test says, and remembers what it was told."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.script: Callable[[Post], Any] | None = None
        self.at_once = 0
        self.most_at_once = 0
        self.address = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        post = Post(request.path, headers, await request.read())
        self.posts.append(post)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            said = self.script(post) if self.script is not None else None
            if asyncio.iscoroutine(said):
                said = await said
        finally:
            self.at_once -= 1
        if isinstance(said, web.StreamResponse):
            return said
        return web.Response(status=said or self.status, headers=self.headers)

    @property
    def told(self) -> list[Any]:
        return [post.json for post in self.posts]

    def types(self) -> list[str]:
        return [event["type"] for event in self.told]


@contextlib.asynccontextmanager
async def serving(program: Program) -> AsyncIterator[Program]:
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{tail:.*}", program.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    program.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield program
    finally:
        await runner.cleanup()


class Clients(House):
    """Clients that have webhooks."""

    def hook(
        self, url: str, *events: str, batch: int = 1, client: UUID | None = None, production: bool = False
    ) -> tuple[UUID, str]:
        keys = self.keys(client)
        return registry.add(self.admin, keys, url=url, events=events, batch=batch, production=production)

    def happen(self, message: MessageIn, *statuses: str, client: UUID | None = None) -> None:
        """Let a message have come that far, as the ledger writes it."""
        for status in statuses:
            write_states(self, message, status, RANKS.get(status, 40), client=client)

    def endpoint(self, name: UUID) -> dict[str, Any]:
        return self.row("SELECT * FROM gate_endpoint WHERE id = %s", name)

    def deliveries(self, name: UUID) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM engine_delivery WHERE endpoint_id = %s ORDER BY id", name)

    def due(self) -> None:
        """What waits after a failure waits no longer."""
        self.admin.execute("UPDATE engine_delivery SET due_at = %s WHERE state = 'waiting'", [clock.now()])
        self.admin.execute("UPDATE gate_endpoint SET resting_until = NULL")


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[Clients]:
    clock.install(lambda: clock.DEMO_START)
    made = Clients(engine_db, tmp_path)
    yield made
    made.conn.close()
    made.admin.close()


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with serving(Program()) as made:
        yield made


@pytest.fixture
async def start(house: Clients, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Starts processes that tell."""
    monkeypatch.setattr("sofy.webhooks.process.LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("sofy.webhooks.turn.LINGER_S", 0.05)
    async with contextlib.AsyncExitStack() as stack:

        async def begin(**more: Any) -> Notify:
            settings = more.pop("settings", {})
            notify = Notify(house.config(**settings), house.engine_url, **more)
            await stack.enter_async_context(notify.open())
            return notify

        yield begin


async def until(condition: Callable[[], Any], timeout_s: float = 8.0) -> None:
    """Wait for what must come."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


def verified(post: Post, secret: str) -> Any:
    """What a program reads that checks signatures with the library of the standard."""
    return Verifier(secret).verify(post.body, post.headers)
