"""Reading what suppliers write: numbers may be text, and null means that nothing is said of a field.

No supplier documents a null, and several write them. One in a field that nobody needs must not lose what stands beside
it: callbacks are answered before they are read, and never come again.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def decoder(kind: type[T]) -> Callable[[bytes | msgspec.Raw], T]:
    """A decoder of JSON that bears both. Raises: msgspec.MsgspecError, ValueError, RecursionError."""
    strict = msgspec.json.Decoder(kind, strict=False).decode

    def read(data: bytes | msgspec.Raw) -> T:
        try:
            return strict(data)
        except msgspec.ValidationError:
            return strict(msgspec.json.encode(_said(msgspec.json.decode(data))))

    return read


def _said(value: Any) -> Any:
    """The same without fields that say nothing."""
    if isinstance(value, dict):
        return {name: _said(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_said(each) for each in value]
    return value
