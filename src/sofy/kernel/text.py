"""Text made comparable: without case, accents or typography."""

import re
import unicodedata
from typing import TypeVar

#: Letters that Unicode does not decompose into a base letter and an accent.
_LIGATURES = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'", "‘": "'", "ʼ": "'"}
)
#: Joiners, direction marks, soft hyphens.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_INVISIBLES = re.compile(f"[{_INVISIBLE}]+")
#: With combining accents (Latin, Greek, Cyrillic, Hebrew, Arabic).
_MARKS_AND_INVISIBLES = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f"
    f"\ufe20-\ufe2f{_INVISIBLE}]+"
)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
T = TypeVar("T")
_WORD = re.compile(r"[^\W_]+")
_SHORT_PREFIX = 3
_LONG_PREFIX = 5


def visible(s: str) -> str:
    """The text without what pasting from another program brings along and nobody sees."""
    return s if s.isascii() else _INVISIBLES.sub("", s)


def one_line(s: str) -> str:
    """The text with line breaks and doubled spaces as one space: a name that can head a mail, a problem in one line."""
    return " ".join(s.split())


def plain_cell(value: T) -> T | str:
    """A value as a spreadsheet may show it; text that begins like a formula gets an apostrophe before it.

    Source: OWASP, CSV Injection.
    """
    if isinstance(value, str) and value.lstrip(" \u00a0\ufeff").startswith(_FORMULAS):
        return "'" + value
    return value


def fold(s: str) -> str:
    """The text in lower case, without accents, ligatures, invisible characters and doubled spaces."""
    if s.isascii():
        return " ".join(s.lower().split())
    small = unicodedata.normalize("NFKD", s).casefold()
    decomposed = unicodedata.normalize("NFKD", small).translate(_LIGATURES)
    return " ".join(_MARKS_AND_INVISIBLES.sub("", decomposed).split())


def words(s: str) -> list[str]:
    """The folded words of a text; hyphens, apostrophes and punctuation separate them."""
    return _WORD.findall(fold(s))


def name_tokens(s: str) -> list[str]:
    """What a name is indexed by: for each word its 3 first letters, its 5 first and the whole, without repeats."""
    tokens: dict[str, None] = {}
    for word in words(s):
        tokens[word[:_SHORT_PREFIX]] = tokens[word[:_LONG_PREFIX]] = tokens[word] = None
    return list(tokens)


def search_token(word: str) -> str | None:
    """The indexed token that finds every name beginning with `word` (more may be found: compare after reading).

    None when the word is too short to be looked up.
    """
    folded = "".join(words(word))
    if len(folded) < _SHORT_PREFIX:
        return None
    return folded[:_LONG_PREFIX] if len(folded) >= _LONG_PREFIX else folded[:_SHORT_PREFIX]
