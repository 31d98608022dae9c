"""RCS over Google RBM: the connector. Protocol facts and sources are in the README beside it."""

import asyncio
import math
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final
from uuid import UUID

import aiohttp
import msgspec
import structlog

from sofy.connectors import base
from sofy.connectors.base import NOT_RCS, Accepted, Action, Outgoing, Reach, Refused, Unknown
from sofy.connectors.google_rbm import callbacks, wire
from sofy.connectors.google_rbm import config as settings
from sofy.connectors.google_rbm.api import Answer, Api, NoAnswer
from sofy.connectors.google_rbm.capability import Directory
from sofy.connectors.google_rbm.failures import ALREADY_TAKEN, failure_of
from sofy.connectors.google_rbm.rendering import Unsendable, content_of, traffic_type
from sofy.connectors.http import HttpConnector, Later, NotWritten
from sofy.kernel import clock

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 300.0
_LEAST_TTL_S: Final = 1


class RbmConnector(HttpConnector):
    """One RCS agent at Google: messages with cards and buttons, receipts, answers, and what is called back in time."""

    code: ClassVar[str] = "google_rbm"
    capabilities: ClassVar[base.Capabilities] = base.Capabilities(
        channel="rcs",
        encodings=frozenset({"utf8"}),
        receipts=True,
        inbound=True,
        max_parts=1,
        idempotent=True,
    )
    Config: ClassVar[type[Any]] = settings.Config

    def __init__(self, config: settings.Config, events: base.Events) -> None:
        super().__init__(config, events)
        self._pause_s = _FIRST_PAUSE_S
        self._api: Api | None = None
        self._directory: Directory | None = None
        self.capability_age_s = config.capability_age_s
        self._begun: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await super().start()
        assert self._session is not None
        self._api = Api(self.config, self._session)
        self._directory = Directory(self._api)
        self._begun = self._loop.create_task(self._log_in(self._api))

    async def stop(self, grace_s: float = 5.0) -> None:
        if self._begun is not None:
            self._begun.cancel()
            await asyncio.gather(self._begun, return_exceptions=True)
        await super().stop(grace_s)

    async def revoke(self, messages: Mapping[UUID, str]) -> dict[UUID, base.Revoked]:
        answers = await asyncio.gather(*(self._revoke(uid, phone) for uid, phone in messages.items()))
        return dict(zip(messages, answers, strict=True))

    async def look_up(self, addresses: Collection[str]) -> dict[str, Reach]:
        """Which of these phones (E.164) show RCS."""
        return await self._directory.look_up(addresses) if self._directory is not None else {}

    # callbacks

    @classmethod
    def answers_at(cls, config: settings.Config) -> str | None:
        return config.agent_id

    @classmethod
    def answer_at_once(cls, config: settings.Config, callback: base.Callback) -> base.CallbackAnswer | None:
        return callbacks.set_up(config, callback)

    @classmethod
    def authentic(cls, config: settings.Config, callback: base.Callback) -> bool:
        return callbacks.is_signed(config, callback)

    @classmethod
    def read_callback(cls, config: settings.Config, body: bytes) -> base.Heard:
        return callbacks.read(config, body)

    # what HttpConnector asks

    def refusal(self, message: Outgoing) -> Refused | None:
        try:
            content_of(message)
        except Unsendable as error:
            return Refused(error.code, Action.PERMANENT)
        return None

    def held_back(self, message: Outgoing) -> Refused | None:
        return Refused(NOT_RCS, Action.PERMANENT) if message.absent else None

    async def request(self, session: aiohttp.ClientSession, message: Outgoing) -> base.Outcome | Later:
        """Send a message, again under the same identifier while nobody knows whether it was taken.

        A server that fails each time it is asked counts as not having taken it: it would know the identifier. It may
        say otherwise later (`fault`).
        """
        assert self._api is not None
        try:
            await self._api.log_in()
        except asyncio.CancelledError:  # nothing has left, so it is not in doubt
            return base.NotSent("stopping")
        wait_s = self.config.error_wait_s
        reason = ""  # why nobody knows; nothing while everybody does
        failed, silent = 0, False
        for attempt in range(1 + self.config.error_retries):
            if attempt:
                await asyncio.sleep(wait_s)
                wait_s *= 2
            body = self._body(message)
            if body is None:
                break
            try:
                answer = await self._api.send(message.to, message.message_id, body)
            except NotWritten:
                if not reason:
                    raise
                continue
            except NoAnswer as error:
                reason, silent = error.reason, True
                continue
            if answer.status >= 500:
                reason = f"http_{answer.status}"
                failed += 1
                continue
            outcome = self._outcome(message, answer)
            if not isinstance(outcome, Later) or not reason:
                return outcome
        if failed > 1 and not silent:
            return Refused(reason, Action.RETRY, fault=True)
        return Unknown(reason) if reason else base.NotSent("too_late")

    # inside

    def _body(self, message: Outgoing) -> bytes | None:
        """The request as it is now: the time left shrinks with each attempt. None when there is none left."""
        ttl_s = self.config.ttl_s
        if message.validity_until is not None:
            ttl_s = _time_left_s((message.validity_until - clock.now()).total_seconds(), self.config.response_timeout_s)
        if ttl_s < _LEAST_TTL_S:
            return None
        sent = wire.AgentMessage(
            content_message=content_of(message),
            message_traffic_type=traffic_type(message.purpose, self.config.use_case),
            ttl=f"{ttl_s}s",
        )
        return msgspec.json.encode(sent)

    def _outcome(self, message: Outgoing, answer: Answer) -> base.Outcome | Later:
        if answer.status == 200 or answer.status == ALREADY_TAKEN:
            self._pause_s = _FIRST_PAUSE_S
            return Accepted(str(message.message_id))
        failure = failure_of(answer.status)
        if failure.action is Action.SLOW_LINK:
            self._slow_down(answer.retry_after_s)
            return Later(failure.code, slow=True)
        if failure.action is not Action.PERMANENT:
            log.warning("rbm.refused", status=answer.status, reason=_status_name(answer.body))
        return Refused(failure.code, failure.action)

    def _slow_down(self, asked_s: float) -> None:
        """Wait as long as Google says, else longer each time. Refusals of requests already under way count once."""
        now = self._loop.time()
        if now < self._pacer.paused_until and not asked_s:
            return
        self._pacer.pause(min(asked_s or self._pause_s, _LONGEST_PAUSE_S), now)
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    async def _log_in(self, api: Api) -> None:
        """Have a token before the first message needs one, and know early when there is none to be had."""
        try:
            await api.log_in()
        except NotWritten as error:
            self._unreachable(error)
            self._pump.soon()

    async def _revoke(self, message_id: UUID, phone: str) -> base.Revoked:
        if self._api is None:
            return "unknown"
        with suppress(NotWritten, NoAnswer):
            answer = await self._api.revoke(phone, message_id)
            if answer.status == 200:
                return "revoked"
            if answer.status == 404:
                return "delivered"
            log.warning("rbm.revoke_unanswered", status=answer.status)
        return "unknown"


def _time_left_s(left_s: float, slack_s: float) -> int:
    """The longest life a message may be given: it counts from when Google has read the request."""
    return min(math.floor(left_s - min(slack_s, left_s / 2)), settings.LONGEST_TTL_S)


def _status_name(body: bytes) -> str:
    """The name of an error, one of a few words of Google's; its message may hold the number."""
    try:
        name = msgspec.json.decode(body, type=wire.Problem).error.status
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return name if name.replace("_", "").isalpha() and name.isascii() and len(name) <= 40 else ""
