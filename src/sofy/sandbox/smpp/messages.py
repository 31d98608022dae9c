"""The deliver_sm an operator sends: receipts in the layouts met in the wild, and what phones write."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from sofy.connectors.smpp.texts import decode_text
from sofy.kernel import clock
from sofy.kernel.sms_text import cut
from sofy.sandbox.smpp.profile import IdStyle
from sofy.wire.smpp.codes import ESM_RECEIPT, ESM_UDHI, Coding, State, Tag
from sofy.wire.smpp.pdu import Sm

_STATES = {
    "DELIVRD": State.DELIVERED,
    "EXPIRED": State.EXPIRED,
    "DELETED": State.DELETED,
    "UNDELIV": State.UNDELIVERABLE,
    "ACCEPTD": State.ACCEPTED,
    "REJECTD": State.REJECTED,
}
_MENTION = re.compile(r"STOP\s+(?:SMS\s+)?(?:au\s+)?(\d{4,6})", re.IGNORECASE)


def identifiers(number: int, style: IdStyle) -> tuple[str, str]:
    """One message's identifier as submit_sm_resp gives it, and as its receipts write it."""
    match style:
        case "zeros":
            return f"00{number:X}", f"{number:x}"
        case "hex_decimal":
            return f"{number:x}", str(number)
        case "decimal_hex":
            return str(number), f"{number:X}"
        case _:
            return f"{number:x}", f"{number:x}"


@lru_cache(maxsize=4)
def _stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%y%m%d%H%M%S")


def in_time(sm: Sm, after_s: float) -> bool:
    """Whether a delivery after a delay would still be within an absolute validity period in UTC.

    The other forms of SMPP 3.4 7.1.1 are not looked at.
    """
    validity = sm.validity_period
    return not validity.endswith("00+") or _stamp(int(clock.now().timestamp() + after_s)) < validity[:12]


def receipt(sm: Sm, named: str, stat: str, err: str, layout: str) -> Sm:
    """The receipt of `sm`, from the phone's number to the sender."""
    stamp = _stamp(int(clock.now().timestamp()))
    done = int(stat == "DELIVRD")
    if layout == "short":
        text = f"id:{named} stat:{stat} done date:{stamp} err:{err}"
    elif layout == "tlv":
        text = ""
    else:
        dates = f"submit date:{stamp[:10]} done date:{stamp[:10]}"
        text = f"id:{named} sub:001 dlvrd:{done:03d} {dates} stat:{stat} err:{err} text:"
    tlvs = {}
    if layout == "tlv":
        error = int(err, 16) if err.startswith("0x") else int(err)
        tlvs = {
            Tag.RECEIPTED_MESSAGE_ID.value: named.encode("ascii") + b"\0",
            Tag.MESSAGE_STATE.value: bytes((_STATES[stat],)),
            Tag.NETWORK_ERROR_CODE.value: b"\x03" + error.to_bytes(2, "big"),
        }
    return _back(sm, text.encode("ascii"), esm_class=ESM_RECEIPT, tlvs=tlvs)


def replies(sm: Sm, text: str, short_code: str, reference: int) -> list[Sm]:
    """What a phone writes back: to the short code of the STOP mention, else to a sender that takes answers."""
    sent = decode_text(sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b""), sm.data_coding)
    mention = _MENTION.search(sent)
    to = mention[1] if mention else sm.source if sm.source.isdigit() else short_code
    encoding, pieces = cut(text)
    coding = Coding.UCS2 if encoding == "ucs2" else Coding.DEFAULT
    if len(pieces) == 1:
        return [_back(sm, pieces[0], to=to, data_coding=coding)]
    head = bytes((5, 0, 3, reference & 0xFF, len(pieces)))
    parts = [
        _back(sm, head + bytes((n + 1,)) + piece, to=to, data_coding=coding, esm_class=ESM_UDHI)
        for n, piece in enumerate(pieces)
    ]
    return parts[::-1]  # the hard order: an assembler must wait


def _back(
    sm: Sm,
    octets: bytes,
    *,
    to: str = "",
    data_coding: int = 0,
    esm_class: int = 0,
    tlvs: dict[int, bytes] | None = None,
) -> Sm:
    return Sm(
        destination=to or sm.source,
        short_message=octets,
        source=sm.destination,
        source_ton=sm.dest_ton,
        source_npi=sm.dest_npi,
        dest_ton=3 if to else sm.source_ton,
        dest_npi=0 if to else sm.source_npi,
        esm_class=esm_class,
        data_coding=data_coding,
        tlvs=tlvs or {},
    )
