"""WhatsApp over Meta's Cloud API: the connector. Protocol facts and sources are in the README beside it."""

import hmac
import re
from typing import Any, ClassVar, Final

import aiohttp
import msgspec
import structlog

from sofy.connectors import base
from sofy.connectors.base import Accepted, Action, CallbackAnswer, Inbound, Outgoing, Refused, Unknown
from sofy.connectors.http import Closed, HttpConnector, Later
from sofy.connectors.lenient import decoder
from sofy.connectors.whatsapp_cloud import callbacks, rendering, wire
from sofy.connectors.whatsapp_cloud import config as settings
from sofy.connectors.whatsapp_cloud.failures import ACCOUNT_WIDE, REST_S, Remedy, action_for, remedy_for
from sofy.connectors.whatsapp_cloud.limits import Pairs, Portfolio, Resting, person
from sofy.kernel import clock

log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode
_taken = decoder(wire.Taken)
_failed = decoder(wire.Failed)
_RECORD_AGAIN_S = 30.0
#: Code of marketing to somebody whom Meta wants left alone, where this process was not told which error said so.
RESTING: Final = "resting"
_CHALLENGE = re.compile(r"[A-Za-z0-9_.\-]{1,256}")


class WhatsAppCloudConnector(HttpConnector):
    """One WhatsApp Business number: its pace, its people, and what waits for them."""

    code: ClassVar[str] = "whatsapp_cloud"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="whatsapp", encodings=frozenset({"gsm7", "latin1", "ucs2"}), receipts=True, inbound=True, max_parts=1
    )
    Config: ClassVar[type[Any]] = settings.Config
    config: settings.Config

    def __init__(self, config: settings.Config, events: base.Events) -> None:
        super().__init__(config, events)
        self._pairs = Pairs(config.pair_pause_s)
        self._portfolio = Portfolio(config.portfolio_limit)
        self._resting = Resting()
        self._headers = {"Authorization": f"Bearer {config.access_token}", "Content-Type": "application/json"}

    # what HttpConnector asks

    def refusal(self, message: Outgoing) -> Refused | None:
        return rendering.refusal(message, self.config)

    def held_back(self, message: Outgoing) -> Refused | None:
        who, now = person(message.to), self._loop.time()
        if message.purpose == "marketing":
            code = self._resting.code(who, now) or (RESTING if message.absent else "")
            if code:
                return Refused(code, Action.PERMANENT)
        if _begins(message) and not self._portfolio.has_room_for(who, now):
            return Refused("portfolio_limit", Action.OTHER_ROUTE)
        return None

    def rest_s(self, message: Outgoing) -> float:
        return self._pairs.rest_s(person(message.to), self._loop.time())

    def leaving(self, message: Outgoing) -> None:
        who, now = person(message.to), self._loop.time()
        self._pairs.written(who, now)
        if _begins(message):
            self._portfolio.written(who, now)

    async def request(self, session: aiohttp.ClientSession, message: Outgoing) -> base.Outcome | Later | Closed:
        config = self.config
        way = "marketing_messages" if rendering.is_marketing_template(message) else "messages"
        body = _encode(rendering.request(message, config, clock.now()))
        url = config.url(f"{config.phone_number_id}/{way}")
        async with session.post(url, data=body, headers=self._headers, allow_redirects=False) as response:
            status, answer = response.status, await response.read()
        if status == 200:
            self._pairs.accepted(person(message.to))
            return Accepted(_identifier(answer))
        return await self._not_taken(message, status, answer)

    async def _not_taken(self, message: Outgoing, status: int, answer: bytes) -> base.Outcome | Later | Closed:
        """Meta's own code says what happened. Without one, what a gateway says leaves it in doubt."""
        try:
            code = _failed(answer).error.code
        except msgspec.MsgspecError:
            if status == 429:
                return Later("429", slow=True)
            if status >= 500:
                return Unknown(f"http_{status}")
            return Refused(f"http_{status}", Action.CONFIGURATION)
        who, now = person(message.to), self._loop.time()
        if code in ACCOUNT_WIDE:
            return Closed(str(code), self.config.closed_s)
        match remedy_for(code):
            case Remedy.BACK_OFF:
                return Later(str(code), slow=True)
            case Remedy.PAIR:
                return Later(str(code), wait_s=self._pairs.refused(who, now))
            case Remedy.REST:
                self._resting.rest(who, str(code), now)
                return Refused(str(code), action_for(code), REST_S)
            case Remedy.OPT_OUT:
                try:
                    await self.events.on_inbound([self._opposition(message, code)])
                except Exception as error:  # asked again, Meta says it again
                    log.error("whatsapp.opposition_not_recorded", error=type(error).__name__)
                    return Later(str(code), wait_s=_RECORD_AGAIN_S)
            case None | Remedy.RETRY if status == 429:
                return Later(str(code), slow=True)
        return Refused(str(code), action_for(code))

    def _opposition(self, message: Outgoing, code: int) -> Inbound:
        """That somebody stopped marketing, as if they had written it."""
        return Inbound(
            sender=message.to,
            recipient=self.config.phone_number_id,
            text="",
            supplier_id=f"{code}:{message.message_id}",
            detail={"code": str(code)},
            opts_out=True,
            at=clock.now(),
            wrote=False,
        )

    @classmethod
    def answers_at(cls, config: settings.Config) -> str | None:
        """Where people answer: the number, as Meta and `Inbound.recipient` call it."""
        return config.phone_number_id

    # what Meta calls back with

    @classmethod
    def answer_at_once(cls, config: settings.Config, callback: base.Callback) -> CallbackAnswer | None:
        if callback.method.upper() != "GET":
            return None
        challenge = callback.query.get("hub.challenge", "")
        token = callback.query.get("hub.verify_token", "")
        known = bool(config.verify_token) and hmac.compare_digest(_octets(token), config.verify_token.encode())
        if callback.query.get("hub.mode") == "subscribe" and known and _CHALLENGE.fullmatch(challenge):
            return CallbackAnswer(status=200, body=challenge)
        return CallbackAnswer(status=403)

    @classmethod
    def authentic(cls, config: settings.Config, callback: base.Callback) -> bool:
        given = callback.headers.get("x-hub-signature-256", "")
        made = "sha256=" + hmac.new(config.app_secret.encode(), callback.body, "sha256").hexdigest()
        return bool(config.app_secret) and hmac.compare_digest(_octets(given), made.encode())

    @classmethod
    def read_callback(cls, config: settings.Config, body: bytes) -> base.Heard:
        return callbacks.read(config, body)


def _octets(text: str) -> bytes:
    return text.encode(errors="replace")


def _begins(message: Outgoing) -> bool:
    """Whether this message may be the first of the day to somebody: only a template can."""
    return message.content is not None and message.content.template is not None


def _identifier(answer: bytes) -> str:
    """What Meta calls the message; empty when it did not say: its statuses name ours."""
    try:
        messages = _taken(answer).messages
    except msgspec.MsgspecError:
        return ""
    return messages[0].id if messages else ""
