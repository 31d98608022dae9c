"""Statements of a bank, whatever form they come in: camt or CFONB 120, told apart by their first bytes."""

import io
from collections.abc import Iterator
from typing import Any

from sofy.wire import camt, cfonb
from sofy.wire.camt.reader import Item
from sofy.wire.iso20022 import Limits

_ENOUGH = 4096


def read(source: Any, limits: Limits | None = None) -> Iterator[Item]:
    """Head, entries and end of each statement of a file (bytes, or something with `read`), as they stream in.

    Raises: BankFileError, possibly after entries were given: a caller undoes them.
    """
    stream = _Peeked(source)
    return cfonb.read(stream, limits) if cfonb.looks_like(stream.first) else camt.read(stream, limits)


class _Peeked:
    """A file whose first bytes were looked at already."""

    def __init__(self, source: Any) -> None:
        self._source = io.BytesIO(source) if isinstance(source, bytes) else source
        self.first: bytes = self._source.read(_ENOUGH)
        self._rest = self.first

    def read(self, size: int) -> bytes:
        """The first bytes once more, then the others."""
        if self._rest:
            given, self._rest = self._rest[:size], self._rest[size:]
            return given
        found: bytes = self._source.read(size)
        return found
