"""`sofy bench NAME`: speed and memory on this machine, durability on. Each bench is a module of tools/bench."""

import argparse
import subprocess
import sys
from pathlib import Path

from sofy.project import places
from sofy.project.answers import Answer
from sofy.project.commands import Commands

#: What is asked for -> its module, where the word itself is no good name for one.
MODULES = {"import": "imports", "webhook-in": "webhook_in"}
LIBRARY = (
    "bank_load", "claims", "data", "database", "hooks", "kannel", "ledger", "load", "options", "processes", "programs",
    "simulator",
)  # fmt: skip
#: What a bench measures besides, when all are asked for.
BESIDES = {"campaign": ("--expansion-only",), "import": ("--format", "xlsx")}
#: What a bench is given then, so that all of them do not take too long.
SMALLER = {"lanes": ("--recipients", "100000")}


def add(commands: Commands) -> None:
    text = (
        "Measure speed and memory: campaign, single, route, lanes, email, webhook-in, import, segment, pages, growth,"
        " bank, case, invoices, or all."
    )
    bench = commands.add_parser("bench", help=text, description=text)
    bench.add_argument("name")
    bench.add_argument("--json", action="store_true", dest="only_lines", help="only the JSON line of each bench")
    bench.add_argument("options", nargs=argparse.REMAINDER, help="options of the bench itself")
    bench.set_defaults(run=run)


def known(folder: Path) -> list[str]:
    """The benches of this checkout, as they are asked for."""
    words = {module: word for word, module in MODULES.items()}
    modules = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    return [words.get(module, module) for module in modules if module not in LIBRARY]


def run(arguments: argparse.Namespace) -> Answer:
    """Each bench prints its own table and JSON line; what is asked for wrongly is one line and status 2."""
    checkout = places.checkout()
    names = known(checkout / "tools" / "bench")
    options = [option for option in arguments.options if option != "--json"]
    if arguments.name not in ("all", *names):
        return _wrong(f"there is no bench {arguments.name!r}: choose among {', '.join((*names, 'all'))}")
    if arguments.name == "all" and options:
        return _wrong(f"all takes no options but --json ({' '.join(options)}): give them to one bench")
    lines = ["--json"] if arguments.only_lines or "--json" in arguments.options else []
    worst = 0
    for name, given in _asked(names) if arguments.name == "all" else [(arguments.name, options)]:
        command = [sys.executable, "-m", f"tools.bench.{MODULES.get(name, name)}", *given, *lines]
        code = subprocess.run(command, cwd=checkout, check=False).returncode
        worst = worst or code
    return Answer(code=worst)


def _asked(names: list[str]) -> list[tuple[str, list[str]]]:
    """Every bench, and what some measure besides."""
    besides = [(name, list(options)) for name, options in BESIDES.items()]
    return sorted([*((name, list(SMALLER.get(name, ()))) for name in names), *besides], key=lambda one: one[0])


def _wrong(problem: str) -> Answer:
    print(f"sofy bench: {problem}", file=sys.stderr, flush=True)
    return Answer(code=2)
