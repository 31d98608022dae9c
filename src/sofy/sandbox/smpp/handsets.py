"""The phones behind the operator: how many messages each has had, and long messages put together as a phone does."""

from collections import Counter
from typing import NamedTuple

import msgspec

from sofy.connectors.smpp.texts import Segment, segment
from sofy.wire.smpp.codes import ESM_UDHI
from sofy.wire.smpp.pdu import Sm

_OPEN_AT_MOST = 10_000

_Key = tuple[str, int, int]


class _Begun(NamedTuple):
    """A long message of which parts are still to come."""

    nth: int
    parts: dict[int, bytes]


class Handsets:
    """What the phones have been sent. Only accepted messages count: one that is refused for now comes again."""

    def __init__(self) -> None:
        self._had: Counter[str] = Counter()
        self._begun: dict[_Key, _Begun] = {}

    def nth(self, sm: Sm) -> int:
        """How many messages its phone had before this one; the parts of a long one answer alike."""
        begun = self._begun.get(_key(sm, segment(sm))) if self._begun else None
        return self._had[sm.destination] if begun is None else begun.nth

    def take(self, sm: Sm) -> Sm | None:
        """Take what was accepted; answers the message its phone now shows, None while parts are missing."""
        piece = segment(sm)
        if piece.of == 1:
            self._had[sm.destination] += 1
            return sm
        key = _key(sm, piece)
        begun = self._begun.get(key)
        if begun is None:
            begun = self._begun[key] = _Begun(self._had[sm.destination], {})
            self._had[sm.destination] += 1
            if len(self._begun) > _OPEN_AT_MOST:
                del self._begun[next(iter(self._begun))]
        begun.parts[piece.part] = piece.octets
        if len(begun.parts) < piece.of:
            return None
        del self._begun[key]
        octets = b"".join(begun.parts[number] for number in sorted(begun.parts))
        return msgspec.structs.replace(sm, short_message=octets, esm_class=sm.esm_class & ~ESM_UDHI, tlvs={})


def _key(sm: Sm, piece: Segment) -> _Key:
    return sm.destination, piece.reference, piece.of
