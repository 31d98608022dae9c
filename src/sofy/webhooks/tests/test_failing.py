"""What does not come through is told again or given up; a webhook to which nothing comes through is disabled."""

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sofy.kernel import clock
from sofy.webhooks import patience, registry
from sofy.webhooks.tests.conftest import Clients, Post, Program, until

Start = Callable[..., Any]


async def test_what_failed_is_told_again_under_the_same_id(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address)
    house.submit(house.message())
    program.status = 500
    await start()
    await until(lambda: house.deliveries(name) and house.deliveries(name)[0]["attempt"] == 1)
    (failed,) = house.deliveries(name)
    program.status = 204
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=7))

    await until(lambda: house.deliveries(name)[0]["state"] == "delivered")

    first, second = program.posts
    assert (first.id, first.body) == (second.id, second.body)
    assert (failed["state"], failed["answer"], failed["problem"]) == ("waiting", 500, None)
    assert timedelta(seconds=4) <= failed["due_at"] - clock.DEMO_START <= timedelta(seconds=6)
    assert house.deliveries(name)[0]["attempt"] == 2


async def test_a_later_step_waits_for_an_earlier_one_that_failed(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address)
    (message, other) = house.submit(house.message(), house.message())
    program.script = lambda post: 500 if post.json["data"]["id"] == str(message.id) else 200
    for each in (message, other):
        house.happen(each, "delivered")
    await start()
    await until(lambda: len(program.posts) == 4)
    await asyncio.sleep(0.2)
    before = [event["type"] for event in program.told if event["data"]["id"] == str(message.id)]
    program.script = None
    house.due()

    await until(lambda: {row["state"] for row in house.deliveries(name)} == {"delivered"})

    after = [event["type"] for event in program.told if event["data"]["id"] == str(message.id)]
    assert before == ["message.accepted"]
    assert after == ["message.accepted", "message.accepted", "message.submitted", "message.delivered"]


@pytest.mark.parametrize("how", ["cut", "nothing there", "redirect", "garbage", "endless"])
async def test_whatever_a_program_does_is_a_failure_and_no_fault(
    how: str, house: Clients, program: Program, start: Start
):
    with socket.create_server(("127.0.0.1", 0)) as other:
        raw = _raw(how)
        server = await asyncio.start_server(raw, "127.0.0.1", 0) if how in ("cut", "garbage", "endless") else None
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}" if server else program.address
        if how == "nothing there":
            address = f"http://127.0.0.1:{other.getsockname()[1]}"
            other.close()
        program.status, program.headers = 307, {"location": "http://127.0.0.1:1/secret"}
        name, _ = house.hook(address)
        house.submit(house.message())
        await start()

        await until(lambda: house.deliveries(name) and house.deliveries(name)[0]["attempt"])

        (row,) = house.deliveries(name)
        expected = {"cut": (None, "cut"), "nothing there": (None, "unreachable"), "redirect": (307, None),
                    "garbage": (None, "cut"), "endless": (200, None)}[how]  # fmt: skip
        assert (row["answer"], row["problem"]) == expected
        assert row["state"] == ("delivered" if how == "endless" else "waiting")
        if server:
            server.close()


def _raw(how: str) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if how == "garbage":
            writer.write(b"\x00\x01garbage\r\n\r\n")
        if how == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n")
            try:
                while True:
                    writer.write(b"x" * 65536)
                    await writer.drain()
            except ConnectionError:
                pass
        writer.close()

    return serve


async def test_a_program_that_never_answers_is_given_up_in_time(
    house: Clients, program: Program, start: Start, monkeypatch: pytest.MonkeyPatch
):
    import aiohttp

    monkeypatch.setattr("sofy.webhooks.courier.TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    never = asyncio.Event()
    program.script = lambda _post: never.wait()
    name, _ = house.hook(program.address)
    house.submit(house.message())
    await start()

    await until(lambda: house.deliveries(name) and house.deliveries(name)[0]["attempt"])

    assert house.deliveries(name)[0]["problem"] == "timeout"
    never.set()


async def test_a_webhook_that_fails_is_left_alone_and_then_told_what_waits(
    house: Clients, program: Program, start: Start
):
    name, _ = house.hook(program.address)
    house.submit(*[house.message() for _ in range(200)])
    program.status = 500
    await start()
    await until(lambda: house.endpoint(name)["resting_until"] is not None)
    await asyncio.sleep(0.3)
    asked = len(program.posts)
    failing, program.status = house.endpoint(name), 200
    clock.install(lambda: clock.DEMO_START + timedelta(seconds=10))

    await until(lambda: len({post.id for post in program.posts}) == 200)
    await until(lambda: {row["state"] for row in house.deliveries(name)} == {"delivered"})

    assert asked < 80
    assert failing["failing_since"] == clock.DEMO_START
    assert failing["resting_until"] >= clock.DEMO_START + timedelta(seconds=4)
    assert house.endpoint(name)["failing_since"] is None


async def test_a_program_may_ask_for_time(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address)
    house.submit(house.message())
    program.status, program.headers = 429, {"retry-after": "900"}
    await start()

    await until(lambda: house.endpoint(name)["resting_until"] is not None)

    assert house.endpoint(name)["resting_until"] == clock.DEMO_START + timedelta(minutes=15)
    assert house.deliveries(name)[0]["due_at"] == clock.DEMO_START + timedelta(minutes=15)


async def test_after_three_days_an_event_is_given_up_and_can_be_told_again(
    house: Clients, program: Program, start: Start
):
    name, _ = house.hook(program.address)
    bad, good = house.submit(house.message(), house.message())

    def refuse_the_first(post: Post) -> int:
        event = post.json
        return 500 if (event["data"]["id"], event["type"]) == (str(bad.id), "message.accepted") else 200

    program.script = refuse_the_first
    await start()
    await until(lambda: sorted(row["attempt"] for row in house.deliveries(name)) == [1, 1])
    clock.install(lambda: clock.DEMO_START + timedelta(days=3))
    house.happen(bad, "delivered")
    await until(lambda: "failed" in {row["state"] for row in house.deliveries(name)})
    program.script = None
    await until(lambda: len(house.deliveries(name)) == 4)

    count = registry.replay_failed(house.admin, house.keys(), name, clock.DEMO_START - timedelta(hours=1))

    await until(lambda: {row["state"] for row in house.deliveries(name)} == {"delivered"})
    assert count == 1
    told = [event["type"] for event in program.told if event["data"]["id"] == str(bad.id)]
    assert sorted(told[-3:]) == ["message.accepted", "message.delivered", "message.submitted"]
    assert good


@pytest.mark.parametrize(("status", "days", "because"), [(410, 0, "gone"), (500, 3, "failing")])
async def test_a_webhook_is_disabled_its_client_told_and_nothing_lost(
    status: int, days: int, because: str, house: Clients, program: Program, start: Start
):
    name, _ = house.hook(program.address)
    (message, *_) = house.submit(*[house.message() for _ in range(10)])
    program.status = status
    await start()
    await until(lambda: house.endpoint(name)["resting_until"] is not None or house.endpoint(name)["disabled_at"])
    clock.install(lambda: clock.DEMO_START + timedelta(days=days))
    await until(lambda: house.endpoint(name)["state"] == "disabled")
    house.happen(message, "delivered")
    asked, program.status = len(program.posts), 200
    await asyncio.sleep(0.2)
    silent = len(program.posts) == asked

    registry.enable(house.admin, house.keys(), name)
    registry.replay_failed(house.admin, house.keys(), name, clock.DEMO_START - timedelta(hours=1))

    await until(lambda: len({post.id for post in program.posts[asked:]}) == 12)
    (told,) = house.outbox("webhook.disabled")
    assert told == {"webhook_id": str(name), "because": because}
    assert silent


async def test_a_webhook_that_is_told_little_is_disabled_as_well(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address)
    house.submit(house.message())
    program.status = 500
    await start()
    await until(lambda: house.endpoint(name)["failing_since"] is not None)
    clock.install(lambda: clock.DEMO_START + timedelta(days=3, seconds=1))

    await until(lambda: house.endpoint(name)["state"] == "disabled")

    assert len(program.posts) == 2
    assert house.endpoint(name)["disabled_because"] == "failing"


async def test_one_request_shows_whether_a_failing_webhook_works_again(house: Clients, program: Program, start: Start):
    name, _ = house.hook(program.address)
    house.admin.execute("UPDATE gate_endpoint SET failing_since = %s", [clock.DEMO_START - timedelta(days=1)])
    house.submit(*[house.message() for _ in range(20)])
    program.status = 503
    await start()

    await until(lambda: house.endpoint(name)["resting_until"] is not None)
    await asyncio.sleep(0.1)

    assert len(program.posts) == 1
    assert house.endpoint(name)["resting_until"] > clock.DEMO_START + timedelta(minutes=40)


def test_pauses_grow_and_end_within_six_hours():
    pauses = [patience.pause(attempt, chance=lambda: 0.5) for attempt in range(1, 30)]

    assert pauses[:4] == [timedelta(seconds=each) for each in (5, 15, 45, 135)]
    assert pauses[-1] == timedelta(hours=6)
    assert patience.pause(1, timedelta(days=30)) == timedelta(hours=6)
    assert patience.pause(1, chance=lambda: 0.0) < patience.pause(1, chance=lambda: 1.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 7 ", 7), ("Tue, 24 Nov 2026 13:31:00 GMT", 60), ("Tue, 24 Nov 2026 13:00:00 GMT", 0),
     ("99999999999999999999", 86_400), ("", None), (None, None), ("soon", None), ("-5", None), ("1e9", None)],
)  # fmt: skip
def test_what_retry_after_asks_for_is_read(text: str | None, seconds: int | None):
    asked = patience.retry_after(text, datetime(2026, 11, 24, 13, 30, tzinfo=UTC))

    assert asked == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=100))
def test_no_retry_after_is_a_fault(text: str):
    asked = patience.retry_after(text, datetime(2026, 11, 24, 13, 30, tzinfo=UTC))

    assert asked is None or asked >= timedelta()


async def test_the_words_of_an_answer_are_nobodys(
    house: Clients, program: Program, start: Start, capsys: pytest.CaptureFixture[str]
):
    name, _ = house.hook(program.address + "/?token=s3cret")
    program.script = lambda _post: web.Response(status=500, text="+33639980001 said no")
    house.submit(house.message())
    await start()

    await until(lambda: house.deliveries(name) and house.deliveries(name)[0]["attempt"])

    logged = capsys.readouterr()
    assert not any(word in logged.out + logged.err for word in ("3363998", "s3cret", "said no"))
