"""`sofy case`: a contract and what happened to it, replayed to any day without a database."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from sofy.billing.case.answer import told
from sofy.billing.case.replay import Replay
from sofy.billing.case.shapes import Unreadable, read
from sofy.kernel import clock
from sofy.kernel.errors import Refused
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf, read_bytes

#: A file that is no case is misuse of the command, as argparse has it.
_MISUSED = 2


def add(commands: Commands) -> None:
    cases = group(commands, "case", "A contract and its life as a file: what follows from it on any day.")
    run = leaf(cases, "run", "Every invoice, due date, penalty, notice, suspension and end that follows.", play)
    run.add_argument("file", type=Path, help="the case (docs/reference/case.md), - for standard input")
    run.add_argument("--out", type=Path, metavar="DIR", help="also write PDF, XML and pain.008 into this folder")
    run.add_argument("--as-of", type=_day, metavar="DATE", help="up to the end of this day; today unless said")


def play(arguments: argparse.Namespace) -> Answer:
    """Read a case, replay it, print what follows."""
    as_of = arguments.as_of or clock.now().astimezone(clock.PARIS).date()
    try:
        replay = Replay(read(read_bytes(arguments.file)), as_of).play()
        state = told(replay)
    except Unreadable as error:
        return _printed({"error": {"path": error.path, "message": error.message}}, _MISUSED)
    except Refused as error:
        file = str(error.facts.get("file", arguments.file))
        return _printed({"error": {"path": "$", "message": f"{file}: {error.code.replace('_', ' ')}"}}, _MISUSED)
    if arguments.out:
        from sofy.billing.case import files  # what makes PDF and XML is loaded only where they are asked for

        state["files"] = files.write(replay, arguments.out)
    return _printed(state, 0)


def _printed(state: dict[str, Any], code: int) -> Answer:
    json.dump(state, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    sys.stdout.flush()
    return Answer(silent=True, code=code)


def _day(text: str) -> date:
    """Raises: argparse.ArgumentTypeError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day, as in 2026-06-30") from None
    if not 2000 <= day.year < 2100:
        raise argparse.ArgumentTypeError(f"{text} is not between 2000 and 2099")
    return day
