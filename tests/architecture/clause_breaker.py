"""A pytest plugin that breaks one rule of the contract, to see whether its tests notice.

`BROKEN_RULE="sofy.kernel.hours:decide"` makes that function (or class) raise on use; `BROKEN_ARTICLES="CGVU 14.1"`
keeps only the tests marked with one of these articles (`|` between them). Used by `test_clauses.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any

import pytest

#: Not named SOFY_: the test settings clear those variables.
RULE = os.environ.get("BROKEN_RULE", "")
REFS = os.environ.get("BROKEN_ARTICLES", "")


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of these articles."""
    refs = set(REFS.split("|"))
    if REFS:
        kept = [item for item in items if any(refs & set(mark.args) for mark in item.iter_markers("clause"))]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def pytest_runtestloop(session: pytest.Session) -> None:
    """Break after collection: modules are imported, tests have not begun."""
    if RULE and not session.config.option.collectonly:
        break_rule(RULE)
