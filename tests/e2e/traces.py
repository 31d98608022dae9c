"""Looks for personal data where none may be: in a dump, a spool, an upload, a log.

A phone number is looked for in every written form (any separators, national or international), an e-mail address and a
surname as whole words in any case; each as plain text, as hexadecimal and as base64 at any alignment.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LONG_DIGITS = re.compile(r"\+?\d(?:[ .\-/()\u00a0\u202f]{0,3}\d){7,}")
EMAIL = re.compile(r"[^\s@<>\"',;:(){}\[\]|\\\x00-\x1f]+@[\w.\-]+\.\w{2,}")
WORD = re.compile(r"[^\W\d_]{5,}")
HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){6,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{10,}")
#: Identifiers and sealed bytes are random: among millions of their digits somebody's number turns up by chance. What
#: bytes stand for is looked at apart.
RANDOM = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\\x[0-9a-f]{12,}")
NATIONAL = 9


@dataclass(frozen=True)
class People:
    """What must not be found: national significant numbers, addresses and surnames, folded to lower case."""

    phones: frozenset[str]
    emails: frozenset[str]
    surnames: frozenset[str]

    @classmethod
    def of(cls, phones: Iterable[str], emails: Iterable[str], surnames: Iterable[str]) -> People:
        digits = ("".join(filter(str.isdigit, phone))[-NATIONAL:] for phone in phones)
        return cls(
            frozenset(number for number in digits if len(number) == NATIONAL),
            frozenset(address.casefold() for address in emails if "@" in address),
            frozenset(name.casefold() for name in surnames if re.fullmatch(r"[^\W\d_]{5,}", name)),
        )


def traces(content: bytes, people: People) -> set[str]:
    """Every person found in some bytes, as `kind in encoding`, never the value itself."""
    found = {f"{kind} as text" for kind in _in_text(RANDOM.sub(" ", content.decode("utf-8", "replace")), people)}
    for name, pieces in (("hexadecimal", _hexadecimal(content)), ("base64", _base64(content))):
        joined = b"\n".join(pieces)
        found |= {f"{kind} in {name}" for kind in _in_text(joined.decode("utf-8", "replace"), people)}
    return found


def traces_in_folder(folder: Path, people: People) -> set[str]:
    """The same over every file below a folder, with the file's name in front."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{path.relative_to(folder)}: {trace}" for path in files for trace in traces(path.read_bytes(), people)}


def _in_text(text: str, people: People) -> Iterator[str]:
    for run in LONG_DIGITS.findall(text):
        digits = "".join(filter(str.isdigit, run))
        if any(digits[i : i + NATIONAL] in people.phones for i in range(len(digits) - NATIONAL + 1)):
            yield "phone"
    if any(address.casefold() in people.emails for address in EMAIL.findall(text)):
        yield "e-mail"
    if any(word.casefold() in people.surnames for word in set(WORD.findall(text))):
        yield "surname"


def _hexadecimal(content: bytes) -> Iterator[bytes]:
    for run in HEX.findall(content):
        yield binascii.unhexlify(run)


def _base64(content: bytes) -> Iterator[bytes]:
    for run in BASE64.findall(content):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            piece = plain[start:]
            piece = piece[: len(piece) // 4 * 4]
            if piece:
                yield base64.b64decode(piece)
