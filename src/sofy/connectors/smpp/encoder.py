"""From a message to submit_sm frames: alphabet, parts, addresses, validity."""

from datetime import UTC, datetime

import msgspec

from sofy.connectors.base import Outgoing
from sofy.connectors.smpp.config import Config, Numbering
from sofy.connectors.smpp.texts import CODINGS
from sofy.kernel import clock
from sofy.kernel.sms_text import split
from sofy.wire.smpp.codes import ESM_UDHI, Tag
from sofy.wire.smpp.pdu import Sm, SubmitTemplate
from sofy.wire.smpp.tlv import encode_tlvs

_TEMPLATES_KEPT = 1_000
_ALWAYS = 1  # registered_delivery: a receipt for success and failure


class Part(msgspec.Struct, gc=False, eq=False):
    """One submit_sm to be, waiting for its turn or for its answer."""

    message: Outgoing
    index: int
    of: int
    octets: bytes
    template: SubmitTemplate
    tlvs: bytes = b""
    order: int = 0
    attempts: int = 0
    given_up: bool = False
    bind: int = -1

    def __lt__(self, other: "Part") -> bool:
        return self.order < other.order

    def frame(self, sequence: int) -> bytes:
        """The PDU, numbered."""
        return self.template.encode(sequence, self.message.to.lstrip("+").encode("ascii"), self.octets, self.tlvs)


class ForeignAlphabet(ValueError):
    """The route does not take the alphabet of a message: it was changed a moment ago."""


class Encoder:
    """Cuts and addresses messages as one route wants them."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._templates: dict[tuple[str, int, int, datetime | None], SubmitTemplate] = {}
        self._reference = 0

    def parts(self, message: Outgoing) -> list[Part]:
        """The submit_sm of one message, in the alphabet it was counted in: as many SMS as were counted.

        Raises: ForeignAlphabet; ValueError for a sender, number or text that cannot be carried.
        """
        if len(message.to) > 21 or not message.to.isascii():
            raise ValueError("not a phone number")
        if message.encoding not in self._config.encodings:
            raise ForeignAlphabet(message.encoding)
        coding, pieces = CODINGS[message.encoding], split(message.text, message.encoding)
        of = len(pieces)
        if of == 1:
            return [Part(message, 0, 1, pieces[0], self._template(message, 0, coding))]
        if self._config.long_messages == "payload":
            payload = encode_tlvs({Tag.MESSAGE_PAYLOAD: b"".join(pieces)})
            return [Part(message, 0, 1, b"", self._template(message, 0, coding), payload)]
        self._reference = self._reference % 255 + 1
        if self._config.long_messages == "sar":
            template = self._template(message, 0, coding)
            return [Part(message, n, of, piece, template, self._sar(n, of)) for n, piece in enumerate(pieces)]
        template = self._template(message, ESM_UDHI, coding)
        head = bytes((5, 0, 3, self._reference, of))
        return [Part(message, n, of, head + bytes((n + 1,)) + piece, template) for n, piece in enumerate(pieces)]

    def _sar(self, index: int, of: int) -> bytes:
        return encode_tlvs(
            {
                Tag.SAR_MSG_REF_NUM: self._reference.to_bytes(2, "big"),
                Tag.SAR_TOTAL_SEGMENTS: bytes((of,)),
                Tag.SAR_SEGMENT_SEQNUM: bytes((index + 1,)),
            }
        )

    def _template(self, message: Outgoing, esm_class: int, coding: int) -> SubmitTemplate:
        until = message.validity_until
        key = (message.sender, esm_class, coding, until)
        relative = until is not None and self._config.validity == "relative"
        found = None if relative else self._templates.get(key)
        if found is None:
            if len(self._templates) >= _TEMPLATES_KEPT:
                self._templates.clear()
            found = self._templates[key] = self._make(message, esm_class, coding)
        return found

    def _make(self, message: Outgoing, esm_class: int, coding: int) -> SubmitTemplate:
        numbering, source = self._source(message.sender)
        recipient = self._config.international
        return SubmitTemplate(
            Sm(
                destination="",
                source=source,
                source_ton=numbering.ton,
                source_npi=numbering.npi,
                dest_ton=recipient.ton,
                dest_npi=recipient.npi,
                esm_class=esm_class,
                data_coding=coding,
                registered_delivery=_ALWAYS,
                validity_period=self._validity(message.validity_until),
            )
        )

    def _source(self, sender: str) -> tuple[Numbering, str]:
        digits = sender.removeprefix("+")
        if not digits.isdigit():
            return self._config.alphanumeric, sender
        if digits == sender and len(digits) <= 6:
            return self._config.short_code, digits
        return self._config.international, digits

    def _validity(self, until: datetime | None) -> str:
        if until is None or self._config.validity == "none":
            return ""
        if self._config.validity == "relative":
            return relative_time(int((until - clock.now()).total_seconds()))
        return absolute_time(until)


def absolute_time(instant: datetime) -> str:
    """An instant as SMPP writes it, in UTC. Source: SMPP 3.4 7.1.1.1, YYMMDDhhmmsstnnp."""
    return instant.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"


def relative_time(seconds: int) -> str:
    """A delay as SMPP writes it. Source: SMPP 3.4 7.1.1.2. Unit: seconds, from 1 to 99 days."""
    minutes, s = divmod(min(max(seconds, 1), 99 * 86400 - 1), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    return f"0000{days:02d}{h:02d}{m:02d}{s:02d}000R"
