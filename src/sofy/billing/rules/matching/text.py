"""Invoices that a payer names in free text, however it is written."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from sofy.billing.rules.matching.book import Book

_TOKEN = re.compile(r"[A-Z0-9]+")
_RF = re.compile(r"RF\d\d")
#: A number in this many pieces is still one number: FA - 2026 - 000 - 123.
_MOST_PIECES = 6
#: Seven times what a bank passes on; more is no text.
_MOST_TEXT = 1_000
#: What stands before a number that is written without its series, and between the two.
_INVOICE = frozenset(["FA", "FAC", "FACT", "FACTS", "FACTURE", "FACTURES", "FCT", "INV", "INVOICE", "INVOICES"])
_BETWEEN = frozenset(["N", "NO", "NR", "NUM", "NUMERO", "NUMEROS"])
_GLUED = re.compile(r"(FACTURES?|FACT|FAC|INVOICE|INV)(\d{4,})")
#: Digits of the last group of a number.
_MOST_LAST = 6
#: More shortened numbers than this in one text are no list of invoices.
_MOST_SHORTENED = 8


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
        if rest[start : start + 2] not in book.starts or _inside(token, start):
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


def _inside(token: str, start: int) -> bool:
    """Whether a place is inside other digits, or after the check digits of a reference that is none of ours."""
    if not start or not token[start - 1].isdigit():
        return False
    return token[start].isdigit() or bool(_RF.fullmatch(token[max(start - 4, 0) : start]))


class Shortened(msgspec.Struct, frozen=True):
    """Invoices named without their series: after a word for invoice, and those that bare numbers may mean."""

    said: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()


def shortened(texts: Iterable[str], book: Book, sure: Sequence[str]) -> Shortened:
    """What a text names without its series: FACT 2026 12, and the 13 of FA-2026-000012 ET 13.

    A date looks just like it, so that only an amount that is theirs to the cent makes one of them sure; none of it is
    where something named was paid already.
    """
    tokens = _TOKEN.findall(" ".join(text for text in texts if text)[:_MOST_TEXT].upper())
    said: dict[str, None] = {}
    for index, token in enumerate(tokens):
        glued = _GLUED.fullmatch(token)
        if glued or token in _INVOICE:
            after = [glued[2]] if glued else []
            after += [one for one in tokens[index + 1 : index + 4] if one not in _BETWEEN]
            said.update(dict.fromkeys(_by_tail(after[:2], book)))
    said = {one: None for one in said if one not in sure}
    series = {book.series(one) for one in (*sure, *said)}
    bare = dict.fromkeys(token.lstrip("0") or "0" for token in tokens if token.isdigit() and len(token) <= _MOST_LAST)
    maybe = dict.fromkeys(one for begin in series for last in bare for one in book.numbers.get(begin + last, ()))
    maybe = {one: None for one in maybe if one not in sure and one not in said and book.open_eur[one] > 0}
    if len(maybe) > _MOST_SHORTENED or any(book.open_eur[one] <= 0 for one in (*sure, *said)):
        return Shortened()
    return Shortened(tuple(said), tuple(maybe))


def _by_tail(after: Sequence[str], book: Book) -> list[str]:
    """The year and the number after a word for invoice, in one piece or two."""
    if not after or not after[0].isdigit():
        return []
    glued = book.tails.get(after[0], [])
    if len(after) < 2 or not after[1].isdigit():
        return glued
    return [*glued, *book.tails.get(after[0] + after[1], [])]
