"""What every route over HTTP keeps: order, journal before the socket, doubt where a request may have been read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar

import aiohttp
import msgspec
import pytest
from aiohttp import web

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, NotSent, Refused, Throttled, Unknown
from sofy.connectors.http import Closed, HttpConnector, Later
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.kernel import clock


class Config(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    rate_per_s: float = 0
    window: int = 10
    retries: int = 3
    connect_timeout_s: float = 1.0
    response_timeout_s: float = 0.5


class Pigeon(HttpConnector):
    """Posts the text; a status says what became of it."""

    code: ClassVar[str] = "pigeon"
    capabilities: ClassVar[base.Capabilities]
    Config: ClassVar[type[Any]] = Config
    resting: ClassVar[dict[str, float]] = {}

    async def request(self, session: aiohttp.ClientSession, message: base.Outgoing) -> base.Outcome | Later | Closed:
        async with session.post(self.config.url, data=message.text) as response:
            answer = await response.text()
        if response.status == 429:
            return Later("429", slow=True)
        if response.status == 425:
            return Later("425", wait_s=0.1)
        if response.status == 403:
            return Closed("403", 0.2)
        return Accepted(answer) if response.status == 200 else Refused(str(response.status), Action.PERMANENT)

    def refusal(self, message: base.Outgoing) -> Refused | None:
        return Refused("empty", Action.PERMANENT) if not message.text else None

    def held_back(self, message: base.Outgoing) -> Refused | None:
        return Refused("held", Action.OTHER_ROUTE) if message.text == "held" else None

    def rest_s(self, message: base.Outgoing) -> float:
        return self.resting.pop(message.text, 0.0)


class Supplier:
    """Answers with the script's statuses in order, else 200; counts how many requests are open at once."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.script: list[int] = []
        self.slow_s = 0.0
        self.open = self.most_open = 0
        self.order: list[str] = []

    async def __call__(self, request: web.Request) -> web.Response:
        self.got.append(await request.text())
        self.open += 1
        self.order.append("asked")
        self.most_open = max(self.open, self.most_open)
        await asyncio.sleep(self.slow_s)
        self.open -= 1
        self.order.append("answered")
        status = self.script.pop(0) if self.script else 200
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status or 200, text=f"id-{self.got[-1]}")

    async def listen(self, port: int = 0) -> int:
        self.runner = web.ServerRunner(web.Server(self))  # type: ignore[arg-type]
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        return int(self.runner.addresses[0][1])


Start = Callable[..., Awaitable[Pigeon]]


@pytest.fixture
async def supplier() -> AsyncIterator[Supplier]:
    made = Supplier()
    yield made
    if hasattr(made, "runner"):
        await made.runner.cleanup()


@pytest.fixture
async def start(supplier: Supplier, engine: Engine) -> AsyncIterator[Start]:
    made: list[Pigeon] = []

    async def up(**changes: Any) -> Pigeon:
        port = changes.pop("port", None) or await supplier.listen()
        made.append(Pigeon(Config(url=f"http://127.0.0.1:{port}/", **changes), engine))
        await made[-1].start()
        return made[-1]

    yield up
    for one in made:
        await one.stop(0.1)


@pytest.fixture
def engine() -> Engine:
    return Engine()


async def test_messages_leave_in_order_each_journaled_first(start: Start, supplier: Supplier, engine: Engine) -> None:
    connector = await start(window=1)

    connector.submit([outgoing(text=str(n)) for n in range(20)])
    await engine.until(lambda: len(engine.outcomes) == 20)

    assert supplier.got == [str(n) for n in range(20)]
    assert [one.outcome for one in engine.outcomes] == [Accepted(f"id-{n}") for n in range(20)]
    assert len(engine.journal) == 20


async def test_no_more_than_a_window_is_open_at_once(start: Start, supplier: Supplier, engine: Engine) -> None:
    supplier.slow_s = 0.02
    connector = await start(window=4)

    connector.submit([outgoing(text=str(n)) for n in range(20)])
    await engine.until(lambda: len(engine.outcomes) == 20)

    assert supplier.most_open == 4


async def test_nothing_leaves_that_the_journal_does_not_hold(
    start: Start, supplier: Supplier, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sofy.connectors.http._JOURNAL_RETRY_S", 0.05)
    connector = await start()
    engine.journal_works = False

    connector.submit([outgoing(text="a")])
    await asyncio.sleep(0.02)
    before = list(supplier.got)
    engine.journal_works = True
    await engine.until(lambda: bool(engine.outcomes))

    assert before == []
    assert supplier.got == ["a"]


async def test_what_the_engine_does_not_know_any_more_is_dropped(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    connector = await start()
    gone, stays = outgoing(text="gone"), outgoing(text="stays")
    engine.forgotten = {gone.message_id}

    connector.submit([gone, stays])
    await engine.until(lambda: bool(engine.outcomes))

    assert supplier.got == ["stays"]


@pytest.mark.parametrize(("_case", "status"), [("the connection fell", 0), ("no answer in time", 200)])
async def test_a_request_that_may_have_been_read_is_in_doubt_and_never_repeated(
    start: Start, supplier: Supplier, engine: Engine, _case: str, status: int
) -> None:
    supplier.script = [status]
    supplier.slow_s = 0.0 if status == 0 else 0.8
    connector = await start()

    connector.submit([outgoing(text="a")])
    await engine.until(lambda: bool(engine.outcomes))
    await asyncio.sleep(0.1)

    assert isinstance(engine.outcomes[0].outcome, Unknown)
    assert supplier.got == ["a"]


async def test_a_supplier_that_is_away_gets_everything_when_it_is_back(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    port = await supplier.listen()
    await supplier.runner.cleanup()
    supplier.slow_s = 0.05
    connector = await start(port=port)

    connector.submit([outgoing(text=str(n)) for n in range(3)])
    await engine.until(lambda: len(engine.of(Throttled)) >= 3)
    down = connector.health()
    await supplier.listen(port)
    await engine.until(lambda: len(engine.of(Accepted)) == 3)

    assert (down.binds_up, connector.health().binds_up) == (0, 1)
    assert supplier.got == ["0", "1", "2"]
    assert supplier.order == ["asked", "answered", "asked", "asked", "answered", "answered"]  # the first one alone


async def test_a_full_supplier_slows_the_route_and_gets_the_message_again(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    supplier.script = [429, 429]
    connector = await start(window=1, rate_per_s=1000)

    connector.submit([outgoing(text="a"), outgoing(text="b")])
    await engine.until(lambda: len(engine.of(Accepted)) == 2)

    assert supplier.got == ["a", "a", "a", "b"]
    assert connector.health().rate_per_s < 1000


async def test_an_account_that_is_closed_gives_everything_back_and_is_asked_again(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    supplier.script = [403]
    connector = await start(window=1)

    connector.submit([outgoing(text=str(n)) for n in range(3)])
    await engine.until(lambda: len(engine.outcomes) == 3)
    closed = connector.health()
    await engine.until(lambda: connector.health().binds_up == 1)
    connector.submit([outgoing(text="again")])
    await engine.until(lambda: len(engine.outcomes) == 4)

    assert [one.outcome for one in engine.outcomes] == [
        Refused("403", Action.OTHER_ROUTE),
        NotSent("stopping"),
        NotSent("stopping"),
        Accepted("id-again"),
    ]
    assert (closed.binds_up, closed.last_error) == (0, "403")
    assert supplier.got == ["0", "again"]


async def test_a_message_that_nobody_can_deliver_does_not_speak_against_the_route(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    supplier.script = [404]
    connector = await start()

    connector.submit([outgoing(text="0")])
    await engine.until(lambda: len(engine.outcomes) == 1)

    assert [one.outcome for one in engine.outcomes] == [Refused("404", Action.PERMANENT)]
    assert connector.health().last_error == ""


async def test_after_too_many_tries_another_route_may_have_it(start: Start, supplier: Supplier, engine: Engine) -> None:
    supplier.script = [425] * 4
    connector = await start()

    connector.submit([outgoing(text="a")])
    await engine.until(lambda: bool(engine.of(Refused)))

    assert engine.of(Refused)[0].outcome == Refused("425", Action.OTHER_ROUTE)
    assert len(supplier.got) == 4


async def test_who_must_rest_stands_aside_and_holds_nobody_up(
    start: Start, supplier: Supplier, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pigeon, "resting", {"a": 0.2})
    connector = await start(window=1)

    connector.submit([outgoing(text="a"), outgoing(text="b"), outgoing(text="held"), outgoing(text="")])
    await engine.until(lambda: len(engine.outcomes) == 4)

    assert supplier.got == ["b", "a"]
    assert {one.outcome.code for one in engine.of(Refused)} == {"held", "empty"}


async def test_what_waits_can_be_taken_back_and_comes_back_at_the_end(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    supplier.slow_s = 0.3
    connector = await start(window=1)
    leaves, taken_back, waits = outgoing(text="a"), outgoing(text="b"), outgoing(text="c")

    connector.submit([leaves, taken_back, waits])
    await engine.until(lambda: bool(supplier.got))
    withdrawn = connector.withdraw([leaves.message_id, taken_back.message_id])
    await connector.stop(2.0)

    assert withdrawn == [taken_back.message_id]
    assert {one.message_id: one.outcome for one in engine.outcomes} == {
        leaves.message_id: Accepted("id-a"),
        waits.message_id: NotSent("stopping"),
    }


async def test_an_end_without_patience_leaves_what_is_under_way_in_doubt(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    supplier.slow_s = 0.4
    connector = await start()

    connector.submit([outgoing(text="a")])
    await engine.until(lambda: bool(supplier.got))
    await connector.stop(0.01)

    assert [one.outcome for one in engine.outcomes] == [Unknown("stopping")]
    assert connector.capacity() == 0


async def test_what_is_too_late_is_given_back(start: Start, supplier: Supplier, engine: Engine) -> None:
    connector = await start()

    connector.submit([outgoing(text="a", validity_until=clock.now() - timedelta(seconds=1))])
    await engine.until(lambda: bool(engine.outcomes))

    assert [one.outcome for one in engine.outcomes] == [NotSent("too_late")]
    assert supplier.got == []


async def test_alerts_leave_first_and_have_room_where_marketing_has_none(
    start: Start, supplier: Supplier, engine: Engine
) -> None:
    connector = await start(window=1)

    connector.submit([outgoing(text=f"m{n}") for n in range(2)])
    room = connector.capacity_for("marketing"), connector.capacity_for("alert")
    connector.submit([outgoing(text="code", purpose="alert")])
    await engine.until(lambda: len(engine.outcomes) == 3)

    assert room == (0, 2)
    assert supplier.got == ["code", "m0", "m1"]
