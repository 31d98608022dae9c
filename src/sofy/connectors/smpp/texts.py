"""Texts as octets: reading what comes in, and how an alphabet is called on the way out.

Source: SMPP 3.4 5.2.19 (data_coding), 5.3.2.22-24 (sar_*); 3GPP TS 23.040 9.2.3.24 (user data header).
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any, NamedTuple

from sofy.kernel.sms_text import GSM7_CHARACTERS, encode_gsm7
from sofy.wire.smpp.codes import ESM_UDHI, Coding, Tag
from sofy.wire.smpp.pdu import Sm

CODINGS: dict[str, int] = {"gsm7": Coding.DEFAULT, "latin1": Coding.LATIN1, "ucs2": Coding.UCS2}
_GSM7 = {encode_gsm7(character): character for character in GSM7_CHARACTERS}
_BASIC = {octets[0]: character for octets, character in _GSM7.items() if len(octets) == 1}
_EXTENDED = {octets[1]: character for octets, character in _GSM7.items() if len(octets) == 2}
_ESC = 0x1B


def decode_gsm7(octets: bytes) -> str:
    """Read the unpacked GSM alphabet; an unknown extension reads as its basic character (TS 23.038 6.2.1.1)."""
    if _ESC not in octets:
        return "".join([_BASIC.get(octet, "?") for octet in octets])
    out = []
    escaped = False
    for octet in octets:
        if octet == _ESC and not escaped:
            escaped = True
            continue
        out.append((_EXTENDED.get(octet) if escaped else None) or _BASIC.get(octet, " "))
        escaped = False
    return "".join(out)


def decode_text(octets: bytes, data_coding: int) -> str:
    """The text of a message from a phone, without ever failing."""
    if data_coding == Coding.UCS2 or data_coding & 0xFC == 0x18 or data_coding & 0xEC == 0x08:
        marked = octets[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)  # some SMSCs name their order, and it may be the other one
        return octets.decode("utf-16" if marked else "utf-16-be", "replace")
    if data_coding in (Coding.LATIN1, Coding.BINARY, 0x02) or data_coding & 0xF4 == 0xF4:
        return octets.decode("latin-1")
    if octets.isascii():
        return decode_gsm7(octets)
    try:  # an SMSC that means UTF-8 or Latin-1 by its default alphabet; what is both was never meant as the latter
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


class Segment(NamedTuple):
    """One deliver_sm as a part (from 1) of a message; a short one is part 1 of 1."""

    octets: bytes
    reference: int = 0
    part: int = 1
    of: int = 1


def segment(sm: Sm) -> Segment:
    """The text octets of a message and its place in a long one, by user data header or sar parameters."""
    octets = sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    if sm.esm_class & ESM_UDHI and octets:
        header, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        place = _concatenation(header)
        return _checked(octets, *place) if place else Segment(octets)
    if sm.tlvs and Tag.SAR_TOTAL_SEGMENTS in sm.tlvs:
        numbers: list[Any] = [
            int.from_bytes(sm.tlvs.get(tag, b""), "big")
            for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_SEGMENT_SEQNUM, Tag.SAR_TOTAL_SEGMENTS)
        ]
        return _checked(octets, *numbers)
    return Segment(octets)


def _checked(octets: bytes, reference: int, part: int, of: int) -> Segment:
    return Segment(octets, reference, part, of) if 1 <= part <= of <= 255 else Segment(octets)


def _concatenation(header: bytes) -> tuple[int, int, int] | None:
    """(reference, part, of) from the information elements 0x00 and 0x08."""
    at = 0
    while at + 2 <= len(header):
        kind, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if kind == 0x00 and len(value) == 3:
            return value[0], value[2], value[1]
        if kind == 0x08 and len(value) == 4:
            return int.from_bytes(value[:2], "big"), value[3], value[2]
        at += 2 + size
    return None
