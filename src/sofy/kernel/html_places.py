"""Where in a page places stand: a value is safe in words and between quotes, and nowhere else."""

import re
from collections.abc import Iterator
from typing import Final, Literal

#: "": words, or inside quotes; "begins": an address starts with it; the others are no spots for a value.
Where = Literal["", "begins", "unquoted", "code"]

#: Attributes whose value leads somewhere.
_LEADS: Final = frozenset({"href", "src", "action", "formaction", "background", "poster", "srcset", "data", "cite"})
_MARKS: Final = re.compile(r"<!--|<(?=[A-Za-z/!?])|[>\"']|\{\{")
_IN_COMMENT: Final = re.compile(r"-->|\{\{")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z_:][-\w:.]*)\s*=\s*$")
_ELEMENT: Final = re.compile(r"</?([A-Za-z]+)")
#: What runs or draws: no value is safe in it.
_CODE: Final = frozenset({"script", "style", "svg", "math", "xml", "iframe", "object"})
#: Unit: characters before a quote in which the name of its attribute is looked for.
_REACH: Final = 64


def places_in_html(page: str) -> Iterator[tuple[int, Where]]:
    """Position and surroundings of each opening pair of braces. One pass, whatever the page holds."""
    state, attribute, opened, code = "words", "", 0, ""
    position = 0
    while found := (_IN_COMMENT if state == "comment" else _MARKS).search(page, position):
        mark, at, position = found[0], found.start(), found.end()
        if mark == "{{":
            yield at, _where(page, state, attribute, opened, at, code)
        elif state == "comment":
            state = "words" if mark == "-->" else state
        elif state == "words":
            if mark == "<!--":
                state, position = "comment", at + 2  # <!--> is a whole comment
            elif mark == "<":
                state, code = "tag", _code_after(page, at, code)
        elif state == "tag":
            if mark == ">":
                state = "words"
            elif mark in "\"'":
                name = _ATTRIBUTE.search(page, max(0, at - _REACH), at)
                state, attribute, opened = mark, name[1].lower() if name else "", at + 1
        elif mark == state:
            state = "tag"


def _where(page: str, state: str, attribute: str, opened: int, at: int, code: str) -> Where:
    if code or _runs(state, attribute):
        return "code"
    if state in ("tag", "comment"):
        return "unquoted"
    if state != "words" and attribute in _LEADS and not page[opened:at].strip():
        return "begins"
    return ""


def _runs(state: str, attribute: str) -> bool:
    """Whether what stands between these quotes is a program, or a style that may fetch."""
    return state in ('"', "'") and (attribute.startswith("on") or attribute == "style")


def _code_after(page: str, at: int, code: str) -> str:
    """The element of code this tag opens, or goes on with; an empty text when it closes it."""
    name = _ELEMENT.match(page, at)
    element = name[1].lower() if name else ""
    if code:
        return "" if element == code and page.startswith("</", at) else code
    return element if element in _CODE and not page.startswith("</", at) else ""
