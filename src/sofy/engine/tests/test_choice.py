"""Several operators at once: an engine sends by the one that is best, and by another when that one fails."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.connectors.base import Accepted, Action, Refused, Unknown
from sofy.engine import choice, loop, sweepers
from sofy.engine.intake import MessageIn
from sofy.engine.tests.conftest import SHORT_CODE, House, Machine
from sofy.kernel import clock, ids


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_RELOAD_EVERY_S", 0.1)
    monkeypatch.setattr(choice, "_READ_EVERY_S", 0.0)
    monkeypatch.setattr(sweepers, "QUALITY_EVERY_S", 0.1)


def codes(house: House, n: int = 1) -> list[MessageIn]:
    return house.submit(*(house.message(purpose="alert", text="Code", short_code=None) for _ in range(n)))


def routed(house: House, message: MessageIn) -> str:
    row = house.conn.execute("SELECT code FROM engine_route WHERE id = %s", [house.state(message)["route_id"]])
    return str(row.fetchone()[0])  # type: ignore[index]


def purchase(house: House, route: UUID, price: str, days: int = 0) -> None:
    with psycopg.connect(house.admin_url) as admin:
        admin.execute(
            "INSERT INTO price_purchase (id, route_id, channel, country, price_eur, valid_from, created_at)"
            " VALUES (%s, %s, 'sms', 'FR', %s, %s, now())",
            [ids.uuid7(), route, price, clock.DEMO_START.date() + timedelta(days=days)],
        )


async def test_a_message_takes_the_route_whose_dated_price_for_its_number_is_lowest(house: House, start: Any):
    house.add_route("usual", price="0.04")
    purchase(house, house.add_route("other", price="0.09"), "0.03")
    purchase(house, house.add_route("soon", price="0.09"), "0.01", days=1)
    machine: Machine = await start()

    (message,) = codes(house)
    await machine.settled(message)

    assert routed(house, message) == "other"


async def test_equals_share_by_their_weights(house: House, start: Any):
    house.add_route("a", weight=100)
    house.add_route("b", weight=300)
    machine: Machine = await start()

    messages = codes(house, n=200)
    await machine.settled(*messages)

    assert 30 <= len(machine.connector("a").sent) <= 70
    assert len(machine.connector("a").sent) + len(machine.connector("b").sent) == 200


async def two_prices(house: House, start: Any) -> Machine:
    house.add_route("cheap", price="0.01")
    house.add_route("dear", price="0.05")
    machine: Machine = await start()
    return machine


async def test_marketing_waits_for_the_cheaper_route_while_that_is_full_for_a_moment(house: House, start: Any):
    machine = await two_prices(house, start)
    machine.connector("cheap").room = 0

    (message,) = house.submit(house.message())
    await asyncio.sleep(1.0)
    waited = house.state(message)["status"]
    machine.connector("cheap").room = 1
    machine.connector("cheap").events.on_capacity()
    await machine.settled(message)

    assert waited == "accepted"
    assert routed(house, message) == "cheap"


@pytest.mark.parametrize("links", [0, 1])
async def test_an_alert_leaves_by_the_next_route_when_the_first_has_no_room_for_long(
    house: House, start: Any, links: int
):
    machine = await two_prices(house, start)
    machine.connector("cheap").room, machine.connector("cheap").up = 0, links

    (message,) = codes(house)
    await machine.settled(message)

    assert routed(house, message) == "dear"


async def test_marketing_waits_for_no_route_whose_links_are_down(house: House, start: Any):
    machine = await two_prices(house, start)
    machine.connector("cheap").room = machine.connector("cheap").up = 0

    (message,) = house.submit(house.message())
    await machine.settled(message)

    assert routed(house, message) == "dear"


async def test_an_alert_without_an_answer_leaves_again_by_another_route(house: House, start: Any):
    machine = await two_prices(house, start)
    machine.connector("cheap").script = lambda message, part: Unknown("timeout")

    (message,) = codes(house)
    await machine.settled(message)

    assert routed(house, message) == "dear"
    assert len(machine.connector("cheap").sent) == 1


async def test_an_alert_that_its_connector_cannot_write_leaves_by_another_route(house: House, start: Any):
    machine = await two_prices(house, start)
    machine.connector("cheap").waits = True

    alert, marketing = (codes(house)[0], house.submit(house.message())[0])
    await machine.settled(alert)

    assert routed(house, alert) == "dear"
    assert [one.message_id for one in machine.connector("cheap").waiting] == [marketing.id]
    machine.connector("cheap").let_go()
    await machine.settled(marketing)
    assert len(machine.connector("dear").sent) == 1


async def test_a_route_that_fails_more_and_more_gets_less_and_comes_back(house: House, start: Any):
    house.add_route("cheap", price="0.01")
    house.add_route("dear", price="0.05")
    machine: Machine = await start()
    cheap = machine.connector("cheap")
    cheap.script = lambda message, part: Refused("0x8", Action.OTHER_ROUTE)

    await machine.settled(*codes(house, n=60))
    await machine.until(lambda: machine.engine.table.choice.circuit(_id(house, "cheap")).factor < 1)
    tried = len(cheap.sent)
    await machine.settled(*codes(house, n=40))
    kept = len(cheap.sent) - tried

    assert tried >= 40
    assert kept < 30
    cheap.script = lambda message, part: Accepted(message.message_id.hex)
    await machine.until(lambda: machine.engine.table.choice.circuit(_id(house, "cheap")).factor == 1)


async def test_what_routes_deliver_is_known_to_every_engine(house: House, start: Any):
    house.add_route("a")
    machine: Machine = await start()
    (good,) = codes(house)
    await machine.settled(good)

    await machine.connector("a").receipt(good.id)
    await machine.connector("a").receipt(good.id)  # twice counts once
    await machine.settled(good, status="delivered")

    heard = machine.engine.table.choice
    await machine.until(lambda: heard.heard.get((_id(house, "a"), "FR")))
    assert heard.heard[_id(house, "a"), "FR"] == heard.heard[_id(house, "a"), ""] == (1, 1, 0)


async def test_where_names_are_not_shown_the_short_code_is_and_its_answers_are_ours(house: House, start: Any):
    house.add_route("plain", sender_policy="short_code")
    machine: Machine = await start()

    (message,) = codes(house)
    await machine.settled(message)

    assert machine.connector("plain").sent[0].sender == SHORT_CODE
    row = house.conn.execute("SELECT client_id FROM mo_lookup WHERE short_code = %s", [SHORT_CODE]).fetchone()
    assert row == (house.client,)


async def test_a_message_whose_sender_no_route_shows_waits(house: House, start: Any):
    house.add_route("listed", sender_policy="listed", senders=["ZOE"])
    machine: Machine = await start()

    (message,) = codes(house)
    await asyncio.sleep(0.3)
    house.conn.execute("UPDATE engine_route SET senders = '{MARTIN}'")

    assert machine.connector("listed").sent == []
    await machine.settled(message)


def _id(house: House, code: str) -> bytes:
    row = house.conn.execute("SELECT id FROM engine_route WHERE code = %s", [code]).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found.bytes
