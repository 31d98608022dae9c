"""Long messages from phones, put together in whatever order their parts come.

A part is answered only when the whole message is safe. A part whose siblings do not come soon is refused for now
("send it again later"), so that an operator that delivers one at a time goes on; it is kept here meanwhile, and its
second delivery completes nothing twice.
"""

from typing import Any

from sofy.connectors.base import Inbound
from sofy.connectors.smpp.texts import decode_text, segment
from sofy.wire.smpp.pdu import Sm

Key = tuple[str, str, int, int]
_KEPT = 10_000


class _Entry:
    __slots__ = ("coding", "held", "parts", "safe", "since")

    def __init__(self, coding: int, now: float) -> None:
        self.coding = coding
        self.since = now
        self.parts: dict[int, bytes] = {}
        self.held: list[tuple[float, Any]] = []
        self.safe = False


class Ready:
    """A message to record, the deliveries to answer when it is safe, and the key to close then."""

    __slots__ = ("handles", "key", "message")

    def __init__(self, message: Inbound, handles: list[Any], key: Key | None = None) -> None:
        self.message = message
        self.handles = handles
        self.key = key


class Assembler:
    """The long messages of one route still waiting for parts. Unit: seconds, monotonic."""

    def __init__(self, part_wait_s: float, timeout_s: float) -> None:
        self._part_wait_s = part_wait_s
        self._timeout_s = timeout_s
        self._entries: dict[Key, _Entry] = {}

    def add(self, sm: Sm, handle: Any, now: float) -> Ready | None:
        """Take one delivery; `handle` comes back in `Ready.handles`, or in what `sweep` refuses."""
        piece = segment(sm)
        if piece.of == 1:
            text = decode_text(piece.octets, sm.data_coding)
            return Ready(Inbound(sender=sm.source, recipient=sm.destination, text=text), [handle])
        key = (sm.source, sm.destination, piece.reference, piece.of)
        entry = self._entries.get(key)
        if entry is not None and entry.safe and entry.parts.get(piece.part) != piece.octets:
            entry = None  # the phone used its reference number again
        if entry is None:
            entry = self._entries[key] = _Entry(sm.data_coding, now)
        entry.parts[piece.part] = piece.octets
        entry.held.append((now, handle))
        return self._complete(key, entry) if len(entry.parts) == piece.of else None

    def is_safe(self, sm: Sm) -> bool:
        """Whether this very part belongs to a message that is already recorded."""
        piece = segment(sm)
        entry = self._entries.get((sm.source, sm.destination, piece.reference, piece.of))
        return piece.of > 1 and entry is not None and entry.safe and entry.parts.get(piece.part) == piece.octets

    def recorded(self, ready: Ready) -> None:
        """The message is safe; its parts are remembered a while, in case they come again."""
        entry = self._entries.get(ready.key) if ready.key else None
        if entry is not None:
            entry.safe = True

    def sweep(self, now: float) -> tuple[list[Any], list[Ready]]:
        """What to refuse for now, and the incomplete messages whose time is over."""
        refused: list[Any] = []
        over: list[Ready] = []
        for key, entry in list(self._entries.items()):
            due = [handle for since, handle in entry.held if now - since >= self._part_wait_s]
            if due:
                refused += due
                entry.held = [(since, handle) for since, handle in entry.held if now - since < self._part_wait_s]
            if now - entry.since >= self._timeout_s or len(self._entries) > _KEPT:
                del self._entries[key]
                if not entry.safe:
                    over.append(self._ready(key, entry, complete=False))
        return refused, over

    def _complete(self, key: Key, entry: _Entry) -> Ready:
        ready = self._ready(key, entry, complete=True)
        entry.held = []
        return ready

    def _ready(self, key: Key, entry: _Entry, *, complete: bool) -> Ready:
        octets = b"".join(entry.parts[n] for n in sorted(entry.parts))
        text = decode_text(octets, entry.coding)
        message = Inbound(sender=key[0], recipient=key[1], text=text, complete=complete)
        return Ready(message, [handle for _, handle in entry.held], key)
