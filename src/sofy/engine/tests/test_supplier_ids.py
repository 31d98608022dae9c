"""Suppliers that name what they take badly: not at all, or twice the same."""

from datetime import timedelta
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Action, Receipt, Refused
from sofy.engine.tests.conftest import MENTION, House, Machine
from sofy.kernel import clock


@pytest.mark.parametrize(("_case", "name", "keys"), [("nothing", "", 50), ("the same for all", "77", 50)])
async def test_a_batch_is_written_whatever_the_names(
    _case: str, name: str, keys: int, house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    refused: list[Any] = []

    async def one_by_one(batch: Any) -> None:
        refused.append(len(batch))

    monkeypatch.setattr(machine.engine.ledger, "_one_by_one", one_by_one)
    machine.connector().script = lambda message, part: Accepted(name)

    messages = house.submit(*[house.message() for _ in range(50)])
    await machine.settled(*messages)

    assert refused == []
    assert house.conn.execute("SELECT count(DISTINCT supplier_id) FROM receipt_key").fetchone() == (keys,)
    await machine.connector().events.on_receipts([Receipt(keys=("0",), status="delivered")])

    clock.install(lambda: clock.DEMO_START + timedelta(days=2, hours=1))
    await machine.engine.sweepers._horizon()

    await machine.settled(*messages, status="unknown")


async def test_a_name_given_twice_stays_with_the_first_also_when_the_other_is_written_later(
    house: House, machine: Machine
):
    machine.connector().script = lambda message, part: None
    first, second = house.submit(house.message(), house.message())
    await machine.until(lambda: len(machine.connector().sent) == 2)

    for message in (first, second):
        machine.connector().answer(message.id, Accepted("77"))
        await machine.settled(message)

    keys = dict(house.conn.execute("SELECT message_id, supplier_id FROM receipt_key").fetchall())
    assert keys[first.id] == "77"
    assert keys[second.id].startswith("- ")


async def test_a_message_taken_in_part_without_a_name_is_not_sent_again(house: House, machine: Machine):
    machine.connector().script = lambda message, part: Refused("0x08", Action.OTHER_ROUTE) if part else Accepted("")

    (message,) = house.submit(house.message(text="x" * 200 + MENTION))
    await machine.settled(message, status="failed")

    assert house.state(message)["reason"] == "partly_refused"
    assert len(machine.connector().sent) == 1
