"""The ASGI application of `sofy ingest`: addresses, and how every refusal is said."""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sofy.ingest import metrics, openapi, problems
from sofy.ingest.house import House
from sofy.ingest.messages import Messages
from sofy.ingest.problems import Fault
from sofy.ingest.request_log import RequestLog
from sofy.ingest.service_level import ServiceLevels
from sofy.kernel.config import Config

Endpoint = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger(__name__)


def create(config: Config, url: str | None = None) -> Starlette:
    """The application of one process. `url`: where sofy_engine logs in, when the caller knows it."""
    house = House(config, url)
    messages = Messages(house)
    levels = ServiceLevels(house)
    described = openapi.describe(config.api_url)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with house.open():
            yield

    async def description(_request: Request) -> Response:
        return JSONResponse(described, headers={"access-control-allow-origin": "*", "cache-control": "max-age=300"})

    async def health(_request: Request) -> Response:
        return Response("ok", media_type="text/plain")

    async def ready(_request: Request) -> Response:
        up = await house.answers()
        return Response("ok" if up else "database away", 200 if up else 503, media_type="text/plain")

    routes = [
        _at("/v1/messages", POST=messages.send, GET=messages.find),
        _at("/v1/messages/batch", POST=messages.send_batch),
        _at("/v1/messages/{id}", GET=messages.show, DELETE=messages.cancel),
        _at("/v1/messages/{id}/conversion", POST=messages.convert),
        _at("/v1/route-plan", POST=messages.plan),
        _at("/v1/service-level", GET=levels.show),
        _at("/v1/openapi.json", GET=description),
        _at("/hooks/{connector}/{route}", GET=house.hooks.receive, POST=house.hooks.receive),
        _at("/healthz", GET=health),
        _at("/readyz", GET=ready),
    ]
    handlers: dict[Any, Any] = {Fault: _refuse, HTTPException: _no_such_thing}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.requests = house.requests
    app.router.redirect_slashes = False  # a redirection would lead to whatever Host the request named
    return app


def _at(path: str, **methods: Endpoint) -> Route:
    """One address and what it answers to each method."""

    async def endpoint(request: Request) -> Response:
        status, code, began = 500, "", time.perf_counter()
        try:
            answer = await answered(request)
            status = answer.status_code
            return answer
        except Fault as refusal:
            status, code = refusal.status, refusal.code
            raise
        except HTTPException as refusal:
            status = refusal.status_code
            raise
        finally:
            seconds = time.perf_counter() - began
            metrics.count(path, request.method, status, seconds)
            _note(request, path, status, code, seconds)

    async def answered(request: Request) -> Response:
        chosen = methods.get("GET" if request.method == "HEAD" else request.method)
        if chosen is None:
            allowed = ", ".join(methods)
            return problems.answer(request, Fault("method", 405, allowed=allowed), {"allow": allowed})
        try:
            return await chosen(request)
        except (Fault, HTTPException):
            raise
        except Exception as error:
            return _fault(request, error)

    route = Route(path, endpoint)
    route.methods = None  # any, those that nobody has thought of too: the endpoint refuses them itself
    return route


def _note(request: Request, path: str, status: int, code: str, seconds: float) -> None:
    """Tell the log of the client's developers; who has no key has no log."""
    caller = getattr(request.state, "caller", None)
    if caller is not None:
        noted: RequestLog = request.app.state.requests
        noted.note(
            caller.client, caller.key, method=request.method, path=path, status=status, code=code, seconds=seconds
        )


async def _refuse(request: Request, fault: Fault) -> Response:
    caller = getattr(request.state, "caller", None)
    return problems.answer(request, fault, caller.headers() if caller is not None else None)


async def _no_such_thing(request: Request, _error: HTTPException) -> Response:
    return problems.answer(request, Fault("not_found", 404))


def _fault(request: Request, error: Exception) -> Response:
    """Answered here and raised no further: the server would log the words of an error, which may be about a person."""
    if not isinstance(error, ClientDisconnect):
        log.error("ingest.fault", error=type(error).__name__, method=request.method)
    return problems.answer(request, Fault("fault", 500))
