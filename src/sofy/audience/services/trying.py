"""A message that somebody tries before it goes to everybody: what the ledger says of the addresses it goes to."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from sofy.audience import ledger
from sofy.audience.arrays import cursor
from sofy.kernel import clock
from sofy.kernel.clauses import clause
from sofy.kernel.errors import Refused


@clause("CGVU 17")
def permit(
    client_id: UUID, channel: str, indexes: Sequence[bytes], *, actor: str, asked: bool, limited: bool = False
) -> None:
    """Record that the owners of these addresses asked for this message, unless they agreed or refused before.

    `asked`: the author declares that they did. `limited`: the author declares nothing for others.
    Raises: Refused number_opposed, test_not_agreed, test_not_asked.
    """
    with transaction.atomic():
        cur = cursor()
        ledger.lock(cur, client_id)
        known = ledger.known(cur, client_id, indexes)
        states = {index: known.state((index, channel, "marketing")) for index in indexes}
        if "withdrawn" in states.values() or "opposed" in states.values():
            raise Refused("number_opposed", 409)
        fresh = [index for index, state in states.items() if state != "granted"]
        if fresh and limited:
            raise Refused("test_not_agreed", 403)
        if fresh and not asked:
            raise Refused("test_not_asked")
        now = clock.now()
        events = [
            ledger.Event(index, channel, "marketing", "granted", now, "screen", detail="test send", actor=actor)
            for index in fresh
        ]
        ledger.append(cur, client_id, events, now=now)
