"""The name of a message in the addresses of its mail: what comes back tells which one it is about.

The name is base32 of message id and a keyed hash of it: case is lost on the way through some servers. It is the local
part of the envelope sender, after a prefix, and of the Message-ID, which complaints bring back. Nobody else can make
one up.
"""

import binascii
import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from typing import Final
from uuid import UUID

PREFIX: Final = "b-"
_MARK_BYTES: Final = 9
_CHARS: Final = 40
_NAME: Final = re.compile(r"(?<![A-Za-z0-9])([A-Za-z2-7]{40})(?=@|=40|\+|=)")


class Names:
    """Makes and knows the names of one route."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"returned mails", "sha256")

    def of(self, message_id: UUID) -> str:
        """40 letters and digits, in lower case."""
        raw = message_id.bytes
        return b32encode(raw + self._mark(raw)).decode().lower()

    def read(self, name: str) -> UUID | None:
        """Which message a name means, None when this route did not give it."""
        if len(name) != _CHARS:
            return None
        try:
            raw = b32decode(name.upper())
        except (binascii.Error, ValueError):
            return None
        message, mark = raw[:16], raw[16:]
        return UUID(bytes=message) if hmac.compare_digest(mark, self._mark(message)) else None

    def found_in(self, texts: Iterable[str]) -> UUID | None:
        """The first message that is named anywhere."""
        for text in texts:
            for found in _NAME.finditer(text):
                message = self.read(found[1])
                if message is not None:
                    return message
        return None

    def _mark(self, raw: bytes) -> bytes:
        return hmac.digest(self._key, raw, "sha256")[:_MARK_BYTES]
