"""Which phones can show RCS, as Google says: one by one, or ten thousand at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

import msgspec
import structlog

from sofy.connectors.base import Reach
from sofy.connectors.google_rbm import wire
from sofy.connectors.google_rbm.api import Answer, Api, NoAnswer
from sofy.connectors.http import NotWritten
from sofy.connectors.lenient import decoder

log = structlog.get_logger(__name__)

_Said = TypeVar("_Said")
_features, _reachable = decoder(wire.Features), decoder(wire.Reachable)

#: Google's limits: numbers of one request, requests of a minute.
PER_REQUEST: Final = 10_000
REQUESTS_PER_MIN: Final = 600
_AT_ONCE: Final = 8
#: Pauses before a question is repeated, and the longest one that Google may ask for.
_AGAIN_AFTER_S: Final = (1.0, 3.0)
_LONGEST_PAUSE_S: Final = 10.0
#: Nobody is left alone for longer than this, whatever Google asks for.
_LONGEST_REST_S: Final = 3600.0


class Directory:
    """Asks Google about phones; what it says is the engine's to remember."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._loop = asyncio.get_running_loop()
        self._asked: list[float] = []
        self._rest_until = 0.0

    async def look_up(self, phones: Collection[str]) -> dict[str, Reach]:
        """What can be said of these phones: one is asked with its features, several by the list.

        Phones are in E.164. Those that Google said nothing about are missing: all, while it wants to be left alone.
        """
        if self._loop.time() < self._rest_until:
            return {}
        asked = list(dict.fromkeys(phones))
        if len(asked) == 1:
            return await self._ask_one(asked[0])
        found: dict[str, Reach] = {}
        pages = [asked[start : start + PER_REQUEST] for start in range(0, len(asked), PER_REQUEST)]
        for start in range(0, len(pages), _AT_ONCE):
            for said in await asyncio.gather(*map(self._ask_many, pages[start : start + _AT_ONCE])):
                found |= said
        return found

    async def _ask_one(self, phone: str) -> dict[str, Reach]:
        answer = await self._answer(self._api.capabilities(phone))
        if answer is not None and answer.status == 404:
            return {phone: Reach(there=False)}
        if answer is not None and answer.status == 200 and (said := _read(answer, _features)) is not None:
            return {phone: Reach(there=True, features=frozenset(said.features))}
        return {}

    async def _ask_many(self, phones: list[str]) -> dict[str, Reach]:
        answer = await self._until_it_has_time(phones)
        if answer is None or answer.status != 200 or (said := _read(answer, _reachable)) is None:
            return {}
        reachable = frozenset(said.reachable_users)
        return {phone: Reach(there=phone in reachable) for phone in phones}

    async def _until_it_has_time(self, phones: list[str]) -> Answer | None:
        """Ask again for some seconds while Google is too busy: ten thousand messages sent in vain cost it more."""
        answer = None
        for pause_s in (0.0, *_AGAIN_AFTER_S):
            asked_s = answer.retry_after_s if answer is not None else 0.0
            if asked_s > _LONGEST_PAUSE_S:
                break
            await asyncio.sleep(max(pause_s, asked_s))
            await self._wait_for_turn()
            answer = await self._answer(self._api.reachable(phones))
            if answer is None or (answer.status != 429 and answer.status < 500):
                break
        return answer

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
        if answer.retry_after_s > _LONGEST_PAUSE_S and (answer.status == 429 or answer.status >= 500):
            self._rest_until = self._loop.time() + min(answer.retry_after_s, _LONGEST_REST_S)
        if answer.status not in (200, 404):
            log.warning("rbm.capability_unknown", status=answer.status)
        return answer


def _read(answer: Answer, read: Callable[[bytes], _Said]) -> _Said | None:
    try:
        return read(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        log.warning("rbm.capability_unreadable", octets=len(answer.body))
        return None
