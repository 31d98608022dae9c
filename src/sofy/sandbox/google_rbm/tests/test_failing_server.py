"""A server that answers with errors: what may have been taken is in doubt, what was refused each time is not."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from sofy.connectors.base import Accepted, Action, Refused, Unknown
from sofy.connectors.google_rbm.tests.factories import outgoing
from sofy.connectors.smpp.tests.factories import Engine
from sofy.sandbox.google_rbm.tests.conftest import Make

ONCE, SILENT, TAKEN_BEFORE = 503, 0, 409


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([ONCE, ONCE, ONCE], Refused("http_503", Action.RETRY, fault=True)),
        ([ONCE, SILENT, ONCE], Unknown("http_503")),
        ([SILENT, ONCE, ONCE], Unknown("http_503")),
        ([ONCE, ONCE, SILENT], Unknown("no answer in time")),
        ([ONCE, ONCE, TAKEN_BEFORE], Accepted),
    ],
)
async def test_what_fails_each_time_was_never_taken(
    engine: Engine, connect: Make, answers: list[int], outcome: Any
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["messageId"])
        if (status := answers[len(asked) - 1]) == SILENT:
            await asyncio.sleep(0.5)
        return web.Response(status=status or 200)

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"
    connector = await connect(base_url=own, response_timeout_s=0.2, error_retries=2, error_wait_s=0.01)
    message = outgoing()

    connector.submit([message])
    await engine.until(lambda: bool(engine.outcomes))
    await runner.cleanup()

    (told,) = [one.outcome for one in engine.outcomes]
    assert told == outcome or type(told) is outcome
    assert asked == [str(message.message_id)] * 3
    assert connector.health().last_error == ("http_503" if isinstance(outcome, Refused) else "")


async def test_one_error_that_is_never_asked_about_again_is_in_doubt(engine: Engine, connect: Make) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=500)

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    connector = await connect(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", error_retries=0)

    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.outcomes))
    await runner.cleanup()

    assert [one.outcome for one in engine.outcomes] == [Unknown("http_500")]


@pytest.mark.parametrize(
    ("answers", "retry_after", "said", "asks"),
    [
        ([429, 200], "", {"+33639980001": True, "+33639980002": False}, 2),
        ([503, 429, 200], "0", {"+33639980001": True, "+33639980002": False}, 3),
        ([429, 429, 429], "", {}, 3),
        ([429, 200], "60", {}, 1),
        ([400, 200], "", {}, 1),
    ],
)
async def test_who_has_rcs_is_asked_again_while_the_server_is_too_busy(
    engine: Engine,
    connect: Make,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[int],
    retry_after: str,
    said: dict[str, bool],
    asks: int,
) -> None:
    monkeypatch.setattr("sofy.connectors.google_rbm.capability._AGAIN_AFTER_S", (0.01, 0.01))
    asked: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(len((await request.json())["users"]))
        status = answers[len(asked) - 1]
        if status == 200:
            return web.json_response({"reachableUsers": ["+33639980001"], "new": {"field": 1}})
        return web.Response(status=status, headers={"Retry-After": retry_after})

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    connector = await connect(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}")

    found = await connector.look_up(["+33639980001", "+33639980002"])
    await runner.cleanup()

    assert {phone: reach.there for phone, reach in found.items()} == said
    assert asked == [2] * asks


@pytest.mark.parametrize("phones", [["+33639980001"], ["+33639980001", "+33639980002"]])
async def test_nobody_is_asked_about_for_as_long_as_the_server_wants(
    engine: Engine, connect: Make, monkeypatch: pytest.MonkeyPatch, phones: list[str]
) -> None:
    monkeypatch.setattr("sofy.connectors.google_rbm.capability._LONGEST_PAUSE_S", 0.0)
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.json_response({"reachableUsers": phones, "features": []})

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    connector = await connect(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}")

    first, second = await connector.look_up(phones), await connector.look_up(phones)
    kept_quiet = len(asked)
    await asyncio.sleep(1.1)
    third = await connector.look_up(phones)
    await runner.cleanup()

    assert (first, second, kept_quiet) == ({}, {}, 1)
    assert set(third) == set(phones)


async def test_a_token_that_comes_in_pieces_with_its_life_as_text_is_taken(engine: Engine, connect: Make) -> None:
    fetched: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/token":
            fetched.append(request.headers["Authorization"])
            return web.json_response({"name": "x"})
        streamed = web.StreamResponse(headers={"Content-Type": "application/json; charset=UTF-8"})
        await streamed.prepare(request)
        for piece in (b'{"access_token": "ya', b'29.x", "expires_in": "35', b'99", "scope": null}'):
            await streamed.write(piece)
            await asyncio.sleep(0.02)
        await streamed.write_eof()
        return streamed

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"
    connector = await connect(base_url=own, token_url=f"{own}/token")

    connector.submit([outgoing()])
    await engine.until(lambda: bool(engine.outcomes))
    await runner.cleanup()

    assert [type(one.outcome) for one in engine.outcomes] == [Accepted]
    assert fetched == ["Bearer ya29.x"]
