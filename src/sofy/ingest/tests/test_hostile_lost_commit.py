"""A commit that is seen late: the connection was lost, and the server had not finished yet when it was asked again."""

import pytest

from sofy.engine.tests.conftest import House
from sofy.ingest.storing import Answer, Store
from sofy.ingest.tests.test_storing import house as house
from sofy.ingest.tests.test_storing import message, stored
from sofy.ingest.tests.test_storing import store as store


@pytest.mark.parametrize("count", [1, 300])
async def test_what_was_committed_meanwhile_is_answered_as_stored(count: int, store: Store, house: House):
    messages = [message(house) for _ in range(count)]
    await store.put(house.client, messages, [], None, Answer(202, b"{}"))

    again = await store.put(house.client, messages, [], None, Answer(202, b"{}"))

    assert again.status == 202
    assert stored(house) == count
