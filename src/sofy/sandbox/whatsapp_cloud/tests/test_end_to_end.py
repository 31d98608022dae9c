"""A message of a program, from the API to a phone of the simulated Meta and back by its callbacks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.tests import factories
from sofy.engine.loop import Engine
from sofy.engine.route_config import seal_config
from sofy.ingest import app as application
from sofy.ingest.tests.conftest import Api, House, Program
from sofy.kernel import clock, ids
from sofy.sandbox.whatsapp_cloud.callbacks import Subscription
from sofy.sandbox.whatsapp_cloud.profile import PROFILES, SandboxConfig
from sofy.sandbox.whatsapp_cloud.server import GraphServer

PHONE = "+33639980001"
TEMPLATE = {"template": {"name": "rappel_rendez_vous", "language": "fr", "body": ["Camille", "3 mai"]}}


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[House]:
    clock.install(lambda: clock.DEMO_START)
    made = House(engine_db, tmp_path)
    yield made
    made.conn.close()
    made.admin.close()


class Door:
    """The address suppliers call back at, of the API in this process."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def open(self) -> str:
        """Listen; answers the address."""
        self._runner = web.ServerRunner(web.Server(self._ask))  # type: ignore[arg-type]
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _ask(self, request: web.Request) -> web.Response:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() != "content-type"]
        body = await request.read() if request.method == "POST" else None
        answer = await self._api.ask(request.method, request.path, body, headers=headers, query=request.query_string)
        return web.Response(status=answer.status, body=answer.body)


class Whole:
    """Everything between a program and a phone."""

    def __init__(self, house: House, api: Api, graph: GraphServer) -> None:
        self.house = house
        self.program = Program(api, house.add_key())
        self.graph = graph

    async def send(self, **fields: Any) -> str:
        """A message for WhatsApp; answers its id."""
        asked = {"to": PHONE, "channel": "whatsapp", "purpose": "alert", "content": TEMPLATE, **fields}
        answer = await self.program.send(asked)
        assert answer.status == 202, answer.body
        return str(answer.json["id"])

    def status(self, message: str) -> str:
        return str(self.house.row("SELECT status FROM engine_state WHERE message_id = %s", message)["status"])

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)


@pytest.fixture
async def whole(house: House) -> AsyncIterator[Whole]:
    """An API, an engine, and a Meta that calls back over HTTP."""
    app = application.create(house.config(), house.engine_url)
    api = Api(app)

    graph = GraphServer(SandboxConfig(profile=PROFILES["plain"]))
    await graph.start()
    route_id = ids.uuid7()
    settings = {
        "base_url": graph.url, "phone_number_id": factories.NUMBER_ID, "business_account_id": factories.ACCOUNT_ID,
        "access_token": graph.config.access_token, "app_secret": graph.config.app_secret,
        "verify_token": graph.config.verify_token, "response_timeout_s": 2.0, "pair_pause_s": 0.1,
    }  # fmt: skip
    door = Door(api)
    callback = f"{await door.open()}/hooks/whatsapp_cloud/{route_id}"
    sealed = seal_config(house.keystore, WhatsAppCloudConnector, route_id, settings)
    house.add_route(
        "whatsapp", id=route_id, channel="whatsapp", connector="whatsapp_cloud", config=json.dumps(sealed),
        short_code=factories.NUMBER_ID,
    )  # fmt: skip
    engine = Engine(house.engine_url, house.keystore, house.folder / "spool")
    async with app.router.lifespan_context(app):
        await engine.start()
        assert await graph.meta.callbacks.subscribe(Subscription(callback, graph.config.verify_token))
        yield Whole(house, api, graph)
        await engine.stop(0.5)
        await graph.stop()
    await door.close()


async def test_a_message_of_a_program_is_read_by_a_person(whole: Whole) -> None:
    whole.graph.change(reads=1.0)

    message = await whole.send()
    await whole.until(lambda: whole.status(message) == "read")

    shown = (await whole.program.show(message)).json
    assert whole.graph.meta.stats["accepted"] == 1
    assert shown["status"] == "read"


async def test_an_answer_that_was_lost_is_made_up_for_by_a_status(whole: Whole) -> None:
    whole.graph.change(lost_answers=1.0)
    consent = {"source": "en magasin", "at": "2026-11-01T10:00:00+01:00", "text_version": "v1"}
    offer: dict[str, Any] = {
        "template": {"name": "soldes", "language": "fr", "body": ["Camille", "-20 %"], "buttons": ["STOP"]}
    }
    offer["buttons"] = [{"kind": "reply", "label": "STOP", "value": "STOP"}]

    message = await whole.send(purpose="marketing", consent=consent, content=offer)
    await whole.until(lambda: whole.status(message) == "delivered")

    assert whole.graph.meta.stats["lost_answers"] == whole.graph.meta.stats["accepted"] == 1


async def test_a_person_who_says_stop_is_heard(whole: Whole) -> None:
    message = await whole.send()
    await whole.until(lambda: whole.status(message) == "delivered")

    whole.graph.meta.say(PHONE.lstrip("+"), {"type": "text", "text": {"body": "STOP"}})
    await whole.until(lambda: bool(whole.house.opposed()))

    assert whole.house.opposed() == {whole.house.client}


async def test_words_outside_a_conversation_fail_and_inside_arrive(whole: Whole) -> None:
    template = await whole.send()
    await whole.until(lambda: whole.status(template) in ("delivered", "read"))
    outside = await whole.send(content=None, text="Votre commande est prête.")
    await whole.until(lambda: whole.status(outside) == "withheld")
    whole.graph.meta.say(PHONE.lstrip("+"), {"type": "text", "text": {"body": "Bonjour"}})
    await whole.until(lambda: bool(whole.house.inbound()))
    inside = await whole.send(content=None, text="Bonjour !")
    await whole.until(lambda: whole.status(inside) in ("delivered", "read"))

    shown = (await whole.program.show(outside)).json
    assert "window_closed" in json.dumps(shown)
