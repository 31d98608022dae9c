"""The simulated Meta: takes messages, decides what becomes of them, keeps windows and limits, calls back."""

import asyncio
import base64
import secrets
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from sofy.kernel import clock
from sofy.sandbox.smpp.timeline import Timeline
from sofy.sandbox.whatsapp_cloud.callbacks import Callbacks
from sofy.sandbox.whatsapp_cloud.errors import GraphError, in_status
from sofy.sandbox.whatsapp_cloud.journal import AcceptedLog, words_of
from sofy.sandbox.whatsapp_cloud.people import People, is_user_id
from sofy.sandbox.whatsapp_cloud.profile import Profile, SandboxConfig
from sofy.sandbox.whatsapp_cloud.templates import Template, Templates
from sofy.sandbox.whatsapp_cloud.validation import checked

_WINDOW_S = _DAY_S = 86_400.0


class Sent(NamedTuple):
    """A message that was taken."""

    wamid: str
    who: str
    to: str
    opaque: str
    category: str
    body: dict[str, Any]


class Told(NamedTuple):
    """Something to call back with, when its time has come."""

    sent: Sent
    status: str
    code: int = 0
    says: tuple[str, str] = ("", "")


class SimulatedMeta:
    """One business account with one number. `await start()`, `await stop()`; `.stats` counts what happened."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.profile = config.profile
        self.stats: Counter[str] = Counter()
        self.log = AcceptedLog(config.log)
        self.people = People(config.profile)
        self.templates = Templates(config.profile.creations_per_hour)
        self.callbacks = Callbacks(config, self.stats)
        self._number = int.from_bytes(secrets.token_bytes(8)) << 64  # two runs never give the same name
        self._wrote_at: dict[str, float] = {}
        self._pairs: dict[str, deque[float]] = {}
        self._first: dict[str, float] = {}
        self._second: deque[float] = deque()

    async def start(self) -> None:
        """Begin calling back."""
        self._timeline: Timeline[Told] = Timeline(self._tell)
        self._reviews: Timeline[Template] = Timeline(self._review)
        await self.callbacks.start()

    async def stop(self) -> None:
        """Stop as a process does that ends."""
        self._timeline.stop()
        self._reviews.stop()
        await self.callbacks.stop()
        self.log.close()

    def turn(self, profile: Profile) -> None:
        """Behave like this from now on."""
        self.profile = self.people.profile = profile

    @property
    def pending(self) -> int:
        """Callbacks still to be made."""
        return len(self._timeline) + self.callbacks.waiting

    # what clients ask

    def take(self, body: Any, way: str) -> dict[str, Any]:
        """A message. Raises: GraphError."""
        now = self._now()
        self._keep_rate(now)
        body = checked(body)
        to = str(body.get("to") or body["recipient"]).lstrip("+")
        who = self.people.number_of(to) if is_user_id(to) else to
        if code := self.people.at_once(who):
            raise GraphError(code)
        template = self._template(body, way, to)
        self._keep_pair(who, now)
        is_open = now - self._wrote_at.get(who, -_WINDOW_S) < _WINDOW_S
        if template is not None and not is_open:
            self._keep_portfolio(who, now)
        self._number += 1
        name = self._number.to_bytes(24, "big")
        wamid = "wamid." + base64.b64encode(b"\x1d\x14\x14" + name).decode()
        category = template.category.lower() if template is not None else "service"
        sent = Sent(wamid, who, to, body.get("biz_opaque_callback_data", ""), category, body)
        self.log.accepted(wamid, to, way, body, template.filled(body["template"]) if template is not None else "")
        self.stats["accepted"] += 1
        self._plan(sent, outside=template is None and self.profile.window and not is_open)
        contact = {"input": to, **({} if is_user_id(to) else {"wa_id": to}), "user_id": self._user_id(who)}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [self._named(wamid, template)]}

    def create_template(self, body: Any) -> dict[str, Any]:
        """A template for review. Raises: GraphError."""
        made = self.templates.create(body, self._now())
        self._reviews.add(self.profile.review.median_s, made)
        return {"id": made.id, "status": made.status, "category": made.category}

    # what a test or a trainer asks

    def say(self, who: str, message: dict[str, Any]) -> str:
        """A person writes; `message` is the part that differs by type, with its `type`. Answers its name."""
        self._number += 1
        name = "wamid." + base64.b64encode(b"\x1d\x15" + self._number.to_bytes(24, "big")).decode()
        self._wrote_at[who] = self._now()
        self.log.said(who, words_of(message))
        self.stats["said"] += 1
        sender = {"from_user_id": self._user_id(who)}
        contact: dict[str, Any] = {"profile": {"name": "Camille Exemple"}, "user_id": self._user_id(who)}
        if not self.people.has_user_name(who):
            sender["from"] = contact["wa_id"] = who
        value = {**self._metadata(), "contacts": [contact]}
        value["messages"] = [{**sender, "id": name, "timestamp": self._stamp(), **message}]
        self.call("messages", value)
        return name

    def wish(self, who: str, value: str) -> None:
        """A person stops marketing of this business, or wants it again."""
        contact: dict[str, Any] = {"profile": {"name": "Camille Exemple"}, "user_id": self._user_id(who)}
        wish: dict[str, Any] = {
            "user_id": self._user_id(who),
            "detail": "User requested to stop marketing messages" if value == "stop" else "User resumed",
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(clock.now().timestamp()),
        }
        if not self.people.has_user_name(who):
            contact["wa_id"] = wish["wa_id"] = who
        self.call("user_preferences", {**self._metadata(), "contacts": [contact], "user_preferences": [wish]})

    def judge(self, template: Template, *, state: str = "", quality: str = "", reason: str = "NONE") -> None:
        """Change a template, and say so."""
        about = {
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
        }
        if quality:
            before, template.quality = template.quality, quality
            told = {"previous_quality_score": before, "new_quality_score": quality, **about}
            self.call("message_template_quality_update", told)
        if state:
            template.status, template.reason = state, reason
            self.call("message_template_status_update", {"event": state, "reason": reason, **about})

    def call(self, field: str, value: dict[str, Any]) -> None:
        """Call back with one change."""
        entry = {
            "id": self.config.business_account_id,
            "time": int(clock.now().timestamp()),
            "changes": [{"value": value, "field": field}],
        }
        self.callbacks.add(entry)

    # inside

    def _template(self, body: dict[str, Any], way: str, to: str) -> Template | None:
        ttl_s = body.get("message_send_ttl_seconds")
        if body["type"] != "template":
            if way == "marketing_messages":
                raise GraphError(100, "only marketing templates are sent this way")
            if ttl_s is not None:
                raise GraphError(100, "message_send_ttl_seconds is of templates")
            return None
        template = self.templates.use(body["template"])
        if way == "marketing_messages" and template.category != "MARKETING":
            raise GraphError(100, "only marketing templates are sent this way")
        if way == "messages" and template.category == "MARKETING" and ttl_s is not None:
            raise GraphError(100, "a marketing template has a TTL only as a marketing message")
        if template.category == "AUTHENTICATION" and is_user_id(to):
            raise GraphError(131062)
        self.templates.check_ttl(template, ttl_s)
        return template

    def _plan(self, sent: Sent, *, outside: bool) -> None:
        if sent.body["type"] == "reaction":
            return
        has_buttons = sent.body["type"] == "interactive" or sent.category == "marketing"
        fate = self.people.fate(sent.who, is_marketing=sent.category == "marketing", has_buttons=has_buttons)
        code = 131047 if outside else fate.code
        add = self._timeline.add
        if code:
            add(fate.sent_s, Told(sent, "failed", code))
            return
        moments = [("sent", fate.sent_s), ("delivered", fate.delivered_s), ("read", fate.read_s)]
        for status, after_s in moments:
            if after_s is not None:
                add(after_s + (fate.shuffled_s if status == "sent" else 0.0), Told(sent, status))
                if fate.doubled:
                    add(after_s * 1.5, Told(sent, status))
        if fate.how:
            add(fate.says_s, Told(sent, "says", says=(fate.how, fate.says)))

    def _tell(self, due: Sequence[Told]) -> None:
        for one in due:
            if one.status == "says":
                self._react(one.sent, *one.says)
            else:
                self._status(one)

    def _status(self, one: Told) -> None:
        sent = one.sent
        status: dict[str, Any] = {"id": sent.wamid, "status": one.status, "timestamp": self._stamp()}
        status["recipient_user_id"] = self._user_id(sent.who)
        if not is_user_id(sent.to):
            status["recipient_id"] = sent.to
        if sent.opaque:
            status["biz_opaque_callback_data"] = sent.opaque
        if one.code:
            status["errors"] = [in_status(one.code)]
        elif one.status != "read":
            status["pricing"] = {
                "billable": sent.category != "service",
                "pricing_model": "PMP",
                "category": sent.category,
            }
        self.stats[one.status] += 1
        contact: dict[str, Any] = {"user_id": self._user_id(sent.who)}
        if not is_user_id(sent.to):
            contact["wa_id"] = sent.to
        self.call("messages", {**self._metadata(), "contacts": [contact], "statuses": [status]})

    def _react(self, sent: Sent, how: str, words: str) -> None:
        if how == "wish":
            self.wish(sent.who, words)
            return
        context = {"context": {"from": self.config.display_phone_number, "id": sent.wamid}}
        if how == "react":
            self.say(sent.who, {"type": "reaction", "reaction": {"message_id": sent.wamid, "emoji": words}})
        elif how == "tap":
            self.say(sent.who, {**context, **_tapped(sent.body)})
        else:
            self.say(sent.who, {"type": "text", "text": {"body": words}})

    def _review(self, due: Sequence[Template]) -> None:
        """A name that says so is rejected; all others pass."""
        for one in due:
            if one.status != "PENDING":
                continue
            rejected = any(word in one.name for word in ("reject", "refus"))
            self.judge(
                one, state="REJECTED" if rejected else "APPROVED", reason="INVALID_FORMAT" if rejected else "NONE"
            )

    def _keep_rate(self, now: float) -> None:
        rate = self.profile.rate_per_s
        while self._second and self._second[0] <= now - 1.0:
            self._second.popleft()
        if rate and len(self._second) >= rate:
            self.stats["throttled"] += 1
            raise GraphError(130429, "the throughput of the number was reached")
        self._second.append(now)

    def _keep_pair(self, who: str, now: float) -> None:
        """A burst is borne, and then one message every so many seconds. Source: Meta, "Pair rate limits"."""
        least_s, burst = self.profile.pair_s, self.profile.pair_burst
        if not least_s:
            return
        recent = self._pairs.setdefault(who, deque())
        while recent and recent[0] <= now - least_s * burst:
            recent.popleft()
        if len(recent) >= burst:
            self.stats["pair_limited"] += 1
            raise GraphError(131056)
        recent.append(now)

    def _keep_portfolio(self, who: str, now: float) -> None:
        limit = self.profile.portfolio_limit
        if not limit:
            return
        self._first = {one: at for one, at in self._first.items() if at > now - _DAY_S}
        if who not in self._first and len(self._first) >= limit:
            self.stats["portfolio_limited"] += 1
            raise GraphError(131064)
        self._first.setdefault(who, now)

    def _named(self, wamid: str, template: Template | None) -> dict[str, Any]:
        return {"id": wamid, **({"message_status": "accepted"} if template is not None else {})}

    def _metadata(self) -> dict[str, Any]:
        number = {
            "display_phone_number": self.config.display_phone_number,
            "phone_number_id": self.config.phone_number_id,
        }
        return {"messaging_product": "whatsapp", "metadata": number}

    def _user_id(self, who: str) -> str:
        return who if is_user_id(who) else self.people.user_id(who)

    def _now(self) -> float:
        """Windows and days follow the clock of the house, which training moves."""
        return clock.now().timestamp()

    def _stamp(self) -> str:
        return str(int(clock.now().timestamp()))


def _tapped(body: dict[str, Any]) -> dict[str, Any]:
    """The first thing that can be tapped."""
    if body["type"] == "interactive":
        action = body["interactive"]["action"]
        if buttons := action.get("buttons"):
            return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": buttons[0]["reply"]}}
        if sections := action.get("sections"):
            row = sections[0]["rows"][0]
            return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}}
        return {"type": "text", "text": {"body": "Merci !"}}
    return {"type": "button", "button": {"text": "STOP", "payload": "STOP"}}


async def drained(meta: SimulatedMeta, seconds: float = 10.0) -> None:
    """Wait until everything was told."""
    async with asyncio.timeout(seconds):
        while meta.pending:
            await asyncio.sleep(0.01)
