"""A platform, and a connector that speaks to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sofy.connectors.base import Callback
from sofy.connectors.google_rbm.connector import RbmConnector
from sofy.connectors.google_rbm.tests.factories import AGENT, TOKEN, config
from sofy.connectors.smpp.tests.factories import Engine
from sofy.sandbox.google_rbm.profile import PROFILES, SandboxConfig
from sofy.sandbox.google_rbm.server import SimulatedRbm
from sofy.sandbox.google_rbm.webhooks import Webhook

Make = Callable[..., Awaitable[RbmConnector]]


@pytest.fixture
async def rbm() -> AsyncIterator[SimulatedRbm]:
    """A platform where everything goes well; `platform.profile` may be replaced at any time."""
    simulated = SimulatedRbm(SandboxConfig(port=0, agent_id=AGENT, profile=PROFILES["plain"]))
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
def engine() -> Engine:
    """What the connector tells."""
    return Engine()


def settings(rbm: SimulatedRbm, **changes: Any) -> Any:
    """The settings of a route to this platform, impatient."""
    account = rbm.platform.account
    fields = {
        "base_url": rbm.url,
        "token_url": f"{rbm.url}/token",
        "client_email": account.client_email,
        "private_key": account.private_key,
        "error_wait_s": 0.02,
        "response_timeout_s": 2.0,
    }
    return config(**fields | changes)


@pytest.fixture
async def connect(rbm: SimulatedRbm, engine: Engine) -> AsyncIterator[Make]:
    """Makes connectors that are started, and stops them."""
    made: list[RbmConnector] = []

    async def make(**changes: Any) -> RbmConnector:
        connector = RbmConnector(settings(rbm, **changes), engine)
        await connector.start()
        made.append(connector)
        return connector

    yield make
    for connector in made:
        await connector.stop(0.2)


class House:
    """The callback address as the house answers it: set-up at once, events when they are stored; `down` fails it."""

    def __init__(self, rbm: SimulatedRbm, engine: Engine) -> None:
        self.config = settings(rbm)
        self.stored: list[bytes] = []
        self.down = False
        self.form = "{}"
        self._engine = engine

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        callback = Callback(method="POST", headers=headers, query={}, body=await request.read())
        if (at_once := RbmConnector.answer_at_once(self.config, callback)) is not None:
            return web.Response(status=at_once.status, text=self.form.format(at_once.body))
        if self.down or not RbmConnector.authentic(self.config, callback):
            return web.Response(status=503 if self.down else 401)
        self.stored.append(callback.body)
        heard = RbmConnector.read_callback(self.config, callback.body)
        await self._engine.on_receipts(heard.receipts)
        await self._engine.on_inbound(heard.inbound)
        return web.Response()


@pytest.fixture
async def house(rbm: SimulatedRbm, engine: Engine) -> AsyncIterator[House]:
    """The house, with its address set up at the platform."""
    made = House(rbm, engine)
    app = web.Application()
    app.add_routes([web.post("/hooks/google_rbm/1", made.answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/google_rbm/1"
    await rbm.platform.webhooks.set_up(Webhook(AGENT, made.url, TOKEN))
    yield made
    await asyncio.sleep(0)
    await runner.cleanup()
