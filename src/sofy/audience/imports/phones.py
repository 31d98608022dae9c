"""Phone cells, the usual shapes first.

Most cells of a French file are nine digits in one of a dozen costumes. They are undressed here with one expression and
handed to the kernel in the form it reads fastest; everything else goes to it as written. What a number is remains the
kernel's decision.
"""

import re
from functools import lru_cache

from sofy.audience import rules
from sofy.kernel.phone import Number, Problem, parse
from sofy.kernel.text import fold, words

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


_REMARK = re.compile(r"([^\d+(]{0,40})([+(\d][\d .()/\u00a0\u202f-]{7,}\d)([^\d+]{0,40})").fullmatch
#: What people write beside a number to say which one it is. Any other word may be a STOP: such a cell is reported.
_WHICH = frozenset(
    words(
        "bureau domicile dom travail perso personnel pro professionnel portable port mobile mob maison fixe tel gsm"
        " home work office cell lui elle mr mme monsieur madame n no numero"
    )
)
_BETWEEN = re.compile(r"[/;,|\\\n]|:::|\s(?:ou|or|et|and|puis|&|-|–|—)\s|\s(?=\+)")


def several(cell: str, *, fictional: bool) -> list[Number]:
    """The numbers of a cell that holds more than one, or says which one it is: "06 39 98 00 01 (bureau) / …".

    None beside a refusal, with whatever between them: the cell is reported.
    """
    parts = _BETWEEN.split(cell)
    if any(rules.consent_word(fold(part)) in rules.OPT_OUTS for part in parts):
        return []
    numbers = (_without_remark(part, fictional=fictional) for part in dict.fromkeys([cell, *parts]))
    return [number for number in dict.fromkeys(numbers) if number is not None]


def _without_remark(text: str, *, fictional: bool) -> Number | None:
    number = read(text, fictional=fictional)
    if isinstance(number, Number):
        return number
    found = _REMARK(text.strip())
    if found is None or not _WHICH.issuperset(words(f"{found[1]} {found[3]}")):
        return None
    number = read(found[2], fictional=fictional)
    return number if isinstance(number, Number) else None


def read(cell: str, *, fictional: bool) -> Number | Problem:
    """The number in a cell, as `kernel.phone.parse` reads it."""
    usual = _USUAL(cell.translate(_COSTUME))
    if usual is None:
        return parse(cell, fictional=fictional)
    prefix, nine = "+33" if usual[1] else "0", usual[2]
    if fictional and _block_is_fictional(nine[:_BLOCK], prefix):
        return Number("+33" + nine, "mobile", "FR", False)
    return parse(prefix + nine, fictional=fictional)
