"""`sofy demo`: a campaign from a contact file to its report, on a machine that has nothing yet."""

import argparse
from pathlib import Path

from sofy.project.answers import Answer
from sofy.project.commands import Commands, leaf


def add(commands: Commands) -> None:
    demo = leaf(
        commands, "demo", "Import a contact file, send a campaign to a simulated operator, report.", run, json=False
    )
    demo.add_argument("--contacts", type=Path, help="a CSV, XLSX or ODS file of yours")


def run(arguments: argparse.Namespace) -> Answer:
    from sofy.project import demo

    return Answer(code=demo.run(arguments.contacts))
