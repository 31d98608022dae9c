"""A batch of ten thousand is no reason for the single message of another client to wait."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sofy.engine import bulkcopy, intake
from sofy.engine.tests.conftest import House
from sofy.ingest.storing import Answer, Store
from sofy.ingest.tests.test_storing import message, stored
from sofy.ingest.tests.test_storing import store as store


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Any:
    made = House(engine_db, tmp_path)
    yield made
    made.conn.close()


class _Link:
    """A link on which many messages take until the test says so, and few no time."""

    def __init__(self, finish: asyncio.Event) -> None:
        self._finish = finish

    async def call(self, work: Any) -> None:
        if sum(len(each.messages) for each in work._requests) > intake.FEW:
            await self._finish.wait()


@pytest.mark.parametrize("waits_already", [True, False])
async def test_a_message_does_not_wait_for_another_clients_batch(waits_already: bool, house: House):
    finish, other = asyncio.Event(), house.new_client()
    store = Store([_Link(finish), _Link(finish)], house.keystore)  # type: ignore[list-item]
    duty = asyncio.create_task(store.run())
    many = [message(house) for _ in range(intake.FEW + 1)]

    batch = asyncio.create_task(store.put(house.client, many, [], None, Answer(202, b"batch")))
    if not waits_already:
        await asyncio.sleep(0.05)  # the batch is being stored
    single = await asyncio.wait_for(store.put(other, [message(house, other)], [], None, Answer(202, b"single")), 2)

    assert single.body == b"single"
    assert not batch.done()
    finish.set()
    assert (await asyncio.wait_for(batch, 2)).body == b"batch"
    duty.cancel()
    await asyncio.gather(duty, return_exceptions=True)


async def test_many_messages_are_sealed_a_few_at_a_time_and_stored_together(
    store: Store, house: House, monkeypatch: pytest.MonkeyPatch
):
    sizes: list[int] = []
    pack = bulkcopy.pack

    def noted(client: Any, campaign: Any, messages: Any, *more: Any) -> bulkcopy.Packed:
        sizes.append(len(messages))
        return pack(client, campaign, messages, *more)

    monkeypatch.setattr(bulkcopy, "pack", noted)

    await store.put(house.client, [message(house) for _ in range(600)], [], None, Answer(202, b"{}"))

    assert sizes == [250, 250, 100]
    assert stored(house) == 600
    transactions = house.conn.execute("SELECT count(DISTINCT xmin::text) FROM engine_message").fetchone()
    assert transactions == (1,)
