"""A request that is sent again is answered once: the Idempotency-Key through the doors of the API."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sofy.ingest.tests.conftest import House, Program, alert
from sofy.kernel import clock


@pytest.mark.clause("CGVU 3.4")
async def test_the_same_request_gets_the_same_answer_and_sends_nothing_again(program: Program, house: House):
    first = await program.send(name="order-1")
    again = await program.send(name="order-1")

    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert house.count() == 1


async def test_a_batch_is_answered_once_too(program: Program, house: House):
    messages = [alert(), alert(to="hello")]
    first, again = [await program.batch(messages, headers=[("idempotency-key", "b")]) for _ in range(2)]

    assert again.body == first.body
    assert house.count() == 1


async def test_another_body_or_another_door_is_a_conflict(program: Program, house: House):
    await program.send(name="order-1")

    other = await program.send(alert(text="Autre chose"), name="order-1")
    door = await program.batch([alert()], headers=[("idempotency-key", "order-1")])

    for answer in (other, door):
        assert (answer.status, answer.code) == (409, "idempotency_key_reused")
    assert house.count() == 1


async def test_a_refusal_uses_no_name_up(program: Program, house: House):
    assert (await program.send(alert(text=" "), name="order-1")).status == 422
    assert (await program.batch([{}], headers=[("idempotency-key", "order-1")])).status == 422

    assert (await program.send(name="order-1")).status == 202
    assert house.count() == 1


async def test_what_was_accepted_is_not_refused_when_it_is_asked_again(house: House, start: Callable[..., Any]):
    key = house.add_key()
    program = Program(await start(), key)
    one = await program.send(name="order-1")
    batch = await program.batch([alert()], headers=[("idempotency-key", "b")])
    house.admin.execute("DELETE FROM gate_sender")
    later = Program(await start(), key)

    again = [await later.send(name="order-1"), await later.batch([alert()], headers=[("idempotency-key", "b")])]
    other = await later.send(alert(text="Autre chose"), name="order-1")
    new = await later.send(name="order-2")

    assert [(each.status, each.body) for each in again] == [(202, one.body), (202, batch.body)]
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert new.status == 422
    assert house.count() == 2


@pytest.mark.parametrize("processes", [1, 2])
async def test_the_same_request_many_times_at_once_sends_one_message(
    processes, house: House, start: Callable[..., Any]
):
    key = house.add_key()
    programs = [Program(await start(), key) for _ in range(processes)]

    answers = await asyncio.gather(*(programs[n % processes].send(name="order-1") for n in range(20)))

    taken = {each.body for each in answers if each.status == 202}
    assert len(taken) == 1
    assert {each.code for each in answers if each.status != 202} <= {"idempotency_key_in_use"}
    assert {each.status for each in answers} <= {202, 409}
    assert all("retry-after" in each.headers for each in answers if each.status == 409)
    assert house.count() == 1
    again = [await each.send(name="order-1") for each in programs]
    assert {each.body for each in again} == taken


async def test_many_names_at_once_in_two_processes_are_each_answered_once(house: House, start: Callable[..., Any]):
    key = house.add_key()
    programs = [Program(await start(), key) for _ in range(2)]

    async def insist(program: Program, name: str) -> bytes:
        while (answer := await program.send(name=name)).status == 409:
            await asyncio.sleep(0.01)
        return answer.body

    answers = await asyncio.gather(*(insist(each, f"order-{n}") for n in range(40) for each in programs))

    assert answers[::2] == answers[1::2]
    assert house.count() == 40


async def test_a_name_is_free_again_after_a_day(program: Program, house: House):
    first = await program.send(name="order-1")
    clock.install(lambda: clock.DEMO_START + timedelta(hours=23, minutes=59))
    same = await program.send(name="order-1")
    clock.install(lambda: clock.DEMO_START + timedelta(hours=24, seconds=1))

    later = await program.send(alert(text="Autre chose"), name="order-1")

    assert same.body == first.body
    assert later.status == 202
    assert later.json["id"] != first.json["id"]
    assert house.count() == 2


async def test_each_key_has_names_of_its_own(program: Program, house: House):
    other = Program(program.api, house.add_key(secret="other"))
    client = house.new_client()
    house.add_sender("Martin", client)
    stranger = Program(program.api, house.add_key(client))

    answers = [
        await each.send(alert(text=f"No {n}"), name="order-1") for n, each in enumerate((program, other, stranger))
    ]

    assert [each.status for each in answers] == [202, 202, 202]
    assert house.count() == 3


@pytest.mark.parametrize("name", ["", " ", "a b", "é", "a\tb", "x" * 256])
async def test_a_name_that_cannot_be_one_is_refused(name, program: Program, house: House):
    answer = await program.send(name=name)

    assert (answer.status, answer.code) == (400, "idempotency_key_unreadable")
    assert house.count() == 0


@pytest.mark.parametrize("name", ["x" * 255, "!", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "~"])
async def test_any_visible_word_is_a_name(name, program: Program):
    first, again = [await program.send(name=name) for _ in range(2)]

    assert again.body == first.body


async def test_two_names_for_one_request_are_refused(program: Program, house: House):
    answer = await program.send(headers=[("idempotency-key", "one"), ("idempotency-key", "other")])

    assert (answer.status, answer.code, house.count()) == (400, "idempotency_key_unreadable", 0)
