"""Texts as every bank of SEPA takes them.

Source: EPC217-08 (characters of SEPA and how others are converted), EPC130-08 (implementation guidelines, 1.4).
"""

import re
import unicodedata

from sofy.kernel.errors import Refused

_KEPT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
_SAID = {
    "&": "+", "_": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "´": "'", "`": "'",
    "[": "(", "]": ")", "{": "(", "}": ")", ";": ",", "\\": "/", "|": "/", "€": "EUR", "°": "o", "º": "o", "ª": "a",
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i", "ħ": "h", "Ħ": "H",
}  # fmt: skip
_GREEK = "ΑA ΒV ΓG ΔD ΕE ΖZ ΗI ΘTH ΙI ΚK ΛL ΜM ΝN ΞX ΟO ΠP ΡR ΣS ΤT ΥY ΦF ΧCH ΨPS ΩO"
_CYRILLIC = "АA БB ВV ГG ДD ЕE ЖZH ЗZ ИI ЙY КK ЛL МM НN ОO ПP РR СS ТT УU ФF ХH ЦTS ЧCH ШSH ЩSHT ЪA ЬY ЮYU ЯYA"
_LETTERS = {pair[0]: pair[1:] for pair in f"{_GREEK} {_CYRILLIC}".split()}
_ID = re.compile(r"[A-Za-z0-9+?/:().,'\-]{1,35}")


def sepa_text(text: str, most: int) -> str:
    """A name or a remittance text in the characters of SEPA, cut to what its element holds.

    é becomes e, & becomes +; a character nobody can say otherwise becomes a space. Unit: `most` in characters.
    """
    plain = "".join(_said(c) for c in unicodedata.normalize("NFC", text))
    plain = re.sub(r"/{2,}", "/", " ".join(plain.split()))
    return plain.strip("/ ")[:most].rstrip("/ ")


def _said(character: str) -> str:
    if character in _KEPT:
        return character
    if character in _SAID:
        return _SAID[character]
    if unicodedata.category(character) in {"Mn", "Cf"}:
        return ""
    bases = unicodedata.normalize("NFKD", character)
    return "".join(c if c in _KEPT else _letter(c) for c in bases if not unicodedata.combining(c)) or " "


def _letter(character: str) -> str:
    said = _LETTERS.get(character) or _LETTERS.get(character.upper(), " ")
    return said.lower() if character.islower() else said


def sepa_id(value: str, what: str) -> str:
    """An identifier, unchanged: changing it would break the matching of what comes back.

    Raises: Refused sepa_id when a bank could refuse or change it (35 characters of SEPA without spaces; no slash at
    either end, no two in a row).
    """
    if not _ID.fullmatch(value) or value.startswith("/") or value.endswith("/") or "//" in value:
        raise Refused("sepa_id", what=what)
    return value
