"""Programs ask where their messages stand, many at once: what comes while the database answers is asked together."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sofy.engine.keystore import KeyStore
from sofy.ingest import reading
from sofy.ingest.shapes import Standing
from sofy.ingest.standing import Rows, standings

#: Messages in one question.
_MOST: Final = 500


class _Question(NamedTuple):
    """Messages of one client, and the task that asks about them when it is their turn."""

    messages: set[bytes]
    answer: "asyncio.Task[dict[bytes, Standing]]"


class Polls:
    """One question at a time, of one client; clients take turns in the order they came."""

    def __init__(self, rows: Rows, keystore: KeyStore) -> None:
        self._rows = rows
        self._keystore = keystore
        self._waiting: dict[UUID, _Question] = {}
        self._turn = asyncio.Lock()

    async def standings(self, client: UUID, messages: Sequence[bytes]) -> dict[bytes, Standing]:
        """Where these messages of a client stand now, by id; those it does not have are left out.

        Raises: Fault database_away.
        """
        question = self._waiting.get(client)
        if question is None or len(question.messages) + len(messages) > _MOST:
            asked = set[bytes]()
            answer = asyncio.get_running_loop().create_task(self._ask(client, asked))
            question = self._waiting[client] = _Question(asked, answer)
        question.messages.update(messages)
        # Whoever hangs up meanwhile takes the answer from nobody else.
        found = await reading.patiently(asyncio.shield(question.answer))
        return {message: found[message] for message in messages if message in found}

    async def _ask(self, client: UUID, messages: set[bytes]) -> dict[bytes, Standing]:
        async with self._turn:
            if client in self._waiting and self._waiting[client].messages is messages:
                del self._waiting[client]
            return await standings(self._rows, self._keystore, client, list(messages))
