"""The page that says which test guards which invariant names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "invariants.md"
NAMED = re.compile(r"`(?P<file>[\w/]*\.py)?::(?P<test>test_\w+)`")


def named() -> list[tuple[Path, str]]:
    """Every test of the page, with the file it stands in; `::test_x` alone belongs to the file named before it."""
    found, file = [], Path()
    for match in NAMED.finditer(PAGE.read_text("utf-8")):
        if match["file"]:
            name = match["file"]
            file = ROOT / (name if name.startswith("tests/") else f"src/sofy/{name}")
        found.append((file, match["test"]))
    return found


def test_every_guard_exists():
    missing = [
        f"{file.relative_to(ROOT)}::{test}"
        for file, test in named()
        if not file.exists() or f"def {test}(" not in file.read_text("utf-8")
    ]

    assert len(named()) > 25
    assert missing == []


def test_every_invariant_has_a_guard():
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| \d", line)]

    assert len(rows) > 10
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(NAMED.search(row) for row in rows)
