"""Which submit a receipt means, when the operator writes one identifier in two ways.

Known ways: other letter case, leading zeros dropped or added, hexadecimal in the answer and decimal in the receipt, and
the reverse. Case and zeros are ironed out before anything is stored; the change of base is learned from the traffic,
because trying every base for ever would match sequential identifiers to the wrong message.
"""

from collections import Counter
from collections.abc import Callable

from sofy.connectors.smpp.config import IdFormat

_VOTES = 20
#: Last digit of the phones that are watched for good, and after how many in a row what was learned holds no more.
_WATCHED = "7"
_AGAINST = 3
_REMEMBERED = 5_000
_LONGEST = 255  # four times what the specification permits


def canonical(identifier: str) -> str:
    """Without the differences that never matter: case, surrounding blanks, leading zeros. Nothing stays nothing."""
    written = identifier.strip()
    return written.lower().lstrip("0")[:_LONGEST] or written[:1]


def _same(key: str) -> str | None:
    return key


def _from_decimal(key: str) -> str | None:
    return f"{int(key):x}" if key.isdecimal() and len(key) <= 20 else None


def _from_hex(key: str) -> str | None:
    try:
        return str(int(key, 16)) if len(key) <= 16 else None
    except ValueError:
        return None


_WAYS: dict[IdFormat, Callable[[str], str | None]] = {
    "same": _same,
    "hex_then_decimal": _from_decimal,
    "decimal_then_hex": _from_hex,
}


def id_keys(identifier: str, way: IdFormat = "auto") -> tuple[str, ...]:
    """The canonical identifiers of the answer that a receipt's identifier may mean, likeliest first."""
    key = canonical(identifier)
    if way != "auto":
        return (_WAYS[way](key) or key,)
    return tuple(dict.fromkeys(found for found in (one(key) for one in _WAYS.values()) if found)) or (key,)


class IdFormatLearner:
    """Watches accepted identifiers and receipts of one route until one way explains them.

    A vote counts when exactly one way leads to an identifier accepted a moment ago for the same phone. Of what was
    learned one phone in ten goes on being watched: an operator that moves to other machines may write otherwise.
    """

    def __init__(self, way: IdFormat = "auto") -> None:
        self.way: IdFormat = way
        self._told = way != "auto"
        self._recent: dict[str, str] = {}
        self._votes: Counter[IdFormat] = Counter()
        self._against = 0

    def accepted(self, key: str, phone: str) -> None:
        """Remember an identifier of submit_sm_resp, already canonical, and the number it was for, in E.164."""
        if self.way != "auto" and (self._told or phone[-1:] != _WATCHED):
            return
        self._recent[key] = phone.lstrip("+")
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]

    def keys(self, identifier: str, phone: str) -> tuple[str, ...]:
        """What a receipt from this phone may mean."""
        if self.way == "auto" or (not self._told and phone[-1:] == _WATCHED):
            self._vote(canonical(identifier), phone)
        return id_keys(identifier, self.way)

    def _vote(self, key: str, phone: str) -> None:
        hits = [way for way, change in _WAYS.items() if (found := change(key)) and self._recent.get(found) == phone]
        if len(hits) != 1:
            return
        if self.way != "auto":
            self._against = 0 if hits[0] == self.way else self._against + 1
            if self._against < _AGAINST:
                return
            self.way = "auto"
            self._votes.clear()
        self._votes[hits[0]] += 1
        if self._votes[hits[0]] >= _VOTES and self._votes[hits[0]] >= 0.9 * self._votes.total():
            self.way, self._against = hits[0], 0
            self._recent.clear()
