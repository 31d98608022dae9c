"""The simulated platform over HTTP: the Flow Service, and beside it what only a simulator has (/sandbox)."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from sofy.sandbox.approved_platform.ledger import Ledger

_FORMS: Final = ("Factur-X", "CII", "UBL", "CDAR", "FRR")
_RULES: Final = ("B2B", "B2BInt", "B2C", "OutOfScope", "ArchiveOnly", "NotApplicable")
_FAULTS: Final = ("429", "500", "lost", "token")
_SILENCE_S: Final = 60.0
_LARGEST: Final = 20 << 20


class Config(msgspec.Struct, frozen=True):
    """Where it listens and the one account it knows."""

    host: str = "127.0.0.1"
    port: int = 0
    client_id: str = "sofy"
    client_secret: str = ""


class Problem(Exception):
    """An answer that is an error, in the form of the standard."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


class SimulatedPlatform:
    """`await start()`, `.url`, `await stop()`; `.ledger` holds what it took."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.port = config.port
        self.ledger = Ledger()
        self.requests = 0
        self._tokens: set[str] = set()
        self._faults: deque[str] = deque()

    @property
    def url(self) -> str:
        return f"http://{self.config.host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=_LARGEST, middlewares=[_problems])
        app.add_routes([
            web.post("/oauth/token", self._token),
            web.post("/v1/flows", self._deposit),
            web.post("/v1/flows/search", self._search),
            web.get("/v1/flows/{id}", self._get),
            web.get("/v1/healthcheck", self._health),
            web.post("/sandbox/buyer", self._buyer),
            web.post("/sandbox/faults", self._set_faults),
            web.get("/sandbox/flows", self._flows),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop as a process does that ends."""
        await self._runner.cleanup()

    def summary(self) -> dict[str, Any]:
        """What happened, for the end of the process."""
        return {"requests": self.requests, "flows": len(self.ledger.flows), "invoices": len(self.ledger.numbers)}

    # the standard

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        known = (
            form.get("client_id") == self.config.client_id and form.get("client_secret") == self.config.client_secret
        )
        if form.get("grant_type") != "client_credentials" or not known:
            return web.json_response({"error": "invalid_client"}, status=401)
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    async def _deposit(self, request: web.Request) -> web.Response:
        fault = self._enter(request, deposit=True)
        form = await request.post()
        info, file = form.get("flowInfo"), form.get("file")
        if not isinstance(file, web.FileField) or info is None:
            raise Problem(400, "BAD_REQUEST", "flowInfo and file are both required")
        text = _read(info) if isinstance(info, web.FileField) else info
        content = _read(file)
        try:
            said = msgspec.json.decode(text, type=dict[str, str])
        except msgspec.DecodeError:
            raise Problem(400, "BAD_REQUEST", "flowInfo is not an object of texts") from None
        if said.get("flowSyntax") not in _FORMS or said.get("processingRule", "B2B") not in _RULES:
            raise Problem(400, "BAD_REQUEST", "flowSyntax or processingRule is none of the standard")
        held = self.ledger.take(said, content)
        if fault == "lost":
            await asyncio.sleep(_SILENCE_S)
        return web.json_response(held.metadata(), status=202)

    async def _search(self, request: web.Request) -> web.Response:
        self._enter(request)
        asked = await request.json()
        limit = min(int(asked.get("limit", 25)), 100)
        rows = self.ledger.found(asked.get("where", {}), limit)
        return web.json_response({"limit": limit, "results": [row.metadata() for row in rows]})

    async def _get(self, request: web.Request) -> web.Response:
        self._enter(request)
        held = self.ledger.flows.get(request.match_info["id"])
        if held is None:
            raise Problem(404, "NOT_FOUND", "no such flow")
        if request.query.get("docType", "Metadata") == "Metadata":
            return web.json_response(held.metadata())
        return web.Response(body=held.content, content_type="application/octet-stream")

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "UP"})

    def _enter(self, request: web.Request, *, deposit: bool = False) -> str:
        """Count a request, meet the fault it should meet, and see who asks. Raises: Problem"""
        self.requests += 1
        mine = bool(self._faults) and (deposit or self._faults[0] != "lost")
        fault = self._faults.popleft() if mine else ""
        if fault == "token":
            self._tokens.clear()
        elif fault == "429":
            raise Problem(429, "TOO_MANY_REQUESTS", "come again later")
        elif fault == "500":
            raise Problem(500, "INTERNAL_ERROR", "something broke")
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            raise Problem(401, "UNAUTHORIZED", "the token is missing or has run out")
        return fault

    # the simulator

    async def _buyer(self, request: web.Request) -> web.Response:
        said = await request.json()
        number, code = str(said.get("number", "")), int(said.get("status", 0))
        if number not in {known for _seller, known in self.ledger.numbers} or not 204 <= code <= 211 or code == 209:
            raise Problem(400, "BAD_REQUEST", "an invoice that was accepted, and a status that buyers say")
        held = self.ledger.say(number, code, str(said.get("reason_code", "")), str(said.get("reason", "")))
        return web.json_response({"flowId": held.flow_id})

    async def _set_faults(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if not isinstance(wanted, list) or not set(wanted) <= set(_FAULTS):
            raise Problem(400, "BAD_REQUEST", f"a list of {', '.join(_FAULTS)}")
        self._faults.extend(wanted)
        return web.json_response({"waiting": list(self._faults)})

    async def _flows(self, _request: web.Request) -> web.Response:
        return web.json_response([row.metadata() for row in self.ledger.found({}, len(self.ledger.flows))])


def _read(field: web.FileField) -> bytes:
    with field.file:
        return field.file.read()


@web.middleware
async def _problems(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except Problem as problem:
        return web.json_response({"errorCode": problem.code, "errorMessage": str(problem)}, status=problem.status)
    except (ValueError, TypeError, AttributeError):
        return web.json_response({"errorCode": "BAD_REQUEST", "errorMessage": "it cannot be read"}, status=400)
    return answer


async def serve(config: Config, on_ready: Callable[[SimulatedPlatform], None] | None = None) -> None:
    """Run until cancelled; `on_ready` is called once it listens."""
    simulated = SimulatedPlatform(config)
    await simulated.start()
    try:
        if on_ready is not None:
            on_ready(simulated)
        await asyncio.get_running_loop().create_future()
    finally:
        await simulated.stop()
