"""What an author may write in a message, and how it becomes the text one person receives.

The language is a small part of minijinja: variables, if/elif/else and five filters. A source is read here, piece by
piece, and written anew before minijinja sees it: what is not in the language is refused, and what everybody receives is
known for certain.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import minijinja
from babel.dates import format_date

from sofy.kernel import sms_text
from sofy.kernel.errors import Refused
from sofy.soreach.expressions import Reader

MAX_SOURCE_CHARS = 2_000
MAX_TEXT_CHARS = 1_530  # ten parts of 153: past that, operators refuse the message
TAGS = ("if", "elif", "else", "endif")
LINK_CODE_CHARS = 9
#: Stands for whatever may come between the fixed parts of a text: a letter that no mention has, so that a mention
#: found beside it would not be found beside a letter of somebody's name either.
ANYTHING = "ж"

_MARKUP = re.compile(
    r"\{\{(?P<print>.*?)\}\}|\{%(?P<tag>.*?)%\}|\{#.*?#\}",
    re.DOTALL,
)
_BRACE = "{{ '{' }}"
_FIELD = re.compile(r"\{\{ (\w+) \}\}")
_URL = re.compile(r"https?://[^\s{}<>\"']+[^\s{}<>\"'.,;:!?)\]]")
_WORD_START = re.compile(r"(^|[\s\-’'.])(\w)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


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


def _written(value: Any) -> Any:
    """Write what is not text the French way: 12,5 and 01/02/1980, oui and non."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f").replace(".", ",")
    return _date(value) if isinstance(value, str) and _DAY.fullmatch(value) else value


def _default(value: Any, other: Any = "") -> Any:
    return other if value in (None, "") else value


def _known(value: Any, field: str) -> Any:
    if value is None:
        raise MissingValue(field)
    return value


def _printed(value: Any) -> Any:
    return _known(value, "?")


def _in_plain_letters(value: Any) -> Any:
    text = str(_printed(value))
    return text if text.isascii() else sms_text.transliterate(text)


def _environment(*, careful: bool, plain: bool) -> minijinja.Environment:
    """The language; `careful`, for a person with holes: one that is printed is an error, and filters let it through."""
    filters: dict[str, Any] = {"title": _title, "date": _date, "_written": _written}
    finalizer = _in_plain_letters if plain else None
    if careful:
        filters |= {
            "_known": _known,
            "default": _default,
            "upper": lambda value: None if value is None else str(value).upper(),
            "lower": lambda value: None if value is None else str(value).lower(),
        }
        finalizer = finalizer or _printed
    # The report that `debug` adds to an error would quote people's values.
    return minijinja.Environment(filters=filters, finalizer=finalizer, debug=False)


@dataclass(frozen=True)
class Content:
    """One compiled text.

    `variables`: the fields it reads; `needed`: those that some texts lack a value without; `always`: those that every
    text does. `links`: the addresses it replaces. `fixed`: what everybody gets, with ANYTHING between. `signs`: the
    characters its author wrote.
    """

    source: str
    variables: frozenset[str]
    needed: frozenset[str]
    always: frozenset[str]
    links: tuple[str, ...]
    fixed: str
    signs: frozenset[str]
    _filled: str | None
    _fast: minijinja.Environment
    _careful: minijinja.Environment

    def render(self, values: Mapping[str, Any], short_links: Sequence[str] = ()) -> str:
        """Make one person's text. `values` holds no empty value; `short_links` follows the order of `links`.

        Raises: MissingValue, TextTooLong.
        """
        context = dict(values, **{f"_link_{n}": link for n, link in enumerate(short_links)}) if short_links else values
        if not self.variables <= values.keys():
            text = self._render_with_holes(context)
        elif self._filled is not None:
            text = self._filled % context
        else:
            text = self._fast.render_template("t", **context)
        if len(text) > MAX_TEXT_CHARS:
            raise TextTooLong
        return text

    def _render_with_holes(self, context: Mapping[str, Any]) -> str:
        try:
            return self._careful.render_template("t", **context)
        except (MissingValue, minijinja.TemplateError) as problem:
            named = getattr(problem, "field", "?")
            missing = sorted(self.variables - context.keys())
            raise MissingValue(named if named != "?" or not missing else missing[0]) from problem


def compile_content(source: str, *, fields: Mapping[str, str], plain: bool = False) -> Content:
    """Check an author's source and prepare it. `fields`: what a contact may carry, name -> kind of its value.

    `plain`: what comes from fields is written in the letters that every SMS holds.
    Raises: Refused, with the line and what to write instead.
    """
    if len(source) > MAX_SOURCE_CHARS:
        raise Refused("content_too_long", limit=MAX_SOURCE_CHARS)
    if not source.strip():
        raise Refused("content_empty")
    parts = _parts(source)
    links: list[str] = []
    always: set[str] = set()
    reader = Reader(fields)
    fast, careful = _environment(careful=False, plain=plain), _environment(careful=True, plain=plain)
    try:
        code = _rewritten(parts, reader, links, always)
        fast.add_template("t", code)
        careful.add_template("t", _rewritten(parts, Reader(fields, careful=True), [], set()))
    except minijinja.TemplateError as problem:
        raise Refused("content_syntax", line=problem.line or 1) from problem
    return Content(
        source,
        frozenset(reader.variables),
        frozenset(reader.needed),
        frozenset(always),
        tuple(links),
        _fixed(parts),
        frozenset(_URL.sub("", source)),
        None if plain else _filled(code),
        fast,
        careful,
    )


@dataclass(frozen=True)
class _Part:
    """A stretch of a source: "text", a "print" between braces, or a "tag"; `glued`: an expression follows at once."""

    kind: str
    text: str
    line: int
    glued: bool = False

    def split(self) -> list[tuple[bool, str]]:
        """(is an address, text) of a text; an address glued to an expression stays text, since its target varies."""
        found, position = [], 0
        for match in _URL.finditer(self.text):
            if self.glued and match.end() == len(self.text):
                break
            found += [(False, self.text[position : match.start()]), (True, match[0])]
            position = match.end()
        return [*found, (False, self.text[position:])]


def _parts(source: str) -> list[_Part]:
    """Take a source apart. A dash inside the braces takes the white space beside them away, as the language has it."""
    parts: list[_Part] = []
    position, strip_left = 0, False
    for markup in [*_MARKUP.finditer(source), None]:
        text = source[position : markup.start() if markup else None]
        line = source.count("\n", 0, position) + 1
        _refuse_stray_braces(text, line + text.count("\n"))
        inner = markup[0][2:-2] if markup else ""
        text = text.lstrip() if strip_left else text
        text = text.rstrip() if inner.startswith("-") else text
        comment = markup is not None and markup["print"] is None and markup["tag"] is None
        parts.append(_Part("text", text, line, glued=markup is not None and not comment))
        if markup is None:
            return parts
        if not comment:
            kind = "tag" if markup["print"] is None else "print"
            parts.append(_Part(kind, _undashed(inner), source.count("\n", 0, markup.start()) + 1))
        position, strip_left = markup.end(), inner.endswith("-")
    return parts


def _undashed(inner: str) -> str:
    inner = inner[1:] if inner.startswith("-") else inner
    return (inner[:-1] if inner.endswith("-") else inner).strip()


def _refuse_stray_braces(literal: str, line: int) -> None:
    for brace in ("{{", "{%", "{#", "}}", "%}"):
        if brace in literal:
            raise Refused("content_brace_not_closed", line=line, brace=brace)


def _rewritten(parts: Sequence[_Part], reader: Reader, links: list[str], always: set[str]) -> str:
    """The source as minijinja reads it, with addresses as variables; collects them, and the fields everybody needs."""
    code, depth = [], 0
    for part in parts:
        if part.kind == "text":
            for is_link, text in part.split():
                links += [text] if is_link else []
                code.append(f"{{{{ _link_{len(links) - 1} }}}}" if is_link else text.replace("{", _BRACE))
        elif part.kind == "print":
            expression, field = reader.printed(part.text, part.line)
            code.append(f"{{{{ {expression} }}}}")
            always |= {field} if field and depth == 0 else set()
        else:
            word, _, rest = part.text.partition(" ")
            if word not in TAGS or (rest.strip() and word in ("else", "endif")):
                raise Refused("content_tag_refused", line=part.line, tag=word[:20], allowed=", ".join(TAGS))
            condition = reader.condition(rest, part.line) if word in ("if", "elif") else ""
            code.append(f"{{% {word} {condition} %}}")
            depth += {"if": 1, "endif": -1}.get(word, 0)
    if depth != 0:
        raise Refused("content_if_not_closed")
    return "".join(code)


def _filled(code: str) -> str | None:
    """The same for the % operator, four times as fast as minijinja, when nothing but fields of text is printed.

    minijinja leaves out the line break at the very end.
    """
    made = _FIELD.sub(r"%(\1)s", code.removesuffix("\n").removesuffix("\r").replace("%", "%%"))
    return None if "{" in made.replace(_BRACE, "") else made.replace(_BRACE, "{")


def _fixed(parts: Sequence[_Part]) -> str:
    """What no condition can take away; whatever else may come is ANYTHING."""
    fixed, depth = [], 0
    for part in parts:
        if part.kind == "text" and depth == 0:
            fixed += [ANYTHING if is_link else text for is_link, text in part.split()]
        elif part.kind != "text":
            depth += {"if": 1, "endif": -1}.get(part.text.partition(" ")[0], 0)
            fixed.append(ANYTHING)
    return "".join(fixed)


def fixed_text(source: str) -> str:
    """What everybody receives of a source, ANYTHING between; of one that cannot be read, nothing.

    A mention that is found here is in every text made of the source, whatever people's values are.
    """
    try:
        return _fixed(_parts(source))
    except Refused:
        return ""


def short_link_length(base_url: str) -> int:
    """Unit: characters that every short link takes in a text."""
    return len(base_url.rstrip("/")) + len("/l/") + LINK_CODE_CHARS


def sample_links(base_url: str, count: int) -> list[str]:
    """Addresses of the right length for counting and previews; they lead nowhere."""
    return [f"{base_url.rstrip('/')}/l/{'x' * LINK_CODE_CHARS}"] * count
