"""Identifiers made by the application: time-ordered UUIDs for rows, short random codes for links."""

import threading
from secrets import choice, token_bytes
from uuid import UUID

from sofy.kernel import clock

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_RANDOM_BITS = 74  # 12 bits of rand_a and 62 of rand_b
_RANDOM_MAX = 1 << _RANDOM_BITS
_STEP_BYTES = 4

_lock = threading.Lock()
_last_ms = -1
_last_random = 0


def uuid7() -> UUID:
    """A new row id: sorts by creation time, never goes back within a process.

    Source: RFC 9562, 5.7 and 6.2 method 2 (the random part is a counter that grows by random steps).
    """
    return uuid7s(1)[0]


def uuid7s(n: int) -> list[UUID]:
    """`n` new row ids in ascending order, for bulk inserts: one clock reading and one entropy call for all."""
    global _last_ms, _last_random
    ms = int(clock.now().timestamp() * 1000)
    entropy = token_bytes(_STEP_BYTES * n)
    ids = []
    with _lock:
        if ms > _last_ms:
            _last_ms = ms
            _last_random = int.from_bytes(token_bytes(9))  # 72 bits: room to grow within the 74
        for i in range(0, _STEP_BYTES * n, _STEP_BYTES):
            _last_random += 1 + int.from_bytes(entropy[i : i + _STEP_BYTES])
            if _last_random >= _RANDOM_MAX:
                _last_ms += 1
                _last_random %= _RANDOM_MAX
            high, low = _last_random >> 62, _last_random & ((1 << 62) - 1)
            ids.append(UUID(int=_last_ms << 80 | high << 64 | low | _VERSION_AND_VARIANT))
    return ids


def base58(n: int) -> str:
    """A random code of `n` characters that people can read aloud (no 0 O I l); 5.86 bits each."""
    return "".join(choice(_ALPHABET) for _ in range(n))
