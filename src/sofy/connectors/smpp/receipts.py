"""Delivery receipts as operators really write them, and the identifier they name.

Source: SMPP 3.4 appendix B (the usual text, called vendor specific there), 5.3.2.12, 5.3.2.31, 5.3.2.35.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

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
_UCS2 = Coding.UCS2.value
_NAME = r"(?:id|sub|dlvrd|(?:submit|done)[ _]date|stat|err|text)\s*[:=]"
_FIELD = re.compile(  # a value may come after a blank, unless the next field does
    rf"(?:^|[\s,;])(id|stat|err|done[ _]date)\s*[:=](?:\s+(?!{_NAME}))?([^\s,;]*)", re.IGNORECASE
)
_USUAL = re.compile(r"id:(\S+) sub:\S* dlvrd:\S* submit date:\S* done date:(\S*) stat:(\S+) err:(\S+)(?: [Tt]ext:|$)")
_QUOTED = re.compile(r"(?:^|[\s,;])text\s*[:=]", re.IGNORECASE)
_LOOKS_LIKE = re.compile(r"^\s*id\s*[:=][^\s,;]+[\s,;].*\bstat\s*[:=]", re.IGNORECASE | re.DOTALL)


class Parsed(msgspec.Struct, frozen=True, gc=False):
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
    named, done, word, error = _fields(_text(sm))
    status, network = None, b""
    if tlvs := sm.tlvs:
        named = tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0].decode("latin-1") or named
        status = _BY_STATE.get(state[0]) if (state := tlvs.get(Tag.MESSAGE_STATE)) else None
        network = tlvs.get(Tag.NETWORK_ERROR_CODE, b"")
    if not named:
        return None
    if sm.esm_class & 0x3C == ESM_INTERMEDIATE:
        status = "submitted"
    elif status is None:
        status = _BY_WORD.get(word) or _BY_WORD.get(word[:7].upper(), "submitted")
    return Parsed(named, status, _code(error[:20], network), done)


def _text(sm: Sm) -> str:
    """The words of a receipt; some operators write UCS-2, put a user data header before, or a NUL behind."""
    if sm.data_coding == _UCS2 or sm.esm_class & ESM_UDHI:
        text = decode_text(segment(sm).octets, sm.data_coding)
    else:
        text = (sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")).decode("latin-1")
    return text.replace("\0", " ")


def _fields(text: str) -> tuple[str, ...]:
    """What follows `id`, `done date`, `stat` and `err`; nothing where they are missing."""
    usual = _USUAL.match(text)
    if usual:
        return usual.groups()
    quoted = _QUOTED.search(text)
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text[: quoted.start()] if quoted else text):
        fields.setdefault(name.lower().replace("_", " "), value)
    return tuple(fields.get(name, "") for name in ("id", "done date", "stat", "err"))


@lru_cache(maxsize=256)
def _code(text: str, network: bytes) -> str:
    """The error as decimal digits where it is a number, else as written; nothing for "no error"."""
    if text:
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


@lru_cache(maxsize=1024)
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
