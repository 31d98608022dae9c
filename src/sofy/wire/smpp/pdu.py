"""PDUs of SMPP 3.4 as bytes and as objects.

Two codecs on purpose: `encode`/`decode` go by the table of layouts and serve every PDU; `encode_sm`, `decode_sm`
and the small response helpers are hand-tuned for the three PDUs of the hot path. A test holds them equal.

Source: SMPP Protocol Specification v3.4 issue 1.2, section 4.
"""

import re
from collections.abc import Mapping
from struct import Struct

import msgspec

from sofy.wire.smpp.codes import HEADER_LENGTH, RESPONSE, Command, Status
from sofy.wire.smpp.errors import Malformed
from sofy.wire.smpp.layouts import LAYOUTS, Value, read_field, write_field
from sofy.wire.smpp.tlv import EMPTY, decode_tlvs, encode_tlvs

HEADER = Struct(">IIII")
MAX_LENGTH = 70_000
"""Longest PDU read: a 64 KiB message_payload with its fields. Unit: octets."""

_TEXT = rb"([^\0]*)\0"
_SM = re.compile(_TEXT + rb"(..)" + _TEXT + rb"(..)" + _TEXT + rb"(...)" + _TEXT + _TEXT + rb"(.{5})", re.DOTALL)
"""The fields of an Sm up to the length of its short_message: texts end with a NUL, numbers take an octet each."""

Frame = tuple[int, int, int, bytes]
"""(command_id, command_status, sequence_number, body)."""


class Pdu(msgspec.Struct, frozen=True):
    """Any PDU, read through the table of layouts."""

    command: int
    sequence: int
    status: int = 0
    fields: Mapping[str, Value] = {}
    tlvs: Mapping[int, bytes] = {}


class Sm(msgspec.Struct, gc=False):
    """The common body of submit_sm and deliver_sm."""

    destination: str
    short_message: bytes = b""
    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    dest_ton: int = 1
    dest_npi: int = 1
    esm_class: int = 0
    data_coding: int = 0
    registered_delivery: int = 0
    validity_period: str = ""
    schedule_delivery_time: str = ""
    service_type: str = ""
    protocol_id: int = 0
    priority_flag: int = 0
    replace_if_present: int = 0
    sm_default_msg_id: int = 0
    tlvs: Mapping[int, bytes] = EMPTY


def frame(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    """One PDU ready for the socket."""
    return HEADER.pack(HEADER_LENGTH + len(body), command, status, sequence) + body


def encode(pdu: Pdu) -> bytes:
    """Write any PDU. Raises: ValueError for a field that does not fit."""
    if pdu.status and pdu.command & RESPONSE and not pdu.fields:
        return frame(pdu.command, pdu.sequence, pdu.status)  # a refused request is answered by its header alone
    body = b"".join(write_field(field, pdu.fields) for field in LAYOUTS[pdu.command])
    return frame(pdu.command, pdu.sequence, pdu.status, body + encode_tlvs(pdu.tlvs))


def decode(raw: Frame) -> Pdu:
    """Read any PDU. Raises: Malformed."""
    command, status, sequence, body = raw
    layout = LAYOUTS.get(command)
    if layout is None:
        raise Malformed(f"unknown command 0x{command:08x}", Status.RINVCMDID, sequence)
    if not body and command & RESPONSE:
        return Pdu(command, sequence, status)  # many SMSCs leave the body out, in successes too
    fields: dict[str, Value] = {}
    at = 0
    try:
        for field in layout:
            fields[field.name], at = read_field(field, body, at)
        return Pdu(command, sequence, status, fields, decode_tlvs(body, at))
    except (IndexError, ValueError) as error:
        raise Malformed(f"{Command(command).name.lower()}: fields cut short", sequence=sequence) from error


def encode_sm(command: int, sequence: int, sm: Sm) -> bytes:
    """Write a submit_sm or deliver_sm. Raises: ValueError for a field that does not fit."""
    if len(sm.short_message) > 254 or len(sm.destination) > 20 or len(sm.source) > 20:
        raise ValueError("short_message takes 254 octets, an address 20 characters")
    body = b"".join(
        (
            sm.service_type.encode("latin-1"),
            bytes((0, sm.source_ton, sm.source_npi)),
            sm.source.encode("latin-1"),
            bytes((0, sm.dest_ton, sm.dest_npi)),
            sm.destination.encode("latin-1"),
            bytes((0, sm.esm_class, sm.protocol_id, sm.priority_flag)),
            sm.schedule_delivery_time.encode("latin-1"),
            b"\0",
            sm.validity_period.encode("latin-1"),
            bytes(
                (
                    0,
                    sm.registered_delivery,
                    sm.replace_if_present,
                    sm.data_coding,
                    sm.sm_default_msg_id,
                    len(sm.short_message),
                )
            ),
            sm.short_message,
            encode_tlvs(sm.tlvs) if sm.tlvs else b"",
        )
    )
    return HEADER.pack(HEADER_LENGTH + len(body), command, 0, sequence) + body


def decode_sm(body: bytes) -> Sm:
    """Read the body of a submit_sm or deliver_sm. Raises: Malformed."""
    found = _SM.match(body)
    if found is None:
        raise Malformed("message fields cut short")
    service_type, source_is, source, dest_is, destination, how, schedule, validity, rest = found.groups()
    start = found.end()
    end = start + rest[4]
    if end > len(body):
        raise Malformed("short_message is longer than its PDU", Status.RINVMSGLEN)
    return Sm(
        destination.decode("latin-1"),
        body[start:end],
        source.decode("latin-1"),
        source_is[0],
        source_is[1],
        dest_is[0],
        dest_is[1],
        how[0],
        rest[2],
        rest[0],
        validity.decode("latin-1"),
        schedule.decode("latin-1"),
        service_type.decode("latin-1"),
        how[1],
        how[2],
        rest[1],
        rest[3],
        EMPTY if end == len(body) else decode_tlvs(body, end),
    )


def resp_id(body: bytes) -> str:
    """The message_id of a submit_sm_resp body; empty when the SMSC sent none, tolerant of a missing NUL."""
    return body.split(b"\0", 1)[0].decode("latin-1")


class SubmitTemplate:
    """Everything of a submit_sm that does not change from one recipient to the next, encoded once."""

    __slots__ = ("_after", "_before", "_fixed")

    def __init__(self, sm: Sm) -> None:
        blank = msgspec.structs.replace(sm, destination="", short_message=b"", tlvs=EMPTY)
        body = encode_sm(Command.SUBMIT_SM, 0, blank)[HEADER_LENGTH:]
        cut = len(sm.service_type) + len(sm.source) + 6
        self._before, self._after = body[:cut], body[cut:-1]
        self._fixed = HEADER_LENGTH + len(body)

    def encode(self, sequence: int, destination: bytes, short_message: bytes, tlvs: bytes = b"") -> bytes:
        """One submit_sm frame; the caller has checked the lengths (20 and 254)."""
        size = len(short_message)
        length = self._fixed + len(destination) + size + len(tlvs)
        return b"".join(
            (
                HEADER.pack(length, 0x04, 0, sequence),
                self._before,
                destination,
                self._after,
                _ONE[size],
                short_message,
                tlvs,
            )
        )


_ONE = [bytes((n,)) for n in range(256)]


class PduReader:
    """Cuts a TCP stream into frames, holding at most one incomplete PDU.

    After bytes that cannot be SMPP, `error` is set for good: the place of the next PDU is unknown, so the connection
    must end. Frames that came whole before them are still returned. Source: SMPP 3.4 section 2.4.2.1.
    """

    __slots__ = ("_need", "_rest", "error", "max_length")

    def __init__(self, max_length: int = MAX_LENGTH) -> None:
        self._rest = bytearray()
        self._need = HEADER_LENGTH
        self.max_length = max_length
        self.error: Malformed | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The complete frames that `data` brings."""
        if self.error is not None:
            return []
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        frames: list[Frame] = []
        at, size, need = 0, len(data), HEADER_LENGTH
        unpack = HEADER.unpack_from
        while size - at >= HEADER_LENGTH:
            length, command, status, sequence = unpack(data, at)
            if not HEADER_LENGTH <= length <= self.max_length:
                self.error = Malformed(f"command_length {length}", Status.RINVCMDLEN, sequence)
                return frames
            if size - at < length:
                need = length
                break
            frames.append((command, status, sequence, data[at + HEADER_LENGTH : at + length]))
            at += length
        if need == HEADER_LENGTH and at < size:
            need = self._judge(data[at : at + 4])
        self._need = need
        if at < size:
            self._rest += data[at:]
        return frames

    def _judge(self, beginning: bytes) -> int:
        """A length is judged as soon as it is there: the rest of its header may never come. Answers what is needed."""
        if len(beginning) < 4:
            return 4
        length = int.from_bytes(beginning, "big")
        if not HEADER_LENGTH <= length <= self.max_length:
            self.error = Malformed(f"command_length {length}", Status.RINVCMDLEN)
        return HEADER_LENGTH
