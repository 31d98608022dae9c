"""Optional parameters: tag, length, value (SMPP 3.4 section 3.2.4)."""

from collections.abc import Mapping
from struct import Struct

from sofy.wire.smpp.errors import Malformed

_HEAD = Struct(">HH")
EMPTY: Mapping[int, bytes] = {}


def encode_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Write optional parameters in the order given."""
    return b"".join(_HEAD.pack(tag, len(value)) + value for tag, value in tlvs.items())


def decode_tlvs(body: bytes, at: int) -> Mapping[int, bytes]:
    """Read the optional parameters that follow the mandatory fields.

    A tag that comes twice keeps its first value; one to three octets too many at the end are padding.

    Raises: Malformed when a value is longer than what is left.
    """
    end = len(body)
    if at == end:
        return EMPTY
    tlvs: dict[int, bytes] = {}
    while at + 4 <= end:
        tag, length = _HEAD.unpack_from(body, at)
        at += 4
        if at + length > end:
            raise Malformed(f"optional parameter 0x{tag:04x} is longer than its PDU")
        tlvs.setdefault(tag, body[at : at + length])
        at += length
    return tlvs
