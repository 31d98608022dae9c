"""`sofy suppression`: the numbers nobody may write to, whoever the client is (lists of regulators)."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sofy.kernel.errors import Refused
from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_text
from sofy.project.commands.clients import ACTOR
from sofy.project.commands.contacts import Said

if TYPE_CHECKING:
    from sofy.messaging.models import StopFile


def add(commands: Commands) -> None:
    actions = group(commands, "suppression", "Numbers nobody may write to: the stop list of the platform.")
    made = leaf(actions, "import", "Add a regulator's file (CSV, TXT, XLSX or ODS) to the list.", import_file)
    made.add_argument("file", type=Path)
    made.add_argument("--list", required=True, help="what the regulator calls it, as in Bloctel")
    made.add_argument("--reason", default="", help="what it rests on; it goes into the journal: name nobody")
    made.add_argument("--dry-run", action="store_true", help="only say what would happen")
    made.add_argument(
        "--password-file", type=Path, help="a file that holds the password of a protected sheet; - is standard input"
    )
    leaf(actions, "count", "How many numbers and addresses are stopped, and by which files.", count)
    asked = leaf(actions, "check", "Whether a number is stopped, by which list, since when.", check)
    asked.add_argument("number", help="a phone number or an e-mail address")


def import_file(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import stop_list

    if not arguments.file.is_file():
        raise Refused("file_missing", 404, file=str(arguments.file))
    password = read_text(arguments.password_file).rstrip("\r\n") if arguments.password_file else ""
    progress = None if arguments.json else Said()
    try:
        with arguments.file.open("rb") as content:
            row = stop_list.store(
                content=content, name=arguments.list, reason=arguments.reason, password=password, actor=ACTOR
            )
    except Refused as refused:
        if refused.code != "stop_file_known":
            raise
        row = stop_list.get(refused.facts["file"])
        if row.state == row.State.ACTIVE:
            return _told(row, "The list has this very file already: nothing was changed.", new=0, dry=arguments.dry_run)
    row = stop_list.check(row.id, progress=progress)
    if arguments.dry_run:
        if row.state == row.State.CHECKED and row.created_by == ACTOR:
            stop_list.discard(row.id, actor=ACTOR)
        would = f"{row.added} numbers and addresses would be new, {row.known} are there already."
        return _told(row, would, new=row.added, dry=True)
    if row.state == row.State.CHECKED:
        row = stop_list.accept(row.id, actor=ACTOR)
    row = stop_list.add(row.id, progress=progress)
    done = f"{row.added} numbers and addresses are new, {row.known} were there already."
    return _told(row, done, new=row.added, dry=False)


def _told(row: "StopFile", sentence: str, *, new: int, dry: bool) -> Answer:
    data: dict[str, Any] = {
        "id": row.id, "list": row.name, "rows": row.rows, "numbers": row.numbers, "new": new,
        "known": row.numbers - new, "refused": row.refused, "problems": row.problems, "dry_run": dry,
    }  # fmt: skip
    lines = [f"{row.refused} of {row.rows} rows refused."] if row.refused else []
    lines += [f"{number:>8}  {', '.join(codes)}" for number, codes in row.remarks]
    return Answer("\n".join([sentence, *lines]), data)


def count(_arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import stop_list

    total, rows = stop_list.total(), stop_list.files()
    lines = [f"{row.name}: {row.numbers} numbers and addresses, {row.created_at:%Y-%m-%d}, {row.state}" for row in rows]
    data = [
        {"id": row.id, "list": row.name, "numbers": row.numbers, "since": row.created_at, "state": row.state}
        for row in rows
    ]
    return Answer("\n".join([f"{total} numbers and addresses are stopped.", *lines]), {"total": total, "files": data})


def check(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.messaging.services import stop_list

    found = stop_list.find(arguments.number, actor=ACTOR)
    if found is None:
        return Answer("Not stopped.", {"stopped": False, "lists": []})
    names = sorted({row.name for row in found.files})
    text = f"Stopped since {found.since:%Y-%m-%d} by {', '.join(names)}."
    return Answer(text, {"stopped": True, "since": found.since, "lists": names})
