"""What a person fills in for an SMPP route."""

import ssl
from typing import Annotated, Literal

import msgspec

from sofy.connectors.base import Action, Secret
from sofy.kernel import clock
from sofy.kernel.sms_text import USUAL, Encoding
from sofy.wire.smpp.session import BindKind

Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
IdFormat = Literal["auto", "same", "hex_then_decimal", "decimal_then_hex"]


class Numbering(msgspec.Struct, frozen=True):
    """Type of number and numbering plan of an address."""

    ton: Octet
    npi: Octet


def _example(**value: object) -> msgspec.Meta:
    return msgspec.Meta(examples=[value])


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SMPP account. Unit: seconds for `_s`, submit_sm per second for rate_per_s (0: no limit of ours).

    `id_format` says how the identifier of submit_sm_resp comes back in receipts; "auto" learns it from the traffic.
    `receipt_zone` is the time zone of the dates in receipts; empty: they are not used. `encodings` are the alphabets
    the operator takes: texts are counted in them before they come here.
    """

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    system_id: Annotated[str, msgspec.Meta(max_length=15)]
    password: Annotated[Secret, msgspec.Meta(max_length=8)]
    system_type: Annotated[str, msgspec.Meta(max_length=12)] = ""
    bind_type: Literal["transceiver", "transmitter", "receiver", "transmitter_receiver"] = "transceiver"
    binds: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    window: Count = 10
    rate_per_s: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 0
    tls: bool = False
    tls_ca_file: str = ""
    tls_certificate_file: str = ""
    tls_key_file: str = ""
    tls_server_name: str = ""
    encodings: Annotated[frozenset[Encoding], msgspec.Meta(examples=[["gsm7", "latin1", "ucs2"]])] = USUAL
    long_messages: Literal["udh", "sar", "payload"] = "udh"
    id_format: IdFormat = "auto"
    validity: Literal["absolute", "relative", "none"] = "absolute"
    receipt_zone: str = ""
    alphanumeric: Annotated[Numbering, _example(ton=5, npi=0)] = Numbering(5, 0)
    short_code: Annotated[Numbering, _example(ton=3, npi=0)] = Numbering(3, 0)
    international: Annotated[Numbering, _example(ton=1, npi=1)] = Numbering(1, 1)
    submit_errors: Annotated[dict[str, Action], _example(**{"0x450": "retry"})] = {}
    receipt_errors: Annotated[dict[str, Action], _example(**{"31": "suppress"})] = {}
    throttle_retries: Count = 100
    connect_timeout_s: Seconds = 10.0
    response_timeout_s: Seconds = 30.0
    enquire_link_s: Seconds = 30.0
    enquire_timeout_s: Seconds = 10.0
    reconnect_s: Seconds = 1.0
    reconnect_max_s: Seconds = 60.0
    part_wait_s: Seconds = 3.0
    assembly_timeout_s: Seconds = 1800.0

    def __post_init__(self) -> None:
        if "ucs2" not in self.encodings:
            raise ValueError("encodings: ucs2 is missing, which carries what the other alphabets lack")
        if self.receipt_zone and self.receipt_zone not in clock.zones():
            raise ValueError(f"receipt_zone: no time zone is called {self.receipt_zone}")

    def bind_kinds(self) -> list[BindKind]:
        """One entry per connection to open."""
        if self.bind_type == "transmitter_receiver":
            return [BindKind.TRANSMITTER] * self.binds + [BindKind.RECEIVER]
        return [BindKind(self.bind_type)] * self.binds

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS settings, or None on a plain link. Raises: OSError, ssl.SSLError for files that are not right."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.tls_ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.tls_certificate_file:
            context.load_cert_chain(self.tls_certificate_file, self.tls_key_file or None)
        return context
