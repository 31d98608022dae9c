"""What programs are told, as deliver_sm: receipts, and what people answered.

Source: SMPP 3.4 issue 1.2, 4.6, 5.2.12, 5.3.2.12, 5.3.2.35, appendix B.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sofy.kernel import sms_text
from sofy.smsc import times
from sofy.wire.smpp.codes import ESM_RECEIPT, Coding, State, Tag
from sofy.wire.smpp.pdu import Sm

#: A status of the house as SMPP says it; those that are not here are no end.
ENDS: Final = {
    "delivered": ("DELIVRD", State.DELIVERED),
    "read": ("DELIVRD", State.DELIVERED),
    "failed": ("UNDELIV", State.UNDELIVERABLE),
    "expired": ("EXPIRED", State.EXPIRED),
    "unknown": ("UNKNOWN", State.UNKNOWN),
    "withheld": ("REJECTD", State.REJECTED),
    "cancelled": ("DELETED", State.DELETED),
}
_LONGEST: Final = 254
_SHOWN: Final = 20
_TON_INTERNATIONAL, _TON_NETWORK, _TON_ALPHANUMERIC = 1, 3, 5
_NPI_ISDN: Final = 1


class Ended(NamedTuple):
    """How a submit ended. `code`: the operator's own, if it gave one."""

    name: str
    to: str
    sender: str
    text: str
    status: str
    code: str
    submitted_at: datetime
    done_at: datetime


def wanted(receipt: int, status: str) -> bool:
    """Whether whoever asked for `receipt` (registered_delivery) hears of such an end. Source: SMPP 3.4, 5.2.17."""
    well = status in ("delivered", "read")
    return receipt == 1 or (receipt == 2 and not well) or (receipt == 3 and well)


def receipt(ended: Ended) -> Sm:
    """A receipt, in words and as optional parameters."""
    stat, state = ENDS[ended.status]
    well = state == State.DELIVERED
    words = (
        f"id:{ended.name} sub:001 dlvrd:{int(well):03d} submit date:{times.minutes(ended.submitted_at)}"
        f" done date:{times.minutes(ended.done_at)} stat:{stat} err:{error_code(ended.status, ended.code)}"
        f" text:{ended.text[:_SHOWN]}"
    )
    tlvs: dict[int, bytes] = {Tag.RECEIPTED_MESSAGE_ID: ended.name.encode() + b"\0", Tag.MESSAGE_STATE: bytes((state,))}
    source, source_ton, source_npi = _phone(ended.to)
    destination, dest_ton, dest_npi = _sender(ended.sender)
    return Sm(
        destination=destination, dest_ton=dest_ton, dest_npi=dest_npi, source=source, source_ton=source_ton,
        source_npi=source_npi, esm_class=ESM_RECEIPT, short_message=_ascii(words), tlvs=tlvs,
    )  # fmt: skip


def error_code(status: str, code: str) -> str:
    """Three digits: the operator's own when it has so many, 000 for a message that arrived, else 999."""
    if status in ("delivered", "read"):
        return "000"
    return code.zfill(3) if code.isascii() and code.isdecimal() and len(code) <= 3 else "999"


def answer(sender: str, recipient: str, text: str) -> Sm:
    """What somebody sent back to a short code."""
    coding, octets = _octets(text)
    source, source_ton, source_npi = _phone(sender)
    destination, dest_ton, dest_npi = _sender(recipient)
    where: dict[str, Any] = {"short_message": octets}
    if len(octets) > _LONGEST:
        where = {"tlvs": {Tag.MESSAGE_PAYLOAD: octets}}
    return Sm(
        destination=destination, dest_ton=dest_ton, dest_npi=dest_npi, source=source, source_ton=source_ton,
        source_npi=source_npi, data_coding=coding, **where,
    )  # fmt: skip


def without_tlvs(sm: Sm) -> Sm:
    """The same for a program older than optional parameters: what fits into its words."""
    if payload := sm.tlvs.get(Tag.MESSAGE_PAYLOAD):
        sm.short_message = payload[:_LONGEST]
    sm.tlvs = {}
    return sm


def _octets(text: str) -> tuple[int, bytes]:
    try:
        return Coding.DEFAULT, sms_text.encode_gsm7(text)
    except UnicodeEncodeError:
        return Coding.UCS2, sms_text.encode_ucs2(text)


def _ascii(words: str) -> bytes:
    """Receipts are read as ASCII by most; accents lose their mark rather than the receipt its reader."""
    return sms_text.transliterate(words).encode("ascii", "replace")


def _phone(number: str) -> tuple[str, int, int]:
    return number.removeprefix("+")[:20], _TON_INTERNATIONAL, _NPI_ISDN


def _sender(name: str) -> tuple[str, int, int]:
    if name.isascii() and name.isdecimal():
        return name[:20], _TON_NETWORK, 0
    return name.encode("latin-1", "replace").decode("latin-1")[:20], _TON_ALPHANUMERIC, 0
