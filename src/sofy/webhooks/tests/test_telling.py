"""What programs are told, in which order, and that it is signed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from sofy.engine.db import sql
from sofy.ingest import app as application
from sofy.ingest.tests.conftest import Api, alert
from sofy.ingest.tests.conftest import Program as Caller
from sofy.kernel import clock, ids
from sofy.webhooks import registry
from sofy.webhooks.tests.conftest import Clients, Program, serving, until, verified

Start = Callable[..., Any]


async def test_a_program_is_told_each_step_signed_and_in_order(house: Clients, program: Program, start: Start):
    _, secret = house.hook(program.address + "/sofy?who=us")
    (message,) = house.submit(house.message(reference="commande-1"))
    await start()
    await until(lambda: len(program.posts) == 1)
    house.happen(message, "submitted", "delivered")

    await until(lambda: len(program.posts) == 3)

    assert program.types() == ["message.accepted", "message.submitted", "message.delivered"]
    assert [verified(post, secret) for post in program.posts] == program.told
    orders = [event["order"] for event in program.told]
    assert {order["key"] for order in orders} == {str(message.id)}
    assert sorted(orders, key=lambda order: order["sequence"]) == orders
    assert len({post.id for post in program.posts}) == 3
    assert program.posts[0].path == "/sofy"
    with pytest.raises(WebhookVerificationError):
        verified(program.posts[0], registry.signing.new_secret())


async def test_data_is_what_the_api_says_and_said(house: Clients, program: Program, start: Start):
    house.hook(program.address)
    app = application.create(house.config(), house.engine_url)
    async with app.router.lifespan_context(app):
        caller = Caller(Api(app), house.add_key())
        message = (await caller.send(alert(reference="r1"))).json["id"]
        accepted = (await caller.show(message)).json
        await start()
        await until(lambda: len(program.posts) == 1)
        house.happen(house.message(id=message), "delivered")
        await until(lambda: len(program.posts) == 3)
        delivered = (await caller.show(message)).json

    first, second, third = program.told

    assert (first["data"], third["data"]) == (accepted, delivered)
    assert first["timestamp"] == accepted["created_at"]
    assert (second["data"]["status"], second["data"]["final_at"]) == ("submitted", None)
    assert [step["type"] for step in second["data"]["events"]] == ["accepted", "submitted"]


async def test_a_program_hears_of_what_it_asked_for_only(house: Clients, program: Program, start: Start):
    house.hook(program.address, "message.submitted", "message.failed")
    first, second = house.submit(house.message(), house.message())
    house.happen(first, "delivered")
    house.happen(second, "failed")
    await start()

    await until(lambda: len(program.posts) == 3)

    assert sorted(program.types()) == ["message.failed", "message.submitted", "message.submitted"]


async def test_an_answer_of_a_person_is_told(house: Clients, program: Program, start: Start):
    house.hook(program.address, "message.inbound")
    (message,) = house.submit(house.message())
    inbound = ids.uuid7()
    sealed = house.keys().seal("engine_inbound", "payload", inbound, '{"from": "+33639980001", "text": "Merci !"}')
    house.admin.execute(
        sql("write_inbound"),
        {"client": house.client, "id": inbound, "route": inbound, "recipient": b"1", "contact": None,
         "message": message.id, "payload": sealed, "keyword": "", "now": clock.now(),
         "came_by": "sms", "supplier_id": None, "written_at": None},
    )  # fmt: skip
    await start()

    await until(lambda: program.posts)

    assert program.told[0]["type"] == "message.inbound"
    assert program.told[0]["data"] == {
        "id": str(inbound), "message": str(message.id), "from": "+33639980001", "text": "Merci !", "keyword": "",
        "channel": "sms",
        "at": "2026-11-24T13:30:00Z",
    }  # fmt: skip


async def test_news_of_a_template_and_tests_are_told(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address, "template.updated")
    registry.tell(house.admin, house.client, "template.updated", b'{"id": "t1", "state": "approved"}')
    registry.tell(house.admin, house.client, "fraud.suspected", b"{}")
    registry.test(house.admin, house.keys(), name)
    await start()

    await until(lambda: len(program.posts) == 2)

    told = {event["type"]: event["data"] for event in program.told}
    assert told == {"template.updated": {"id": "t1", "state": "approved"}, "webhook.test": {"test": True}}


async def test_a_program_may_ask_for_many_events_at_once(house: Clients, program: Program, start: Start):
    name, secret = house.hook(program.address, batch=500)
    messages = house.submit(*[house.message() for _ in range(700)])
    for message in messages[:100]:
        house.happen(message, "delivered")
    await start()

    await until(lambda: sum(len(post["events"]) for post in program.told) == 900)

    events = [event for post in program.posts for event in verified(post, secret)["events"]]
    assert max(len(post["events"]) for post in program.told) == 500
    assert len(program.posts) == 2
    of_one = [event["type"] for event in events if event["data"]["id"] == str(messages[0].id)]
    assert of_one == ["message.accepted", "message.submitted", "message.delivered"]
    await until(lambda: {row["state"] for row in house.deliveries(name)} == {"delivered"})


async def test_both_secrets_sign_for_a_day(house: Clients, program: Program, start: Start):
    name, before = house.hook(program.address)
    after = registry.rotate(house.admin, house.keys(), name)
    await start()
    house.submit(house.message())
    await until(lambda: len(program.posts) == 1)
    clock.install(lambda: clock.DEMO_START + timedelta(days=1))
    house.submit(house.message())
    await until(lambda: len(program.posts) == 2)

    first, second = program.posts

    assert verified(first, before) == verified(first, after) == first.json
    assert verified(second, after) == second.json
    with pytest.raises(WebhookVerificationError):
        verified(second, before)


async def test_steps_of_a_message_wait_for_one_another_and_others_do_not(
    house: Clients, program: Program, start: Start
):
    house.hook(program.address)
    slow, quick = house.submit(house.message(), house.message())
    let_go = asyncio.Event()

    async def think(post: Any) -> int:
        if post.json["data"]["id"] == str(slow.id):
            await let_go.wait()
        return 200

    program.script = think
    for message in (slow, quick):
        house.happen(message, "submitted", "delivered")
    await start()
    await until(lambda: len(program.posts) == 4)
    let_go.set()
    await until(lambda: len(program.posts) == 6)

    of_slow = [event["type"] for event in program.told if event["data"]["id"] == str(slow.id)]
    assert of_slow == ["message.accepted", "message.submitted", "message.delivered"]
    assert [event["data"]["id"] for event in program.told[-2:]] == [str(slow.id)] * 2


async def test_a_slow_program_holds_up_nobody_else(house: Clients, program: Program, start: Start):
    async with serving(Program()) as slow:
        never = asyncio.Event()
        slow.script = lambda _post: never.wait()
        other = house.new_client()
        house.hook(slow.address, client=other)
        house.hook(program.address)
        house.submit(*[house.message() for _ in range(200)], client=other)
        house.submit(*[house.message() for _ in range(50)])
        await start()

        await until(lambda: len(program.posts) == 50)

        assert slow.most_at_once <= 32
        never.set()


async def test_nobody_hears_of_another_client(house: Clients, program: Program, start: Start):
    async with serving(Program()) as hostile:
        other = house.new_client()
        house.hook(hostile.address, client=other)
        house.hook(program.address)
        (mine,) = house.submit(house.message())
        house.submit(house.message(), client=other)
        # A row that names another client's message, as a fault might write it.
        house.admin.execute("UPDATE engine_notice SET message_id = %s WHERE client_id = %s", [mine.id, other])
        await start()

        await until(lambda: program.posts)
        await until(lambda: house.rows("SELECT 1 FROM engine_delivery WHERE problem = 'forgotten'"))

        assert program.told[0]["data"]["id"] == str(mine.id)
        assert hostile.posts == []


async def test_two_processes_share_webhooks_and_tell_everything_once(house: Clients, start: Start):
    programs = [Program() for _ in range(6)]
    async with (
        serving(programs[0]), serving(programs[1]), serving(programs[2]), serving(programs[3]), serving(programs[4]),
        serving(programs[5]),
    ):  # fmt: skip
        for each in programs:
            house.hook(each.address)
        await start()
        await start()
        house.submit(*[house.message() for _ in range(100)])

        await until(lambda: all(len(each.posts) >= 100 for each in programs))
        await asyncio.sleep(0.2)

        assert [len({post.id for post in each.posts}) for each in programs] == [100] * 6
        assert [len(each.posts) for each in programs] == [100] * 6


async def test_what_is_forgotten_is_told_of_no_more(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address)
    gone, kept = house.submit(house.message(), house.message())
    house.admin.execute("DELETE FROM engine_message WHERE id = %s", [gone.id])
    await start()

    await until(lambda: program.posts)
    await until(lambda: {row["state"] for row in house.deliveries(name)} == {"failed", "delivered"})

    assert program.told[0]["data"]["id"] == str(kept.id)
