"""Long messages from phones, put together in whatever order their parts come.

A part is answered only when it is safe: with its message, which is nearly always complete within a moment, or alone.
Parts whose siblings do not come soon are given to the engine to keep, so that an operator that delivers one at a time
goes on, and nothing depends on its sending them again.
"""

from collections.abc import Iterable
from typing import Any

from sofy.connectors.base import Inbound, InboundPart
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
        self.held: list[tuple[int, Any]] = []
        self.safe = False


class Ready:
    """A message to record, the deliveries to answer when it is safe, and the key to close then."""

    __slots__ = ("handles", "key", "message", "parts")

    def __init__(
        self, message: Inbound, handles: list[Any], key: Key | None = None, parts: dict[int, bytes] | None = None
    ) -> None:
        self.message = message
        self.handles = handles
        self.key = key
        self.parts = parts or {}


class Late:
    """Parts whose siblings did not come soon, each with its delivery: to be kept."""

    __slots__ = ("handles", "key", "parts")

    def __init__(self, key: Key, entry: _Entry) -> None:
        sender, recipient, reference, of = key
        self.key = key
        self.handles = [handle for _, handle in entry.held]
        self.parts = [
            InboundPart(
                sender=sender, recipient=recipient, reference=reference, part=part, of=of,
                coding=entry.coding, octets=entry.parts[part],
            )
            for part in sorted({part for part, _ in entry.held})
        ]  # fmt: skip


def joined(parts: Iterable[InboundPart], handles: list[Any]) -> Ready:
    """The message that kept parts make, whole or not."""
    found = {part.part: part for part in parts}
    one = next(iter(found.values()))
    octets = {number: part.octets for number, part in found.items()}
    key = (one.sender, one.recipient, one.reference, one.of)
    return _ready(key, octets, found[min(found)].coding, handles)


class Assembler:
    """The long messages of one route still waiting for parts. Unit: seconds, monotonic."""

    def __init__(self, part_wait_s: float, timeout_s: float) -> None:
        self._part_wait_s = part_wait_s
        self._timeout_s = timeout_s
        self._entries: dict[Key, _Entry] = {}

    def add(self, sm: Sm, handle: Any, now: float) -> Ready | None:
        """Take one delivery; `handle` comes back in `Ready.handles`, or with what `sweep` finds late."""
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
        entry.held.append((piece.part, handle))
        if len(entry.parts) < piece.of:
            return None
        handles, entry.held = [handle for _, handle in entry.held], []
        return _ready(key, entry.parts, entry.coding, handles)

    def is_safe(self, sm: Sm) -> bool:
        """Whether this very part belongs to a message that is already recorded."""
        piece = segment(sm)
        entry = self._entries.get((sm.source, sm.destination, piece.reference, piece.of))
        return piece.of > 1 and entry is not None and entry.safe and entry.parts.get(piece.part) == piece.octets

    def recorded(self, ready: Ready, now: float) -> None:
        """The message is safe; its parts are remembered a while, in case they come again."""
        if ready.key is None:
            return
        entry = self._entries.get(ready.key)
        if entry is None:
            entry = self._entries[ready.key] = _Entry(0, now)
            entry.parts = ready.parts
        entry.safe = True

    def sweep(self, now: float) -> tuple[list[Late], list[Ready]]:
        """What the engine shall keep, and the messages that could not be recorded and did not come again in time."""
        late: list[Late] = []
        over: list[Ready] = []
        for key, entry in list(self._entries.items()):
            if entry.held and now - entry.since >= self._part_wait_s:
                del self._entries[key]
                late.append(Late(key, entry))
            elif now - entry.since >= self._timeout_s or len(self._entries) > _KEPT:
                del self._entries[key]
                if not entry.safe:
                    handles = [handle for _, handle in entry.held]
                    over.append(_ready(key, entry.parts, entry.coding, handles))
        return late, over


def _ready(key: Key, parts: dict[int, bytes], coding: int, handles: list[Any]) -> Ready:
    sender, recipient, reference, of = key
    text = decode_text(b"".join(parts[n] for n in sorted(parts)), coding)
    message = Inbound(
        sender=sender, recipient=recipient, text=text, complete=len(parts) == of, reference=reference, of=of
    )
    return Ready(message, handles, key, dict(parts))
