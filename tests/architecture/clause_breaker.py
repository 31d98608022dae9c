"""A pytest plugin that breaks rules of the contract one by one, to see whether their tests notice.

`BROKEN_RULES` is JSON, rule -> articles: `{"sofy.kernel.hours:decide": ["CGVU 14.1"]}`. Everything is imported and
collected once; then each rule is broken in a process forked for it, which runs the tests marked with its articles until
one fails. What that process said goes to `BROKEN_REPORTS/<number>.txt`, its exit status to `<number>.status`.
Used by `test_clauses.py`, with `-s`: captured output would all go to one file.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from sofy.project.testing import TestDatabase

#: Not named SOFY_: the test settings clear those variables.
RULES: dict[str, list[str]] = json.loads(os.environ.get("BROKEN_RULES", "{}"))


def broken(*_args: Any, **_kwargs: Any) -> Any:
    """Stand in for the rule."""
    raise AssertionError("this rule was broken on purpose")


def break_rule(name: str) -> None:
    """Make the rule raise for whoever calls it, however it was imported."""
    module, _, qualname = name.partition(":")
    target: Any = import_module(module)
    for part in qualname.split("."):
        target = getattr(target, part)
    if isinstance(target, type):
        target.__init__ = broken  # type: ignore[misc]
        target.__new__ = broken  # type: ignore[assignment]
        return
    function = unwrapped(target)
    function.__code__ = broken.__code__.replace(co_freevars=function.__code__.co_freevars)
    function.__defaults__ = None
    function.__kwdefaults__ = None


def unwrapped(target: Callable[..., Any]) -> FunctionType:
    """Reach the plain function inside caches and decorators."""
    while hasattr(target, "__wrapped__") or hasattr(target, "__func__"):
        if hasattr(target, "cache_clear"):
            target.cache_clear()
        target = getattr(target, "__wrapped__", None) or target.__func__
    assert isinstance(target, FunctionType), f"{target!r} is no function"
    return target


def tests_of(rule: str, items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests of the rule's articles; first those that fail soonest: its module's, who names it, its room's."""
    articles = set(RULES[rule])
    where, _, name = rule.partition(":")
    _, room, *_, module = where.split(".")
    names_it = re.compile(rf"\b{module}\b.*\b{name.rpartition('.')[2]}\b", re.S)
    kept = [item for item in items if any(articles & set(mark.args) for mark in item.iter_markers("clause"))]
    texts = {path: path.read_text() for path in {item.path for item in kept}}
    naming = {path for path, text in texts.items() if names_it.search(text)}

    def distance(item: pytest.Item) -> tuple[bool, bool, bool]:
        return f"/test_{module}.py" not in item.nodeid, item.path not in naming, f"/{room}/" not in item.nodeid

    return sorted(kept, key=distance)


def share_database() -> Callable[[], None]:
    """Make one database for all children: making one takes longer than most of their tests; answers its end."""
    shared, drop = TestDatabase(), TestDatabase.drop
    shared.create()
    setattr(TestDatabase, "create", lambda self: vars(self).update(vars(shared)))  # noqa: B010  mypy knows methods
    setattr(TestDatabase, "drop", TestDatabase.close)  # noqa: B010
    return lambda: drop(shared)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Fork after collection, with all imported and nothing opened; the child goes on as a run of its own."""
    if not RULES or session.config.option.collectonly:
        return None
    drop_database = share_database()
    for number, rule in enumerate(RULES):
        report = Path(os.environ["BROKEN_REPORTS"], str(number))
        sys.stdout.flush()
        child = os.fork()
        if not child:
            with report.with_suffix(".txt").open("w") as file:
                os.dup2(file.fileno(), sys.stdout.fileno())
            session.items = tests_of(rule, session.items)
            break_rule(rule)
            return None
        _, status = os.waitpid(child, 0)
        report.with_suffix(".status").write_text(str(os.waitstatus_to_exitcode(status)))
    drop_database()
    return True
