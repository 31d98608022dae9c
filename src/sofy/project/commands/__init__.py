"""The commands of `sofy`, one module per subject; each has `add(commands)`, which declares them."""

import argparse
from typing import Any

MODULES = ("db", "processes", "clauses", "clients", "routes", "contacts", "suppression", "campaigns", "benches", "demo")

Commands = Any  # argparse keeps the type of a group of commands private


def leaf(commands: Commands, name: str, text: str, run: Any, *, json: bool = True) -> argparse.ArgumentParser:
    """Declare one command and what runs it."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    if json:
        made.add_argument("--json", action="store_true", help="answer with one JSON object")
    made.set_defaults(run=run)
    return made


def group(commands: Commands, name: str, text: str) -> Commands:
    """Declare a word under which several commands live."""
    return commands.add_parser(name, help=text, description=text).add_subparsers(metavar="ACTION", required=True)
