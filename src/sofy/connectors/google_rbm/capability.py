"""Which phones can show RCS, as Google last said, and for how long that is believed."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Final, NamedTuple, TypeVar

import msgspec
import structlog

from sofy.connectors.google_rbm import wire
from sofy.connectors.google_rbm.api import Answer, Api, NoAnswer
from sofy.connectors.http import NotWritten

log = structlog.get_logger(__name__)

_Said = TypeVar("_Said", wire.Features, wire.Reachable)

#: Google's limits: numbers of one request, requests of a minute.
PER_REQUEST: Final = 10_000
REQUESTS_PER_MIN: Final = 600
_REMEMBERED: Final = 200_000
_AT_ONCE: Final = 8


class Reach(NamedTuple):
    """What is known of a phone. `features` is empty where only the list of reachable ones was asked."""

    has_rcs: bool
    features: frozenset[str]
    known_at: float


class Directory:
    """Asks Google about phones, and remembers. Unit: seconds of the event loop's clock."""

    def __init__(self, api: Api, age_s: float) -> None:
        self._api = api
        self._age_s = age_s
        self._known: dict[str, Reach] = {}
        self._loop = asyncio.get_running_loop()
        self._asked: list[float] = []

    def known(self, phone: str) -> Reach | None:
        """What is known and young enough to be believed."""
        reach = self._known.get(phone)
        return reach if reach is not None and self._loop.time() - reach.known_at < self._age_s else None

    def learn(self, phone: str, has_rcs: bool, features: frozenset[str] = frozenset()) -> None:
        """Take note of what an answer said of a phone."""
        if not features and has_rcs and (before := self.known(phone)) is not None:
            features = before.features
        self._known.pop(phone, None)
        self._known[phone] = Reach(has_rcs, features, self._loop.time())
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    async def look_up(self, phones: Collection[str]) -> dict[str, Reach]:
        """What can be said of these phones: one is asked with its features, several by the list.

        Phones are in E.164. Those that Google said nothing about are missing.
        """
        unknown = [phone for phone in dict.fromkeys(phones) if self.known(phone) is None]
        if len(unknown) == 1:
            await self._ask_one(unknown[0])
        else:
            pages = [unknown[start : start + PER_REQUEST] for start in range(0, len(unknown), PER_REQUEST)]
            for start in range(0, len(pages), _AT_ONCE):
                await asyncio.gather(*map(self._ask_many, pages[start : start + _AT_ONCE]))
        return {phone: reach for phone in phones if (reach := self.known(phone)) is not None}

    async def _ask_one(self, phone: str) -> None:
        answer = await self._answer(self._api.capabilities(phone))
        if answer is None:
            return
        if answer.status == 404:
            self.learn(phone, has_rcs=False)
        elif answer.status == 200 and (said := _read(answer, wire.Features)) is not None:
            self.learn(phone, has_rcs=True, features=frozenset(said.features))

    async def _ask_many(self, phones: list[str]) -> None:
        await self._wait_for_turn()
        answer = await self._answer(self._api.reachable(phones))
        if answer is None or answer.status != 200 or (said := _read(answer, wire.Reachable)) is None:
            return
        reachable = frozenset(said.reachable_users)
        for phone in phones:
            self.learn(phone, has_rcs=phone in reachable)

    async def _wait_for_turn(self) -> None:
        """Keep to the requests of a minute."""
        while True:
            now = self._loop.time()
            self._asked = [at for at in self._asked if now - at < 60.0]
            if len(self._asked) < REQUESTS_PER_MIN:
                self._asked.append(now)
                return
            await asyncio.sleep(60.0 - (now - self._asked[0]))

    async def _answer(self, question: Awaitable[Answer]) -> Answer | None:
        try:
            answer = await question
        except (NotWritten, NoAnswer) as error:
            log.warning("rbm.capability_unknown", reason=error.reason)
            return None
        if answer.status not in (200, 404):
            log.warning("rbm.capability_unknown", status=answer.status)
        return answer


def _read(answer: Answer, kind: type[_Said]) -> _Said | None:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        log.warning("rbm.capability_unreadable", octets=len(answer.body))
        return None
