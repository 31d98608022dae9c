"""What a command answers: a sentence for people and, with `--json`, one object for programs."""

import argparse
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sofy.kernel.text import one_line


@dataclass(frozen=True)
class Answer:
    """The result of a command; `code` is the exit status. `silent`: the command has printed its lines itself."""

    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    code: int = 0
    silent: bool = False


def show(answer: Answer, arguments: argparse.Namespace) -> int:
    """Print an answer in the form that was asked for."""
    if answer.silent:
        return answer.code
    if getattr(arguments, "json", False):
        print(json.dumps(answer.data, ensure_ascii=False, default=_plain), flush=True)
    elif answer.text:
        print(answer.text, flush=True)
    return answer.code


def complain(
    problem: str, code: str, arguments: argparse.Namespace, facts: dict[str, Any] | None = None, *, status: int = 1
) -> int:
    """Print what went wrong, in one line: on standard error for people, as an object for programs."""
    problem = one_line(problem)
    if getattr(arguments, "json", False):
        print(
            json.dumps({**(facts or {}), "error": code, "message": problem}, ensure_ascii=False, default=_plain),
            flush=True,
        )
    else:
        print(f"sofy: {problem}", file=sys.stderr, flush=True)
    return status


def _plain(value: Any) -> Any:
    """A value JSON has no form for."""
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else str(value)


def table(rows: list[tuple[Any, ...]], *headings: str) -> str:
    """Columns of text, as wide as they need to be."""
    shown = [headings, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown
    )
