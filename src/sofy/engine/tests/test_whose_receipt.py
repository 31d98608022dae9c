"""A receipt names a number too: identifiers come again, and one can be read in two ways."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from sofy.connectors.base import Accepted, Receipt
from sofy.engine import receipts
from sofy.engine.intake import MessageIn
from sofy.engine.tests.conftest import House, Machine
from sofy.kernel import clock

STRANGER = "33639980999"


def digits(message: MessageIn) -> str:
    return message.to.lstrip("+")


async def taken(house: House, machine: Machine, *names: str) -> list[MessageIn]:
    """Messages that the supplier took one after the other under these names."""
    messages = []
    for n, name in enumerate(names, 1):
        clock.install(partial(_later, n))
        machine.connector().script = partial(_accepted, name)
        messages += house.submit(house.message())
        await machine.settled(messages[-1])
    return messages


def _later(seconds: int) -> datetime:
    return clock.DEMO_START + timedelta(seconds=seconds)


def _accepted(name: str, message: Any, part: int) -> Accepted:
    return Accepted(name)


async def told(machine: Machine, *phones: str, keys: tuple[str, ...] = ("122", "7a")) -> None:
    await machine.connector().events.on_receipts([Receipt(keys=keys, status="delivered", phones=phones)])


def forget(machine: Machine) -> None:
    for remembered in (machine.engine.recent._young, machine.engine.recent._old):
        remembered.clear()


def remember(machine: Machine) -> None:
    """Nothing is forgotten."""


@pytest.mark.parametrize(("_case", "where"), [("in memory", remember), ("in the database", forget)])
async def test_of_two_readings_the_one_that_went_to_this_number_counts(
    _case: str, where: Callable[[Machine], None], house: House, machine: Machine
):
    neighbour, meant = await taken(house, machine, "122", "7a")
    where(machine)

    await told(machine, digits(meant))

    await machine.settled(meant, status="delivered")
    assert house.state(neighbour)["status"] == "submitted"


@pytest.mark.parametrize(("_case", "where"), [("in memory", remember), ("in the database", forget)])
async def test_of_a_name_given_again_the_message_to_this_number_counts(
    _case: str, where: Callable[[Machine], None], house: House, machine: Machine
):
    before, after = await taken(house, machine, "5", "5")
    where(machine)

    await told(machine, digits(before), keys=("5",))

    await machine.settled(before, status="delivered")
    assert house.state(after)["status"] == "submitted"


async def test_a_delivered_neighbour_takes_no_receipt_of_another(house: House, machine: Machine):
    neighbour, meant = await taken(house, machine, "122", "7a")
    await told(machine, digits(neighbour), keys=("122",))
    await machine.settled(neighbour, status="delivered")

    await told(machine, digits(meant))

    await machine.settled(meant, status="delivered")


async def test_a_receipt_for_a_stranger_is_nobodys(house: House, machine: Machine):
    one, other = await taken(house, machine, "122", "7a")

    await told(machine, STRANGER)
    await machine.until(lambda: machine.engine.receipts.dropped == 1)
    await asyncio.sleep(0.5)

    assert {house.state(message)["status"] for message in (one, other)} == {"submitted"}
    assert house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (0,)


@pytest.mark.parametrize(
    ("_case", "phones"),
    [
        ("nothing", ()),
        ("swapped", ("33700000001", "{}")),
        ("as dialled at home", ("0{:.9}",)),
    ],
)
async def test_addresses_that_say_nothing_else_are_no_hindrance(
    _case: str, phones: tuple[str, ...], house: House, machine: Machine
):
    (message,) = await taken(house, machine, "122")
    home = {"{}": digits(message), "0{:.9}": f"0{digits(message)[2:]}"}

    await told(machine, *(home.get(one, one) for one in phones), keys=("122",))

    await machine.settled(message, status="delivered")


async def test_an_operator_whose_receipts_never_name_the_recipient_is_believed(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(receipts, "_DIFFERENT", 2)
    messages = await taken(house, machine, "1", "2", "3")

    for n in range(1, 4):
        await told(machine, STRANGER, keys=(str(n),))

    await machine.settled(*messages, status="delivered")


async def test_no_number_of_a_receipt_is_written_down(house: House, machine: Machine):
    await told(machine, STRANGER)
    await machine.until(lambda: house.conn.execute("SELECT count(*) FROM receipt_parked").fetchone() == (1,))

    rows: Any = house.conn.execute("SELECT receipt_parked::text FROM receipt_parked").fetchall()
    spool = b"".join(path.read_bytes() for path in (house.folder / "spool").rglob("*") if path.is_file())

    assert STRANGER not in str(rows)
    assert STRANGER.encode() not in spool
    assert b"122" in spool
