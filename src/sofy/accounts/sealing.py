"""What the room keeps sealed although it belongs to no client: names of users, secrets of second factors."""

from sofy.kernel import crypto
from sofy.kit.keys import keystore

ENTITY = "accounts"


def seal_text(text: str, place: str) -> bytes:
    """Seal a text under the accounts' key, bound to the place it is stored in; nothing stays nothing."""
    return crypto.seal(keystore().entity(ENTITY), text.encode(), place.encode()) if text else b""


def open_text(blob: bytes, place: str) -> str:
    """The text of what `seal_text` made for the same place."""
    return crypto.unseal(keystore().entity(ENTITY), blob, place.encode()).decode() if blob else ""
