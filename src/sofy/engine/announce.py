"""Before a message leaves: note to whom an answer from its number belongs.

A person who answers STOP means whoever wrote last from that short code. The answer may come on a link of another
engine, and before the outcome of the message is in the ledger; so `mo_lookup` says it before the message is written.
"""

from typing import Any
from uuid import UUID

from sofy.engine.db import sql
from sofy.engine.item import Item, Writer
from sofy.engine.link import Hot, HotLink
from sofy.engine.pgarray import ByteaArray, TextArray, TimeArray, UuidArray, micros
from sofy.kernel import clock


async def announce(link: HotLink, items: list[Item]) -> None:
    """Note the sender of every message; returns once that is committed, whatever engine asks from then on.

    `Item.displaced` keeps what another client's row said, for a message that the operator then does not take.
    """
    latest = {(item.short_code, item.number_index): item for item in items}  # one row per conflict target
    rows = [latest[key] for key in sorted(latest, key=lambda key: (key[0] or "", key[1]))]  # no deadlock of engines
    values = {
        "short_codes": TextArray.of([i.short_code for i in rows]),
        "numbers": ByteaArray.of([i.number_index for i in rows]),
        "clients": UuidArray.of([i.client for i in rows]),
        "messages": UuidArray.of([i.id for i in rows]),
        "contacts": UuidArray.of([i.contact for i in rows]),
        "campaigns": UuidArray.of([i.campaign for i in rows]),
        "recipients": ByteaArray.of([i.recipient for i in rows]),
        "ats": TimeArray.of([micros(clock.now())] * len(rows)),
    }

    async def work(conn: Hot) -> list[tuple[Any, ...]]:
        return await (await conn.execute(sql("announce"), values, binary=True)).fetchall()

    by_id = {item.id: item for item in rows}
    answered = await link.call(work)
    for by, client, message, contact, campaign, recipient, at in answered:
        by_id[by].displaced = Writer(
            UUID(bytes=client), UUID(bytes=message), _uuid(contact), _uuid(campaign), recipient, at
        )
    for item in items:  # two clients to one number in one group: the later one displaced the other
        last = latest[item.short_code, item.number_index]
        if last.client != item.client:
            last.displaced = Writer(
                item.uid_client, item.uid, _uuid(item.contact), _uuid(item.campaign), item.recipient, clock.now()
            )


def _uuid(raw: bytes | None) -> UUID | None:
    return None if raw is None else UUID(bytes=raw)
