"""Invoices that a payer names in free text, however it is written."""

import re
from collections.abc import Iterable

import msgspec

from sofy.billing.rules.matching.book import Book

_TOKEN = re.compile(r"[A-Z0-9]+")
_RF = re.compile(r"RF\d\d")
#: A number in this many pieces is still one number: FA - 2026 - 000 - 123.
_MOST_PIECES = 6
#: Seven times what a bank passes on; more is no text.
_MOST_TEXT = 1_000


class Named(msgspec.Struct, frozen=True):
    """The invoices a text names, in its order. `unsure`: two of them are two readings of the same signs."""

    ids: tuple[str, ...]
    unsure: bool = False


def by_reference(references: Iterable[str], texts: Iterable[str], book: Book) -> Named:
    """Invoices named by an RF reference: as such, or inside a text."""
    found: dict[str, None] = {}
    unsure = False
    for said in references:
        ids = book.references.get("".join(said.split()).upper(), ())
        found.update(dict.fromkeys(ids))
        unsure |= len(ids) > 1
    whole = "".join(texts)[:_MOST_TEXT].upper()
    compact = "".join(_TOKEN.findall(whole)) if "RF" in whole else ""
    for match in _RF.finditer(compact):
        ids = _longest(compact, match.start(), book)
        found.update(dict.fromkeys(ids))
        unsure |= len(ids) > 1
    return Named(tuple(found), unsure)


def _longest(compact: str, start: int, book: Book) -> list[str]:
    for length in book.reference_lengths:
        ids = book.references.get(compact[start : start + length])
        if ids:
            return ids
    return []


def by_number(texts: Iterable[str], book: Book) -> Named:
    """Invoices named by their number: with other punctuation, without leading zeros, glued to a word, cut in two."""
    lines = [text[:_MOST_TEXT] for text in texts if text]
    found: dict[str, None] = {}
    unsure = False
    for text in dict.fromkeys((" ".join(lines), "".join(lines))):
        tokens = _TOKEN.findall(text[:_MOST_TEXT].upper())
        for index in range(len(tokens)):
            for ids in _from(tokens, index, book):
                unsure |= len(ids) > 1
                found.update(dict.fromkeys(ids))
    return Named(tuple(found), unsure)


def _from(tokens: list[str], index: int, book: Book) -> list[list[str]]:
    """The readings that begin inside a token; two that begin at the same sign come together: one of them is meant."""
    token = tokens[index]
    found = []
    rest, ends = "", set()
    for piece in tokens[index : index + _MOST_PIECES]:
        rest += piece
        ends.add(len(rest))
    for start in range(len(token)):
        if rest[start : start + 2] not in book.starts or (start and token[start - 1].isdigit()):
            continue
        readings: dict[str, None] = {}
        for length in book.lengths:
            end = start + length
            if end > len(rest) or (end not in ends and rest[end].isdigit() and rest[end - 1].isdigit()):
                continue
            readings.update(dict.fromkeys(book.numbers.get(rest[start:end], ())))
        if readings:
            found.append(list(readings))
    return found
