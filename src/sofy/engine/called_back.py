"""Messages an engine holds that go no further: their person said no, or their client takes them back."""

from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

from sofy.engine.dispatch import Dispatcher, Refusals
from sofy.engine.item import FAULTY, Item
from sofy.engine.outcomes import Ledger, now_micros
from sofy.engine.permissions import CANCEL_CHANNEL, STOP_CHANNEL
from sofy.engine.routes import RouteTable
from sofy.kernel.clauses import clause


class CalledBack:
    """Calls messages back from buffers and connectors. `channels`: where an engine is told of those, elsewhere."""

    def __init__(
        self,
        items: Mapping[UUID, Item],
        table: RouteTable,
        ledger: Ledger,
        refusals: Refusals,
        dispatcher: Dispatcher,
    ) -> None:
        self._items = items
        self._table = table
        self._ledger = ledger
        self._refusals = refusals
        self._dispatcher = dispatcher
        self.channels: dict[str, Callable[[bytes, bytes], None]] = {
            STOP_CHANNEL: partial(self.refuse, reason="opposed"),
            CANCEL_CHANNEL: self.take_back,
        }

    @clause("CGVU 14.1", "CGVU 17")
    def refuse(self, client: bytes, recipient: bytes, reason: str) -> None:
        """Somebody said no: nothing passes the barrier any more, and what waits in a connector is called back."""
        self._refusals.add(client, recipient)
        by_route: dict[bytes, list[UUID]] = {}
        for item in self._items.values():
            theirs = item.recipient == recipient and item.client == client and item.purpose == "marketing"
            if theirs and item.route in self._table.running:
                by_route.setdefault(item.route, []).append(item.uid)
        for route, messages in by_route.items():
            for uid in self._table.running[route].connector.withdraw(messages):
                self._end(self._items[uid], reason, "CGVU 17")

    @clause("DPA 6")
    def take_back(self, client: bytes, message: bytes) -> None:
        """Its client takes a message back that waits here, in a buffer or a connector.

        What may have left before does not count as taken back.
        """
        item = self._items.get(UUID(bytes=message)) if len(message) == 16 else None
        if item is None or item.client != client or item.attempt >= FAULTY:
            return
        running = self._table.running.get(item.route) if item.route is not None else None
        if self._dispatcher.drop(item) or (running is not None and running.connector.withdraw([item.uid])):
            self._end(item, "client_cancelled", "DPA 6")

    def _end(self, item: Item, reason: str, article: str) -> None:
        item.status, item.reason, item.article, item.at = "cancelled", reason, article, now_micros()
        self._ledger.changed(item)
