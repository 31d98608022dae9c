"""Which client is asked for work, and when."""

from collections.abc import AsyncIterator

import pytest

from sofy.engine import db
from sofy.engine.claim import Claims
from sofy.engine.link import HotLink
from sofy.engine.tests.conftest import House
from sofy.kernel import clock, ids


@pytest.fixture
async def claims(house: House) -> AsyncIterator[Claims]:
    link = HotLink(house.engine_url, "test")
    yield Claims("alert", link, house.keystore, ids.uuid7())
    await link.close()


def due(house: House) -> None:
    """A backlog that says there is work, as the moment after everything was taken leaves it."""
    house.conn.execute(db.sql("raise_backlog"), {"client": house.client, "lane": "alert", "due_at": clock.now()})


async def test_what_comes_right_after_nothing_was_found_is_taken_at_once(house: House, claims: Claims):
    due(house)
    assert await claims.take(100) is None

    (message,) = house.submit(house.message(purpose="alert", text="Code 1234", short_code=None))
    batch = await claims.take(100)

    assert batch is not None
    assert [item.uid for item in batch.items] == [message.id]


async def test_a_client_whose_work_others_are_taking_is_left_alone_for_a_moment(house: House, claims: Claims):
    house.submit(house.message(purpose="alert", text="Code 1234", short_code=None))
    with db.connect(house.engine_url) as other:
        other.execute("SELECT message_id FROM engine_queue FOR UPDATE").fetchall()
        assert await claims.take(100) is None
        resting = await claims._next_round()

    assert not resting
