"""Phone cells, the usual shapes first.

Most cells of a French file are nine digits in one of a dozen costumes. They are undressed here with one expression and
handed to the kernel in the form it reads fastest; everything else goes to it as written. What a number is remains the
kernel's decision.
"""

import re
from functools import lru_cache

from sofy.kernel.phone import Number, Problem, parse

_COSTUME = {ord(character): None for character in " .-()\u00a0\u202f"}
_USUAL = re.compile(r"(?:0|(\+33|0033)0?)?([67]\d{8})").fullmatch
#: Numbers given to nobody fill demos and benches; the kernel knows which, once per block of ten thousand.
_BLOCK = 5


@lru_cache(maxsize=2048)
def _block_is_fictional(block: str, prefix: str) -> bool:
    """Whether every number that begins so is a mobile kept for fiction: refused in production, taken elsewhere."""
    number = f"{prefix}{block}0000"
    return isinstance(parse(number, fictional=False), Problem) and parse(number, fictional=True) == Number(
        f"+33{block}0000", "mobile", "FR", False
    )


def read(cell: str, *, fictional: bool) -> Number | Problem:
    """The number in a cell, as `kernel.phone.parse` reads it."""
    usual = _USUAL(cell.translate(_COSTUME))
    if usual is None:
        return parse(cell, fictional=fictional)
    prefix, nine = "+33" if usual[1] else "0", usual[2]
    if fictional and _block_is_fictional(nine[:_BLOCK], prefix):
        return Number("+33" + nine, "mobile", "FR", False)
    return parse(prefix + nine, fictional=fictional)
