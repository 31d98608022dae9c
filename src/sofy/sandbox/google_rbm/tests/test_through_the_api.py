"""A program of a client, the API, an engine, the simulated RBM and an operator: who gets what, and how it is told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from sofy.connectors.google_rbm.tests.factories import callback
from sofy.connectors.kinds import discover
from sofy.engine.route_config import seal_config
from sofy.engine.tests.conftest import Machine
from sofy.ingest.tests import conftest as ingest
from sofy.kernel import clock
from sofy.sandbox.google_rbm.profile import Range
from sofy.sandbox.google_rbm.server import SimulatedRbm
from sofy.sandbox.google_rbm.tests import test_end_to_end as end_to_end
from sofy.sandbox.google_rbm.tests.test_end_to_end import Way, turn
from sofy.sandbox.smpp.operator import SimulatedOperator
from sofy.sandbox.smpp.profile import PROFILES, SandboxConfig

house, start, api, program = ingest.house, ingest.start, ingest.api, ingest.program
machine = end_to_end.machine
SMS = [{"channel": "sms", "after_s": 60}]


class ByHook(Way):
    """The platform calls back at the address that the API serves."""

    api: ingest.Api

    async def answer(self, request: web.Request) -> web.Response:
        headers = [(name, value) for name, value in request.headers.items() if name.startswith("X-")]
        path = f"/hooks/google_rbm/{self.id}"
        said = await self.api.ask("POST", path, await request.read(), headers=headers)
        return web.Response(status=said.status, body=said.body)


@pytest.fixture
async def way(house: ingest.House, rbm: SimulatedRbm, api: ingest.Api) -> AsyncIterator[Way]:
    hooked = ByHook(house, rbm)
    hooked.api = api
    async with end_to_end.calling_back(hooked) as made:
        yield made


@pytest.fixture
async def operator(house: ingest.House, tmp_path: Path) -> AsyncIterator[SimulatedOperator]:
    """Where SMS go: the house's own route leads to it."""
    simulated = SimulatedOperator(SandboxConfig(port=0, log=tmp_path / "sms.log", profile=PROFILES["plain"]))
    await simulated.start()
    way_out = {"host": "127.0.0.1", "port": simulated.port, "system_id": "sofy", "password": ""}
    house.admin.execute(
        "UPDATE engine_route SET connector = 'smpp', config = %s WHERE channel = 'sms'",
        [msgspec.json.encode({**way_out, "password": _sealed(house)}).decode()],
    )
    yield simulated
    await simulated.stop()


def _sealed(house: ingest.House) -> str:
    route = house.row("SELECT id FROM engine_route WHERE channel = 'sms'")["id"]
    return str(seal_config(house.keystore, discover()["smpp"], route, {"password": "secret"})["password"])


def _by_sms(way: Way) -> str:
    """Where the SMS of the ladder stands; nothing before there is one."""
    rows = way.house.conn.execute("SELECT status FROM engine_state WHERE rung = 1").fetchall()
    return str(rows[0][0]) if rows else ""


async def _becomes(machine: Machine, program: ingest.Program, message: str, status: str) -> Any:
    """The message as the API tells it, once it is there."""
    for _ in range(200):
        told = (await program.show(message)).json
        if told["status"] == status:
            return told
        await _a_moment(machine)
    raise AssertionError(told)


async def _a_moment(machine: Machine) -> None:
    looks = iter((False, False, True))
    await machine.until(lambda: next(looks))


async def test_a_message_by_rcs_is_told_as_read(way: Way, machine: Machine, program: ingest.Program) -> None:
    turn(way.rbm, reads=1.0)

    answer = await program.send(ingest.alert(channel="rcs", text="Votre commande est prête."))

    assert answer.status == 202, answer.json
    told = await _becomes(machine, program, answer.json["id"], "read")
    assert told["channel"] == "rcs"
    assert list(way.rbm.platform.log.messages) == [answer.json["id"]]


async def test_what_google_did_not_sign_is_not_stored(way: ByHook, program: ingest.Program) -> None:
    path = f"/hooks/google_rbm/{way.id}"
    forged = callback({"eventType": "UNSUBSCRIBE", "senderPhoneNumber": "+33639980001"}, token="guessed")

    answer = await way.api.ask("POST", path, forged.body, headers=[*forged.headers.items()])
    elsewhere = await way.api.ask("POST", f"/hooks/smpp/{way.id}", forged.body)

    assert (answer.status, elsewhere.status) == (401, 404)
    assert not way.house.conn.execute("SELECT 1 FROM engine_callback").fetchall()


async def test_a_phone_without_rcs_gets_an_sms(
    way: Way, operator: SimulatedOperator, machine: Machine, program: ingest.Program
) -> None:
    turn(way.rbm, no_rcs=1.0)

    answer = await program.send(ingest.alert(channel="rcs", fallback=SMS))

    assert answer.status == 202, answer.json
    await machine.until(lambda: _by_sms(way) == "delivered")
    assert not way.rbm.platform.log.messages
    assert operator.stats["accepted"] == 1


async def test_who_is_away_gets_an_sms_once_rcs_was_called_back(
    way: Way, operator: SimulatedOperator, machine: Machine, program: ingest.Program
) -> None:
    turn(way.rbm, ranges=(Range("+3363998", "offline"),))

    answer = await program.send(ingest.alert(channel="rcs", fallback=SMS))
    assert answer.status == 202, answer.json
    await machine.until(lambda: way.rbm.platform.log.messages)
    (taken,) = way.rbm.platform.log.messages.values()
    assert taken.until is not None
    over = taken.until
    assert operator.stats["accepted"] == 0
    clock.install(lambda: over)

    await machine.until(lambda: _by_sms(way) == "delivered")
    assert operator.stats["accepted"] == 1
    assert way.rbm.platform.states[taken.id] == "revoked"


async def test_who_read_it_by_rcs_gets_no_sms(
    way: Way, operator: SimulatedOperator, machine: Machine, program: ingest.Program, rbm: SimulatedRbm
) -> None:
    turn(rbm, reads=1.0)

    answer = await program.send(ingest.alert(channel="rcs", fallback=SMS))
    await _becomes(machine, program, answer.json["id"], "read")
    later = clock.DEMO_START.replace(hour=clock.DEMO_START.hour + 1)
    clock.install(lambda: later)
    await _a_moment(machine)

    assert operator.stats["accepted"] == 0
