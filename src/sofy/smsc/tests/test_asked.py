"""query_sm and cancel_sm: of one's own messages only."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from sofy.kernel import clock
from sofy.smsc.tests.conftest import SENDER, Client, House, alert
from sofy.wire.smpp.codes import Command, State, Status
from sofy.wire.smpp.pdu import encode_sm


@pytest.mark.parametrize(
    ("kind", "rank", "state"),
    [
        (None, 0, State.ENROUTE),
        ("submitted", 20, State.ENROUTE),
        ("delivered", 50, State.DELIVERED),
        ("failed", 40, State.UNDELIVERABLE),
    ],
)
async def test_query_tells_where_a_message_stands(
    kind: str | None, rank: int, state: State, house: House, till: Client
):
    ((_, name),) = await till.submit(alert())
    if kind:
        house.end(name, kind, rank, "7")

    answer = await till.ask(Command.QUERY_SM, message_id=name)

    final = f"{clock.now():%y%m%d%H%M%S}000+" if rank >= 40 else ""
    code = 7 if kind == "failed" else 0
    assert answer.fields == {"message_id": name, "final_date": final, "message_state": state, "error_code": code}


@pytest.mark.clause("DPA 6")
async def test_what_waits_is_cancelled(house: House, till: Client):
    ((_, name),) = await till.submit(alert(schedule_delivery_time="000001000000000R", registered_delivery=1))

    answer = await till.ask(Command.CANCEL_SM, message_id=name)

    assert answer.status == 0
    assert house.row("SELECT status FROM engine_state")["status"] == "cancelled"
    (told,) = await till.hear()
    assert b"stat:DELETED" in told.short_message


async def test_what_left_is_not_cancelled(house: House, till: Client):
    ((_, name),) = await till.submit(alert())
    house.end(name, "delivered")

    assert (await till.ask(Command.CANCEL_SM, message_id=name)).status == Status.RCANCELFAIL


async def test_all_of_a_submit_multi_is_cancelled_by_its_id(house: House, till: Client):
    addresses = tuple((1, 1, f"3363998000{n}") for n in range(3))
    answer = await till.ask(Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=addresses, short_message=b"x")

    cancelled = await till.ask(Command.CANCEL_SM, message_id=answer.fields["message_id"])

    assert cancelled.status == 0
    assert {row["status"] for row in house.rows("SELECT status FROM engine_state")} == {"cancelled"}


@pytest.mark.clause("DPA 6")
async def test_one_destination_of_a_submit_multi_is_cancelled_by_its_number(house: House, till: Client):
    addresses = tuple((1, 1, f"3363998000{n}") for n in range(3))
    answer = await till.ask(Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=addresses, short_message=b"x")
    name = answer.fields["message_id"]

    elsewhere = await till.ask(Command.CANCEL_SM, message_id=name, dest_addr_ton=1, destination_addr="33639980009")
    cancelled = await till.ask(Command.CANCEL_SM, message_id=name, dest_addr_ton=1, destination_addr="33639980001")

    assert (elsewhere.status, cancelled.status) == (Status.RINVDSTADR, 0)
    found = house.rows("SELECT status FROM engine_state ORDER BY message_id")
    assert [row["status"] for row in found] == ["accepted", "cancelled", "accepted"]


@pytest.mark.parametrize("command", [Command.QUERY_SM, Command.CANCEL_SM])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_sender_that_is_named_is_that_of_the_message(command: Command, whole: bool, house: House, till: Client):
    part = alert(b"\x05\0\x03\x07\x02\x01a", esm_class=0x40)
    ((_, name),) = await till.submit(alert() if whole else part)

    other = await till.ask(command, message_id=name, source_addr="Autre")
    right = await till.ask(command, message_id=name, source_addr=SENDER)

    assert (other.status, right.status) == (Status.RINVSRCADR, 0)


@pytest.mark.clause("DPA 6")
async def test_a_part_is_cancelled_while_others_are_missing(house: House, till: Client):
    ((_, name),) = await till.submit(alert(b"\x05\0\x03\x07\x02\x01a", esm_class=0x40))

    answers = [await till.ask(Command.CANCEL_SM, message_id=name) for _ in range(2)]
    await till.submit(alert(b"\x05\0\x03\x07\x02\x02b", esm_class=0x40))

    assert [answer.status for answer in answers] == [0, 0]
    assert (await till.ask(Command.QUERY_SM, message_id=name)).fields["message_state"] == State.DELETED
    assert house.count() == 0


@pytest.mark.parametrize("command", [Command.QUERY_SM, Command.CANCEL_SM])
async def test_messages_of_others_are_not_there(command: Command, house: House, till: Client, client_of: Any):
    stranger = house.new_client()
    house.add_sender(SENDER, stranger)
    house.add_account("stranger", client=stranger)
    house.add_account("second")
    names = [name for _, name in await till.submit(alert())] + [str(uuid4()), "1", ""]

    for system_id in ("stranger", "second"):
        client = await client_of(system_id)
        for name in names:
            assert (await client.ask(command, message_id=name)).status == Status.RINVMSGID
    assert house.row("SELECT status FROM engine_state")["status"] == "accepted"


async def test_a_database_that_is_away_is_told(house: House, till: Client, monkeypatch: pytest.MonkeyPatch):
    from sofy.ingest import reading

    monkeypatch.setattr(reading, "PATIENCE_S", 0.2)
    monkeypatch.setattr("sofy.engine.link.db.connect_hot", _nowhere)
    house.admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = 'sofy_engine' AND datname = current_database()"
    )

    async with asyncio.timeout(15):
        ((status, _),) = await till.submit(alert())

    assert status == Status.RSYSERR


async def test_what_was_not_tried_is_refused_and_what_may_be_stored_is_not_answered(
    house: House, till: Client, client_of: Any, slow: None
):
    house.add_account("second")
    other = await client_of("second")
    number = till.session.next_sequence()

    till.session.submit([(number, number, encode_sm(Command.SUBMIT_SM, number, alert()))])
    await asyncio.sleep(0.2)
    ((status, _),) = await other.submit(alert(destination="33639980002"))
    async with asyncio.timeout(15):
        await till.session.closed

    assert status == Status.RSYSERR
    assert number not in till.answers


async def test_a_submit_multi_that_may_be_stored_is_not_answered(till: Client, slow: None):
    addresses = ((1, 1, "33639980001"),)

    async with asyncio.timeout(15):
        with pytest.raises(ConnectionError):
            await till.ask(Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=addresses, short_message=b"x")


@pytest.fixture
async def slow(house: House, till: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that takes messages, and does not say so in time."""
    from sofy.engine import intake
    from sofy.ingest import reading

    await till.submit(alert())
    taken = intake.admit

    async def admit(*given: Any) -> Any:
        await asyncio.sleep(2.5)
        return await taken(*given)

    monkeypatch.setattr(reading, "PATIENCE_S", 0.6)
    monkeypatch.setattr(intake, "admit", admit)


async def _nowhere(*_: Any, **__: Any) -> Any:
    import psycopg

    raise psycopg.OperationalError("away")
