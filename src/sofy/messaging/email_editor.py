"""What the block editor holds while a mail is written: blocks as a form sends them, whether they are finished or not.

A draft lives in the page: nothing is stored before it is kept as a version. The states before it travel with the form.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sofy.messaging.email_blocks import Block, Columns, Design, Footer

#: A block as its form shows it: the type and a text for each field.
Raw = dict[str, str]
State = list[Raw]
MOST_STATES: Final = 20
MOST_BLOCKS: Final = 60
_MOST_HISTORY: Final = 1_000_000  # characters


class Shown(NamedTuple):
    """A field of a block. `kind`: line, words, url or align."""

    name: str
    label: str | Promise
    kind: str = "line"
    longest: int = 200


_ALIGN: Final = Shown("align", _("Alignment"), "align")
_COLUMN: Final = (
    Shown("url", _("Address of the picture"), "url", 2048),
    Shown("alt", _("What the picture shows"), "line", 300),
    Shown("html", _("Text"), "words", 10_000),
    Shown("label", _("On the button"), "line", 60),
    Shown("href", _("Where the button leads"), "url", 2048),
)
FIELDS: Final[Mapping[str, tuple[Shown, ...]]] = {
    "heading": (Shown("text", _("Heading")), _ALIGN),
    "text": (Shown("html", _("Text"), "words", 10_000), _ALIGN),
    "image": (
        Shown("url", _("Address of the picture"), "url", 2048),
        Shown("alt", _("What the picture shows"), "line", 300),
        Shown("href", _("Where it leads (may stay empty)"), "url", 2048),
    ),
    "button": (Shown("label", _("On the button"), longest=60), Shown("href", _("Where it leads"), "url", 2048), _ALIGN),
    "divider": (),
    "columns": tuple(each._replace(name=f"{side}_{each.name}") for side in ("left", "right") for each in _COLUMN),
    "footer": (
        Shown("legal", _("Who writes: name, address, company number"), "words", 1_000),
        Shown("unsubscribe", _("Words of the unsubscribe link"), longest=80),
    ),
}
WORDS: Final[Mapping[str, str | Promise]] = {
    "heading": _("Heading"), "text": _("Text"), "image": _("Picture"), "button": _("Button"), "divider": _("Divider"),
    "columns": _("Two columns"), "footer": _("Footer"),
}  # fmt: skip
ALIGNS: Final = (("left", _("Left")), ("center", _("Centre")), ("right", _("Right")))
_STARTS: Final[Mapping[str, str]] = {"align": "left", "unsubscribe": "Se désinscrire"}


def fresh(kind: str) -> Raw:
    """An empty block."""
    names = [each.name for each in FIELDS[kind]]
    start = {name: _STARTS.get(name, "") for name in names}
    return {"type": kind} | start | ({"align": "center"} if kind == "button" else {})


def blank(marketing: bool, language: str = "fr") -> State:
    """What a new mail begins with."""
    state = with_footer([fresh("heading"), fresh("text"), fresh("button")], marketing)
    if marketing and language == "en":
        state[-1]["unsubscribe"] = "Unsubscribe"
    return state


def with_footer(state: State, marketing: bool) -> State:
    """Marketing ends with a foot, once, whatever was done to it; its link cannot be taken away."""
    feet = [raw for raw in state if raw["type"] == "footer"]
    others = [raw for raw in state if raw["type"] != "footer"]
    if marketing and not feet:
        feet = [fresh("footer")]
    return [*others[: MOST_BLOCKS - 1], *feet[:1]]


def posted(data: Mapping[str, str]) -> State:
    """The blocks of a form, in the order of their numbers; fields nobody knows are left out."""
    found: State = []
    for number in range(MOST_BLOCKS):
        kind = data.get(f"{number}-type", "")
        if kind in FIELDS:
            names = FIELDS[kind]
            found.append(
                {"type": kind}
                | {
                    each.name: data.get(f"{number}-{each.name}", "").replace("\r\n", "\n")[: each.longest]
                    for each in names
                }
            )
    return found


def history(text: str) -> list[State]:
    """The states that travelled with the form; what cannot be read is none."""
    if len(text) > _MOST_HISTORY:
        return []
    try:
        states = msgspec.json.decode(text or "[]", type=list[list[dict[str, str]]])
    except msgspec.DecodeError:
        return []
    return [[_known(raw) for raw in state if raw.get("type") in FIELDS] for state in states[-MOST_STATES:]]


def written(states: list[State]) -> str:
    """As the form carries them: the youngest twenty, fewer when they are long."""
    kept = states[-MOST_STATES:]
    while len(text := msgspec.json.encode(kept).decode()) > _MOST_HISTORY:
        kept = kept[1:]
    return text


def done(state: State, what: str) -> State:
    """The blocks after an action: `add:text`, `up:2`, `down:2`, `copy:2`, `drop:2`; a senseless one changes nothing."""
    verb, _colon, where = what.partition(":")
    if verb == "add":
        return [*state, fresh(where)] if where in FIELDS and len(state) < MOST_BLOCKS else state
    if not where.isdecimal() or int(where) >= len(state) or verb not in _ACTIONS:
        return state
    return _ACTIONS[verb](list(state), int(where))


def _moved(state: State, number: int, by: int) -> State:
    other = number + by
    if 0 <= other < len(state):
        state[number], state[other] = state[other], state[number]
    return state


_ACTIONS: Final[Mapping[str, Callable[[State, int], State]]] = {
    "up": lambda state, n: _moved(state, n, -1),
    "down": lambda state, n: _moved(state, n, 1),
    "copy": lambda state, n: [*state[: n + 1], dict(state[n]), *state[n + 1 :]] if len(state) < MOST_BLOCKS else state,
    "drop": lambda state, n: state[:n] + state[n + 1 :],
}


def block_of(raw: Raw) -> Block:
    """The finished block. Raises: msgspec.ValidationError, which says what is missing."""
    kind, values = raw["type"], {name: value.strip() for name, value in raw.items()}
    if kind == "columns":
        sides = [_column({each.name: values.get(f"{side}_{each.name}", "") for each in _COLUMN}) for side in _SIDES]
        return msgspec.convert({"type": kind, "columns": sides}, Columns)
    if "html" in values:
        values["html"] = values["html"].replace("\n", "<br>")
    if kind == "image" and not values.get("href"):
        values.pop("href", None)
    made: Block = msgspec.convert(values, Block)
    return made


_SIDES: Final = ("left", "right")


def _column(values: Raw) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    if values["url"]:
        found.append({"type": "image", "url": values["url"], "alt": values["alt"]})
    if values["html"]:
        found.append({"type": "text", "html": values["html"].replace("\n", "<br>")})
    if values["label"] or values["href"]:
        found.append({"type": "button", "label": values["label"], "href": values["href"]})
    return found


def finished(state: State) -> tuple[list[Block], dict[int, str]]:
    """The blocks that are finished, and what the others lack, by their number."""
    blocks, lacking = [], {}
    for number, raw in enumerate(state):
        try:
            blocks.append(block_of(raw))
        except msgspec.ValidationError as error:
            lacking[number] = str(error)
    return blocks, lacking


def state_of(design: Design) -> State:
    """A kept design, as the form shows it."""
    return [_raw(block) for block in design.blocks]


def _raw(block: Block) -> Raw:
    if isinstance(block, Columns):
        raw = fresh("columns")
        for side, column in zip(_SIDES, block.columns, strict=False):
            for each in column:
                raw |= {f"{side}_{name}": value for name, value in _texts(msgspec.to_builtins(each)) if name != "align"}
        raw["type"] = "columns"
        return _known(raw)
    if isinstance(block, Footer):
        return {"type": "footer", "legal": block.legal, "unsubscribe": block.unsubscribe}
    return _known({"type": ""} | dict(_texts(msgspec.to_builtins(block))))


def _texts(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if value is not None:
            yield name, str(value).replace("<br>", "\n") if name == "html" else str(value)


def _known(raw: Mapping[str, str]) -> Raw:
    return fresh(raw["type"]) | {each.name: raw.get(each.name, "")[: each.longest] for each in FIELDS[raw["type"]]}
