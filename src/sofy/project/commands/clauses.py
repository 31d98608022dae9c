"""`sofy clauses`: each sentence of the contract, the code that carries it out, the tests that prove it, the screens."""

import argparse
import ast
import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.urls import URLResolver, get_resolver

from sofy.kernel.clauses import ARTICLES, REGISTRY, code_name
from sofy.project import places, runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, leaf


def add(commands: Commands) -> None:
    leaf(commands, "clauses", "Article, sentence, code, tests and screens, side by side.", show)


def show(_arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    load_rules()
    tests = tests_by_article(places.checkout())
    rows: list[dict[str, Any]] = []
    for reference, article in ARTICLES.items():
        rules = REGISTRY.get(reference, ())
        shared = {
            "code": [code_name(rule) for rule in rules if not _is_view(rule)],
            "tests": tests.get(reference, []),
            "screens": sorted({route for rule in rules if _is_view(rule) for route in _routes(rule)}),
        }
        rows += [
            {"article": reference, "title": article.title, "sentence": sentence, **shared}
            for sentence in article.sentences
        ]
    text = "\n\n".join(
        _paragraph(ARTICLES[reference].sentences, found) for reference, found in _by_article(rows).items()
    )
    return Answer(text, {"clauses": rows})


def _by_article(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["article"]: row for row in rows}


def _is_view(rule: Any) -> bool:
    """Whether a rule is a page that shows or does what an article says."""
    return ".views" in rule.__module__


def _routes(view: Any) -> list[str]:
    """The addresses of a page."""
    return [f"/{route}" for route, called in _addresses(get_resolver().url_patterns) if called is view]


def _addresses(patterns: Sequence[Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        else:
            yield route, inspect.unwrap(pattern.callback)


def load_rules() -> None:
    """Import every module that may register a rule; entry points of processes are left alone."""
    import sofy

    for module in pkgutil.walk_packages(sofy.__path__, "sofy."):
        if ".tests" in module.name or ".migrations" in module.name or module.name.startswith("sofy.project"):
            continue
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)


def tests_by_article(checkout: Path) -> dict[str, list[str]]:
    """Article -> tests that carry its mark, read from the sources."""
    found: dict[str, list[str]] = {}
    for folder in ("src", "tests"):
        for path in sorted((checkout / folder).rglob("test_*.py")):
            module = ast.parse(path.read_text())
            shared = _shared(module)
            for node in ast.walk(module):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                    for reference in {**dict.fromkeys(_marked(node.decorator_list)), **dict.fromkeys(shared)}:
                        found.setdefault(reference, []).append(f"{path.relative_to(checkout)}::{node.name}")
    return found


def _marked(nodes: Sequence[ast.AST]) -> list[str]:
    """The articles marked anywhere in these nodes, parameters of a test included."""
    calls = (item for node in nodes for item in ast.walk(node) if isinstance(item, ast.Call))
    marks = (call for call in calls if ast.unparse(call.func).endswith("mark.clause"))
    return [str(item.value) for call in marks for item in call.args if isinstance(item, ast.Constant)]


def _shared(module: ast.Module) -> list[str]:
    """The articles of every test of a file, from its `pytestmark`."""
    values = [
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in node.targets)
    ]
    return _marked(values)


def _paragraph(sentences: Sequence[str], row: dict[str, Any]) -> str:
    def listed(name: str) -> str:
        return "".join(f"\n    {name}: {item}" for item in row[name] or ["none"])

    words = "".join(f"\n    « {sentence} »" for sentence in sentences)
    return f"{row['article']}  {row['title']}{words}{listed('code')}{listed('tests')}{listed('screens')}"
