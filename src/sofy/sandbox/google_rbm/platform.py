"""The platform behind the interface: messages on their way to phones, their time limits, what people do with them."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

import msgspec

from sofy.kernel import clock, sms_text
from sofy.sandbox.google_rbm.fate import Fate, Fates
from sofy.sandbox.google_rbm.journal import Accepted, AcceptedLog
from sofy.sandbox.google_rbm.oauth import Grants, account
from sofy.sandbox.google_rbm.profile import Profile, SandboxConfig
from sofy.sandbox.google_rbm.webhooks import Webhooks
from sofy.sandbox.smpp.timeline import Timeline

State = Literal["waiting", "delivered", "read", "revoked"]
_TICK_S: Final = 0.1
_STATES_KEPT: Final = 200_000
_SHUFFLED_BY_S: Final = 3.0
_TYPING_S: Final = 0.5
_TOLD_AGAIN: Final = timedelta(hours=1)


class Step(NamedTuple):
    """What happens next to a message; `event` is one that was held up on its way."""

    kind: Literal["deliver", "read", "typing", "speak", "push"]
    message: Accepted
    fate: Fate
    event: dict[str, Any]


class Platform:
    """What has been taken, and what became of it. `stats` counts what happened."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.profile: Profile = config.profile
        self.stats: Counter[str] = Counter()
        self.account = account(config.folder)
        self.grants = Grants(self.account)
        self.log = AcceptedLog(config.folder)
        self.states: dict[str, State] = {}
        self._had: Counter[str] = Counter()
        self._ends: list[tuple[datetime, str]] = []
        self._revoke_fails: set[str] = set()
        self._chance = random.Random(config.profile.seed)

    async def start(self) -> None:
        self.webhooks = Webhooks(lambda: self.profile, self.config.folder, self.stats)
        await self.webhooks.start()
        self._steps: Timeline[Step] = Timeline(self._take_steps)
        self._clock = asyncio.get_running_loop().create_task(self._watch_time())
        for message in self.log.messages.values():
            self._resume(message)

    async def stop(self) -> None:
        self._clock.cancel()
        await asyncio.gather(self._clock, return_exceptions=True)
        self._steps.stop()
        await self.webhooks.stop()
        self.log.close()

    @property
    def pending(self) -> int:
        """Events still to come, as far as phones that are on."""
        return len(self._steps) + len(self.webhooks)

    def has_rcs(self, number: str) -> bool:
        """Whether a phone can be reached."""
        return Fates(self.profile).has_rcs(number)

    def accept(self, message: Accepted) -> Fate:
        """Take a message; it is in the log when this returns."""
        self.log.accept(message)
        self.stats["accepted"] += 1
        return self._begin(message)

    def _begin(self, message: Accepted) -> Fate:
        fate = self._draw(message)
        self._become(message.id, "waiting")
        if message.until is not None:
            heappush(self._ends, (message.until, message.id))
        if fate.delivered_s is not None:
            self._steps.add(fate.answer_s + fate.delivered_s, Step("deliver", message, fate, {}))
        return fate

    def _resume(self, message: Accepted) -> None:
        """Go on with a message after a restart; what was told shortly before is told again, which does no harm."""
        end, is_young = self.log.ends.get(message.id), clock.now() - message.at < _TOLD_AGAIN
        if end is None or (end == "delivered" and is_young):
            self._begin(message)
            return
        self._draw(message)
        self._become(message.id, "delivered" if end == "delivered" else "revoked")
        if end == "expired" and is_young:
            self._tell_end(message, failed=False)

    def _draw(self, message: Accepted) -> Fate:
        fate = Fates(self.profile).of(message.to, self._had[message.to])
        self._had[message.to] += 1
        if fate.revoke_fails:
            self._revoke_fails.add(message.id)
        return fate

    def revoke(self, number: str, message_id: str) -> bool:
        """Call a message back; false when there is nothing to call back any more."""
        message = self.log.messages.get(message_id)
        if message is None or message.to != number or self.states.get(message_id) != "waiting":
            return False
        self._become(message_id, "revoked")
        self.log.end(message_id, "revoked")
        self.stats["revoked"] += 1
        return True

    # inside

    def _become(self, message_id: str, state: State) -> None:
        self.states[message_id] = state
        if len(self.states) > _STATES_KEPT:
            del self.states[next(iter(self.states))]

    async def _watch_time(self) -> None:
        """Time limits run on the clock of the house, which may jump."""
        while True:
            await asyncio.sleep(_TICK_S)
            now = clock.now()
            while self._ends and self._ends[0][0] <= now:
                self._expire(heappop(self._ends)[1])

    def _expire(self, message_id: str) -> None:
        message = self.log.messages.get(message_id)
        if message is None or self.states.get(message_id) != "waiting":
            return
        failed = message_id in self._revoke_fails
        if not failed:
            self._become(message_id, "revoked")
            self.log.end(message_id, "expired")
        self.stats["revoke_failed" if failed else "expired"] += 1
        self._tell_end(message, failed=failed)

    def _tell_end(self, message: Accepted, *, failed: bool) -> None:
        kind = "TTL_EXPIRATION_REVOKE_FAILED" if failed else "TTL_EXPIRATION_REVOKED"
        self._push(message.agent, {"phoneNumber": message.to, "messageId": message.id, **_named(kind)})

    def _take_steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step.kind:
                case "deliver":
                    self._deliver(step)
                case "read":
                    self._become(step.message.id, "read")
                    self._tell(step.message, "READ")
                case "typing":
                    self._push(step.message.agent, _from(step.message.to, **_named("IS_TYPING")))
                case "speak":
                    self._speak(step)
                case "push":
                    self.webhooks.push(step.message.agent, step.event)

    def _deliver(self, step: Step) -> None:
        message, fate = step.message, step.fate
        if self.states.get(message.id) != "waiting":
            return
        self._become(message.id, "delivered")
        self.log.end(message.id, "delivered")
        self.stats["delivered"] += 1
        self._tell(message, "DELIVERED")
        if fate.read_s is None:
            return
        self._steps.add(fate.read_s, step._replace(kind="read"))
        if fate.types:
            self._steps.add(fate.read_s + _TYPING_S, step._replace(kind="typing"))
        if fate.says or fate.unsubscribes or (fate.taps and _replies(message.content)):
            self._steps.add(fate.read_s + 2 * _TYPING_S, step._replace(kind="speak"))

    def _speak(self, step: Step) -> None:
        message, fate = step.message, step.fate
        if fate.unsubscribes:
            self.stats["unsubscribed"] += 1
            self.log.say(message.to, "UNSUBSCRIBE")
            self._push(message.agent, _from(message.to, **_named("UNSUBSCRIBE")))
            return
        stops = sms_text.is_stop(fate.says)
        wanted = [one for one in _replies(message.content) if sms_text.is_stop(one["postbackData"]) == stops]
        said: dict[str, Any] = {"text": fate.says}
        if wanted and (stops or fate.taps):  # a button is easier than a word
            said = {"suggestionResponse": {"text": wanted[0]["text"], "postbackData": wanted[0]["postbackData"]}}
        if not fate.says and "text" in said:
            return
        self.stats["said"] += 1
        self.stats["stopped"] += stops
        self.log.say(message.to, said.get("text") or wanted[0]["text"])
        self._push(message.agent, _from(message.to, messageId=uuid4().hex, **said))

    def _tell(self, message: Accepted, kind: str) -> None:
        self._push(message.agent, _from(message.to, messageId=message.id, **_named(kind)))

    def _push(self, agent_id: str, event: dict[str, Any]) -> None:
        """Send an event off; some arrive twice, some after those that came later."""
        event = {**event, "sendTime": _instant(clock.now())}
        message = Accepted("", "", agent_id, clock.now(), "", None, {})
        for _ in range(2 if self._chance.random() < self.profile.doubled else 1):
            if self._chance.random() < self.profile.shuffled:
                held = Step("push", message, Fate(None), event)
                self._steps.add(self._chance.random() * _SHUFFLED_BY_S, held)
            else:
                self.webhooks.push(agent_id, event)


def resource(message: Accepted) -> dict[str, Any]:
    """The message as the interface answers it."""
    name = f"phones/{message.to}/agentMessages/{message.id}"
    answer = {"name": name, "sendTime": _instant(message.at), "contentMessage": message.content}
    if message.traffic:
        answer["messageTrafficType"] = message.traffic
    if message.until is not None:
        answer["expireTime"] = _instant(message.until)
    return answer


def ends_at(ttl_s: float | None, expire_time: str | None, now: datetime) -> datetime | None:
    """When the time of a message is over. Raises: ValueError for an instant that is none, or past."""
    if ttl_s is not None:
        return now + timedelta(seconds=ttl_s)
    if expire_time is None:
        return None
    try:
        at = msgspec.convert(expire_time, datetime)
    except msgspec.ValidationError:
        raise ValueError("expireTime must be a timestamp in RFC 3339") from None
    if at.tzinfo is None or at <= now:
        raise ValueError("expireTime must be in the future")
    return at


def _replies(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The replies a phone shows below a message and its cards."""
    chips = list(content.get("suggestions") or [])
    card = content.get("richCard") or {}
    cards = [(card.get("standaloneCard") or {}).get("cardContent") or {}]
    cards += (card.get("carouselCard") or {}).get("cardContents") or []
    for one in cards:
        chips += one.get("suggestions") or []
    return [chip["reply"] for chip in chips if chip.get("reply")]


def _named(kind: str) -> dict[str, Any]:
    return {"eventType": kind, "eventId": uuid4().hex}


def _from(number: str, **event: Any) -> dict[str, Any]:
    return {"senderPhoneNumber": number, **event}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
