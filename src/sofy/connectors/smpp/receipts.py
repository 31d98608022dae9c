"""Delivery receipts as operators really write them, and the identifier they name.

Source: SMPP 3.4 appendix B (the usual text, called vendor specific there), 5.3.2.12, 5.3.2.31, 5.3.2.35.
"""

import re
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sofy.connectors.smpp.texts import decode_text, segment
from sofy.wire.smpp.codes import ESM_INTERMEDIATE, ESM_RECEIPT, ESM_UDHI, Coding, State, Tag
from sofy.wire.smpp.pdu import Sm

Progress = Literal["submitted", "delivered", "failed", "expired"]

_BY_STATE: dict[int, Progress] = {
    State.ENROUTE: "submitted",
    State.DELIVERED: "delivered",
    State.EXPIRED: "expired",
    State.DELETED: "failed",
    State.UNDELIVERABLE: "failed",
    State.ACCEPTED: "submitted",
    State.UNKNOWN: "submitted",
    State.REJECTED: "failed",
}
_BY_WORD: dict[str, Progress] = {  # words are cut to 7 letters by the specification, and written in full by some
    "ENROUTE": "submitted",
    "DELIVRD": "delivered",
    "DELIVER": "delivered",
    "EXPIRED": "expired",
    "DELETED": "failed",
    "UNDELIV": "failed",
    "ACCEPTD": "submitted",
    "ACCEPTE": "submitted",
    "UNKNOWN": "submitted",
    "REJECTD": "failed",
    "REJECTE": "failed",
    "FAILED": "failed",
}
_FIELD = re.compile(r"(?:^|[\s,;])(id|stat|err|done[ _]date)\s*[:=]\s*([^\s,;]*)", re.IGNORECASE)
_USUAL = re.compile(
    r"id:(\S+) sub:\S* dlvrd:\S* submit date:\S* done date:(\S*) stat:(\S+) err:(\S+)(?: text:|$)", re.IGNORECASE
)
_QUOTED = re.compile(r"(?:^|[\s,;])text\s*[:=]", re.IGNORECASE)
_LOOKS_LIKE = re.compile(r"^\s*id\s*[:=][^\s,;]+[\s,;].*\bstat\s*[:=]", re.IGNORECASE | re.DOTALL)


class Parsed(NamedTuple):
    """What a receipt says; `code` is empty when it names no error."""

    supplier_id: str
    status: Progress
    code: str
    done: str


def is_receipt(sm: Sm) -> bool:
    """Whether a deliver_sm is a receipt; some operators forget to flag theirs."""
    if sm.esm_class & 0x3C in (ESM_RECEIPT, ESM_INTERMEDIATE):
        return True
    if sm.esm_class & 0x3C:
        return False
    if sm.tlvs and Tag.RECEIPTED_MESSAGE_ID in sm.tlvs:
        return True
    return bool(_LOOKS_LIKE.match(sm.short_message.decode("latin-1")))


def parse(sm: Sm) -> Parsed | None:
    """Read a receipt: optional parameters first, else the text. None when it names no message."""
    fields = _fields(_text(sm))
    tlvs = sm.tlvs
    named = tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0].decode("latin-1") or fields.get("id", "")
    if not named:
        return None
    state = tlvs.get(Tag.MESSAGE_STATE, b"")
    status = _BY_STATE.get(state[0]) if state else None
    if status is None:
        status = _BY_WORD.get(fields.get("stat", "")[:7].upper(), "submitted")
    if sm.esm_class & 0x3C == ESM_INTERMEDIATE:
        status = "submitted"
    return Parsed(
        named, status, _code(fields.get("err", ""), tlvs.get(Tag.NETWORK_ERROR_CODE, b"")), fields.get("done date", "")
    )


def _text(sm: Sm) -> str:
    """The words of a receipt; some operators write UCS-2, put a user data header before, or a NUL behind."""
    if sm.data_coding == Coding.UCS2 or sm.esm_class & ESM_UDHI:
        text = decode_text(segment(sm).octets, sm.data_coding)
    else:
        text = (sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")).decode("latin-1")
    return text.replace("\0", " ")


def _fields(text: str) -> dict[str, str]:
    usual = _USUAL.match(text)
    if usual:
        return {"id": usual[1], "done date": usual[2], "stat": usual[3], "err": usual[4]}
    quoted = _QUOTED.search(text)
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text[: quoted.start()] if quoted else text):
        fields.setdefault(name.lower().replace("_", " "), value)
    return fields


def _code(text: str, network: bytes) -> str:
    """The error as decimal digits where it is a number, else as written; nothing for "no error"."""
    if text:
        text = text[:20]
        if text.isdecimal():
            return str(int(text)) if int(text) else ""
        try:
            number = int(text, 16)
        except ValueError:
            return text.lower()
        return str(number) if number else ""
    if len(network) == 3:
        number = int.from_bytes(network[1:], "big")
        return str(number) if number else ""
    return ""


def done_at(text: str, zone: str) -> datetime | None:
    """The instant of a `done date` (YYMMDDhhmm, seconds or a four-digit year added by some), None when unreadable."""
    if not zone or not text.isdigit():
        return None
    form = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}.get(len(text))
    if form is None:
        return None
    try:
        return datetime.strptime(text, form).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None
