"""From the engine's queue to a phone and back: the engine, the simulated platform, and callbacks stored before read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from aiohttp import web

from sofy.connectors.base import Callback
from sofy.connectors.google_rbm.connector import RbmConnector
from sofy.connectors.google_rbm.tests.factories import AGENT, TOKEN
from sofy.engine.callbacks import seal_body
from sofy.engine.db import sql
from sofy.engine.intake import MessageIn
from sofy.engine.pgarray import ByteaArray, UuidArray
from sofy.engine.route_config import seal_config
from sofy.engine.tests import conftest as engine
from sofy.engine.tests.conftest import House, Machine
from sofy.kernel import clock, ids
from sofy.kernel.content import Button, Content
from sofy.sandbox.google_rbm.profile import Range
from sofy.sandbox.google_rbm.server import SimulatedRbm
from sofy.sandbox.google_rbm.tests.conftest import settings
from sofy.sandbox.google_rbm.webhooks import Webhook
from sofy.sandbox.smpp.profile import Curve

house = engine.house


class Way:
    """A route to the platform, and the address where it calls back: what comes is stored, then answered."""

    def __init__(self, house: House, rbm: SimulatedRbm) -> None:
        self.house = house
        self.rbm = rbm
        self.id = ids.uuid7()
        self.config = settings(rbm)
        values = msgspec.to_builtins(self.config)
        sealed = seal_config(house.keystore, RbmConnector, self.id, values)
        house.add_route(
            "rcs", id=self.id, channel="rcs", connector="google_rbm", config=json.dumps(sealed), short_code=AGENT
        )

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        callback = Callback(method="POST", headers=headers, query={}, body=await request.read())
        if (at_once := RbmConnector.answer_at_once(self.config, callback)) is not None:
            return web.Response(status=at_once.status, text=at_once.body)
        assert RbmConnector.authentic(self.config, callback)
        self.store(callback.body)
        return web.Response()

    def store(self, body: bytes) -> None:
        row = ids.uuid7()
        values = {
            "ids": UuidArray.of([row.bytes]),
            "routes": UuidArray.of([self.id.bytes]),
            "bodies": ByteaArray.of([seal_body(self.house.keystore, row, body)]),
            "now": clock.now(),
        }
        self.house.conn.execute(sql("store_callbacks"), values)

    def leased(self) -> int:
        """How many callbacks are to be read again."""
        with psycopg.connect(self.house.admin_url) as admin:
            row = admin.execute("SELECT count(*) FROM engine_callback WHERE tries > 0").fetchone()
        return int(row[0]) if row else 0

    def a_minute_passes(self) -> None:
        """On the clock of the database, which leases run on."""
        with psycopg.connect(self.house.admin_url) as admin:
            admin.execute("UPDATE engine_callback SET lease_until = lease_until - interval '1 minute'")

    def message(self, **fields: Any) -> MessageIn:
        content = Content(text="Bonjour", buttons=[Button(label="STOP", value="STOP")])
        return self.house.message(
            **{"channel": "rcs", "encoding": "utf8", "content": content, "short_code": AGENT, **fields}
        )


@asynccontextmanager
async def calling_back(made: Way) -> AsyncIterator[Way]:
    """The platform calls this way back, at an address of its own."""
    app = web.Application()
    app.add_routes([web.post("/hook", made.answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await made.rbm.platform.webhooks.set_up(Webhook(AGENT, url, TOKEN))
    yield made
    await runner.cleanup()


@pytest.fixture
async def way(house: House, rbm: SimulatedRbm) -> AsyncIterator[Way]:
    async with calling_back(Way(house, rbm)) as made:
        yield made


@pytest.fixture
async def machine(way: Way) -> AsyncIterator[Machine]:
    """An engine with that route alone."""
    made = Machine(way.house)
    await made.engine.start()
    yield made
    await made.engine.stop(0.5)


def turn(rbm: SimulatedRbm, **changes: Any) -> None:
    rbm.platform.profile = msgspec.structs.replace(rbm.platform.profile, **changes)


async def test_a_message_is_read_on_a_phone(way: Way, machine: Machine) -> None:
    turn(way.rbm, reads=1.0, doubled=1.0, shuffled=0.5, delivery=Curve(0.05, 0.0))

    message, other = way.house.submit(way.message(), way.message(purpose="alert"))
    await machine.settled(message, other, status="read")

    assert {UUID(one) for one in way.rbm.platform.log.messages} == {message.id, other.id}
    assert {one.traffic for one in way.rbm.platform.log.messages.values()} == {"PROMOTION", "TRANSACTION"}


@pytest.mark.clause("CGVU 14.1")
async def test_a_phone_that_says_stop_is_opposed_and_gets_no_more(way: Way, machine: Machine) -> None:
    turn(way.rbm, ranges=(Range("+3363998", "unsubscribes"),))

    (first,) = way.house.submit(way.message())
    await machine.settled(first, status="read")
    await machine.until(way.house.opposed)
    (second,) = way.house.submit(way.message(to=first.to), consent=False)
    await machine.settled(second, status="withheld")

    assert len(way.rbm.platform.log.messages) == 1


async def test_a_phone_without_rcs_fails_for_good(way: Way, machine: Machine) -> None:
    turn(way.rbm, no_rcs=1.0)

    (message,) = way.house.submit(way.message())
    await machine.settled(message, status="failed")

    assert way.house.state(message)["supplier_code"] == "not_rcs"


async def test_what_is_not_delivered_in_its_time_expires(way: Way, machine: Machine) -> None:
    turn(way.rbm, ranges=(Range("+3363998", "offline"),))

    (message,) = way.house.submit(way.message(purpose="alert"))
    await machine.settled(message)
    (taken,) = way.rbm.platform.log.messages.values()
    assert taken.until is not None
    over = taken.until
    clock.install(lambda: over)
    await machine.settled(message, status="expired")

    assert way.house.state(message)["supplier_code"] == "ttl_revoked"


@pytest.mark.clause("CGVU 14.1")
async def test_what_could_not_be_called_back_is_called_back_again(way: Way, machine: Machine) -> None:
    turn(way.rbm, ranges=(Range("+3363998", "offline"),), revoke_failed=1.0)

    (message,) = way.house.submit(way.message(purpose="alert"))
    await machine.settled(message)
    (taken,) = way.rbm.platform.log.messages.values()
    assert taken.until is not None
    over = taken.until
    clock.install(lambda: over)
    await machine.until(lambda: way.leased() == 1)
    assert way.house.state(message)["status"] == "submitted"
    way.a_minute_passes()
    await machine.settled(message, status="expired")

    assert way.rbm.platform.states[str(message.id)] == "revoked"
    await machine.until(lambda: way.leased() == 0)


async def test_what_nobody_answered_for_is_known_by_its_receipt(
    way: Way, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost each time, the message is taken: its identifier is ours, so the receipt finds it."""
    turn(way.rbm, silent_every=1, delivery=Curve(1.5, 0.0))
    connector = next(iter(machine.engine.table.running.values())).connector
    connector.config = msgspec.structs.replace(connector.config, error_retries=0)
    once = msgspec.structs.replace(connector.capabilities, idempotent=False)
    monkeypatch.setattr(connector, "capabilities", once)  # it is not sent again
    timeout = connector._session.timeout
    object.__setattr__(timeout, "total", 0.2)

    (message,) = way.house.submit(way.message())
    await machine.settled(message, status="unknown")
    await machine.settled(message, status="delivered")

    assert len(way.rbm.platform.log.messages) == 1
