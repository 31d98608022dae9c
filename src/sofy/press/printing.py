"""A template and its data made into PDF/A-3b by typst. The same data give the same bytes.

Data arrive in a template as JSON, so that nothing a person wrote is ever read as markup. Only the fonts inside typst
are used: a page looks the same on every machine.
"""

import json
import re
import threading
import unicodedata
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

#: Templates name each other from here: "/press/base.typ".
_ROOT = Path(str(files("sofy")))
#: typst remembers what it laid out for so many more documents: a large one costs 40 MB until then. Unit: characters.
_REMEMBERED, _LARGE = 11, 40_000
_UNSHOWABLE = "\ufffd"
_LONG = re.compile(r"\S{25,}")
_PIECE = re.compile(r"\S{12}(?=\S)")
_USUAL = re.compile(r"[\n -~\u00a0-\u00ac\u00ae-\u017f\u2010-\u2015\u2018-\u201f\u2022\u2026\u202f\u20ac\u2212]*")
_LINE = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


class Whole(str):
    """An identifier, which is never broken over two lines, so that who copies it copies nothing else."""


# A compiler holds fonts and what it laid out last, and works for one caller at a time.
_lock = threading.Lock()


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(root=_ROOT, ignore_system_fonts=True)


def pdf(template: str, data: dict[str, Any], *, on: date) -> bytes:
    """The document as PDF/A-3b. `template`: below the package, as in "billing/paper/invoice.typ"; `on`: its date."""
    (made,) = _compiled(template, data, on, format="pdf", pdf_standards=["a-3b"])
    return made


def png(template: str, data: dict[str, Any], *, on: date, ppi: float = 110) -> list[bytes]:
    """The pages as pictures, for previews."""
    return _compiled(template, data, on, format="png", ppi=ppi)


def _compiled(template: str, data: dict[str, Any], on: date, **options: Any) -> list[bytes]:
    text = json.dumps(_shown(data), ensure_ascii=False)
    noon = int(datetime(on.year, on.month, on.day, 12, tzinfo=UTC).timestamp())
    with _lock:
        made = _compiler().compile(
            input=_ROOT / template, sys_inputs={"data": text}, timestamp=noon, pdf_tags=True, **options
        )
        if len(text) > _LARGE:
            _forget()
    assert made is not None  # only with an output path there are no bytes
    return made if isinstance(made, list) else [made]


def _forget() -> None:
    """Have typst let go of what it remembers of a large document, by empty pages; its cache has no other door."""
    for _ in range(_REMEMBERED):
        _compiler().compile(input=b"", sys_inputs={}, format="svg")


def _shown(data: Any) -> Any:
    """The same data with texts that the fonts can show and that break where a column ends."""
    if isinstance(data, str):
        return showable(data, whole=isinstance(data, Whole))
    if isinstance(data, dict):
        return {key: _shown(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_shown(value) for value in data]
    return data


def showable(text: str, *, whole: bool = False) -> str:
    """A text as paper can show it: no control characters, no change of direction, and a mark for what no font has.

    PDF/A forbids characters without a glyph, and an invoice must not fail because a name is written in Chinese. Words
    that are too long for a column get places to break, which nobody sees, unless they are `whole`.
    """
    if not _USUAL.fullmatch(text):
        text = _LINE.sub("\n", unicodedata.normalize("NFC", text))
        text = "".join(c if _USUAL.fullmatch(c) else _one(c) for c in text)
    if whole or len(text) < 25:
        return text
    return _LONG.sub(lambda found: _PIECE.sub("\\g<0>\u200b", found[0]), text)


def _one(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cc" or kind.startswith("Z"):
        return " "
    if kind in ("Cf", "Cs", "Co"):
        return ""
    return character if _has_glyph(character) else _UNSHOWABLE


@lru_cache(20_000)
def _has_glyph(character: str) -> bool:
    """Whether typst's fonts show a character, tried once each."""
    with _lock:
        try:
            _compiler().compile(
                input=b"#sys.inputs.data",
                sys_inputs={"data": f"a{character}"},
                format="pdf",
                pdf_standards=["a-3b"],
                timestamp=0,
            )
        except typst.TypstError:
            return False
    return True
