"""`sofy bench NAME`: speed and memory on this machine, durability on. Each bench is a module of tools/bench."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from sofy.kernel.errors import Refused
from sofy.project import places
from sofy.project.answers import Answer
from sofy.project.commands import Commands

#: What is asked for -> its module, where the word itself is no good name for one.
MODULES = {"import": "imports"}
LIBRARY = ("data", "database", "simulator")


def add(commands: Commands) -> None:
    text = "Measure speed and memory: campaign, import, segment, pages, growth, or all."
    bench = commands.add_parser("bench", help=text, description=text)
    bench.add_argument("name")
    bench.add_argument("--json", action="store_true", help="only the JSON line")
    bench.add_argument("options", nargs=argparse.REMAINDER, help="options of the bench itself")
    bench.set_defaults(run=run)


def known(folder: Path) -> list[str]:
    """The benches of this checkout, as they are asked for."""
    words = {module: word for word, module in MODULES.items()}
    modules = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    return [words.get(module, module) for module in modules if module not in LIBRARY]


def run(arguments: argparse.Namespace) -> Answer:
    checkout = places.checkout()
    names = known(checkout / "tools" / "bench")
    if arguments.name != "all" and arguments.name not in names:
        raise Refused("bench_unknown", bench=arguments.name, known=", ".join(names))
    options = [*arguments.options, *(["--json"] if arguments.json and "--json" not in arguments.options else [])]
    results, worst = [], 0
    for name in names if arguments.name == "all" else [arguments.name]:
        command = [sys.executable, "-m", f"tools.bench.{MODULES.get(name, name)}", *options]
        with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
            last = "{}"
            for line in process.stdout or ():
                last = line
                if not arguments.json:
                    print(line, end="", flush=True)
        worst = worst or process.returncode
        results.append(_parsed(last, name))
    return Answer("", results[0] if len(results) == 1 else {"benches": results}, worst)


def _parsed(line: str, name: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"name": name, "error": "the bench answered nothing"}
