"""`sofy bench NAME`: speed and memory on this machine, durability on."""

import argparse

from sofy.project import runtime
from sofy.project.answers import Answer
from sofy.project.commands import Commands

NAMES = ("campaign", "import", "segment", "pages", "growth")


def add(commands: Commands) -> None:
    bench = commands.add_parser("bench", help="Measure speed and memory.", description="Measure speed and memory.")
    bench.add_argument("name", choices=[*NAMES, "all"])
    bench.add_argument("--json", action="store_true", help="answer with one JSON object")
    bench.add_argument("rest", nargs=argparse.REMAINDER, help="options of the bench")
    bench.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> Answer:
    runtime.open_django()
    from sofy.project.bench import run_bench

    results = [run_bench(name, arguments.rest) for name in (NAMES if arguments.name == "all" else [arguments.name])]
    text = "\n".join(str(result) for result in results)
    return Answer(text, results[0] if len(results) == 1 else {"benches": results})
