"""SMS text: alphabets, parts, cutting, transliteration, and the words people answer with.

Source: 3GPP TS 23.038 6.2.1 (GSM 7-bit alphabet), TS 23.040 9.2.3.24.1 (concatenation header of 6 octets).
Unit: "units" are septets in gsm7 (an extension character takes two), UTF-16 code units in ucs2, octets in latin1.
"""

import re
import unicodedata
from codecs import charmap_encode
from collections.abc import Collection
from functools import lru_cache
from typing import Literal, NamedTuple

from sofy.kernel.clauses import clause
from sofy.kernel.text import fold

Encoding = Literal["gsm7", "ucs2", "latin1"]

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_ESC = 0x1B
_GSM7 = {ord(c): bytes([code]) for code, c in enumerate(_BASIC) if code != _ESC} | {
    ord(c): bytes([_ESC, code]) for c, code in _EXTENSION.items()
}
GSM7_CHARACTERS = frozenset(map(chr, _GSM7))
#: Characters that take one octet in Latin-1 and one septet in GSM: a text made of them only is converted at once.
_ONE_TO_ONE = bytes(c for c in range(256) if len(_GSM7.get(c, b"")) == 1)
_LATIN1_TO_GSM7 = bytes.maketrans(_ONE_TO_ONE, b"".join(_GSM7[c] for c in _ONE_TO_ONE))

#: Units that one SMS holds alone, and each part of a long one.
LIMITS: dict[Encoding, tuple[int, int]] = {"gsm7": (160, 153), "latin1": (140, 134), "ucs2": (70, 67)}
_ONE_SEPTET_EACH = re.compile(f"[{re.escape(_ONE_TO_ONE.decode('latin-1'))}]*").fullmatch
#: What every operator takes. UCS-2 is always among the alphabets of a route: it carries what the others lack.
USUAL: frozenset[Encoding] = frozenset({"gsm7", "ucs2"})
_CHEAP: tuple[Encoding, ...] = ("gsm7", "latin1")


class Analysis(NamedTuple):
    """What a text costs on a route, and which characters (with their index) keep it out of a cheaper alphabet."""

    encoding: Encoding
    units: int
    parts: int
    per_part: int
    forcing: tuple[tuple[int, str], ...]


def encode_gsm7(text: str) -> bytes:
    """One octet per septet, extension characters as an ESC pair (the "unpacked" form of SMPP).

    Raises: UnicodeEncodeError at the first character outside the alphabet.
    """
    try:
        latin1 = text.encode("latin-1")
    except UnicodeEncodeError:
        latin1 = b"\0"
    if not latin1.translate(None, _ONE_TO_ONE):
        return latin1.translate(_LATIN1_TO_GSM7)
    return charmap_encode(text, "strict", _GSM7)[0]


def encode_ucs2(text: str) -> bytes:
    """UTF-16 big-endian, which is what handsets understand by UCS-2; a lone surrogate becomes a question mark."""
    return text.encode("utf-16-be", "replace")


def encode(text: str, encoding: Encoding) -> bytes:
    """The octets of a text in one alphabet.

    Raises: UnicodeEncodeError when gsm7 or latin1 lacks a character.
    """
    if encoding == "gsm7":
        return encode_gsm7(text)
    return encode_ucs2(text) if encoding == "ucs2" else text.encode("latin-1")


def cut(text: str, alphabets: Collection[str] = USUAL) -> tuple[Encoding, list[bytes]]:
    """The alphabet, among those of a route, in which a text takes the fewest SMS, and the octets of each of them.

    The only place where this is decided. The number is the same whether the parts are joined by a user data header,
    by sar parameters or by the operator that gets a message_payload: each SMS of a long text holds six octets less.
    Of two alphabets that take as many, gsm7 comes before latin1.
    """
    found: tuple[Encoding, list[bytes]] | None = None
    for encoding in _CHEAP:
        if encoding in alphabets:
            try:
                pieces = split(text, encoding)
            except UnicodeEncodeError:
                continue
            if len(pieces) == 1:
                return encoding, pieces
            if found is None or len(pieces) < len(found[1]):
                found = encoding, pieces
    return found or ("ucs2", split(text, "ucs2"))


def analyse(text: str, alphabets: Collection[str] = USUAL) -> Analysis:
    """Everything the editor shows about a text on a route: alphabet, units, parts and the characters that cost.

    Those are the ones missing from the better alphabet of the route that lacks the fewest of them.
    """
    encoding, pieces = cut(text, alphabets)
    octets = sum(map(len, pieces))
    units = octets // 2 if encoding == "ucs2" else octets
    per_part = LIMITS[encoding][0 if len(pieces) == 1 else 1]
    better = [one for one in _CHEAP if one in alphabets and LIMITS[one] > LIMITS[encoding]]
    forcing = min((_lacking(text, one) for one in better), key=len, default=())
    return Analysis(encoding, units, len(pieces), per_part, forcing)


def _lacking(text: str, encoding: Encoding) -> tuple[tuple[int, str], ...]:
    if encoding == "gsm7":
        return tuple((i, c) for i, c in enumerate(text) if c not in GSM7_CHARACTERS)
    return tuple((i, c) for i, c in enumerate(text) if ord(c) > 0xFF)


def parts(text: str, alphabets: Collection[str] = USUAL) -> int:
    """The number of SMS a text is billed as (1 for an empty text)."""
    return measure(text, alphabets)[0]


def measure(text: str, alphabets: Collection[str] = USUAL) -> tuple[int, Encoding]:
    """Parts and alphabet of a text: what a campaign needs of `analyse` for each of its messages."""
    if len(text) <= LIMITS["gsm7"][0] and "gsm7" in alphabets and _ONE_SEPTET_EACH(text):
        return 1, "gsm7"
    encoding, pieces = cut(text, alphabets)
    return len(pieces), encoding


def split(text: str, encoding: Encoding) -> list[bytes]:
    """The octets of each SMS of a text; joined, they are the encoded text. No ESC pair or surrogate pair is cut.

    Raises: UnicodeEncodeError when the alphabet lacks a character.
    """
    return _cut(encode(text, encoding), encoding)


def _cut(octets: bytes, encoding: Encoding) -> list[bytes]:
    width = 2 if encoding == "ucs2" else 1
    alone, per_part = LIMITS[encoding]
    if len(octets) <= alone * width:
        return [octets]
    per_part *= width
    pieces = []
    start = 0
    while start < len(octets):
        end = start + per_part
        if end < len(octets):
            if encoding == "gsm7" and octets[end - 1] == _ESC:
                end -= 1
            elif encoding == "ucs2" and 0xD8 <= octets[end - 2] < 0xDC:  # a high surrogate needs its low one
                end -= 2
        pieces.append(octets[start:end])
        start = end
    return pieces


_TYPOGRAPHY = {
    "’": "'", "‘": "'", "‚": "'", "‛": "'", "ʼ": "'", "´": "'", "`": "'", "′": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "−": "-", "…": "...", "•": "-", "·": "-",
    "œ": "oe", "Œ": "OE", "×": "x", "÷": "/", "©": "(c)", "®": "(R)", "°": "deg", "¢": "c", "→": "->", "←": "<-",
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i",
    "\t": " ", "\u2028": "\n", "\u2029": "\n", "\x85": "\n", "¦": "|", "⁄": "/",
}  # fmt: skip
_BEFORE_LETTERS = (
    (re.compile("«[\u00a0\u202f ]?|[\u00a0\u202f ]?»"), '"'),
    (re.compile("Œ(?=[a-zà-ÿ])"), "Oe"),
    (re.compile("(?<=[nN])°"), "o"),
)
#: Addresses and template expressions: changing a letter of these changes where they lead.
_UNTOUCHABLE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}"
    r"|(?:https?://|www\.)[^\s«»<>“”\"]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.])[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?![\w.])(?:/[^\s«»<>“”\"]*)?",
    re.DOTALL,
)


def transliterate(text: str) -> str:
    """The same text with as few characters outside the GSM alphabet as possible, to be offered, never applied silently.

    Accents that GSM carries (é è à ù) stay; the others lose their accent (ê -> e, ç -> c), typography becomes plain
    (’ -> ', « -> "). Web and mail addresses and template expressions are left alone, and so are characters without
    a plain form, such as emoji.
    """
    pieces = []
    position = 0
    for match in _UNTOUCHABLE.finditer(text):
        pieces += [_plain(text[position : match.start()]), match.group()]
        position = match.end()
    return "".join([*pieces, _plain(text[position:])])


def _plain(text: str) -> str:
    for pattern, replacement in _BEFORE_LETTERS:
        text = pattern.sub(replacement, text)
    return "".join(c if c in GSM7_CHARACTERS else _plain_character(c) for c in unicodedata.normalize("NFC", text))


def _plain_character(c: str) -> str:
    if c in _TYPOGRAPHY:
        return _TYPOGRAPHY[c]
    if unicodedata.category(c) in {"Cf", "Mn"} and c not in "\u200d\ufe0f":  # those two shape emoji
        return ""
    decomposed = unicodedata.normalize("NFKD", c)
    plain = "".join(d for d in decomposed if not unicodedata.combining(d))
    plain = plain.translate({ord("⁄"): "/"})
    return plain if plain and all(d in GSM7_CHARACTERS for d in plain) else c


@clause("CGVU 14.1")
def stop_mention(short_code: str) -> str:
    """The mention that every marketing SMS carries.

    Source: CGVU 14.1 (the words "STOP SMS"); the short code says where to send it.
    """
    return f"STOP SMS {short_code}"


@lru_cache(maxsize=256)
def _mention(short_code: str | None) -> re.Pattern[str]:
    code = rf"\W{{1,3}}(?:(?:au|to|par)\s+)?{re.escape(short_code)}(?!\w)" if short_code else ""
    return re.compile(rf"(?<!\w)stop\s+sms(?!\w){code}", re.IGNORECASE)


@clause("CGVU 14.1")
def has_stop_mention(text: str, short_code: str | None) -> bool:
    """Whether a rendered text carries the words STOP SMS, followed by the short code when there is one."""
    return _mention(short_code).search(text) is not None and (text.isascii() or not turns_around(text))


_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def turns_around(text: str) -> bool:
    """Whether a text turns the direction of writing around: what it says may be shown backwards."""
    return _TURNS.search(text) is not None


_NAMES_STOP = re.compile(r"(?<!\w)STOP(?!\w)")


@clause("CGVU 14.1")
def names_stop(text: str) -> bool:
    """Whether a text says STOP in capitals, as what to answer where the channel itself takes answers."""
    return _NAMES_STOP.search(text) is not None


_STOP = """
stop stopp stopper stoppez stopsms arret arrets arrete arreter arretez unsubscribe unsub
desabonner desabonnez desabonnement desinscrire desinscription
"""
_STOP_WORDS = frozenset(_STOP.split())
_FIRST_WORD = re.compile(r"[^\W_]+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


@clause("CGVU 14.1", "CGVU 17", "DPA 5")
def is_stop(text: str) -> bool:
    """Whether an answer asks to receive nothing more: STOP, ARRÊT and their kin, whatever the case and what follows."""
    return bool(_first_words(text) & _STOP_WORDS)


def is_contact(text: str) -> bool:
    """Whether an answer asks who is writing: short codes must answer CONTACT."""
    return "contact" in _first_words(text)


def _first_words(text: str) -> set[str]:
    """The first word, read as people write it: `stop,merci`, `S.T.O.P.` and `STOP36111` all begin with stop."""
    folded = fold(text)
    first = _FIRST_WORD.search(folded)
    if first is None:
        return set()
    spelled = _NOT_ALPHANUMERIC.sub("", folded[first.start() :].split(" ", 1)[0])
    return {first.group(), first.group().rstrip("0123456789"), spelled}
