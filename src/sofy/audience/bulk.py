"""Ids and sealed values by the thousand, as bytes: what an import makes four of per row.

Same formats as `kernel.ids` and `ClientKeys.seal`, without an object per id.
"""

import os
from collections.abc import Callable
from struct import Struct

from sofy.kernel import clock
from sofy.kernel.crypto import ClientKeys, seal

_LOW = Struct(">I")
_VARIANT = 0x8000_0000


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
    """`keys.seal` for one column, taking row ids as bytes."""
    key, place = keys._data_key, keys.client_id.bytes + table.encode() + b"\0" + column.encode() + b"\0"

    def seal_in(row_id: bytes, text: str) -> bytes:
        return seal(key, text.encode(), place + row_id)

    return seal_in
