"""What an author may write in a message, and how it becomes the text one person receives.

The language is a small part of minijinja: variables, if/elif/else and five filters. Everything else is refused by our
own
reading of the source before minijinja sees it, because a template language with loops or `format` can fill a machine's
memory.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

import minijinja
from babel.dates import format_date

from sofy.kernel.errors import Refused

MAX_SOURCE_CHARS = 2_000
MAX_TEXT_CHARS = 1_530  # ten parts of 153: past that, operators refuse the message
TAGS = ("if", "elif", "else", "endif")
FILTERS = ("default", "upper", "lower", "title", "date")
OPERATORS = frozenset({"and", "or", "not", "is", "in", "if", "else", "defined", "none", "true", "false"})
LINK_CODE_CHARS = 9

_MARKUP = re.compile(r"\{\{(?P<print>.*?)\}\}|\{%-?(?P<tag>.*?)-?%\}|\{#.*?#\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<string>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<number>\d{1,9})"
    r"|(?P<op>==|!=|<=|>=|[<>|(),]))"
)
_URL = re.compile(r"https?://[^\s{}<>\"']+[^\s{}<>\"'.,;:!?)\]]")
_WORD_START = re.compile(r"(^|[\s\-’'.])(\w)")


class MissingValue(Exception):
    """A variable without a default has no value for this person."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class TextTooLong(Exception):
    """The rendered text is longer than any operator accepts."""


def _title(value: str | None) -> str | None:
    """Write a name as people do: Jean-Pierre, d’Hautpoul stays as it starts."""
    return None if value is None else _WORD_START.sub(lambda m: m[1] + m[2].upper(), str(value).lower())


def _date(value: Any, style: str = "short") -> str | None:
    """Write a date the French way; `long` gives the day's name as well."""
    if value is None:
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value)
    pattern = {"long": "EEEE d MMMM", "day": "d MMMM"}.get(style, "dd/MM/yyyy")
    return format_date(day, pattern, locale="fr")


def _default(value: Any, other: Any = "") -> Any:
    return other if value in (None, "") else value


def _printed(value: Any) -> Any:
    if value is None:
        raise MissingValue("?")
    return value


def _fast_environment() -> minijinja.Environment:
    return minijinja.Environment(filters={"title": _title, "date": _date}, debug=False)


def _careful_environment() -> minijinja.Environment:
    """The same language, for a person with holes: a hole that is printed is an error, and filters let holes through."""
    return minijinja.Environment(
        filters={
            "title": _title,
            "date": _date,
            "default": _default,
            "upper": lambda value: None if value is None else str(value).upper(),
            "lower": lambda value: None if value is None else str(value).lower(),
        },
        finalizer=_printed,
        debug=False,  # its report of an error would quote people's values
    )


@dataclass(frozen=True)
class Content:
    """One compiled text: the `variables` it reads, the `links` it replaces, the `fixed` part everybody gets."""

    source: str
    variables: frozenset[str]
    links: tuple[str, ...]
    fixed: str
    _fast: minijinja.Environment
    _careful: minijinja.Environment

    def render(self, values: Mapping[str, Any], short_links: Sequence[str] = ()) -> str:
        """Make one person's text. `values` holds no empty value; `short_links` follows the order of `links`.

        Raises: MissingValue, TextTooLong.
        """
        context = dict(values, **{f"_link_{n}": link for n, link in enumerate(short_links)}) if short_links else values
        if self.variables <= values.keys():
            text = self._fast.render_template("t", **context)
        else:
            text = self._render_with_holes(context)
        if len(text) > MAX_TEXT_CHARS:
            raise TextTooLong
        return text

    def _render_with_holes(self, context: Mapping[str, Any]) -> str:
        try:
            return self._careful.render_template("t", **context)
        except (MissingValue, minijinja.TemplateError) as problem:
            missing = sorted(self.variables - context.keys())
            raise MissingValue(missing[0] if missing else "?") from problem


def compile_content(source: str, *, fields: Collection[str]) -> Content:
    """Check an author's source and prepare it. `fields` are the names a contact may carry.

    Raises: Refused, with the line and what to write instead.
    """
    if len(source) > MAX_SOURCE_CHARS:
        raise Refused("content_too_long", limit=MAX_SOURCE_CHARS)
    if not source.strip():
        raise Refused("content_empty")
    variables, fixed = _read(source, fields)
    shortened, links = _shorten(source)
    fast, careful = _fast_environment(), _careful_environment()
    try:
        fast.add_template("t", shortened)
        careful.add_template("t", shortened)
    except minijinja.TemplateError as problem:
        raise Refused("content_syntax", line=problem.line or 1) from problem
    return Content(source, frozenset(variables), links, fixed, fast, careful)


def _read(source: str, fields: Collection[str]) -> tuple[set[str], str]:
    """Walk the source once: the variables it reads, and the text that no condition can take away."""
    variables: set[str] = set()
    fixed: list[str] = []
    depth, position = 0, 0
    for markup in _MARKUP.finditer(source):
        literal = source[position : markup.start()]
        line = source.count("\n", 0, markup.start()) + 1
        _refuse_stray_braces(literal, line)
        fixed.append(literal if depth == 0 else "")
        if (tag := markup["tag"]) is not None:
            depth += _read_tag(tag.strip(), line, fields, variables)
        elif markup["print"] is not None:
            _read_expression(markup["print"], line, fields, variables)
        position = markup.end()
    _refuse_stray_braces(source[position:], source.count("\n") + 1)
    if depth != 0:
        raise Refused("content_if_not_closed")
    fixed.append(source[position:])
    return variables, "".join(fixed)


def _refuse_stray_braces(literal: str, line: int) -> None:
    for brace in ("{{", "{%", "{#", "}}", "%}"):
        if brace in literal:
            raise Refused("content_brace_not_closed", line=line, brace=brace)


def _read_tag(tag: str, line: int, fields: Collection[str], variables: set[str]) -> int:
    """Check one `{% %}` and say by how much it changes the depth of conditions."""
    word, _, rest = tag.partition(" ")
    if word not in TAGS:
        raise Refused("content_tag_refused", line=line, tag=word[:20], allowed=", ".join(TAGS))
    if word in ("if", "elif"):
        _read_expression(rest, line, fields, variables)
    return {"if": 1, "endif": -1}.get(word, 0)


def _read_expression(text: str, line: int, fields: Collection[str], variables: set[str]) -> None:
    position, previous, pipe_before = 0, "", False
    text = text.strip().strip("-")
    while text[position:].strip():
        token = _TOKEN.match(text, position)
        if token is None:
            raise Refused("content_sign_refused", line=line, sign=text[position:].strip()[:1])
        name = token["name"]
        if pipe_before:
            _check_filter(name, line)
        elif name and name not in OPERATORS:
            _check_variable(name, line, fields)
            variables.add(name)
        if token["op"] == "(" and previous == "value":
            raise Refused("content_call_refused", line=line)
        previous = "filter" if pipe_before else "value" if name and name not in OPERATORS else "other"
        pipe_before = token["op"] == "|"
        position = token.end()
    if position == 0:
        raise Refused("content_syntax", line=line)


def _check_filter(name: str | None, line: int) -> None:
    if name not in FILTERS:
        raise Refused("content_filter_refused", line=line, filter=(name or "")[:20], allowed=", ".join(FILTERS))


def _check_variable(name: str, line: int, fields: Collection[str]) -> None:
    if name in fields and not name.startswith("_"):
        return
    near = get_close_matches(name, list(fields), n=1, cutoff=0.5)
    raise Refused("content_field_unknown", line=line, field=name[:40], suggestion=near[0] if near else "")


def _shorten(source: str) -> tuple[str, tuple[str, ...]]:
    """Replace each fixed address by a variable; one glued to a variable stays, since its target varies."""
    links: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if source[match.end() : match.end() + 1] == "{" or inside(match.start()):
            return match[0]
        links.append(match[0])
        return f"{{{{ _link_{len(links) - 1} }}}}"

    spans = [m.span() for m in _MARKUP.finditer(source)]

    def inside(position: int) -> bool:
        return any(start <= position < end for start, end in spans)

    return _URL.sub(replace, source), tuple(links)


def short_link_length(base_url: str) -> int:
    """Unit: characters that every short link takes in a text."""
    return len(base_url.rstrip("/")) + len("/l/") + LINK_CODE_CHARS


def sample_links(base_url: str, count: int) -> list[str]:
    """Addresses of the right length for counting and previews; they lead nowhere."""
    return [f"{base_url.rstrip('/')}/l/{'x' * LINK_CODE_CHARS}"] * count
