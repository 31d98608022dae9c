"""Numbers as addresses, buttons and people write them."""

from typing import Final

#: What every counter and every number of a row fits in.
MOST_DIGITS: Final = 18


def whole(text: str) -> int | None:
    """The number that plain digits write, or None: not for ², which is a digit too, nor for digits without end."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
