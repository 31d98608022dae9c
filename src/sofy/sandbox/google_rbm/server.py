"""The platform's interface over HTTP: RBM's own addresses, the token endpoint, and the simulator's (/sandbox, /)."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from sofy.kernel import clock
from sofy.sandbox import phones
from sofy.sandbox.google_rbm import schema
from sofy.sandbox.google_rbm.faults import Faults
from sofy.sandbox.google_rbm.journal import Accepted
from sofy.sandbox.google_rbm.oauth import Refused
from sofy.sandbox.google_rbm.page import STYLE, language, page
from sofy.sandbox.google_rbm.platform import Platform, ends_at, resource
from sofy.sandbox.google_rbm.profile import Profile, SandboxConfig
from sofy.sandbox.google_rbm.webhooks import SetUpFailed, Webhook

FEATURES: Final = (
    "RICHCARD_STANDALONE", "RICHCARD_CAROUSEL", "ACTION_CREATE_CALENDAR_EVENT", "ACTION_DIAL", "ACTION_OPEN_URL",
    "ACTION_SHARE_LOCATION", "ACTION_VIEW_LOCATION",
)  # fmt: skip
_NAMES: Final = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    409: "ALREADY_EXISTS", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL",
}  # fmt: skip
_SILENCE_S: Final = 60.0
_SAMPLE_FROM: Final = 500


class Problem(Exception):
    """An answer that is an error, in Google's form."""

    def __init__(self, status: int, words: str, retry_after_s: float = 0.0) -> None:
        super().__init__(words)
        self.status = status
        self.retry_after_s = retry_after_s


class SimulatedRbm:
    """RBM on loopback. `await start()`, `.url`, `await stop()`; `.platform` holds what it took."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.platform = Platform(config)
        self.port = config.port
        self._faults = Faults()
        self._asked: deque[float] = deque()

    @property
    def url(self) -> str:
        return f"http://{self.config.host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        await self.platform.start()
        app = web.Application(client_max_size=1_000_000, middlewares=[_problems])
        app.add_routes([
            web.post("/token", self._token),
            web.post("/v1/phones/{phone}/agentMessages", self._send),
            web.delete("/v1/phones/{phone}/agentMessages/{id}", self._revoke),
            web.get("/v1/phones/{phone}/capabilities", self._capabilities),
            web.post("/v1/users:batchGet", self._batch_get),
            web.post("/sandbox/webhooks", self._set_up),
            web.patch("/sandbox/profile", self._turn),
            web.get("/sandbox/stats", self._stats),
            web.get("/", self._page),
            web.get("/style.css", self._style),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop as a process does that ends."""
        await self._runner.cleanup()
        await self.platform.stop()

    # RBM

    async def _token(self, request: web.Request) -> web.Response:
        life_s = self.platform.profile.token_life_s
        try:
            form = await request.post()
            token = self.platform.grants.give(form, f"{self.url}/token", life_s)
        except Refused as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"access_token": token, "expires_in": int(life_s), "token_type": "Bearer"})

    async def _send(self, request: web.Request) -> web.Response:
        profile, stats = self.platform.profile, self.platform.stats
        stats["requests"] += 1
        fault = self._faults.next(profile)
        if fault:
            stats[f"fault_{fault}"] += 1
        if fault == "throttle":
            raise Problem(429, "Quota exceeded.", profile.retry_after_s)
        if fault == "lost":
            await asyncio.sleep(_SILENCE_S)
        if fault == "error":
            raise Problem(500, "Internal error encountered.")
        if fault == "token":
            self.platform.grants.forget(request.headers.get("Authorization", ""))
        self._authorize(request)
        message = await self._message(request)
        answer_s = self.platform.accept(message).answer_s
        if fault == "error_after":
            raise Problem(500, "Internal error encountered.")
        await asyncio.sleep(_SILENCE_S if fault == "silent" else answer_s)
        return web.json_response(resource(message))

    async def _message(self, request: web.Request) -> Accepted:
        """The message of a request, once all there is to check is checked. Raises: Problem, schema.Invalid."""
        phone, now = self._phone(request), clock.now()
        named = schema.message_id(request.query.get("messageId", ""))
        body = await request.read()
        message = schema.read_message(body)
        try:
            until = ends_at(
                schema.ttl_s(message.ttl) if message.ttl is not None else None, message.expire_time, now
            )  # fmt: skip
        except ValueError as error:
            raise schema.Invalid(str(error)) from None
        if not self.platform.has_rcs(phone):
            self.platform.stats["not_rcs"] += 1
            raise Problem(404, "Requested entity was not found.")
        if named in self.platform.log.messages:
            self.platform.stats["repeated"] += 1
            raise Problem(409, "The message identifier was used before.")
        content = msgspec.json.decode(body)["contentMessage"]
        agent, traffic = request.query["agentId"], message.message_traffic_type or ""
        return Accepted(named, phone, agent, now, traffic, until, content)

    async def _revoke(self, request: web.Request) -> web.Response:
        self._authorize(request)
        if not self.platform.revoke(self._phone(request), schema.message_id(request.match_info["id"])):
            raise Problem(404, "Requested entity was not found.")
        return web.json_response({})

    async def _capabilities(self, request: web.Request) -> web.Response:
        self._authorize(request)
        self.platform.stats["capability_requests"] += 1
        if not request.query.get("requestId"):
            raise Problem(400, "requestId is required")
        if not self.platform.has_rcs(self._phone(request)):
            raise Problem(404, "Requested entity was not found.")
        return web.json_response({"features": list(FEATURES)})

    async def _batch_get(self, request: web.Request) -> web.Response:
        asked = schema.read_batch(await request.read())
        self._authorize(request, asked.agent_id)
        self._count_batch()
        reachable = [one for one in dict.fromkeys(asked.users) if self.platform.has_rcs(one)]
        answer: dict[str, Any] = {"reachableUsers": reachable}
        if len(asked.users) >= _SAMPLE_FROM:
            sample = random.sample(asked.users, len(asked.users) * 3 // 4)
            answer["totalRandomSampleUserCount"] = len(sample)
            answer["reachableRandomSampleUserCount"] = sum(map(self.platform.has_rcs, sample))
        return web.json_response(answer)

    def _count_batch(self) -> None:
        now = asyncio.get_running_loop().time()
        self.platform.stats["batch_requests"] += 1
        while self._asked and now - self._asked[0] >= 60.0:
            self._asked.popleft()
        if len(self._asked) >= self.platform.profile.batch_get_per_min:
            raise Problem(429, "Quota exceeded.", self.platform.profile.retry_after_s)
        self._asked.append(now)

    def _authorize(self, request: web.Request, agent_id: str = "") -> None:
        if not self.platform.grants.knows(request.headers.get("Authorization", "")):
            raise Problem(401, "Request had invalid authentication credentials.")
        if (agent_id or request.query.get("agentId", "")) != self.config.agent_id:
            raise Problem(403, "The caller does not have permission.")

    def _phone(self, request: web.Request) -> str:
        phone = request.match_info["phone"]
        if not schema.E164.fullmatch(phone):
            raise Problem(400, "the phone number must be in E.164")
        return phone

    # the simulator's own

    async def _set_up(self, request: web.Request) -> web.Response:
        try:
            webhook = msgspec.json.decode(await request.read(), type=Webhook)
            await self.platform.webhooks.set_up(webhook)
        except (msgspec.MsgspecError, SetUpFailed) as error:
            raise Problem(400, str(error)) from None
        return web.json_response({})

    async def _turn(self, request: web.Request) -> web.Response:
        try:
            changes = msgspec.json.decode(await request.read(), type=dict[str, Any])
            now = msgspec.to_builtins(self.platform.profile)
            self.platform.profile = msgspec.convert({**now, **changes}, Profile)
        except msgspec.MsgspecError as error:
            raise Problem(400, str(error)) from None
        return web.json_response(msgspec.to_builtins(self.platform.profile))

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response({**self.platform.stats, "pending": self.platform.pending})

    async def _page(self, request: web.Request) -> web.Response:
        text = page(
            self.platform.log, self.platform.states, request.query.get("number", ""),
            language(request.headers.get("Accept-Language", "")),
        )  # fmt: skip
        headers = {
            "Content-Security-Policy": phones.POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Errors in Google's form."""
    try:
        return await handler(request)
    except schema.Invalid as error:
        problem = Problem(400, str(error))
    except Problem as error:
        problem = error
    headers = {"Retry-After": str(max(1, round(problem.retry_after_s)))} if problem.retry_after_s else {}
    said = {"code": problem.status, "message": str(problem), "status": _NAMES[problem.status]}
    return web.json_response({"error": said}, status=problem.status, headers=headers)


async def serve(config: SandboxConfig, on_ready: Callable[[SimulatedRbm], None] | None = None) -> None:
    """Run until cancelled; `on_ready` is called once it listens."""
    simulated = SimulatedRbm(config)
    await simulated.start()
    try:
        if on_ready is not None:
            on_ready(simulated)
        await asyncio.get_running_loop().create_future()
    finally:
        await simulated.stop()
