"""Write the reference pages that code knows better than prose: settings, commands, personal data.

Usage: .venv/bin/python -m tools.reference [--check]. `--check` changes nothing and fails when a page is out of date.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
NOTICE = "<!-- Written by `.venv/bin/python -m tools.reference`: change the code, then run it. -->\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def settings_page() -> str:
    """Every variable the product reads."""
    from sofy.kernel import config

    rows = [
        (
            f"`{item.variable}`",
            "secret" if item.secret else "" if item.default is None else f"`{item.default}`",
            item.description,
        )
        for item in config.settings()
    ]
    intro = (
        "All settings come from the environment. Each one that is not a path may be given in a file instead: the"
        " variable with `_FILE` at its end names it.\n"
    )
    return f"# Settings\n\n{NOTICE}\n{intro}\n{table(('variable', 'default', 'what for'), rows)}"


def commands_page() -> str:
    """Every command of `sofy` with its options."""
    from sofy.project.cli import parser

    rows = []
    for words, command in leaves(parser()):
        options = [
            "/".join(action.option_strings) or str(action.metavar or action.dest).upper()
            for action in command._actions
            if not isinstance(action, argparse._HelpAction)
        ]
        rows.append((f"`sofy {words}`", command.description or "", " ".join(f"`{option}`" for option in options)))
    return f"# Commands\n\n{NOTICE}\n{table(('command', 'what for', 'options'), rows)}"


def leaves(parser: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Commands that run something, with the words that lead to them."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield words, parser
    for group in groups:
        for name, child in group.choices.items():
            yield from leaves(child, f"{words} {name}".strip())


def personal_data_page() -> str:
    """Every column that holds personal data, from the register each room declares."""
    import django
    from django.apps import apps

    django.setup()
    for app in apps.get_app_configs():
        if app.name.startswith("sofy."):
            __import__(f"{app.name}.personal_data") if (Path(app.path) / "personal_data.py").exists() else None
    from sofy.kit.personal_data import REGISTER

    rows = [
        (f"`{item.table}.{item.column}`", item.purpose, item.retention, f"`{item.by}`", item.in_clear or "sealed")
        for item in sorted(REGISTER.values(), key=lambda item: (item.table, item.column))
    ]
    intro = "Sealed: AES-256-GCM under the client's key. Anything else says why SQL must read it.\n"
    return f"# Personal data\n\n{NOTICE}\n{intro}\n{table(('column', 'purpose', 'kept', 'by', 'at rest'), rows)}"


PAGES = {"settings.md": settings_page, "commands.md": commands_page, "personal-data.md": personal_data_page}


def stale() -> list[str]:
    """The pages whose file says something else than the code."""
    return [
        name
        for name, write in PAGES.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != write()
    ]


def main() -> int:
    """Write the pages, or say which are out of date."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true")
    check = options.parse_args().check
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sofy.project.settings")
    from sofy.project import runtime

    runtime.prepare()
    late = stale()
    if check:
        for name in late:
            print(f"docs/reference/{name} is out of date: run `.venv/bin/python -m tools.reference`", file=sys.stderr)
        return 1 if late else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in late:
        (FOLDER / name).write_text(PAGES[name](), "utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
