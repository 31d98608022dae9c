"""An engine that is told to end: while its database is away, or in the moment in which it hears of work."""

import asyncio
import os
import signal
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest

from sofy.engine import db, process
from sofy.engine.tests.conftest import House


async def nobody_there(*_arguments: Any, **_named: Any) -> Any:
    raise psycopg.OperationalError("no server there")


async def test_it_ends_when_the_database_stays_away_and_the_next_one_sends_what_it_held(
    house: House, start: Any, monkeypatch: pytest.MonkeyPatch
):
    house.add_route()
    first = await start()
    supplier = first.connector()
    supplier.room = 0
    waiting = house.submit(*[house.message() for _ in range(3)])
    await first.until(lambda: first.engine.dispatcher.waiting("marketing") == 3)

    with monkeypatch.context() as away:
        away.setattr(db, "connect_hot", nobody_there)
        for link in first.engine._links.values():
            await link.close()
        async with asyncio.timeout(5):
            await first.engine.stop(0.3)

    second = await start()
    await second.settled(*waiting)
    assert (len(supplier.sent), len(second.connector().sent)) == (0, 3)


@pytest.mark.parametrize("steps", range(5))
async def test_it_ends_also_in_the_moment_in_which_it_hears_of_work(house: House, start: Any, steps: int):
    engine = (await start()).engine
    await asyncio.sleep(0.3)  # every lane waits now

    for event in engine._room.values():
        event.set()
    for _ in range(steps):
        await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await engine.stop(0.3)


async def test_it_ends_when_it_never_found_its_database(
    house: House, fake_connectors: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(db, "connect_hot", nobody_there)
    monkeypatch.setattr(process, "gc", Mock())  # how this process collects its garbage is not the engine's
    places = {"var_dir": house.folder, "secrets_dir": house.folder, "master_key_file": house.folder / "master.key"}
    config: Any = SimpleNamespace(clock_file=None, environment="test", base_url="", **places)

    async with asyncio.timeout(20):
        running = asyncio.ensure_future(process.main(config, house.engine_url))
        await asyncio.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        ended = await running

    assert ended is None
