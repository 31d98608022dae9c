"""A person says no by a means of the channel: the link of an e-mail."""

from uuid import UUID

from sofy.audience import ledger
from sofy.audience.arrays import ByteaArray, TextArray, cursor
from sofy.audience.rules import CHANNEL_OF_KIND
from sofy.audience.sqlfiles import sql
from sofy.kernel import clock
from sofy.kernel.clauses import clause

_KIND_OF_CHANNEL = {channel: kind for kind, channel in CHANNEL_OF_KIND.items()}


@clause("CGVU 17")
def oppose(*, client_id: UUID, identity_index: bytes, channel: str, source: str) -> bool:
    """Record that this address wants no marketing any more, for ledger and gate at once; says whether it is news.

    Inside the client's scope, in the caller's transaction. Source: CGVU 17 (opposition at any moment, without reason).
    """
    cur, now = cursor(), clock.now()
    ledger.lock(cur, client_id)
    key = (identity_index, channel, "marketing")
    if ledger.known(cur, client_id, [identity_index]).state(key) == "opposed":
        return False
    values = {
        "client": client_id, "kinds": TextArray.of([_KIND_OF_CHANNEL[channel]]),
        "indexes": ByteaArray.of([identity_index]),
    }  # fmt: skip
    owners = [row[1] for row in cur.execute(sql("owners_of"), values)]
    owner = owners[0] if owners else None
    event = ledger.Event(identity_index, channel, "marketing", "opposed", now, source, owner, actor="person")
    ledger.append(cur, client_id, [event], now=now)
    ledger.refresh_reach(cur, client_id, owners, now=now)
    return True
