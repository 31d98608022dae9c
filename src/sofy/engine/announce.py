"""Before a message leaves: note to whom an answer from its number belongs.

A person who answers STOP means whoever wrote last from that short code. The answer may come on a link of another
engine, and before the outcome of the message is in the ledger; so `mo_lookup` says it before the message is written,
and keeps what it said before for as long as the message may not have reached anybody.
"""

from sofy.engine.item import Item
from sofy.engine.link import HotLink
from sofy.engine.pgarray import ByteaArray, TextArray, UuidArray
from sofy.kernel import clock


async def announce(link: HotLink, items: list[Item]) -> None:
    """Note the sender of every message; returns once that is committed, whatever engine asks from then on.

    `Item.displaced` then says whether another client's row had to make room, which comes back if the operator does
    not take the message.
    """
    while items:  # one row per number and statement: two clients to one number are noted one after the other
        first: dict[tuple[str, bytes], Item] = {}
        later = [
            item for item in items if first.setdefault((item.short_code or "", item.number_index), item) is not item
        ]
        await _note(link, [first[key] for key in sorted(first)])
        items = later


async def _note(link: HotLink, rows: list[Item]) -> None:
    """In the order of their keys: no deadlock of engines."""
    values = {
        "short_codes": TextArray.of([i.short_code for i in rows]),
        "numbers": ByteaArray.of([i.number_index for i in rows]),
        "clients": UuidArray.of([i.client for i in rows]),
        "messages": UuidArray.of([i.id for i in rows]),
        "contacts": UuidArray.of([i.contact for i in rows]),
        "campaigns": UuidArray.of([i.campaign for i in rows]),
        "recipients": ByteaArray.of([i.recipient for i in rows]),
        "now": clock.now(),
    }
    displacing = {message for (message,) in await link.rows("announce", values)}
    for item in rows if displacing else ():
        item.displaced = item.id in displacing
