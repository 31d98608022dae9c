"""`sofy bank`: files of the bank, and what they paid."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer, table
from sofy.project.commands import Commands, group, leaf
from sofy.project.commands.clients import ACTOR

if TYPE_CHECKING:
    from uuid import UUID

    from sofy.treasury.queries import FileLine


def add(commands: Commands) -> None:
    actions = group(commands, "bank", "Files of the bank: what came in, what it paid, what waits for a person.")
    loaded = leaf(
        actions, "load", "Take in a statement (camt.053, CFONB 120) and match it; a second time changes nothing.", load
    )
    loaded.add_argument("file", type=Path)
    loaded.add_argument("--entity", required=True, help="code of the company whose account it is")
    listed = leaf(actions, "list", "Files that were taken in, and what became of their lines.", list_files)
    listed.add_argument("--entity", help="code of the company; every one, unless said")
    account = leaf(actions, "account", "Add an account whose statements are read.", add_account)
    account.add_argument("iban")
    account.add_argument("--entity", required=True, help="code of the company whose account it is")


def load(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.treasury import queries
    from sofy.treasury.services import matching

    entity_id = entity(arguments.entity)
    try:
        source = arguments.file.open("rb")
    except FileNotFoundError:
        raise Refused("file_missing", 404, file=str(arguments.file)) from None
    except OSError as error:
        raise Refused("file_unreadable", file=str(arguments.file), problem=error.strerror) from None
    said = None if arguments.json else _progress
    with source:
        row, new = matching.load(entity_id, source, name=arguments.file.name, actor=ACTOR, progress=said)
    (line,) = queries.bank_files(file_id=row.pk)
    waiting = queries.counts()["open"]
    text = _table([line]) + ("" if new else "\nThis file was loaded before: nothing was changed.")
    if waiting:
        text += f"\n{waiting} payments wait for a person: /op/bank/"
    return Answer(text, {"file": _told(line), "new": new, "open": waiting})


def list_files(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.treasury import queries

    wanted = None if arguments.entity is None else [entity(arguments.entity)]
    lines = queries.bank_files(wanted)
    counts = queries.counts()
    accounts = [
        {"entity": one.entity, "iban": one.iban, "form": str(one.form)} for one in queries.accounts(wanted)
    ]  # fmt: skip
    return Answer(_table(lines), {"files": [_told(line) for line in lines], "accounts": accounts, "questions": counts})


def add_account(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.treasury.queries import masked
    from sofy.treasury.services import files

    row = files.add_account(entity(arguments.entity), arguments.iban, actor=ACTOR)
    return Answer(masked(str(row.iban)), {"account": masked(str(row.iban)), "entity": arguments.entity})


def entity(code: str) -> "UUID":
    """A company by its code. Raises: Refused (entity_unknown)."""
    from sofy.contracts import queries

    for row in queries.entities():
        if row.code == code:
            return row.id
    raise Refused("entity_unknown", 404)


def _table(lines: "list[FileLine]") -> str:
    rows = [
        (line.taken_at.date(), line.entity, line.name, line.lines, line.known, line.states.get("done", 0),
         line.states.get("queue", 0), line.states.get("waiting", 0), line.left)
        for line in lines
    ]  # fmt: skip
    return table(
        rows, "loaded", "company", "file", "lines", "known", "dealt with", "for a person", "waiting", "not matched"
    )


def _told(line: "FileLine") -> dict[str, object]:
    return {
        "id": line.id, "entity": line.entity, "name": line.name, "lines": line.lines, "known": line.known,
        "early": line.early, "states": dict(line.states), "taken_at": line.taken_at, "matched_at": line.matched_at,
        "statements": line.statements,
    }  # fmt: skip


def _progress(done: int, of: int) -> None:
    """Counts on standard error, over each other on a terminal, and not for every line elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{done}/{of}", end="\n" if done >= of else "", file=sys.stderr, flush=True)
    elif done % 5_000 == 0:
        print(f"{done}/{of}", file=sys.stderr, flush=True)
