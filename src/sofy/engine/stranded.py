"""What waits in a connector whose supplier takes nothing leaves by another route.

A message is given to a connector when that has room. Then its links fall, or its operator says for minutes that it is
full: what was never written need not wait for that.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sofy.engine.item import SENT_AGAIN, Item
from sofy.engine.outcomes import Ledger, now_micros
from sofy.engine.routes import RouteTable

#: How long a message waits in a connector before it is taken elsewhere.
_PATIENCE_S: Final = {"alert": 1.0, "marketing": 30.0}


def take_elsewhere(items: Mapping[UUID, Item], table: RouteTable, ledger: Ledger) -> None:
    """What its route does not take goes back to the queue, for another one."""
    for route, messages in _stranded(items.values(), table, time.monotonic()).items():
        for uid in table.running[route].connector.withdraw(messages):
            item = items[uid]
            item.avoid, item.due = route, now_micros()
            ledger.changed(item)


def _stranded(items: Iterable[Item], table: RouteTable, moment: float) -> dict[bytes, list[UUID]]:
    """Messages that have waited too long where they are and that another route has room for, by route.

    What leaves a second time has its route already, and what its supplier may have stays where its id is known.
    """
    queues = {key for key, one in table.running.items() if one.connector.health().queued}
    found: dict[bytes, list[UUID]] = {}
    for item in items if queues else ():
        if (
            item.route in queues
            and item.due is None
            and item.status == "queued"
            and moment - item.given_at > _PATIENCE_S[item.purpose]
            and item.attempt < SENT_AGAIN
            and not (item.in_doubt and item.channel != "sms")
            and _open_elsewhere(item, table)
        ):
            found.setdefault(item.route, []).append(item.uid)
    return found


def _open_elsewhere(item: Item, table: RouteTable) -> bool:
    return any(
        one.route.id != item.route and one.connector.capacity_for(item.purpose) > 0 for one, _ in table.choose(item)
    )
