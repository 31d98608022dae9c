"""The text of an API key: whose it is, then a secret. What is kept of it is its hash."""

import base64
import binascii
import hashlib
import secrets
from typing import NamedTuple
from uuid import UUID

_START = "sofy_"


class Key(NamedTuple):
    """What a text says. The client is part of it: the row can be looked up inside the client's own walls."""

    client: UUID
    secret: str
    digest: bytes


def make(client: UUID) -> tuple[str, Key]:
    """The text of a new key, which is shown once, and what it says."""
    place = base64.urlsafe_b64encode(client.bytes).decode().rstrip("=")
    secret = secrets.token_urlsafe(32)
    text = f"{_START}{place}.{secret}"
    return text, Key(client, secret, _digest(text))


def read(text: str) -> Key | None:
    """What a text says, None when it is no key."""
    place, dot, secret = text.removeprefix(_START).partition(".")
    if not text.startswith(_START) or not dot:
        return None
    try:
        client = UUID(bytes=base64.b64decode(place + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    return Key(client, secret, _digest(text))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
