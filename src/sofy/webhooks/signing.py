"""How a client's program knows that a request comes from here. Source: Standard Webhooks 1.0.0, "Signature scheme"."""

import base64
import hmac
from collections.abc import Sequence
from secrets import token_bytes
from typing import Final

PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    """A secret as it is shown once."""
    return PREFIX + base64.b64encode(token_bytes(_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises: ValueError."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def headers(keys: Sequence[bytes], name: str, moment: int, body: bytes) -> dict[str, str]:
    """Headers of one request; `keys`: one, or two while the secret is being changed. Unit: seconds since 1970."""
    signed = f"{name}.{moment}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        "content-type": "application/json",
    }
