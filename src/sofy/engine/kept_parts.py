"""Parts of long messages from phones, kept until the others come: sealed, and safe before the operator is answered.

An operator may give up sending a part again, deliver the others a quarter of an hour later, or to another engine.
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from sofy.connectors.base import Inbound, InboundPart
from sofy.engine.db import sql
from sofy.engine.keystore import KeyStore
from sofy.engine.link import Hot, HotLink
from sofy.kernel import clock, ids
from sofy.kernel.crypto import Unreadable

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(InboundPart).decode


class KeptParts:
    """The parts every route waits with. Who sent them is unknown to a client yet: the platform's key seals them."""

    def __init__(self, link: HotLink, keystore: KeyStore) -> None:
        self._link = link
        self._keystore = keystore

    async def keep(self, route: bytes, parts: list[InboundPart]) -> list[list[InboundPart]]:
        """Commit parts; answers for each what is kept of its message, in order."""
        return [await self._keep_one(route, part) for part in parts]

    async def overdue(self, route: bytes, older_than_s: float) -> list[list[InboundPart]]:
        """Messages of which nothing came for so long; a hundred or so at a time."""
        values = {"route": UUID(bytes=route), "before": clock.now() - timedelta(seconds=older_than_s)}
        rows = await self._link.rows("overdue_parts", values)
        kept = [self._opened(row[1:] for row in rows) for _, rows in groupby(rows, key=lambda row: row[0])]
        return [parts for parts in kept if parts]

    async def forget(self, route: bytes, message: Inbound) -> None:
        """A message is recorded, or nobody's: its parts have served."""
        if message.of == 1:
            return
        values = self._place(route, message)
        await self._link.run("forget_parts", values)

    async def _keep_one(self, route: bytes, part: InboundPart) -> list[InboundPart]:
        row = ids.uuid7()
        payload = self._keystore.platform().seal("engine_inbound_part", "payload", row, _encode(part).decode())
        values = self._place(route, part) | {"part": part.part, "id": row, "payload": payload, "now": clock.now()}

        async def work(conn: Hot) -> list[tuple[Any, ...]]:
            async with conn.transaction():
                await conn.execute(sql("take_turns"), values)
                await conn.execute(sql("keep_part"), values)
                return await (await conn.execute(sql("kept_parts"), values, binary=True)).fetchall()

        return self._opened(await self._link.call(work))

    def _place(self, route: bytes, message: Inbound | InboundPart) -> dict[str, Any]:
        name = f"{message.sender}\n{message.recipient}\n{message.reference}\n{message.of}"
        key = self._keystore.platform().index("parts", name)
        return {"route": UUID(bytes=route), "key": key, "turn": key.hex()}

    def _opened(self, rows: Iterable[tuple[Any, ...]]) -> list[InboundPart]:
        keys = self._keystore.platform()
        found = []
        for row, payload in rows:
            try:
                found.append(_decode(keys.unseal("engine_inbound_part", "payload", UUID(bytes=row), payload)))
            except (Unreadable, msgspec.DecodeError):
                continue  # a damaged row; it goes with the week
        return found
