"""The address where a person says no to one client with a click. It tells which message it came with, and nothing else.

Source: RFC 8058 3.1 (the address must identify whom to take off and be hard to forge); CGVU 17. No personal data is in
it: the two ids mean something only to the database they came from. It is never out of date.
"""

import base64
import binascii
import hmac
from typing import Final, NamedTuple
from uuid import UUID

from sofy.kernel.ids import from_bytes

#: Name of the platform's key that signs these addresses (`KeyStore.entity`).
KEY: Final = "opt_out"
_IDS_BYTES: Final = 32
_MARK_BYTES: Final = 16
_TOKEN_CHARS: Final = 64


class Origin(NamedTuple):
    """With which message of which client an address went out."""

    client_id: UUID
    message_id: UUID


def make(key: bytes, client_id: UUID, message_id: UUID) -> str:
    """The token of one message: base64url of client id, message id and a keyed hash of both."""
    said = client_id.bytes + message_id.bytes
    return base64.urlsafe_b64encode(said + _mark(key, said)).decode()


def url(base_url: str, key: bytes, client_id: UUID, message_id: UUID) -> str:
    """Where the person says no, as a message carries it. `base_url` has no final slash."""
    return f"{base_url}/u/{make(key, client_id, message_id)}"


def read(key: bytes, token: str) -> Origin | None:
    """What a token says, None when this platform did not make it."""
    if len(token) != _TOKEN_CHARS:
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    said, mark = raw[:_IDS_BYTES], raw[_IDS_BYTES:]
    if not hmac.compare_digest(mark, _mark(key, said)):
        return None
    return Origin(from_bytes(said[:16]), from_bytes(said[16:]))


def _mark(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"opt out\0" + said, "sha256")[:_MARK_BYTES]
