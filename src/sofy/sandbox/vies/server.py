"""The register over HTTP, as checkVatService answers, and beside it what only a simulator has (/sandbox)."""

from collections import deque
from datetime import date
from typing import Any, Final

import msgspec
from aiohttp import web
from lxml import etree

from sofy.wire.vies import MALFORMED, SOAP, TYPES, NoAnswer, parsed

PATH: Final = "/taxation_customs/vies/services/checkVatService"


class Config(msgspec.Struct, frozen=True):
    """Where it listens, which numbers are valid (with their trader's name), and the day it says it is."""

    host: str = "127.0.0.1"
    port: int = 0
    valid: dict[str, str] = {}
    today: date = date(2026, 4, 1)


class SimulatedRegister:
    """`await start()`, `.url`, `await stop()`; `.faults` are met one after the other, before anything is answered."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.port = config.port
        self.valid = dict(config.valid)
        self.faults: deque[str] = deque()
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://{self.config.host}:{self.port}{PATH}"

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.add_routes([web.post(PATH, self._ask), web.post("/sandbox/faults", self._set_faults)])
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.config.host, self.config.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop as a process does that ends."""
        await self._runner.cleanup()

    async def _set_faults(self, request: web.Request) -> web.Response:
        self.faults.extend(await request.json())
        return web.json_response({"faults": len(self.faults)})

    async def _ask(self, request: web.Request) -> web.Response:
        try:
            asked = parsed(await request.read()).find(f".//{{{TYPES}}}checkVatApprox")
        except NoAnswer:
            asked = None
        if asked is None:
            return _fault(MALFORMED)
        said = {etree.QName(field).localname: (field.text or "").strip() for field in asked}
        number = said.get("countryCode", "") + said.get("vatNumber", "")
        requester = said.get("requesterCountryCode", "") + said.get("requesterVatNumber", "")
        self.asked.append((number, requester))
        if self.faults:
            return _fault(self.faults.popleft())
        return self._answer(said, number, requester)

    def _answer(self, said: dict[str, str], number: str, requester: str) -> web.Response:
        valid = number in self.valid
        fields = {
            "countryCode": said.get("countryCode", ""),
            "vatNumber": said.get("vatNumber", ""),
            "requestDate": f"{self.config.today}+02:00",
            "valid": str(valid).lower(),
            "traderName": self.valid.get(number, "---"),
            "requestIdentifier": f"WAPI{len(self.asked):012d}" if requester and valid else "",
        }
        return _envelope("checkVatApproxResponse", fields, TYPES, 200)


def _fault(code: str) -> web.Response:
    if code == "lost":
        return web.Response(status=502, text="Bad gateway")
    return _envelope("Fault", {"faultcode": "soap:Server", "faultstring": code}, SOAP, 500)


def _envelope(tag: str, fields: dict[str, Any], namespace: str, status: int) -> web.Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"env": SOAP})
    inner = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{namespace}}}{tag}")
    for name, value in fields.items():
        field = etree.SubElement(inner, name if namespace == SOAP else f"{{{TYPES}}}{name}")
        field.text = value
    return web.Response(status=status, body=etree.tostring(envelope), content_type="text/xml")
