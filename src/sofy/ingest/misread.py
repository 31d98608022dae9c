"""Why a body cannot be read, in the words of the API: what its reader found wrong, and where. Never the value, which
may be about a person."""

import re
from typing import Final, get_args

import msgspec

from sofy.ingest.problems import Fault
from sofy.ingest.shapes import LINE, WORDS, Channel, Purpose, RealChannel
from sofy.ingest.words import Words

#: What cannot be read, as readers say it.
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_MISSING = re.compile(r"Object missing required field `([^`]*)`(?: - at `\$([^`]*)`)?")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`(?: - at `\$([^`]*)`)?")
_VALUE = re.compile(r"(.*?)(?: - at (?:`key` in )?`\$([^`]*)`)?", re.DOTALL)
_CHOICES: Final = {"purpose": get_args(Purpose), "channel": get_args(Channel)}
#: What a pattern asks for.
_PATTERNS: Final = {
    LINE: Words("one line, without control characters", "une seule ligne, sans caractère de contrôle"),
    WORDS: Words("one line with something in it", "une seule ligne, qui dise quelque chose"),
}
_NAME: Final = Words(
    "letters without accents, digits and “_”, no digit first",
    "lettres sans accent, chiffres et « _ », pas de chiffre d’abord",
)
#: The words of msgspec about a value, in French; longer ones first.
_OF_VALUES: Final = (
    ("Invalid RFC3339 encoded datetime", "ce n’est pas un instant RFC 3339 comme 2026-11-24T14:30:00+01:00"),
    ("Invalid UUID", "ce n’est pas un identifiant"),
    ("with a timezone component", "avec son décalage horaire"),
    ("Integer value out of range", "nombre hors de portée"),
    ("Number out of range", "nombre hors de portée"),
    ("of length", "de longueur"),
    ("Expected", "attendu"),
    ("got", "reçu"),
)
#: The words of msgspec about what is no JSON, in French; longer ones first.
_OF_JSON: Final = (
    ("Input data was truncated", "il s’arrête trop tôt"),
    ("JSON is malformed: ", ""),
    ("unexpected end of escaped utf-16 surrogate pair", "caractère UTF-16 incomplet"),
    ("invalid utf-16 surrogate pair", "caractère UTF-16 incomplet"),
    ("unexpected end of hex escape", "\\u sans ses quatre chiffres"),
    ("invalid character in unicode escape", "\\u sans ses quatre chiffres"),
    ("invalid escape character in string", "\\ suivi d’un signe inconnu"),
    ("invalid escaped character", "\\ suivi d’un signe inconnu"),
    ("invalid character", "signe inattendu"),
    ("invalid number", "nombre mal écrit"),
    ("object keys must be strings", "les noms s’écrivent entre guillemets droits"),
    ("trailing comma in", "virgule de trop dans"),
    ("trailing characters", "il continue après sa fin"),
    (" or ", " ou "),
    ("expected", "il manque"),
    ("byte", "octet"),
)
#: Half of a character that is written in two; the reader complains of whatever follows.
_HALF: Final = re.compile(rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F])")


def misread(error: Exception, body: bytes = b"") -> Fault:
    """What keeps a body from being what was asked for."""
    if isinstance(error, msgspec.ValidationError):
        return misshapen(error)
    return Fault("not_json", 400, problem=_about_json(error, body))


def misshapen(error: msgspec.ValidationError) -> Fault:
    """What msgspec found wrong with the shape of a body."""
    text = str(error)
    for code, pattern in (("field_missing", _MISSING), ("field_unknown", _UNKNOWN)):
        if found := pattern.fullmatch(text):
            return Fault(code, field=found[1], pointer=f"{_pointer(found[2])}/{_token(found[1])}")
    found = _VALUE.fullmatch(text)
    said, pointer = (found[1], _pointer(found[2])) if found else (text, "")
    return Fault("field_value", problem=_about_a_value(said, pointer), pointer=pointer)


def _about_a_value(said: str, pointer: str) -> Words:
    if said.startswith("Invalid enum value"):
        return _one_of(pointer)
    if " matching regex " in said:
        return next((words for pattern, words in _PATTERNS.items() if repr(pattern) in said), _NAME)
    return Words(said, _replaced(said, _OF_VALUES))


def _one_of(pointer: str) -> Words:
    """Which values there are, where that is known."""
    known = _CHOICES.get(pointer.rpartition("/")[2], ())
    if pointer.startswith("/fallback/"):
        known = get_args(RealChannel)
    if not known:
        return Words("no such value is known", "valeur inconnue")
    *most, last = known
    return Words(f"expected {', '.join(most)} or {last}", f"attendu {', '.join(most)} ou {last}")


def _about_json(error: Exception, body: bytes) -> Words:
    if isinstance(error, RecursionError):
        return Words("it has too many levels", "il a trop de niveaux")
    if isinstance(error, UnicodeDecodeError):
        return Words("a text in it is not UTF-8", "un texte n’y est pas en UTF-8")
    if _HALF.search(body):
        return Words("one half of a character is missing in it", "il y manque la moitié d’un caractère")
    return Words(str(error), _replaced(str(error), _OF_JSON))


def _replaced(text: str, said: tuple[tuple[str, str], ...]) -> str:
    for english, french in said:
        text = text.replace(english, french)
    return text


def _token(name: str) -> str:
    """A name as it stands in a pointer. Source: RFC 6901, 3."""
    return name.replace("~", "~0").replace("/", "~1")


def _pointer(path: str | None) -> str:
    """From `.messages[3].to` to `/messages/3/to`; which value of an object is wrong is not known."""
    known = (path or "").partition("[...]")[0]
    return re.sub(r"\[(\d+)\]", r"/\1", known.replace(".", "/"))
