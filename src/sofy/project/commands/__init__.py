"""The commands of `sofy`, one module per subject; each has `add(commands)`, which declares them."""

import argparse
import sys
from pathlib import Path
from typing import Any

from sofy.kernel.errors import Refused

MODULES = (
    "db",
    "processes",
    "clauses",
    "case",
    "einvoice",
    "clients",
    "people",
    "routes",
    "bounces",
    "email_domains",
    "prices",
    "smpp",
    "contacts",
    "suppression",
    "campaigns",
    "templates",
    "webhooks",
    "fraud",
    "service_level",
    "contracts",
    "invoices",
    "bank",
    "debits",
    "books",
    "benches",
    "demo",
)

Commands = Any  # argparse keeps the type of a group of commands private


def leaf(commands: Commands, name: str, text: str, run: Any, *, json: bool = True) -> argparse.ArgumentParser:
    """Declare one command and what runs it."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    if json:
        made.add_argument("--json", action="store_true", help="answer with one JSON object")
    made.set_defaults(run=run)
    return made


def read_bytes(path: Path) -> bytes:
    """What a file holds; `-` is standard input.

    Raises: Refused file_missing, file_unreadable.
    """
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except FileNotFoundError:
        raise Refused("file_missing", 404, file=str(path)) from None
    except OSError as error:
        raise Refused("file_unreadable", file=str(path), problem=error.strerror) from None


def read_text(path: Path) -> str:
    """What a text file says; `-` is standard input.

    Raises: Refused file_missing, file_unreadable, file_not_text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("file_not_text", file=str(path), expected="text in UTF-8") from None


def port(text: str) -> int:
    """An argument that is a port. Raises: argparse.ArgumentTypeError."""
    if text.isascii() and text.isdecimal() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")


def group(commands: Commands, name: str, text: str) -> Commands:
    """Declare a word under which several commands live."""
    return commands.add_parser(name, help=text, description=text).add_subparsers(metavar="ACTION", required=True)
