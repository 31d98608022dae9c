"""Requests to send, as SMPP writes them, read into what the house is asked; nothing is decided here about people.

Source: SMPP 3.4 issue 1.2, 4.4, 4.5, 4.7, 5.2.12, 5.2.17, 5.2.19; 3GPP TS 23.040 9.2.3.24 (user data header).
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from sofy.connectors.smpp.texts import decode_text, segment
from sofy.ingest.shapes import Message, Purpose
from sofy.smsc import times
from sofy.smsc.words import Refusal
from sofy.wire.smpp.codes import ESM_UDHI, Coding, Status, Tag
from sofy.wire.smpp.pdu import Pdu, Sm

#: Longest that a message is worth anything, as in the API.
LONGEST_VALIDITY: Final = timedelta(days=7)
#: Source: SMPP 3.4, 5.2.21. Unit: octets.
LONGEST_SHORT_MESSAGE: Final = 254
#: Clocks of clients go a little wrong: a moment that is past by less means now.
_LATE: Final = timedelta(minutes=1)
_TON_INTERNATIONAL: Final = 1
_MODE, _TYPE = 0x03, 0x3C
_TRANSACTION: Final = 2
_CODECS: Final = {Coding.IA5: "latin-1", Coding.LATIN1: "latin-1", 0x06: "iso8859-5", 0x07: "iso8859-8"}


class Asked(msgspec.Struct, gc=False):
    """One message, or one part of a long one. `receipt`: 0 to 3, as in registered_delivery."""

    to: str
    sender: str
    octets: bytes
    coding: int
    receipt: int = 0
    due_at: datetime | None = None
    expires_at: datetime | None = None
    reference: int = 0
    part: int = 1
    of: int = 1


class Limits(NamedTuple):
    """What an account may send."""

    purpose: Purpose
    senders: tuple[str, ...]


def read(sm: Sm, now: datetime) -> Asked:
    """What a submit_sm asks. Raises: Refusal."""
    _check(sm)
    due_at, expires_at = moments(sm.schedule_delivery_time, sm.validity_period, now)
    place = segment(sm)
    return Asked(
        number(sm.destination, sm.dest_ton), sm.source, place.octets, sm.data_coding, sm.registered_delivery & 3,
        due_at, expires_at, place.reference, place.part, place.of,
    )  # fmt: skip


def _check(sm: Sm) -> None:
    if sm.replace_if_present:
        raise Refusal(Status.RREPLACEFAIL, "replace")
    if sm.sm_default_msg_id:
        raise Refusal(Status.RINVDFTMSGID, "canned")
    if sm.esm_class & _MODE == _TRANSACTION or sm.esm_class & _TYPE:
        raise Refusal(Status.RINVESMCLASS, "esm_class")
    if len(sm.short_message) > LONGEST_SHORT_MESSAGE:
        raise Refusal(Status.RINVMSGLEN, "short_message", most=LONGEST_SHORT_MESSAGE)
    if sm.tlvs and sm.short_message and Tag.MESSAGE_PAYLOAD in sm.tlvs:
        raise Refusal(Status.RINVMSGLEN, "payload_twice")
    if sm.esm_class & ESM_UDHI and not _only_parts(sm.short_message or sm.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")):
        raise Refusal(Status.RINVESMCLASS, "header")


def _only_parts(octets: bytes) -> bool:
    """Whether a user data header says which part this is, and nothing else."""
    if octets[:3] == b"\x05\x00\x03":
        of, part = octets[4:5], octets[5:6]
    elif octets[:3] == b"\x06\x08\x04":
        of, part = octets[5:6], octets[6:7]
    else:
        return False
    return b"\x01" <= part <= of


def number(address: str, ton: int) -> str:
    """A destination as numbers are read elsewhere: international ones begin with a plus."""
    digits = address.removeprefix("+")
    if ton == _TON_INTERNATIONAL:
        return "+" + digits.removeprefix("00")
    return address if address.startswith(("0", "+")) or not digits else "+" + digits


def moments(schedule: str, validity: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When a message may leave, and from when on it is worth nothing. Raises: Refusal."""
    try:
        due_at = times.read(schedule, now)
    except ValueError:
        raise Refusal(Status.RINVSCHED, "schedule") from None
    if due_at is not None and due_at < now - _LATE:
        raise Refusal(Status.RINVSCHED, "schedule")
    leaves = max(due_at or now, now)
    try:
        expires_at = times.read(validity, leaves)
    except ValueError:
        raise Refusal(Status.RINVEXPIRY, "expiry") from None
    if expires_at is None:
        return due_at, None
    if expires_at <= leaves:
        raise Refusal(Status.RINVEXPIRY, "expiry")
    return due_at, min(expires_at, leaves + LONGEST_VALIDITY)


def text(octets: bytes, coding: int) -> str:
    """The text of a message. Raises: Refusal for what is no text, or in an alphabet nobody reads here."""
    if codec := _CODECS.get(coding):
        return octets.decode(codec, "replace")
    if coding == Coding.UCS2 and len(octets) % 2:
        raise Refusal(Status.RINVMSGLEN, "halved", octets=len(octets))
    if coding in (Coding.DEFAULT, Coding.UCS2) or coding & 0xFC == 0xF0:
        return decode_text(octets, coding & 0x0F if coding == Coding.UCS2 else 0)
    raise Refusal(Status.RSUBMITFAIL, "coding", coding=coding)


def message(asked: Asked, said: str, limits: Limits, now: datetime) -> Message:
    """The message that the house is asked to send, as the API writes it. Raises: Refusal."""
    sender: str | None = asked.sender
    if limits.senders:
        sender = asked.sender or limits.senders[0]
        if sender not in limits.senders:
            raise Refusal(Status.RINVSRCADR, "sender_of_account", sender=sender, known=", ".join(limits.senders))
    valid_for_s = None
    if asked.expires_at is not None:
        leaves = max(asked.due_at or now, now)
        valid_for_s = max(1, round((asked.expires_at - leaves).total_seconds()))
    return Message(
        to=asked.to, purpose=limits.purpose, text=said, channel="sms", sender=sender or None,
        send_at=asked.due_at, valid_for_s=valid_for_s,
    )  # fmt: skip


def of_data_sm(request: Pdu) -> Sm:
    """A data_sm as the submit_sm it amounts to. `qos_time_to_live` is its validity. Unit: seconds there."""
    fields: dict[str, Any] = dict(request.fields)
    lives = int.from_bytes(request.tlvs.get(Tag.QOS_TIME_TO_LIVE, b""), "big")
    lives = min(lives, int(LONGEST_VALIDITY.total_seconds()))
    validity = f"{lives // 86_400:06d}{_clock(lives % 86_400)}000R" if lives else ""
    return Sm(
        destination=fields["destination_addr"], source=fields["source_addr"], dest_ton=fields["dest_addr_ton"],
        source_ton=fields["source_addr_ton"], esm_class=fields["esm_class"], data_coding=fields["data_coding"],
        registered_delivery=fields["registered_delivery"], validity_period=validity, tlvs=request.tlvs,
    )  # fmt: skip


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


def of_submit_multi(request: Pdu, address: str, ton: int) -> Sm:
    """A submit_multi as the submit_sm to one of its destinations."""
    fields: dict[str, Any] = dict(request.fields)
    return Sm(
        destination=address, dest_ton=ton, source=fields["source_addr"], source_ton=fields["source_addr_ton"],
        short_message=fields["short_message"], esm_class=fields["esm_class"], data_coding=fields["data_coding"],
        registered_delivery=fields["registered_delivery"], validity_period=fields["validity_period"],
        schedule_delivery_time=fields["schedule_delivery_time"], tlvs=request.tlvs,
        replace_if_present=fields["replace_if_present_flag"], sm_default_msg_id=fields["sm_default_msg_id"],
    )  # fmt: skip
