"""A segment while it is being written: what the builder's form holds, valid or not yet.

The form carries the whole tree in its field names (`r_0_1-km` is the field `km` of the second row of the first group),
so that each button is an ordinary submit and nothing is kept between two requests.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.forms import BoundField
from django.http import QueryDict

from sofy.audience.segments import tree
from sofy.audience.segments.forms import FORMS, GROUPS, ConditionForm, kind_of
from sofy.audience.segments.names import Names
from sofy.audience.segments.tree import Path
from sofy.kernel import numbers
from sofy.kernel.errors import Refused

KEY = re.compile(r"r((?:_\d{1,3})*)-is")
FIRST_KIND = "consent"
Fields = dict[str, list[str]]


@dataclass
class Draft:
    """A group (with `parts`) or a row (with `fields`, as typed). A row without fields was just added."""

    kind: str
    negated: bool = False
    fields: Fields = field(default_factory=dict)
    parts: "list[Draft]" = field(default_factory=list)
    path: Path = ()
    form: ConditionForm | None = None
    problems: list[str] = field(default_factory=list)
    count: int | None = None

    @property
    def prefix(self) -> str:
        """What the names of this node's fields begin with."""
        return "_".join(["r", *map(str, self.path)])

    @property
    def place(self) -> str:
        """The path as the values of buttons carry it."""
        return "_".join(map(str, self.path))

    @property
    def row(self) -> str:
        """The path as people read it."""
        return ".".join(str(step + 1) for step in self.path)

    @property
    def is_group(self) -> bool:
        """Whether this node holds others."""
        return self.kind in GROUPS

    @property
    def may_nest(self) -> bool:
        """Whether a group can still be added inside."""
        return len(self.path) < tree.MAX_DEPTH - 2

    @property
    def verbs(self) -> list[tuple[str, Any, bool]]:
        """The two ways the row can read: value, words, whether chosen."""
        yes, no = FORMS[self.kind].verbs
        return [("", yes, not self.negated), ("on", no, self.negated)]

    def walk(self) -> "Iterator[Draft]":
        """This node and everything inside."""
        yield self
        for part in self.parts:
            yield from part.walk()


def from_tree(node: tree.AnyNode) -> Draft:
    """The draft that shows a tree."""
    if isinstance(node, tree.GROUPS):
        return Draft(kind_of(type(node)), node.negated, parts=[from_tree(part) for part in node.of])
    kind = kind_of(type(node))
    shown = FORMS[kind].initial_of(node)
    return Draft(kind, node.negated, {name: _typed(value) for name, value in shown.items() if value is not None})


def from_form(data: QueryDict) -> Draft:
    """The draft that a posted form holds. What is unreadable becomes an empty group, never an error."""
    paths = [tuple(int(step) for step in found[1].split("_")[1:]) for key in data if (found := KEY.fullmatch(key))]
    kept = sorted(path for path in paths if len(path) <= tree.MAX_DEPTH)[: tree.MAX_NODES]
    return _read(data, kept, ())


def _read(data: QueryDict, paths: list[Path], path: Path) -> Draft:
    prefix = "_".join(["r", *map(str, path)]) + "-"
    kind = data.get(f"{prefix}is", "all")
    draft = Draft(kind if kind in FORMS or kind in GROUPS else "all", data.get(f"{prefix}not") == "on")
    if draft.is_group:
        inside = [each for each in paths if len(each) == len(path) + 1 and each[:-1] == path]
        draft.parts = [_read(data, paths, each) for each in inside]
    elif data.get(f"{prefix}was", kind) == kind:
        names = FORMS[kind].base_fields
        draft.fields = {name: data.getlist(prefix + name) for name in names if prefix + name in data}
    return draft


def apply(root: Draft, action: str) -> Draft:
    """Do what a button says: `row_0` and `group_0` add inside, `remove_0_1` takes away; the rest changes nothing."""
    verb, *steps = action.split("_")
    path = tuple(number for step in steps if (number := numbers.whole(step)) is not None)
    target, parent = _find(root, path), _find(root, path[:-1])
    if target is None or (len(list(root.walk())) >= tree.MAX_NODES and verb != "remove"):
        return root
    if verb == "row" and target.is_group:
        target.parts.append(Draft(FIRST_KIND))
    elif verb == "group" and target.is_group and len(path) < tree.MAX_DEPTH - 1:
        target.parts.append(Draft("any", parts=[Draft(FIRST_KIND)]))
    elif verb == "remove" and path and parent is not None:
        parent.parts.remove(target)
    return root


def _find(root: Draft, path: Path) -> Draft | None:
    node = root
    for step in path:
        if step >= len(node.parts):
            return None
        node = node.parts[step]
    return node


def arrange(root: Draft, names: Names) -> tree.All | None:
    """Number the rows, give each its form, and answer the tree; None while something is missing, said at its row."""
    node = _arranged(root, names, ())
    try:
        return None if node is None else tree.from_builtins(tree.to_builtins(node))
    except Refused as refused:
        note(root, refused)
        return None


def note(root: Draft, refused: Refused) -> None:
    """Write what was refused at the rows it is about; at the whole when it names none."""
    for problem in refused.facts.get("problems", [tree.Problem((), refused.code)]):
        (_find(root, problem.path) or root).problems.append(problem.code)


def _arranged(draft: Draft, names: Names, path: Path) -> tree.AnyNode | None:
    draft.path = path
    if draft.is_group:
        parts = [_arranged(part, names, (*path, i)) for i, part in enumerate(draft.parts)]
        made: Any = {"all": tree.All, "any": tree.Some, "none": tree.Without}[draft.kind]
        return None if None in parts else made(of=tuple(parts), negated=draft.negated)
    form_class = FORMS[draft.kind]
    empty = form_class(prefix=draft.prefix, names=names)
    form = form_class(_posted(draft.fields or _first_values(empty), draft.prefix), prefix=draft.prefix, names=names)
    holds = form.is_valid()
    draft.form = form if holds or draft.fields else empty  # nobody is told off about a row that was just added
    if not holds:
        return None
    try:
        root = tree.from_builtins({"is": draft.kind, "not": draft.negated, **form.facts()})
    except Refused as refused:
        if draft.fields:
            draft.problems += [problem.code for problem in refused.facts.get("problems", ())] or [refused.code]
        return None
    return root.of[0]


def _posted(fields: Fields, prefix: str) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, values in fields.items():
        data.setlist(f"{prefix}-{name}", values)
    return data


def _first_values(form: ConditionForm) -> Fields:
    """What the untouched controls of a form show."""
    return {bound.name: shown for bound in form if (shown := _shown(bound))}


def _shown(bound: BoundField) -> list[str]:
    choices = list(getattr(bound.field, "choices", ()))
    if choices and not bound.field.widget.attrs.get("size"):
        return [str(choices[0][0])]
    return _typed(bound.value()) if bound.value() is not None else []


def _typed(value: Any) -> list[str]:
    """A value as a person would have typed it."""
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, float) and value.is_integer():
        return [str(int(value))]
    return [value.isoformat() if isinstance(value, date) else str(value)]
