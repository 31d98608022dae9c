"""What may stand between the braces of a message: fields, conditions, five filters, and nothing else.

Every expression is read here and written anew before minijinja sees it, so that values of different kinds are never
compared, a number or a date is printed the French way, and whoever lacks what a text needs is noticed. A language with
loops or `format` can fill a machine's memory: what is not in this grammar is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from typing import NoReturn

from sofy.kernel.errors import Refused

FILTERS = ("default", "upper", "lower", "title", "date")
WORDS = frozenset({"and", "or", "not", "is", "in", "if", "else", "defined", "none", "true", "false"})
KINDS = ("text", "number", "date", "bool")
MOST_NESTED = 20

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<string>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<number>\d{1,9}(?:\.\d{1,6})?)"
    r"|(?P<op>==|!=|<=|>=|[<>|(),]))"
)
_DATES = ("%Y-%m-%d", "%d/%m/%Y")


@dataclass(frozen=True)
class Piece:
    """A part of an expression: how minijinja reads it, the kind of its value ("mixed": several, or none).

    `field`: the field that it has no value without ("": it always has one); `sure`: nothing else can stand in for it.
    `name`: the field it is made of. `items`: of a list.
    """

    code: str
    kind: str
    field: str = ""
    name: str = ""
    sure: bool = True
    literal: bool = False
    items: tuple["Piece", ...] = ()


@dataclass
class Reader:
    """Reads the expressions of one source. `careful` notices missing values, at the price of a call per field.

    `variables`: the fields that were read; `needed`: those of them that some texts cannot do without.
    """

    fields: Mapping[str, str]
    careful: bool = False
    variables: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)

    def printed(self, text: str, line: int) -> tuple[str, str]:
        """The code that prints an expression, and the field nothing is printed without.

        Raises: Refused, with the line.
        """
        piece = self._whole(text, line)
        code = piece.code if piece.kind == "text" else f"{piece.code}|_written"
        return self.known(replace(piece, code=code)), piece.field if piece.sure else ""

    def condition(self, text: str, line: int) -> str:
        """The code of what stands after `if`.

        Raises: Refused, with the line.
        """
        return self._whole(text, line).code

    def _whole(self, text: str, line: int) -> Piece:
        walk = _Walk(self, _tokens(text, line), line)
        piece = walk.choice()
        if walk.position < len(walk.tokens) or piece.items:
            raise Refused("content_syntax", line=line)
        return piece

    def known(self, piece: Piece) -> str:
        """The code of a piece whose value is needed here."""
        if not piece.field:
            return piece.code
        self.needed.add(piece.field)
        return f"{piece.code}|_known('{piece.field}')" if self.careful else piece.code


def _tokens(text: str, line: int) -> list[tuple[str, str]]:
    found, position = [], 0
    while text[position:].strip():
        token = _TOKEN.match(text, position)
        if token is None:
            raise Refused("content_sign_refused", line=line, sign=text[position:].strip()[:1])
        kind = str(token.lastgroup)
        found.append((kind, token[kind]))
        position = token.end()
    return found


@dataclass
class _Walk:
    """One expression, from left to right, by recursive descent; the usual precedences."""

    reader: Reader
    tokens: list[tuple[str, str]]
    line: int
    position: int = 0
    depth: int = 0

    def choice(self) -> Piece:
        """`a if b else c`; without `else`, nothing."""
        self.depth += 1
        if self.depth > MOST_NESTED:
            self._fail()
        first = self._either("or", lambda: self._either("and", self._negated))
        if self._takes("if"):
            asked = self._either("or", lambda: self._either("and", self._negated))
            other = self.choice() if self._takes("else") else Piece("''", "text")
            kind = first.kind if first.kind == other.kind else "mixed"
            first = Piece(f"({first.code} if {asked.code} else {other.code})", kind)
        self.depth -= 1
        return first

    def _either(self, word: str, side: Callable[[], Piece]) -> Piece:
        left = side()
        while self._takes(word):
            right = side()
            kind = left.kind if left.kind == right.kind else "mixed"
            left = Piece(f"({left.code} {word} {right.code})", kind)
        return left

    def _negated(self) -> Piece:
        times = 0
        while self._takes("not"):
            times += 1
        piece = self._comparison()
        return Piece(f"({'not ' * (2 - times % 2)}{piece.code})", "bool") if times else piece

    def _comparison(self) -> Piece:
        left = self._operand()
        if self._takes("is"):
            word = "not " if self._takes("not") else ""
            test = next((test for test in ("defined", "none", "true", "false") if self._takes(test)), None)
            return Piece(f"({left.code} is {word}{test})", "bool") if test else self._fail()
        if self._next("name", "not") and self.tokens[self.position + 1 : self.position + 2] == [("name", "in")]:
            self.position += 2
            return self._inside(left, "not in")
        if self._takes("in"):
            return self._inside(left, "in")
        for sign in ("==", "!=", "<=", ">=", "<", ">"):
            if self._takes(sign, "op"):
                right = self._operand()
                left, right = self._pair(left, right)
                return Piece(f"({self.reader.known(left)} {sign} {self.reader.known(right)})", "bool")
        return left

    def _inside(self, left: Piece, word: str) -> Piece:
        """One of several values, or a text within a text."""
        right = self._operand()
        if not right.items:
            self._pair(left, Piece("''", "text"))
            self._pair(right, Piece("''", "text"))
            return Piece(f"({self.reader.known(left)} {word} {self.reader.known(right)})", "bool")
        pairs = [self._pair(left, item) for item in right.items]
        items = ", ".join(self.reader.known(item) for _, item in pairs)
        return Piece(f"({self.reader.known(pairs[0][0])} {word} ({items},))", "bool")

    def _operand(self) -> Piece:
        piece = self._primary()
        while self._takes("|", "op"):
            piece = self._filtered(piece)
        return piece

    def _filtered(self, piece: Piece) -> Piece:
        kind, name = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
        if kind != "name" or name not in FILTERS:
            raise Refused("content_filter_refused", line=self.line, filter=name[:20], allowed=", ".join(FILTERS))
        self.position += 1
        given = self._list() if self._takes("(", "op") else []
        if name == "default":
            other = given[0] if given else Piece("''", "text", literal=True)
            other = self._as_date(other) if piece.kind == "date" else other
            kind = piece.kind if piece.kind == other.kind else "mixed"
            return Piece(f"{piece.code}|default({other.code})", kind, other.field, piece.name, sure=False)
        code = piece.code if piece.kind == "text" or name == "date" else f"{piece.code}|_written"
        style = f"({given[0].code})" if given and name == "date" else ""
        return Piece(f"{code}|{name}{style}", "text", piece.field, piece.name)

    def _primary(self) -> Piece:
        if self.position >= len(self.tokens):
            self._fail()
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "number":
            return Piece(text, "number", literal=True)
        if kind == "string":
            return Piece(text, "text", literal=True)
        if kind == "name":
            return self._named(text)
        if text != "(":
            self._fail()
        items = self._list()
        if len(items) == 1:
            return replace(items[0], code=f"({items[0].code})", literal=False) if items[0].code else self._fail()
        return Piece("", "list", items=tuple(items)) if items else self._fail()

    def _named(self, name: str) -> Piece:
        if name in ("true", "false"):
            return Piece(name, "bool", literal=True)
        if name == "none":
            return Piece(name, "mixed")
        if name in WORDS:
            self._fail()
        if name not in self.reader.fields or name.startswith("_"):
            near = get_close_matches(name, list(self.reader.fields), n=1, cutoff=0.5)
            if not near:
                raise Refused("content_field_absent", line=self.line, field=name[:40])
            raise Refused("content_field_unknown", line=self.line, field=name[:40], suggestion=near[0])
        if self._next("op", "("):
            raise Refused("content_call_refused", line=self.line)
        self.reader.variables.add(name)
        return Piece(name, self.reader.fields[name], name, name)

    def _list(self) -> list[Piece]:
        """What stands before the closing parenthesis, between commas."""
        items: list[Piece] = []
        while not self._takes(")", "op"):
            if items and not self._takes(",", "op"):
                self._fail()
            if items and self._takes(")", "op"):
                break
            items.append(self.choice())
        return items

    def _pair(self, left: Piece, right: Piece) -> tuple[Piece, Piece]:
        """Both sides of a comparison, which are of one kind: anything else is the author's mistake."""
        if "date" in (left.kind, right.kind):
            left, right = self._as_date(left), self._as_date(right)
        if left.kind == right.kind and left.kind in KINDS:
            return left, right
        named = left if left.name and left.kind in KINDS else right
        expected = named.kind if named.name and named.kind in KINDS else "same"
        raise Refused(f"content_{expected}_expected", line=self.line, field=named.name)

    @staticmethod
    def _as_date(piece: Piece) -> Piece:
        """A date written as text, in the one way that compares; anything else as it is."""
        for pattern in _DATES if piece.literal and piece.kind == "text" else ():
            try:
                day = datetime.strptime(piece.code[1:-1], pattern).date()  # noqa: DTZ007  a day has no zone
            except ValueError:
                continue
            return replace(piece, code=f"'{day.isoformat()}'", kind="date")
        return piece

    def _next(self, kind: str, text: str) -> bool:
        return self.tokens[self.position : self.position + 1] == [(kind, text)]

    def _takes(self, text: str, kind: str = "name") -> bool:
        taken = self._next(kind, text)
        self.position += taken
        return taken

    def _fail(self) -> NoReturn:
        raise Refused("content_syntax", line=self.line)
