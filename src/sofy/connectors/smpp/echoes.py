"""Telling what a person writes again from what an operator delivers again: SMPP gives neither a name."""

from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from sofy.connectors.base import Inbound
from sofy.connectors.smpp.assembly import Ready
from sofy.wire.smpp.session import ClientSession

#: An operator waits at least this long for an answer before it delivers again. Unit: seconds.
_ANSWERED_WITHIN_S: Final = 2.0
#: A phone that its network did not answer sends the same again within this time. Unit: seconds.
_PHONES_REPEAT_S: Final = 60.0
_REMEMBERED: Final = 10_000


class Echoes:
    """What came on each connection and was acknowledged at once.

    The same words on the same connection, a minute later, were written anew: the operator has had its answer.
    """

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[ClientSession, dict[int, float]] = WeakKeyDictionary()

    def seen(self, ready: Ready, now: float) -> Inbound:
        """The message, marked when it was written anew."""
        message: Inbound = ready.message
        came = [self._known.get(session, {}).get(_words(message)) for session, _ in ready.handles]
        if not came or any(at is None or now - at < _PHONES_REPEAT_S for at in came):
            return message
        return msgspec.structs.replace(message, anew=True)

    def acknowledged(self, ready: Ready, began: float, now: float) -> None:
        """It is recorded, and the answer is on its way."""
        if now - began > _ANSWERED_WITHIN_S:
            return
        for session, _ in ready.handles:
            known, words = self._known.setdefault(session, {}), _words(ready.message)
            if words not in known or now - known[words] >= _PHONES_REPEAT_S:
                known[words] = now
            if len(known) > _REMEMBERED:
                del known[next(iter(known))]


def _words(message: Inbound) -> int:
    """Nobody's words or number are kept: a hash of them is."""
    return hash((message.sender, message.recipient, message.text))
