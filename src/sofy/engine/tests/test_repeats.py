"""What is written again, because the answer to its commit was lost with a connection."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sofy.engine.tests.conftest import House, Machine


async def test_a_message_given_back_and_claimed_again_is_not_given_back_twice(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    engine = machine.engine
    machine.connector().room = 0
    house.submit(house.message())
    await machine.until(lambda: engine.dispatcher.waiting("marketing") == 1)
    link, written = engine._links["outcomes"], []
    call = link.call

    async def answer_lost(work: Callable[[Any], Awaitable[Any]]) -> Any:
        await call(work)
        await machine.until(lambda: [row[3] for row in house.queue()] == [engine.instance])
        written.append(await call(work))

    monkeypatch.setattr(link, "call", answer_lost)
    (batch,) = engine.dispatcher.ready["marketing"]
    engine.dispatcher.take_back(batch)
    await machine.until(lambda: written)

    assert [row[3] for row in house.queue()] == [engine.instance]
