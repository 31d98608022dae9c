"""Which encoding a French file was written in.

Order: byte-order mark, UTF-16 by its zeros, strict UTF-8 over the whole file, then the old one-byte encodings judged
by how French the text becomes: a French file read in the wrong one shows capitals and symbols inside its words.
"""

import codecs
import re
from typing import BinaryIO

from sofy.kernel.errors import Refused

CHUNK = 1 << 20
CANDIDATES = ("cp1252", "mac_roman", "cp850", "iso8859_15")
MAX_SAMPLES = 20_000
_AROUND_HIGH = re.compile(rb"[\x20-\x7f]{0,2}[\x80-\xff]+[\x20-\x7f]{0,2}")
_HIGH = bytes(range(128, 256))
_CONTROLS = bytes(set(range(1, 32)) - {9, 10, 12, 13, 26, 27})
_MOST_PADDING = 0.3  # share of NULs: programs pad fields of fixed length with them
#: How often each letter is met in French, roughly per thousand letters.
_FRENCH = {
    "é": 19.0,
    "è": 4.0,
    "à": 5.0,
    "ê": 2.5,
    "ç": 1.0,
    "î": 0.6,
    "ï": 0.6,
    "ô": 0.8,
    "ù": 0.6,
    "û": 0.6,
    "â": 0.8,
    "ë": 0.6,
    "œ": 0.5,
    "ü": 0.4,
    "ö": 0.3,
    "ä": 0.2,
    "ñ": 0.2,
    "æ": 0.1,
    "ÿ": 0.1,
    "É": 3.0,
    "È": 0.8,
    "À": 0.8,
    "Ç": 0.8,
    "Ê": 0.4,
    "Ô": 0.2,
    "Î": 0.2,
    "Â": 0.2,
    "Œ": 0.2,
    "Ë": 0.2,
    "Ï": 0.2,
    "Ü": 0.2,
    "Ö": 0.2,
    "Ù": 0.1,
    "Û": 0.1,
}
_TYPOGRAPHY = set("’‘“”«»–—…°€\u00a0")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("sofy_mixed", _as_cp1252)
#: A UTF-8 file with a few old bytes pasted into it, and bytes that cp1252 leaves undefined, are read all the same.
ERRORS = {
    "utf-8": "sofy_mixed",
    "cp1252": "replace",
    "utf-16": "replace",
    "utf-16-le": "replace",
    "utf-16-be": "replace",
}


def guess(content: BinaryIO, max_line: int) -> str:
    """Python's name of the encoding of a text file.

    Raises: Refused file_not_text, line_too_long.
    """
    content.seek(0)
    head = content.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        _scan(content, max_line)
        return "utf-8"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    wide = _utf16_by_zeros(head)
    if wide:
        return wide
    valid, invalid, samples = _scan(content, max_line)
    if invalid == 0 or valid > 2 * invalid:
        return "utf-8"
    return max(CANDIDATES, key=lambda name: frenchness(samples, name))


def _utf16_by_zeros(head: bytes) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd / half > 0.7 and even / half < 0.1:
        return "utf-16-le"
    if even / half > 0.7 and odd / half < 0.1:
        return "utf-16-be"
    return ""


def _scan(content: BinaryIO, max_line: int) -> tuple[int, int, list[bytes]]:
    """Go over the whole file once: valid and invalid UTF-8 sequences, and some text around high bytes."""
    content.seek(0)
    strict = codecs.getincrementaldecoder("utf-8")("strict")
    valid = invalid = since_line = 0
    samples: list[bytes] = []
    while chunk := content.read(CHUNK):
        if len(chunk.translate(None, _CONTROLS)) < len(chunk) * 0.995 or chunk.count(0) > _MOST_PADDING * len(chunk):
            raise Refused("file_not_text")
        since_line = _longest_tail(chunk, since_line, max_line)
        if chunk.isascii():
            continue
        if len(samples) < MAX_SAMPLES:
            samples += _AROUND_HIGH.findall(chunk)[: MAX_SAMPLES - len(samples)]
        try:
            strict.decode(chunk)
        except UnicodeDecodeError:
            strict.reset()
            text = chunk.decode("utf-8", "replace")
            broken = text.count("\ufffd")
            invalid += broken
            valid += len(text) - broken - len(chunk.translate(None, _HIGH))
        else:
            valid += 1
    return valid, invalid, samples


def _longest_tail(chunk: bytes, since_line: int, max_line: int) -> int:
    last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
    if last >= 0:
        return len(chunk) - last
    if since_line + len(chunk) > max_line:
        raise Refused("line_too_long", limit=max_line)
    return since_line + len(chunk)


def frenchness(samples: list[bytes], encoding: str) -> float:
    """How French some text looks when it is read in an encoding; only the ratio between encodings means something."""
    score = 0.0
    for sample in samples:
        text = sample.decode(encoding, "replace")
        before = " "
        for character in text:
            if character > "\x7f":
                score += _weight(character, before)
            before = character
    return score


def _weight(character: str, before: str) -> float:
    if character in _TYPOGRAPHY:
        return 0.5
    weight = _FRENCH.get(character)
    if weight is None:
        return -4.0 if character.isalpha() or before.isalpha() else -2.0
    if character.isupper() and before.islower():
        return -4.0  # a capital inside a word
    return float(weight**0.5)
