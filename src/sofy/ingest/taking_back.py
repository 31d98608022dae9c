"""Taking messages back that have not left, for a client that does not want them sent any more."""

import asyncio
from collections.abc import Collection
from typing import Final
from uuid import UUID

from sofy.engine.permissions import CANCEL_CHANNEL
from sofy.engine.pgarray import TextArray, UuidArray
from sofy.engine.statuses import WAITING
from sofy.ingest.reading import Reader
from sofy.kernel import clock
from sofy.kernel.clauses import clause

#: How long an engine is waited for, look by look. Unit: seconds.
_LOOKS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.4)


@clause("DPA 6")
async def take_back(link: Reader, client: UUID, messages: Collection[UUID]) -> bool:
    """Take back what has not left of these messages; whether anything was.

    What waits in the queue goes at once. What an engine holds it is asked for: it gives up what it has not begun to
    hand over, as behind an operator that takes ten a second.
    """
    asked = {"client": client, "now": clock.now()}
    gone = [one for one in messages if await link.rows("cancel_message", asked | {"message": one})]
    known = {"client": client, "messages": UuidArray.of([one.bytes for one in messages])}
    stands = dict(await link.rows("stand_of", known))
    held = [UUID(bytes=one) for one, status in stands.items() if status in WAITING]
    if held:
        told = TextArray.of([f"{client.hex}:{one.hex}" for one in held])
        await link.run("ask_back", {"channel": CANCEL_CHANNEL, "told": told})
    for moment in _LOOKS_S if held else ():
        await asyncio.sleep(moment)
        stands = dict(await link.rows("stand_of", known))
        if not any(status in WAITING for status in stands.values()):
            break
    return bool(gone) or any(stands.get(one.bytes) == "cancelled" for one in held)
