"""Who asks where a message stands gets it together with others who ask: their own, at once, and nobody else's fault."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from sofy.engine.link import HotLink
from sofy.engine.tests.conftest import House
from sofy.ingest.polls import Polls
from sofy.ingest.problems import Fault
from sofy.ingest.reading import Reader
from sofy.ingest.shapes import Standing
from sofy.ingest.tests.test_storing import house as house


class Asked:
    """A database that notes what it is asked, and answers when it is let."""

    def __init__(self, link: HotLink) -> None:
        self.questions: list[tuple[UUID, int]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self._reader = Reader(link)

    async def rows(self, name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if name == "messages":
            self.questions.append((values["client"], int.from_bytes(values["messages"][12:16], "big")))  # its length
        await self.answers.wait()
        return await self._reader.rows(name, values)


@pytest.fixture
async def asked(house: House) -> AsyncIterator[Asked]:
    link = HotLink(house.engine_url, "test", prepared=False)
    yield Asked(link)
    await link.close()


def alerts(house: House, count: int, client: UUID | None = None) -> list[bytes]:
    given = [house.message(purpose="alert", text=f"Code {n}", short_code=None) for n in range(count)]
    return [message.id.bytes for message in house.submit(*given, client=client) if message.id]


async def test_those_who_ask_meanwhile_are_asked_about_together(house: House, asked: Asked):
    polls, messages = Polls(asked.rows, house.keystore), alerts(house, 40)

    found = await asyncio.gather(*(polls.standings(house.client, [message]) for message in messages))

    assert [list(each) for each in found] == [[message] for message in messages]
    assert [each[message].text for each, message in zip(found, messages, strict=True)] == [
        f"Code {n}" for n in range(40)
    ]
    assert sum(count for _, count in asked.questions) == 40
    assert len(asked.questions) <= 2


async def test_clients_ask_apart_and_a_foreign_message_is_not_there(house: House, asked: Asked):
    polls, other = Polls(asked.rows, house.keystore), house.new_client()
    (mine,), (theirs,) = alerts(house, 1), alerts(house, 1, other)

    found = await asyncio.gather(*(
        polls.standings(client, [message])
        for client, message in ((house.client, mine), (house.client, theirs), (other, mine), (other, theirs))
    ))  # fmt: skip

    assert [list(each) for each in found] == [[mine], [], [], [theirs]]
    assert sorted(asked.questions) == sorted([(house.client, 2), (other, 2)])


async def test_who_asks_after_something_happened_is_told_of_it(house: House, asked: Asked):
    polls, (message,) = Polls(asked.rows, house.keystore), alerts(house, 1)
    asked.answers.clear()
    before = asyncio.create_task(polls.standings(house.client, [message]))
    await asyncio.sleep(0.05)

    house.conn.execute("UPDATE engine_state SET status = 'held' WHERE message_id = %s", [UUID(bytes=message)])
    after = asyncio.create_task(polls.standings(house.client, [message]))
    await asyncio.sleep(0.05)
    asked.answers.set()

    await before
    assert (await after)[message].status == "held"
    assert len(asked.questions) == 2  # it does not join one that is being answered


async def test_who_hangs_up_takes_the_answer_from_nobody(house: House, asked: Asked):
    polls, (gone, stays) = Polls(asked.rows, house.keystore), alerts(house, 2)
    asked.answers.clear()
    one = asyncio.create_task(polls.standings(house.client, [gone]))
    other = asyncio.create_task(polls.standings(house.client, [stays]))
    await asyncio.sleep(0.05)

    one.cancel()
    asked.answers.set()

    assert list(await other) == [stays]
    with pytest.raises(asyncio.CancelledError):
        await one


async def test_nobody_waits_longer_because_others_wait_too(house: House, asked: Asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.ingest.reading.PATIENCE_S", 0.3)
    polls, clients = Polls(asked.rows, house.keystore), [house.client, house.new_client(), house.new_client()]
    asked.answers.clear()

    started = asyncio.get_running_loop().time()
    told = await asyncio.gather(
        *(polls.standings(client, alerts(house, 1, client)) for client in clients), return_exceptions=True
    )

    assert [one.code for one in told if isinstance(one, Fault)] == ["database_away"] * 3
    assert asyncio.get_running_loop().time() - started < 1.0
    asked.answers.set()
    assert list(await polls.standings(house.client, [])) == []


async def test_one_question_is_of_a_few_hundred_messages(house: House, asked: Asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sofy.ingest.polls._MOST", 10)
    polls, messages = Polls(asked.rows, house.keystore), alerts(house, 35)

    found = await asyncio.gather(*(polls.standings(house.client, [message]) for message in messages))

    assert all(isinstance(each[message], Standing) for each, message in zip(found, messages, strict=True))
    assert sum(count for _, count in asked.questions) == 35
    assert max(count for _, count in asked.questions) == 10
