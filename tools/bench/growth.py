"""How cost grows with the number of contacts: the other benches at 10,000, 100,000 and 1,000,000, in one table.

`sofy bench growth [--sizes N ...] [--campaigns-to N] [--rounds N] [--fresh] [--json]`. Each size has its database
(`tools.bench.data`), whose import was measured when it was filled; `--fresh` fills it again. A campaign is sent to as
many recipients as the size says; one of a million takes minutes more, so it is sent when `--campaigns-to 1000000` asks
for it. Each measure runs in a process of its own, so that its memory is its own. The figures of the line are those of
the pages at the largest size; the others are under `sizes`.
"""

import json
import multiprocessing
import time
from collections.abc import Callable
from typing import Any

from tools.bench import campaign, data, options, pages, segment

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 20
#: What a row of the table is called, and the measure and figure it shows.
ROWS = (
    ("import, rows/s", "import", "per_second"),
    ("segment preview, p50 ms", "segment", "p50_ms"),
    ("segment preview, p95 ms", "segment", "p95_ms"),
    ("pages, p50 ms", "pages", "p50_ms"),
    ("pages, p95 ms", "pages", "p95_ms"),
    ("campaign, messages/s", "campaign", "per_second"),
    ("campaign, engine MB", "campaign", "rss_mb"),
)


def read(contacts: int, rounds: int, fresh: bool, quiet: bool) -> dict[str, Any]:
    """Import, segment and pages on one database."""
    with data.base(contacts, fresh=fresh, quiet=quiet) as base:
        return {
            "import": {"n": contacts, **base.filled["import"]},
            "segment": segment.measure(base, rounds),
            "pages": pages.measure(base, rounds),
        }


def alone(function: Callable[..., dict[str, Any]], *arguments: Any, **named: Any) -> dict[str, Any]:
    """Run a measure in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments, named)


def run(sizes: list[int], rounds: int, campaigns_to: int, *, fresh: bool, quiet: bool) -> dict[str, Any]:
    """Every measure at every size."""
    started, found = time.perf_counter(), {}
    for size in sizes:
        found[size] = alone(read, size, rounds, fresh, quiet)
        if size <= campaigns_to:
            found[size]["campaign"] = alone(campaign.run, size, quiet=quiet)
    largest = found[max(sizes)]["pages"]
    kept = ("per_second", "p50_ms", "p95_ms", "p99_ms", "rss_mb")
    return {
        "name": "growth",
        "n": max(sizes),
        "seconds": round(time.perf_counter() - started, 1),
        **{name: largest[name] for name in kept},
        "sizes": found,
    }


def table(found: dict[int, dict[str, Any]]) -> list[str]:
    """One line per measure, one column per size; pages below, each with its median and p95."""
    lines = [f"{'contacts':>26}" + "".join(f"{size:>20,}" for size in found)]
    for title, measure, figure in ROWS:
        lines.append(f"{title:>26}" + "".join(f"{_cell(of.get(measure, {}).get(figure)):>20}" for of in found.values()))
    lines.append(f"{'median / p95 ms of a page':>26}")
    for page in next(iter(found.values()))["pages"]["pages"]:
        waits = [of["pages"]["pages"][page] for of in found.values()]
        told = [f"{each['p50_ms']} / {each['p95_ms']}" for each in waits]
        lines.append(f"{page:>26}" + "".join(f"{text:>20}" for text in told))
    return lines


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:,}"


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser, size = options.Parser("sofy bench growth", __doc__), options.whole(options.RESERVED)
    parser.add_argument("--sizes", type=size, nargs="+", default=list(SIZES))
    parser.add_argument("--campaigns-to", type=size, default=campaign.USUAL, help="the largest campaign that is sent")
    parser.add_argument("--rounds", type=options.whole(options.MOST_ROUNDS), default=ROUNDS)
    parser.add_argument("--fresh", action="store_true", help="fill every database again")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(sorted(set(given.sizes)), given.rounds, given.campaigns_to, fresh=given.fresh, quiet=given.json)
    if not given.json:
        print("\n".join(table(result["sizes"])))
        print(f"{result['seconds']} s in all")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
