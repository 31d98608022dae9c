"""Ids and sealed values by the thousand, as bytes: what an import makes four of per row.

Same formats as `kernel.ids` and `ClientKeys.seal`, without an object per id.
"""

import os
from collections.abc import Callable
from struct import Struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sofy.kernel import clock
from sofy.kernel.crypto import ClientKeys

_LOW = Struct(">I")
_VARIANT = 0x8000_0000
_VERSION = b"\x01"  # of the format of kernel.crypto; a test opens what is sealed here with the kernel
_NONCE, _NONCES_AT_ONCE = 12, 1024


def row_ids(count: int) -> list[bytes]:
    """New row ids in ascending order.

    Source: RFC 9562, 5.7: 48 bits of milliseconds, version, 12 random bits, variant, then a counter of 30 bits that
    keeps the order within the call and 32 random bits.
    """
    millis = int(clock.now().timestamp() * 1000)
    start = int.from_bytes(os.urandom(2)) & 0x0FFF
    head = millis.to_bytes(6) + (0x7000 | start).to_bytes(2)
    random, pack = os.urandom(4 * count), _LOW.pack
    return [head + pack(_VARIANT | number) + random[4 * number : 4 * number + 4] for number in range(count)]


def sealer(keys: ClientKeys, table: str, column: str) -> Callable[[bytes, str], bytes]:
    """`keys.seal` for one column, taking row ids as bytes and its nonces from the system a thousand at a time."""
    place = keys.client_id.bytes + table.encode() + b"\0" + column.encode() + b"\0"
    encrypt = AESGCM(keys._data_key).encrypt
    nonces: list[bytes] = []

    def seal_in(row_id: bytes, text: str) -> bytes:
        if not nonces:
            pool = os.urandom(_NONCE * _NONCES_AT_ONCE)
            nonces.extend(pool[at : at + _NONCE] for at in range(0, len(pool), _NONCE))
        nonce = nonces.pop()
        return _VERSION + nonce + encrypt(nonce, text.encode(), place + row_id)

    return seal_in
