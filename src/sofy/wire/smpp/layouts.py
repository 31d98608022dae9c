"""The mandatory fields of every PDU, as a table.

Source: SMPP Protocol Specification v3.4 issue 1.2, section 4. Lengths include the closing NUL, as there.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sofy.wire.smpp.codes import Command

Destination = tuple[int, int, str] | str
"""Of submit_multi: (ton, npi, address), or the name of a distribution list."""
Unsuccess = tuple[int, int, str, int]
"""Of submit_multi_resp: (ton, npi, address, status)."""
Value = int | str | bytes | tuple[Destination, ...] | tuple[Unsuccess, ...]


class Field(NamedTuple):
    """One mandatory field and how it is written."""

    name: str
    kind: "Kind"
    size: int = 1


class Kind(NamedTuple):
    """A way to write and to read a field; readers return the value and where the next field starts."""

    write: Callable[["Field", Value], bytes]
    read: Callable[["Field", bytes, int], tuple[Value, int]]
    default: Value


def _write_int(field: Field, value: Value) -> bytes:
    assert isinstance(value, int)
    return value.to_bytes(field.size, "big")


def _read_int(field: Field, body: bytes, at: int) -> tuple[Value, int]:
    end = at + field.size
    if end > len(body):
        raise IndexError(field.name)
    return int.from_bytes(body[at:end], "big"), end


def _write_text(field: Field, value: Value) -> bytes:
    assert isinstance(value, str)
    if len(value) >= field.size or "\0" in value:
        raise ValueError(f"{field.name} takes {field.size - 1} characters and no NUL")
    return value.encode("latin-1") + b"\0"


def _read_text(field: Field, body: bytes, at: int) -> tuple[Value, int]:
    end = body.index(0, at)  # longer than the specification says is accepted: vendors do it, the frame bounds it
    return body[at:end].decode("latin-1"), end + 1


def _write_message(field: Field, value: Value) -> bytes:
    assert isinstance(value, bytes)
    if len(value) > field.size:
        raise ValueError(f"{field.name} takes {field.size} octets")
    return bytes((len(value),)) + value


def _read_message(field: Field, body: bytes, at: int) -> tuple[Value, int]:
    start = at + 1
    end = start + body[at]
    if end > len(body):
        raise IndexError(field.name)
    return body[start:end], end


def _write_destinations(field: Field, value: Value) -> bytes:
    assert isinstance(value, tuple)
    out = [bytes((len(value),))]
    for one in value:
        if isinstance(one, str):
            out.append(b"\x02" + _write_text(_LIST_NAME, one))
        else:
            out.append(bytes((1, one[0], one[1])) + _write_text(_ADDRESS, one[2]))
    return b"".join(out)


def _read_destinations(field: Field, body: bytes, at: int) -> tuple[Value, int]:
    count = body[at]
    at += 1
    found: list[Destination] = []
    for _ in range(count):
        flag = body[at]
        if flag == 1:
            text, end = _read_text(_ADDRESS, body, at + 3)
            found.append((body[at + 1], body[at + 2], str(text)))
        elif flag == 2:
            text, end = _read_text(_LIST_NAME, body, at + 1)
            found.append(str(text))
        else:
            raise ValueError("dest_flag is neither an address nor a list")
        at = end
    return tuple(found), at


def _write_unsuccess(field: Field, value: Value) -> bytes:
    assert isinstance(value, tuple)
    out = [bytes((len(value),))]
    for one in value:
        assert not isinstance(one, str)
        assert len(one) == 4
        ton, npi, address, status = one
        out.append(bytes((ton, npi)) + _write_text(_ADDRESS, address) + status.to_bytes(4, "big"))
    return b"".join(out)


def _read_unsuccess(field: Field, body: bytes, at: int) -> tuple[Value, int]:
    count = body[at]
    at += 1
    found: list[Unsuccess] = []
    for _ in range(count):
        address, end = _read_text(_ADDRESS, body, at + 2)
        status, after = _read_int(_ERROR, body, end)
        assert isinstance(status, int)
        found.append((body[at], body[at + 1], str(address), status))
        at = after
    return tuple(found), at


INT = Kind(_write_int, _read_int, 0)
TEXT = Kind(_write_text, _read_text, "")
MESSAGE = Kind(_write_message, _read_message, b"")
DESTINATIONS = Kind(_write_destinations, _read_destinations, ())
UNSUCCESS = Kind(_write_unsuccess, _read_unsuccess, ())

_ADDRESS = Field("address", TEXT, 21)
_LIST_NAME = Field("dl_name", TEXT, 21)
_ERROR = Field("error_status_code", INT, 4)


def write_field(field: Field, values: Mapping[str, Value]) -> bytes:
    """The octets of one field; a missing one takes the default of its kind."""
    return field.kind.write(field, values.get(field.name, field.kind.default))


def read_field(field: Field, body: bytes, at: int) -> tuple[Value, int]:
    """The value of one field and where the next starts. Raises: IndexError, ValueError when it is cut short."""
    return field.kind.read(field, body, at)


def _address(prefix: str, size: int = 21) -> tuple[Field, ...]:
    name = "destination_addr" if prefix == "dest" else f"{prefix}_addr"
    return (Field(f"{prefix}_addr_ton", INT), Field(f"{prefix}_addr_npi", INT), Field(name, TEXT, size))


_BIND = (
    Field("system_id", TEXT, 16),
    Field("password", TEXT, 9),
    Field("system_type", TEXT, 13),
    Field("interface_version", INT),
    Field("addr_ton", INT),
    Field("addr_npi", INT),
    Field("address_range", TEXT, 41),
)
_BIND_RESP = (Field("system_id", TEXT, 16),)
_MESSAGE_ID = Field("message_id", TEXT, 65)
_TIMES = (Field("schedule_delivery_time", TEXT, 17), Field("validity_period", TEXT, 17))
_HOW = (Field("esm_class", INT), Field("protocol_id", INT), Field("priority_flag", INT))
_TEXT = (
    Field("registered_delivery", INT),
    Field("replace_if_present_flag", INT),
    Field("data_coding", INT),
    Field("sm_default_msg_id", INT),
    Field("short_message", MESSAGE, 254),
)
_SERVICE = Field("service_type", TEXT, 6)
_SM = (_SERVICE, *_address("source"), *_address("dest"), *_HOW, *_TIMES, *_TEXT)

LAYOUTS: Mapping[int, tuple[Field, ...]] = {
    Command.GENERIC_NACK: (),
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_RECEIVER_RESP: _BIND_RESP,
    Command.BIND_TRANSMITTER_RESP: _BIND_RESP,
    Command.BIND_TRANSCEIVER_RESP: _BIND_RESP,
    Command.OUTBIND: (Field("system_id", TEXT, 16), Field("password", TEXT, 9)),
    Command.UNBIND: (),
    Command.UNBIND_RESP: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK_RESP: (),
    Command.SUBMIT_SM: _SM,
    Command.SUBMIT_SM_RESP: (_MESSAGE_ID,),
    Command.SUBMIT_MULTI: (
        _SERVICE,
        *_address("source"),
        Field("dest_address", DESTINATIONS),
        *_HOW,
        *_TIMES,
        *_TEXT,
    ),
    Command.SUBMIT_MULTI_RESP: (_MESSAGE_ID, Field("unsuccess_sme", UNSUCCESS)),
    Command.DELIVER_SM: _SM,
    Command.DELIVER_SM_RESP: (_MESSAGE_ID,),
    Command.DATA_SM: (
        _SERVICE,
        *_address("source", 65),
        *_address("dest", 65),
        Field("esm_class", INT),
        Field("registered_delivery", INT),
        Field("data_coding", INT),
    ),
    Command.DATA_SM_RESP: (_MESSAGE_ID,),
    Command.QUERY_SM: (_MESSAGE_ID, *_address("source")),
    Command.QUERY_SM_RESP: (
        _MESSAGE_ID,
        Field("final_date", TEXT, 17),
        Field("message_state", INT),
        Field("error_code", INT),
    ),
    Command.CANCEL_SM: (_SERVICE, _MESSAGE_ID, *_address("source"), *_address("dest")),
    Command.CANCEL_SM_RESP: (),
    Command.REPLACE_SM: (
        _MESSAGE_ID,
        *_address("source"),
        *_TIMES,
        Field("registered_delivery", INT),
        Field("sm_default_msg_id", INT),
        Field("short_message", MESSAGE, 254),
    ),
    Command.REPLACE_SM_RESP: (),
    Command.ALERT_NOTIFICATION: (*_address("source", 65), *_address("esme", 65)),
}
