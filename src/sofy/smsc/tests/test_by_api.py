"""Every id that a program was told over SMPP is one of the API too: of a part, of all that a submit_multi made."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sofy.ingest.tests.conftest import Api, Program, api, start
from sofy.kernel import clock
from sofy.smsc import parts
from sofy.smsc.tests.conftest import SENDER, Client, House
from sofy.smsc.tests.test_parts import by_header
from sofy.wire.smpp.codes import Command

__all__ = ["api", "start"]
THREE = tuple((1, 1, f"3363998000{n}") for n in range(3))


@pytest.fixture
def program(house: House, api: Api) -> Program:
    return Program(api, house.add_key())


async def several(till: Client) -> str:
    """A submit_multi to three numbers: its id."""
    answer = await till.ask(Command.SUBMIT_MULTI, source_addr=SENDER, dest_address=THREE, short_message=b"x")
    return str(answer.fields["message_id"])


async def test_each_part_leads_to_the_whole_message(program: Program, till: Client, house: House):
    names = [name for _, name in await till.submit(*(by_header(n, 3, b"%d;" % n) for n in (1, 2, 3)))]
    whole = str(house.row("SELECT id FROM engine_message")["id"])

    shown = [(await program.show(name)).json for name in [*names, whole]]

    assert {(each["id"], each["text"], each["status"]) for each in shown} == {(whole, "1;2;3;", "accepted")}
    assert all(each["smpp_ids"] == names for each in shown)


async def test_a_part_that_waits_for_others_is_there(program: Program, till: Client):
    ((_, name),) = await till.submit(by_header(1, 3, b"secret"))

    shown = (await program.show(name)).json

    assert (shown["id"], shown["status"], shown["to"], shown["parts"]) == (name, "accepted", "+33639980001", 3)
    assert (shown["sender"], shown["purpose"], shown["text"]) == (SENDER, "alert", "")


@pytest.mark.parametrize("receipt", [0, 1])
async def test_a_part_that_was_given_up_says_so(receipt: int, program: Program, till: Client, server: Any):
    ((_, name),) = await till.submit(by_header(1, 2, b"a", registered_delivery=receipt))
    clock.install(lambda: clock.DEMO_START + parts.OVERDUE + timedelta(seconds=1))

    await server.parts.give_up()

    shown = (await program.show(name)).json
    assert (shown["status"], shown["reason"]) == ("expired", "parts_missing")


async def test_a_part_takes_the_whole_back(program: Program, till: Client, house: House):
    names = [name for _, name in await till.submit(by_header(1, 2, b"a"), by_header(2, 2, b"b"))]

    answer = await program.cancel(names[0])

    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert house.row("SELECT status FROM engine_state")["status"] == "cancelled"
    assert (await program.cancel(names[1])).status == 200


async def test_a_part_is_taken_back_while_others_are_missing(program: Program, till: Client, house: House):
    ((_, name),) = await till.submit(by_header(1, 2, b"a", registered_delivery=1))

    answer = await program.cancel(name)
    await till.submit(by_header(2, 2, b"b"))

    assert (answer.status, answer.json["status"], answer.json["article"]) == (200, "cancelled", "DPA 6")
    assert house.count() == 0
    (told,) = await till.hear()
    assert b"stat:DELETED" in told.short_message


async def test_the_id_of_several_tells_where_each_stands(program: Program, till: Client, house: House):
    name = await several(till)
    first = str(house.row("SELECT id FROM engine_message ORDER BY id LIMIT 1")["id"])
    house.stand(first, "delivered", 50)

    shown = (await program.show(name)).json

    assert [(each["to"], each["status"]) for each in shown["destinations"]] == [
        ("+33639980000", "delivered"), ("+33639980001", "accepted"), ("+33639980002", "accepted")
    ]  # fmt: skip
    assert shown["status"] == "accepted"
    assert (await program.show(first)).json["smpp_ids"] == [name]
    assert (await program.convert(name)).code == "message_several"
    assert (await program.convert(first)).status == 204


async def test_the_use_of_a_code_in_parts_is_noted_of_the_whole(program: Program, till: Client, house: House):
    names = [name for _, name in await till.submit(by_header(1, 2, b"a"), by_header(2, 2, b"b"))]
    whole = str(house.row("SELECT id FROM engine_message")["id"])
    house.stand(whole, "delivered", 50)

    assert (await program.convert(names[1])).status == 204

    assert str(house.row("SELECT message_id FROM engine_event WHERE kind = 'converted'")["message_id"]) == whole


@pytest.mark.clause("DPA 7")
async def test_ids_of_another_client_are_not_there(api: Api, till: Client, house: House):
    client = house.new_client()
    house.add_account("stranger", client=client)
    stranger = Program(api, house.add_key(client))
    names = [name for _, name in await till.submit(*(by_header(n, 2, b"a") for n in (1, 2)), by_header(1, 2, b"b", 8))]

    for name in [*names, await several(till)]:
        asked: tuple[Callable[..., Any], ...] = (stranger.show, stranger.cancel, stranger.convert)
        for ask in asked:
            answer = await ask(name)
            assert (answer.status, answer.code) == (404, "message_unknown")
    assert {row["status"] for row in house.rows("SELECT status FROM engine_state")} == {"accepted"}
    assert {row["ended"] for row in house.rows("SELECT ended FROM smpp_part")} == {None}
