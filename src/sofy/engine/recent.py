"""Parts submitted a moment ago, and the names their supplier gave them: most receipts find their message here."""

from sofy.connectors.base import Receipt
from sofy.engine.item import Item

_GENERATION = 20_000

Key = tuple[bytes, str]
"""Route and supplier id."""
Known = tuple[Item, int] | str
"""A part; or, when it was delivered and nothing more is to be heard, only the end of its number."""


class Recent:
    """Parts submitted a moment ago; two generations, so that forgetting costs nothing.

    Suppliers use their ids again, and one id can be read in two ways: a receipt that names other numbers is not of this
    part. `loose` are the routes whose receipts name any.
    """

    def __init__(self) -> None:
        self.loose: set[bytes] = set()
        self._young: dict[Key, Known] = {}
        self._old: dict[Key, Known] = {}

    def add(self, key: Key, item: Item, part: int) -> None:
        self._young[key] = (item, part)
        if len(self._young) >= _GENERATION:
            self._old, self._young = self._young, {}

    def find(self, route: bytes, receipt: Receipt) -> tuple[Key, Known] | None:
        """The part of the likeliest key, with the key it was found under."""
        phones = receipt.phones
        for name in receipt.keys:
            key = (route, name)
            if (known := self._young.get(key)) is not None and (not phones or self._fits(route, known, phones)):
                return key, known
            if (known := self._old.get(key)) is not None and (not phones or self._fits(route, known, phones)):
                return key, known
        return None

    def refuses(self, route: bytes, receipt: Receipt) -> bool:
        """Whether a part has this id and only the numbers speak against it."""
        keys = [(route, name) for name in receipt.keys]
        return any(key in self._young or key in self._old for key in keys) and self.find(route, receipt) is None

    def close(self, key: Key, item: Item) -> None:
        """Nothing more is expected for this id."""
        for generation in (self._young, self._old):
            known = generation.get(key)
            if isinstance(known, tuple) and known[0] is item:
                generation[key] = item.ending

    def _fits(self, route: bytes, known: Known, phones: tuple[str, ...]) -> bool:
        """Whether one of these numbers may be the recipient's."""
        ending = known if isinstance(known, str) else known[0].ending
        for one in phones:
            if one.endswith(ending):
                return True
        return route in self.loose
