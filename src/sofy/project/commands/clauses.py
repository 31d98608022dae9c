"""`sofy clauses`: each article of the contract, its sentence, the code that carries it out, the tests that prove it."""

import argparse
import ast
import contextlib
import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sofy.kernel.clauses import ARTICLES, REGISTRY, code_name
from sofy.project import places, runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, leaf


def add(commands: Commands) -> None:
    leaf(commands, "clauses", "Article, sentence, code and tests, side by side.", show)


def show(_arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    load_rules()
    tests = tests_by_article(places.checkout())
    rows: list[dict[str, Any]] = []
    for reference, article in ARTICLES.items():
        rows.append(
            {
                "article": reference,
                "title": article.title,
                "sentence": " ".join(article.sentences),
                "code": [code_name(rule) for rule in REGISTRY.get(reference, ())],
                "tests": tests.get(reference, []),
            }
        )
    text = "\n\n".join(_paragraph(row) for row in rows)
    return Answer(text, {"clauses": rows})


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


def _paragraph(row: dict[str, Any]) -> str:
    def listed(name: str) -> str:
        return "".join(f"\n    {name}: {item}" for item in row[name] or ["none"])

    return f"{row['article']}  {row['title']}\n    « {row['sentence']} »{listed('code')}{listed('tests')}"
