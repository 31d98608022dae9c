"""What RBM calls back with: who signed it, and what it says.

Source: the guides "Set up a webhook", "Receive messages", "Receive events". A callback is read after it was stored, so
nothing here may fail: what is not understood is left out.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from sofy.connectors.base import REVOKE_FAILED, TTL_REVOKED, Callback, CallbackAnswer, Heard, Inbound, Receipt
from sofy.connectors.google_rbm import wire
from sofy.connectors.google_rbm.config import Config
from sofy.connectors.lenient import decoder
from sofy.kernel import sms_text

_LONGEST_ID: Final = 200
_event_of, _envelope_of = decoder(wire.Event), decoder(wire.Envelope)
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def set_up(config: Config, callback: Callback) -> CallbackAnswer | None:
    """The answer to the request by which Google asks whether this address is ours; None for any other."""
    try:
        request = msgspec.json.decode(callback.body, type=wire.Setup)
    except _UNREADABLE:
        return None
    if not config.client_token or not hmac.compare_digest(request.client_token.encode(), config.client_token.encode()):
        return CallbackAnswer(status=403)
    return CallbackAnswer(status=200, body=request.secret)


def is_signed(config: Config, callback: Callback) -> bool:
    """Whether the signature is that of the data, made with the token of this address."""
    data = _data(callback.body)
    given = callback.headers.get("x-goog-signature", "")
    if data is None or not config.client_token or not given:
        return False
    made = base64.b64encode(hmac.digest(config.client_token.encode(), data, hashlib.sha512))
    return hmac.compare_digest(made, given.strip().encode("utf-8", "replace"))


def read(config: Config, body: bytes) -> Heard:
    """What a callback says of this agent's messages and people."""
    data = _data(body)
    if data is None:
        return Heard()
    try:
        event = _event_of(data)
    except _UNREADABLE:
        return Heard()
    if event.agent_id and event.agent_id.removesuffix("@rbm.goog") != config.agent:
        return Heard()  # an address of the partner hears of all its agents
    if event.event_type:
        return _event(config, event)
    message = _message(config, event)
    return Heard(inbound=[message] if message is not None else [])


def _data(body: bytes) -> bytes | None:
    try:
        envelope = _envelope_of(body)
        return base64.b64decode(envelope.message.data, validate=True)
    except _UNREADABLE:
        return None


def _event(config: Config, event: wire.Event) -> Heard:
    match event.event_type:
        case "DELIVERED":
            return _receipt(event, status="delivered")
        case "READ":
            return _receipt(event, status="read")
        case "TTL_EXPIRATION_REVOKED":
            return _receipt(event, status="expired", code=TTL_REVOKED)
        case "TTL_EXPIRATION_REVOKE_FAILED":
            return _receipt(event, status="submitted", code=REVOKE_FAILED)
        case "UNSUBSCRIBE":
            return _subscription(config, event, text="STOP", opts_out=True)
        case "SUBSCRIBE":
            return _subscription(config, event, text="START", opts_out=False)
    return Heard()  # somebody types, or something newer than this


def _receipt(event: wire.Event, **said: Any) -> Heard:
    try:
        message_id = UUID(event.message_id)
    except ValueError:  # our identifiers are UUIDs: it is not of ours
        return Heard()
    number = _digits(event)
    phones = (number,) if number else ()
    receipt = Receipt(keys=(str(message_id),), message_id=message_id, at=_at(event), phones=phones, **said)
    return Heard(receipts=[receipt])


def _subscription(config: Config, event: wire.Event, *, text: str, opts_out: bool) -> Heard:
    """The person said START or STOP by the means of the channel, which Google tells instead of the word."""
    number = _digits(event)
    if not number:
        return Heard()
    said = Inbound(
        sender=number,
        recipient=config.agent_id,
        text=text,
        supplier_id=event.event_id[:_LONGEST_ID],
        detail={"event": event.event_type},
        opts_out=opts_out,
        at=_at(event),
        wrote=False,
    )
    return Heard(inbound=[said])


def _message(config: Config, event: wire.Event) -> Inbound | None:
    number = _digits(event)
    if not number:
        return None
    said: dict[str, Any]
    if event.suggestion_response is not None:
        tapped = event.suggestion_response
        said = {
            "kind": "reply",
            "text": tapped.text,
            "detail": {"postback": tapped.postback_data},
            "opts_out": sms_text.is_stop(tapped.postback_data),
        }
    elif event.location is not None:
        said = {"kind": "location", "text": "", "detail": msgspec.to_builtins(event.location)}
    elif event.user_file is not None:
        file = event.user_file.payload
        detail = {"mime": file.mime_type, "octets": _size(file), "url": file.file_uri, "filename": file.file_name}
        said = {"kind": "media", "text": "", "detail": detail}
    elif event.text is not None:
        said = {"text": event.text}
    else:
        return None
    supplier_id = event.message_id[:_LONGEST_ID]
    return Inbound(sender=number, recipient=config.agent_id, supplier_id=supplier_id, at=_at(event), **said)


def _digits(event: wire.Event) -> str:
    """The person's number in E.164 digits, or nothing."""
    digits = (event.sender_phone_number or event.phone_number).strip().removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 15 else ""


def _size(file: wire.UserFilePayload) -> int:
    written = str(file.file_size_bytes)
    return int(written[:15]) if written.isascii() and written.isdigit() else 0


def _at(event: wire.Event) -> datetime | None:
    """When it happened, where that is said; Google writes up to nine digits of a second."""
    if not event.send_time:
        return None
    try:
        return msgspec.convert(event.send_time, datetime) if event.send_time.endswith("Z") else None
    except (msgspec.ValidationError, OverflowError):
        return None
