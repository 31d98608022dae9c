"""A twin, a connector that talks to it, and somebody who is called back."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from sofy.connectors.base import Callback, Heard
from sofy.connectors.smpp.tests.factories import Engine
from sofy.connectors.whatsapp_cloud.connector import WhatsAppCloudConnector
from sofy.connectors.whatsapp_cloud.tests import factories
from sofy.sandbox.whatsapp_cloud.profile import PROFILES, SandboxConfig
from sofy.sandbox.whatsapp_cloud.server import GraphServer

PHONE = "33639980001"


class Ear:
    """What `sofy ingest` is to Meta: checks, keeps, answers; the connector reads."""

    def __init__(self) -> None:
        self.heard = Heard(receipts=[], inbound=[], templates=[])
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.refused = 0
        self.statuses: list[int] = []
        self.config = factories.config()

    async def listen(self) -> None:
        self.runner = web.ServerRunner(web.Server(self._take))  # type: ignore[arg-type]
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/hooks/whatsapp_cloud/1"

    async def close(self) -> None:
        await self.runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        callback = Callback(method=request.method, headers=headers, query=dict(request.query), body=body)
        if (answer := WhatsAppCloudConnector.answer_at_once(self.config, callback)) is not None:
            return web.Response(status=answer.status, text=answer.body)
        if not WhatsAppCloudConnector.authentic(self.config, callback):
            self.refused += 1
            return web.Response(status=401)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return web.Response(status=status)
        self.bodies.append(body)
        self.signatures.append(headers["x-hub-signature-256"])
        told = WhatsAppCloudConnector.read_callback(self.config, body)
        self.heard.receipts.extend(told.receipts)
        self.heard.inbound.extend(told.inbound)
        self.heard.templates.extend(told.templates)
        return web.Response(status=200)

    def statuses_of(self, key: str) -> list[str]:
        return [one.status for one in self.heard.receipts if key in one.keys]


class Line:
    """An engine, a connector, the twin and an ear."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.ear = Ear()
        self.connectors: list[WhatsAppCloudConnector] = []
        self.graph: GraphServer

    async def up(self, settings: dict[str, Any] | None = None, **profile: Any) -> WhatsAppCloudConnector:
        """Start everything; `settings` are the connector's, the others the twin's."""
        await self.ear.listen()
        changed = msgspec.structs.replace(PROFILES["plain"], **profile)
        self.graph = GraphServer(
            SandboxConfig(
                access_token=factories.TOKEN,
                app_secret=factories.SECRET,
                verify_token=factories.VERIFY,
                callback_url=self.ear.url,
                profile=changed,
            )
        )
        await self.graph.start()
        return await self.connect(**(settings or {}))

    async def connect(self, **settings: Any) -> WhatsAppCloudConnector:
        """One more connector."""
        made = WhatsAppCloudConnector(factories.config(base_url=self.graph.url, **settings), self.engine)
        self.connectors.append(made)
        await made.start()
        return made

    async def down(self) -> None:
        for one in self.connectors:
            await one.stop(0.1)
        if hasattr(self, "graph"):
            await self.graph.stop()
            await self.ear.close()

    def open_window(self, who: str = PHONE) -> None:
        """A person writes, so that words may be sent freely."""
        self.graph.meta.say(who, {"type": "text", "text": {"body": "Bonjour"}})

    async def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait for something to have become true."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)


def sign(body: bytes) -> str:
    """The header of a callback."""
    return "sha256=" + hmac.new(factories.SECRET.encode(), body, "sha256").hexdigest()
