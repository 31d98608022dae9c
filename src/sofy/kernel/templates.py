"""Contents with places: `Bonjour {{prenom}}` becomes what one person reads.

A place is a name between two pairs of braces, and nothing more: no condition, no filter. Whatever a value holds stays a
value: it opens no tag of a page, no line of a header, no other address, and a place in it is not filled again. The
place of the address where a person says no (`kernel.content.OPT_OUT_URL`) is left for the moment of hand-over.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from sofy.kernel.content import OPT_OUT_URL, Button, Card, Content, Media, Template
from sofy.kernel.html_places import Where, places_in_html

#: Unit: characters.
LONGEST_VALUE: Final = 1_000
LONGEST_NAME: Final = 40
MOST_PLACES: Final = 50
OPT_OUT: Final = OPT_OUT_URL.strip("{}")

NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_PLACE: Final = re.compile(rf"\{{\{{\s*({NAME.pattern})\s*\}}\}}")
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE_BREAK: Final = re.compile(r"[\n\t\v\f\r\x85\u2028\u2029]")
_ADDRESS: Final = re.compile(r"https://[^\s\x00-\x1f\x7f\"'<>]+")
#: Characters that mean something in an address. Source: RFC 3986, 2.3.
_RESERVED: Final = re.compile(r"[^A-Za-z0-9._~-]+")
_LINKED: Final = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x1f\x7f\"'<>]+", re.IGNORECASE)

Kind = Literal["text", "line", "address", "html"]


class Problem(NamedTuple):
    """Why a content is no template, or cannot be filled. `name`: which place; `field`: where it stands (RFC 6901)."""

    code: str
    name: str = ""
    field: str = ""
    limit: int = 0


class Unfilled(Exception):
    """A content could not be filled; the problems never quote a value."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(", ".join(f"{each.code} {each.name}".strip() for each in problems))
        self.problems = problems


class _Rule(NamedTuple):
    """What a field of a content may hold."""

    kind: Kind
    most: int
    least: int = 0


_TEXT, _SUBJECT, _HTML = _Rule("text", 10_000), _Rule("line", 200), _Rule("html", 500_000)
_TITLE, _CARD, _CAPTION = _Rule("line", 200), _Rule("text", 2_000), _Rule("text", 1_024)
_LABEL, _FILE, _URL = _Rule("line", 25, 1), _Rule("line", 240), _Rule("address", 2_048, 1)
_REPLY, _PARAMETER = _Rule("line", 2_048, 1), _Rule("line", 1_024, 1)
_Each = Callable[[str, _Rule, str], str]


@dataclass(frozen=True, slots=True)
class _Field:
    """One field with places: `texts` around them, what each is called, and whether it begins an address."""

    rule: _Rule
    path: str
    texts: tuple[str, ...]
    names: tuple[str, ...]
    begins: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A content taken apart once, to be filled for many. `places`: the values it needs, in the order they stand."""

    content: Content
    places: tuple[str, ...]
    problems: tuple[Problem, ...]
    _fields: tuple[_Field | None, ...]

    def fill(self, variables: Mapping[str, str]) -> Content:
        """The content of one person. Values nobody asks for are left aside.

        Raises: Unfilled, with every place that has no usable value.
        """
        if not self.places:
            return self.content
        wrong = list(self.problems) or _problems_of_values(self.places, variables)
        filled: list[str | None] = []
        if not wrong:
            filled = [each and _filled(each, variables, wrong) for each in self._fields]  # type: ignore[misc]
        if wrong:
            raise Unfilled(tuple(wrong))
        if len(self._fields) == 1:
            return replace(self.content, text=filled[0])
        waiting = iter(filled)

        def written(text: str, _rule: _Rule, _path: str) -> str:
            new = next(waiting)
            return text if new is None else new

        return _rewritten(self.content, written)


def prepare(content: Content) -> Prepared:
    """Take a content apart. `problems` of what comes out: why it is no template."""
    fields: list[_Field | None] = []
    problems: list[Problem] = []
    normal = _rewritten(content, lambda text, rule, path: _opt_out_plain(text))
    if _only_text(normal):
        fields.append(_field(normal.text, _TEXT, "/text", problems))
    else:

        def read(text: str, rule: _Rule, path: str) -> str:
            fields.append(_field(text, rule, path, problems))
            return text

        _rewritten(normal, read)
    names = tuple(dict.fromkeys(name for each in fields if each for name in each.names))
    if len(names) > MOST_PLACES:
        problems.append(Problem("places_too_many", limit=MOST_PLACES))
    return Prepared(normal, names, tuple(problems), tuple(fields))


def places(content: Content) -> list[str]:
    """The names of the values a content needs, in the order they stand."""
    return list(prepare(content).places)


def fill(content: Content, variables: Mapping[str, str]) -> Content:
    """A content for one person; who fills many prepares once. Raises: Unfilled."""
    return prepare(content).fill(variables)


def _only_text(content: Content) -> bool:
    return content == Content(text=content.text)


def _opt_out_plain(text: str) -> str:
    """The place that hand-over fills, written exactly as hand-over looks for it."""
    if OPT_OUT not in text:
        return text
    return _PLACE.sub(lambda found: OPT_OUT_URL if found[1] == OPT_OUT else found[0], text)


def _rewritten(content: Content, each: _Each) -> Content:
    """The content with every field that people read replaced by what `each` answers, always in the same order."""
    return replace(
        content,
        text=each(content.text, _TEXT, "/text"),
        subject=each(content.subject, _SUBJECT, "/subject"),
        html=each(content.html, _HTML, "/html"),
        media=_media(content.media, each, "/media"),
        cards=[_card(card, each, f"/cards/{n}") for n, card in enumerate(content.cards)],
        buttons=[_button(button, each, f"/buttons/{n}") for n, button in enumerate(content.buttons)],
        template=_parameters(content.template, each, "/template"),
    )


def _media(media: Media | None, each: _Each, path: str) -> Media | None:
    return media and replace(
        media,
        url=each(media.url, _URL, f"{path}/url"),
        caption=each(media.caption, _CAPTION, f"{path}/caption"),
        filename=each(media.filename, _FILE, f"{path}/filename"),
    )


def _card(card: Card, each: _Each, path: str) -> Card:
    return replace(
        card,
        title=each(card.title, _TITLE, f"{path}/title"),
        text=each(card.text, _CARD, f"{path}/text"),
        media=_media(card.media, each, f"{path}/media"),
        buttons=[_button(button, each, f"{path}/buttons/{n}") for n, button in enumerate(card.buttons)],
    )


def _button(button: Button, each: _Each, path: str) -> Button:
    rule = _URL if button.kind == "url" else _REPLY
    label = each(button.label, _LABEL, f"{path}/label")
    return replace(button, label=label, value=each(button.value, rule, f"{path}/value"))


def _parameters(template: Template | None, each: _Each, path: str) -> Template | None:
    if template is None:
        return None
    lists = {
        name: [each(text, _PARAMETER, f"{path}/{name}/{n}") for n, text in enumerate(getattr(template, name))]
        for name in ("header", "body", "buttons")
    }
    return replace(template, **lists)


def _field(text: str, rule: _Rule, path: str, problems: list[Problem]) -> _Field | None:
    """The places of one field; what looks like a place and is none is a problem."""
    texts, names, begins, position = [], [], [], 0
    spots = dict(_spots(text, rule))
    for found in _PLACE.finditer(text):
        spot = spots.get(found.start(), "")
        if spot in ("unquoted", "code"):
            problems.append(Problem(f"place_{spot}", found[1], path))
        if found[1] == OPT_OUT:
            continue
        texts.append(text[position : found.start()])
        names.append(found[1])
        begins.append(spot == "begins")
        position = found.end()
    texts.append(text[position:])
    if any("{{" in each.replace(OPT_OUT_URL, "") for each in texts):
        problems.append(Problem("place_unreadable", field=path))
    return _Field(rule, path, tuple(texts), tuple(names), tuple(begins)) if names else None


def _spots(text: str, rule: _Rule) -> Iterator[tuple[int, Where]]:
    if rule.kind == "html":
        yield from places_in_html(text)
    elif rule.kind == "address" and text.startswith("{{"):
        yield 0, "begins"


def _problems_of_values(names: tuple[str, ...], variables: Mapping[str, str]) -> list[Problem]:
    wrong = []
    for name in names:
        value = variables.get(name)
        if value is None:
            wrong.append(Problem("variable_missing", name))
        elif len(value) > LONGEST_VALUE:
            wrong.append(Problem("variable_too_long", name, limit=LONGEST_VALUE))
        elif _NOT_TEXT.search(value):
            wrong.append(Problem("variable_characters", name))
    return wrong


def _filled(field: _Field, variables: Mapping[str, str], wrong: list[Problem]) -> str:
    """One field with its values; what is wrong with them goes to `wrong`."""
    kind, pieces = field.rule.kind, [field.texts[0]]
    for name, begins, text in zip(field.names, field.begins, field.texts[1:], strict=True):
        value = variables[name]
        if kind != "text":
            value = _guarded(value, kind, begins, Problem("", name, field.path), wrong)
        pieces += value, text
    whole = "".join(pieces)
    if len(whole) > field.rule.most:
        wrong.append(Problem("filled_too_long", ", ".join(field.names), field.path, field.rule.most))
    elif field.rule.least and not whole.strip():
        wrong.append(Problem("filled_empty", ", ".join(field.names), field.path))
    return whole


def _guarded(value: str, kind: Kind, begins: bool, place: Problem, wrong: list[Problem]) -> str:
    """A value as it may stand in a field of this kind."""
    if kind == "line" and _LINE_BREAK.search(value):
        wrong.append(place._replace(code="variable_line_break"))
    if begins and not (_LINKED if kind == "html" else _ADDRESS).fullmatch(value):
        wrong.append(place._replace(code="variable_address"))
    if kind == "html":
        return html.escape(value)
    return _RESERVED.sub(_percent, value) if kind == "address" and not begins else value


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in found[0].encode("utf-8", "replace"))
