"""The house's own lint rules: decisions of docs/decisions that a machine can check.

Run: `python -m tools.lint.house_rules` (part of `make check`). Each rule is a function from a file to its problems and
has a test in `tests/architecture/test_house_rules.py` that shows what it catches and what it lets through.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_LINES = 460
MAX_VIEW_LINES = 24
CLOCK_OWNERS = ("kernel/clock.py", "engine/shifted_clock.py")
#: Leases, heartbeats, authenticator codes, what is signed and a simulator's ids follow the machine, whatever the
#: business clock says.
MACHINE_TIME = (
    "accounts/adapters.py",
    "accounts/services.py",
    "connectors/google_rbm/token.py",
    "engine/sql/callbacks.sql",
    "engine/sql/claim.sql",
    "engine/sql/fraud.sql",
    "engine/sql/receipts.sql",
    "engine/sql/routes.sql",
    "engine/sql/smpp.sql",
    "engine/sql/webhooks.sql",
    "sandbox/google_rbm/oauth.py",
    "sandbox/smpp/operator.py",
    "smsc/certificates.py",
    "webhooks/courier.py",
)
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "timezone.now"}
SAVING_CALLS = {"save", "bulk_create", "bulk_update", "update_or_create", "get_or_create"}
NO_FRAMEWORK = ("kernel", "wire", "connectors", "partners", "engine", "sandbox")
NO_IO_MODULES = {"os", "socket", "subprocess", "urllib", "http", "asyncio", "psycopg", "pathlib", "shutil", "tempfile"}


@dataclass(frozen=True)
class Problem:
    """One broken rule, where, and what to do instead."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or attribute chain, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def one_clock(path: str, tree: ast.Module) -> Iterator[Problem]:
    """Business time comes from kernel.clock only (invariant 7), so that a run can be replayed at any date."""
    if path.endswith(CLOCK_OWNERS):
        return
    allowed = {"time.time"} if path.endswith(MACHINE_TIME) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ".".join(dotted(node.func).split(".")[-2:])
            if name in CLOCK_CALLS - allowed:
                yield Problem(path, node.lineno, f"{name}() is not the house clock: call kernel.clock.now()")


def views_never_save(path: str, tree: ast.Module) -> Iterator[Problem]:
    """Views read and call services; only services write."""
    if "/views" not in path:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SAVING_CALLS:
            yield Problem(path, node.lineno, f".{node.func.attr}() in a view: move the write to services")


def views_are_short(path: str, tree: ast.Module) -> Iterator[Problem]:
    """A view that does not fit its budget hides a service or a query."""
    if "/views" not in path:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "request":
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_VIEW_LINES:
                yield Problem(path, node.lineno, f"view {node.name} has {lines} lines, {MAX_VIEW_LINES} at most")


def pure_rules(path: str, tree: ast.Module) -> Iterator[Problem]:
    """kernel and every rules.py take values and give values: no file, no socket, no database."""
    if not ("/sofy/kernel/" in path or path.endswith("/rules.py")):
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            if name.split(".")[0] in NO_IO_MODULES and name != "pathlib":
                yield Problem(path, node.lineno, f"{name} in a pure room: pass the value in instead")
        if isinstance(node, ast.Call) and dotted(node.func) == "open":
            yield Problem(path, node.lineno, "open() in a pure room: pass the content in instead")


def files_stay_small(path: str, tree: ast.Module) -> Iterator[Problem]:
    """A file past the budget holds two ideas: split it by idea."""
    lines = max((getattr(node, "end_lineno", 0) or 0 for node in tree.body), default=0)
    if lines > MAX_FILE_LINES:
        yield Problem(path, 1, f"{lines} lines, {MAX_FILE_LINES} at most: split it by idea")


PYTHON_RULES: tuple[Callable[[str, ast.Module], Iterator[Problem]], ...] = (
    one_clock,
    views_never_save,
    views_are_short,
    pure_rules,
    files_stay_small,
)


def sql_takes_the_clock(path: str, text: str) -> Iterator[Problem]:
    """Statements receive %(now)s: a server's own clock cannot be shifted, replayed or tested."""
    calls = r"now\(\)|current_timestamp|statement_timestamp\(\)"
    if not path.endswith(MACHINE_TIME):
        calls += r"|clock_timestamp\(\)"
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(rf"\b({calls})", line.split("--")[0], re.I):
            yield Problem(path, number, "the server's clock in SQL: pass %(now)s from kernel.clock")


def no_inline_code(path: str, text: str) -> Iterator[Problem]:
    """The content security policy forbids inline script and style, so a template must not count on them."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"<script(?![^>]*(\bsrc=|type=\"application/json\"|type=\"importmap\"))", line):
            yield Problem(path, number, "inline script: move it to a module under static/")
        if re.search(r"<style\b|\sstyle=\"|\son[a-z]+=\"", line):
            yield Problem(path, number, "inline style or handler: use a class or a module under static/")


def speaks_of_the_product_alone(path: str, text: str) -> Iterator[Problem]:
    """No machine path and no registry host in the repository."""
    hosts = "|".join(
        ("pypi" + r"\.org", "files" + r"\.pythonhosted", "registry" + r"\.npmjs", "deb" + r"\.debian\.org")
    )
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(rf"(?<![\w.])/(work|root)/|{hosts}", line):
            yield Problem(path, number, "a machine path or a registry host")


def check_file(root: Path, path: Path) -> Iterator[Problem]:
    """Apply every rule that concerns one tracked file."""
    name = path.as_posix()
    try:
        text = (root / path).read_text("utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return
    if "/tests/" not in f"/{name}" and not name.endswith("house_rules.py"):
        yield from speaks_of_the_product_alone(name, text)
    if not name.startswith("src/"):
        return
    tests = "/tests/" in name or name.endswith("conftest.py")
    if name.endswith(".py") and not tests and "/migrations/" not in name:
        tree = ast.parse(text)
        for rule in PYTHON_RULES:
            yield from rule(name, tree)
    elif name.endswith(".sql") and not tests:
        yield from sql_takes_the_clock(name, text)
    elif name.endswith(".html") and "/mail/" not in name:
        yield from no_inline_code(name, text)


def tracked_files(root: Path) -> list[Path]:
    """List what git tracks: generated and ignored files are nobody's style."""
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines()]


def main() -> int:
    """Print every problem; the exit code says whether there is one."""
    root = Path(__file__).resolve().parents[2]
    problems = [problem for path in tracked_files(root) for problem in check_file(root, path)]
    for problem in problems:
        print(problem)
    print(f"house rules: {len(problems)} problem{'s' if len(problems) != 1 else ''}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
