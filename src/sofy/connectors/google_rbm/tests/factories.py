"""Things the tests of this connector need. The strict schema of requests is the simulator's, which shares no type."""

import base64
import hashlib
import hmac
from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sofy.connectors.base import Callback, Outgoing
from sofy.connectors.google_rbm.config import Config
from sofy.connectors.smpp.tests.factories import outgoing as sms
from sofy.kernel.content import Content

AGENT = "sofy_agent"
TOKEN = "rbm-token"


@cache
def private_key() -> str:
    """A key of its own for this run."""
    key = generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def config(**changes: Any) -> Config:
    """Settings as a person gives them."""
    fields = {
        "agent_id": AGENT,
        "client_email": "sofy@simulated.iam.example.com",
        "private_key": private_key(),
        "client_token": TOKEN,
    } | changes
    return msgspec.convert(fields, Config)


def outgoing(content: Content | None = None, **changes: Any) -> Outgoing:
    """A message ready to leave by RCS."""
    return sms(encoding="utf8", parts=1, content=content, **changes)


def callback(event: Any, *, token: str = TOKEN, **changes: Any) -> Callback:
    """A callback as Google sends it: `event` is what it holds."""
    data = event if isinstance(event, bytes) else msgspec.json.encode(event)
    signature = base64.b64encode(hmac.digest(token.encode(), data, hashlib.sha512)).decode()
    body = msgspec.json.encode({"message": {"data": base64.b64encode(data).decode(), "messageId": "1"}})
    fields = {"method": "POST", "headers": {"x-goog-signature": signature}, "query": {}, "body": body} | changes
    return Callback(**fields)
