"""The Graph over HTTP: messages, templates, files, and a page with what phones show."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final

import msgspec
from aiohttp import web

from sofy.sandbox import phones
from sofy.sandbox.whatsapp_cloud.callbacks import Subscription
from sofy.sandbox.whatsapp_cloud.errors import GraphError
from sofy.sandbox.whatsapp_cloud.meta import SimulatedMeta
from sofy.sandbox.whatsapp_cloud.pages import STYLE, language, page
from sofy.sandbox.whatsapp_cloud.profile import Profile, SandboxConfig

_FILE_BYTES = 100 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


#: Of the simulator, not of the Graph: a browser has no token.
_PAGES: Final = frozenset({"/", "/style.css"})


class GraphServer:
    """The simulated Meta behind an address. `await start()`, `.url`, `await stop()`."""

    def __init__(self, config: SandboxConfig) -> None:
        if config.environment == "production":
            raise RuntimeError("simulators never run in production")
        self.config = config
        self.meta = SimulatedMeta(config)
        self.port = config.port
        self._random = random.Random(config.profile.seed)
        self._files: dict[str, tuple[str, bytes]] = {}

    @property
    def url(self) -> str:
        """What a client's base_url is."""
        return f"http://{self.config.host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=_FILE_BYTES + 4096, middlewares=[self._in_words])
        graph, number, account = "/{version:v[0-9.]+}", self.config.phone_number_id, self.config.business_account_id
        app.add_routes([
            web.get("/", self._page),
            web.get("/style.css", self._style),
            web.post("/sandbox/say", self._say),
            web.post("/sandbox/wish", self._wish),
            web.post("/sandbox/profile", self._change),
            web.post("/sandbox/templates", self._judge),
            web.get("/sandbox/stats", self._stats),
            web.post(f"{graph}/{number}/{{way:messages|marketing_messages}}", self._messages),
            web.post(f"{graph}/{number}/media", self._upload),
            web.get(f"{graph}/{number}", self._number),
            web.get(f"{graph}/{account}/message_templates", self._list),
            web.post(f"{graph}/{account}/message_templates", self._create),
            web.delete(f"{graph}/{account}/message_templates", self._delete),
            web.post(f"{graph}/{account}/subscribed_apps", self._subscribe),
            web.get(f"{graph}/{{file:[0-9]+}}", self._file),
            web.delete(f"{graph}/{{file:[0-9]+}}", self._forget),
            web.get("/whatsapp_business/attachments/{file:[0-9]+}", self._content),
        ])  # fmt: skip
        await self.meta.start()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.config.host, self.port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the address; nothing more is told."""
        await self._runner.cleanup()
        await self.meta.stop()

    def summary(self) -> str:
        """One JSON object of what happened."""
        return json.dumps(dict(self.meta.stats))

    def keep_file(self, content: bytes, mime_type: str) -> str:
        """Have a file as if a person had sent it; answers what it is fetched by."""
        name = str(10**14 + len(self._files))
        self._files[name] = (mime_type, content)
        return name

    # what every request passes

    @web.middleware
    async def _in_words(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The token, bad days, and errors as the Graph writes them."""
        is_graph = not request.path.startswith("/sandbox/") and request.path not in _PAGES
        try:
            if is_graph:
                if self.meta.profile.away == "refuse":
                    return _hang_up(request)
                if self.meta.profile.away == "503":
                    return web.Response(status=503, text="<html>Service Unavailable</html>")
                if request.headers.get("Authorization") != f"Bearer {self.config.access_token}":
                    raise GraphError(190, "Invalid OAuth access token")
            return await handler(request)
        except GraphError as error:
            self.meta.stats[f"error_{error.code}"] += 1
            return web.json_response(error.body(), status=error.status)
        except json.JSONDecodeError:
            return web.json_response(GraphError(100, "The body is not JSON").body(), status=400)
        except web.HTTPNotFound:
            unknown = GraphError(100, "Unsupported request: the object does not exist", subcode=33)
            return web.json_response(unknown.body(), status=400)

    async def _bad_day(self, request: web.Request) -> web.Response | None:
        """Errors by switch, before anything is taken."""
        profile, luck = self.meta.profile, self._random.random()
        if luck < profile.fails:
            return web.json_response(GraphError(131000).body(), status=500)
        luck -= profile.fails
        if luck < profile.throttles:
            return web.json_response(GraphError(130429).body(), status=429)
        luck -= profile.throttles
        if luck < profile.silent:
            await asyncio.sleep(120)
            return _hang_up(request)
        return None

    # the Graph

    async def _messages(self, request: web.Request) -> web.Response:
        body = await request.json()
        if isinstance(body, dict) and body.get("status") == "read":
            return web.json_response({"success": True})
        if (refused := await self._bad_day(request)) is not None:
            return refused
        profile = self.meta.profile
        answer = self.meta.take(body, request.match_info["way"])
        await asyncio.sleep(min(profile.answer.median_s, profile.answer.most_s))
        if self._random.random() < profile.lost_answers:
            self.meta.stats["lost_answers"] += 1
            return _hang_up(request)
        if self._random.random() < profile.unreadable:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        return web.json_response(answer)

    async def _number(self, _request: web.Request) -> web.Response:
        config = self.config
        shown = {
            "id": config.phone_number_id,
            "display_phone_number": f"+{config.display_phone_number}",
            "verified_name": "Sofy Bac à sable",
            "quality_rating": "GREEN",
            "throughput": {"level": "STANDARD"},
        }
        return web.json_response(shown)

    async def _list(self, request: web.Request) -> web.Response:
        limit = min(int(request.query.get("limit", "25")), 250)
        found, after = self.meta.templates.page(limit, request.query.get("after", ""))
        paging: dict[str, Any] = {"cursors": {"before": "", "after": found[-1].id if found else ""}}
        if after:
            paging["next"] = str(request.url.update_query(after=after))
        count = len(self.meta.templates)
        summary = {
            "total_count": count,
            "message_template_count": count,
            "message_template_limit": 6000,
            "are_translations_complete": False,
        }
        return web.json_response({"data": [one.shown() for one in found], "paging": paging, "summary": summary})

    async def _create(self, request: web.Request) -> web.Response:
        return web.json_response(self.meta.create_template(await request.json()))

    async def _delete(self, request: web.Request) -> web.Response:
        for gone in self.meta.templates.delete(request.query.get("name", ""), request.query.get("hsm_id", "")):
            self.meta.judge(gone, state="DELETED")
        return web.json_response({"success": True})

    async def _subscribe(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        url = body.get("override_callback_uri")
        if url and not await self.meta.callbacks.subscribe(Subscription(url, str(body.get("verify_token", "")))):
            raise GraphError(100, "The callback URL could not be validated", subcode=2200)
        return web.json_response({"success": True})

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form.get("file")
        if form.get("messaging_product") != "whatsapp" or not isinstance(file, web.FileField):
            raise GraphError(100, "messaging_product and file are required")
        return web.json_response({"id": self.keep_file(file.file.read(), file.content_type)})

    def _known(self, request: web.Request) -> tuple[str, str, bytes]:
        name = request.match_info["file"]
        if name not in self._files:
            raise GraphError(100, "Object with this ID does not exist", subcode=33)
        return (name, *self._files[name])

    async def _file(self, request: web.Request) -> web.Response:
        name, mime_type, content = self._known(request)
        shown = {
            "messaging_product": "whatsapp",
            "url": f"{self.url}/whatsapp_business/attachments/{name}",
            "mime_type": mime_type,
            "sha256": sha256(content).hexdigest(),
            "file_size": len(content),
            "id": name,
        }
        return web.json_response(shown)

    async def _content(self, request: web.Request) -> web.Response:
        _, mime_type, content = self._known(request)
        return web.Response(body=content, content_type=mime_type)

    async def _forget(self, request: web.Request) -> web.Response:
        name, _, _ = self._known(request)
        del self._files[name]
        return web.json_response({"success": True})

    # what a trainer or a test does to it

    async def _page(self, request: web.Request) -> web.Response:
        spoken = language(request.headers.get("Accept-Language", ""))
        text = page(self.meta.log, spoken, request.query.get("number", ""))
        policy = {"Content-Security-Policy": phones.POLICY}
        return web.Response(text=text, content_type="text/html", headers=policy)

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    async def _say(self, request: web.Request) -> web.Response:
        body = await request.json()
        who = str(body.pop("from")).lstrip("+")
        message = body if "type" in body else {"type": "text", "text": {"body": str(body.get("text", ""))}}
        return web.json_response({"id": self.meta.say(who, message)})

    async def _wish(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.meta.wish(str(body["from"]).lstrip("+"), str(body["value"]))
        return web.json_response({"success": True})

    async def _change(self, request: web.Request) -> web.Response:
        changes = await request.json()
        try:
            self.change(**changes)
        except (msgspec.ValidationError, TypeError) as error:
            raise GraphError(100, str(error)) from None
        return web.json_response({"success": True})

    def change(self, **changes: Any) -> None:
        """Turn knobs while it runs. Raises: msgspec.ValidationError."""
        settings = {**msgspec.structs.asdict(self.meta.profile), **changes}
        self.meta.turn(msgspec.convert(msgspec.to_builtins(settings), Profile))

    async def _judge(self, request: web.Request) -> web.Response:
        body = await request.json()
        template = self.meta.templates.find(str(body.get("name")), str(body.get("language", "fr")))
        if template is None:
            raise GraphError(132001)
        words = {name: str(body[name]) for name in ("state", "quality", "reason") if name in body}
        self.meta.judge(template, **words)
        return web.json_response({"success": True})

    async def _stats(self, _request: web.Request) -> web.Response:
        return web.json_response({**self.meta.stats, "pending": self.meta.pending})


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; the answer reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


async def serve(config: SandboxConfig, on_ready: Callable[[GraphServer], None] | None = None) -> None:
    """Run until cancelled; `on_ready` is called once it listens."""
    server = GraphServer(config)
    await server.start()
    try:
        if on_ready is not None:
            on_ready(server)
        await asyncio.get_running_loop().create_future()
    finally:
        await server.stop()
