"""Which client is asked for work, and when."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from sofy.engine import db
from sofy.engine.claim import BIGGEST_CLAIM, CLAIM_BESIDE_FEW, SMALLEST_CLAIM, Claims, next_look
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


def alerts(house: House, count: int, client: UUID | None = None) -> None:
    house.submit(
        *(house.message(purpose="alert", text="Code 1234", short_code=None) for _ in range(count)), client=client
    )


async def test_who_comes_while_another_has_much_has_the_next_turn(house: House, claims: Claims):
    late = house.new_client()
    alerts(house, 300)
    first = await claims.take(100)

    alerts(house, 1, late)
    second = await claims.take(100)

    assert first is not None
    assert second is not None
    assert second.client == late.bytes


async def test_somebody_of_whom_nothing_waits_is_found_among_those_who_have_much(house: House, claims: Claims):
    late = house.new_client()
    alerts(house, 100)
    assert await claims.newcomer({house.client.bytes}) is None

    alerts(house, 1, late)
    found = await claims.newcomer({house.client.bytes})

    assert found is not None
    assert (found.client, len(found.items)) == (late.bytes, 1)


async def test_who_has_much_is_taken_in_smaller_claims_while_others_come_with_little(house: House, claims: Claims):
    alerts(house, BIGGEST_CLAIM + CLAIM_BESIDE_FEW + 1)
    alerts(house, 1, house.new_client())

    taken = [await claims.take(4 * BIGGEST_CLAIM) for _ in range(3)]

    assert [len(batch.items) for batch in taken if batch is not None] == [BIGGEST_CLAIM, 1, CLAIM_BESIDE_FEW]


async def test_what_is_left_of_much_makes_no_claim_smaller(house: House, claims: Claims):
    alerts(house, BIGGEST_CLAIM + 1)
    alerts(house, 2 * BIGGEST_CLAIM, house.new_client())

    taken = [await claims.take(4 * BIGGEST_CLAIM) for _ in range(4)]

    assert sorted(len(batch.items) for batch in taken if batch is not None) == [1, *[BIGGEST_CLAIM] * 3]


async def test_after_somebody_with_a_few_others_are_looked_for_at_once(house: House, claims: Claims):
    alerts(house, 1)
    alerts(house, SMALLEST_CLAIM, house.new_client())

    waits = {len(batch.items): next_look(batch) for _ in range(2) if (batch := await claims.newcomer(()))}

    assert waits[1] == 0
    assert waits[SMALLEST_CLAIM] > next_look(None) > 0
