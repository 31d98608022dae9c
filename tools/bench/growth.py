"""How cost grows: with contacts, with rows in the ledger, with clients that have due work, with engines.

    sofy bench growth [--only PART ...] [--sizes N ...] [--campaigns-to N] [--rounds N] [--fresh]
                      [--rows N,N,...] [--clients N,N,...] [--claims N] [--old-every N] [--keep] [--fill]
                      [--engines N,N,...] [--recipients N] [--json]

**contacts**: the other benches at 10,000, 100,000 and 1,000,000 contacts, in one table. Each size has its database
(`tools.bench.data`), whose import was measured when it was filled; `--fresh` fills it again. A campaign is sent to as
many recipients as the size says; one of a million takes minutes more, so it is sent when `--campaigns-to 1000000` asks
for it. Each measure runs in a process of its own, so that its memory is its own. The figures of the line are those of
the pages at the largest size; the others are under `sizes`.

**rows**: claims by the engine's own statements on ledgers of so many messages a year old to a second old, with as many
that wait in the queue (`tools.bench.ledger`). 1,000,000 rows take 1.3 GB, and 20 s to make; a database is dropped
behind its measure unless `--keep` is given. `--fill` only makes what is missing, and keeps it. **clients**: the same
where 1 to 1,000 clients have due work. **engines**: a campaign by one, two and four engine processes.

It ends with status 1 when the p95 of a claim grows by more than 1.3 from the fewest rows to the most, or by more than
1.5 from the fewest clients to the most, or when anybody got a message twice.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from typing import Any

from tools.bench import campaign, claims, data, ledger, options, pages, segment

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS, CLAIMS = 20, 600
PARTS = ("contacts", "rows", "clients", "engines")
#: Within `make bench`, where thirty million would take twenty minutes.
LEDGERS, CLIENTS, ENGINES = (1_000_000, 3_000_000), (1, 10, 100, 1_000), (1, 2, 4)
MOST_ROWS, MOST_CLIENTS = 100_000_000, 10_000
#: How much longer the p95 of a claim may be at the most rows, and at the most clients, than at the fewest.
AT_MOST = {"rows": 1.3, "clients": 1.5}
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


def alone(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Run a measure in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments, named)


def contacts(given: argparse.Namespace) -> dict[str, Any]:
    """Every measure at every size."""
    found = {}
    for size in sorted(set(given.sizes)):
        found[size] = alone(read, size, given.rounds, given.fresh, given.json)
        if size <= given.campaigns_to:
            found[size]["campaign"] = alone(campaign.run, size, quiet=given.json)
    return found


def engines(given: argparse.Namespace) -> dict[str, Any]:
    """The same campaign by one engine, by two..."""
    return {
        count: alone(campaign.run, given.recipients, engines=count, quiet=given.json) for count in sorted(given.engines)
    }


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Every part that is asked for, each in processes of its own."""
    started, kept = time.perf_counter(), ("per_second", "p50_ms", "p95_ms", "p99_ms", "rss_mb")
    found: dict[str, Any] = {"name": "growth", "n": max(given.sizes)}
    if "contacts" in given.only:
        sizes = contacts(given)
        found |= {name: sizes[max(sizes)]["pages"][name] for name in kept} | {"sizes": sizes}
    if "rows" in given.only:
        found["rows"] = alone(
            claims.by_rows, given.rows, given.claims, given.old_every, keep=given.keep, quiet=given.json
        )
    if "clients" in given.only:
        found["clients"] = alone(claims.by_clients, given.clients, given.claims, quiet=given.json)
    if "engines" in given.only:
        found["engines"] = engines(given)
    return found | {"seconds": round(time.perf_counter() - started, 1)}


def is_flat(found: dict[str, Any]) -> bool:
    """Whether claims take as long as they may, and nobody got anything twice."""
    ratios = [(found[part], most) for part, most in AT_MOST.items() if part in found]
    slow = any(of[max(of)]["ratio"] > most for of, most in ratios)
    return not slow and not any(each["served_twice"] for each in found.get("engines", {}).values())


def lines(found: dict[str, Any]) -> list[str]:
    """What is printed: a table for each part."""
    told = table(found["sizes"]) if "sizes" in found else []
    for part, title in (("rows", "rows in the ledger"), ("clients", "clients with due work")):
        if part in found:
            told.append(f"{title:>26}{'claims':>10}{'p50 ms':>10}{'p95 ms':>10}{'at fewest':>12}{'ratio':>8}")
            for size, of in found[part].items():
                beside = of.get("beside", next(iter(found[part].values())))["p95_ms"]
                figures = f"{of['claims']:>10}{of['p50_ms']:>10}{of['p95_ms']:>10}{beside:>12}{of['ratio']:>8}"
                told.append(f"{size:>26,}{figures}")
    if "engines" in found:
        told.append(f"{'engines':>26}{'messages/s':>12}{'twice':>8}{'engine MB':>11}")
        for count, of in found["engines"].items():
            told.append(f"{count:>26}{of['per_second']:>12,}{of['served_twice']:>8}{of['rss_mb']:>11}")
    return [*told, f"{found['seconds']} s in all"]


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
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--sizes", type=size, nargs="+", default=list(SIZES))
    parser.add_argument("--campaigns-to", type=size, default=campaign.USUAL, help="the largest campaign that is sent")
    parser.add_argument("--rounds", type=options.whole(options.MOST_ROUNDS), default=ROUNDS)
    parser.add_argument("--fresh", action="store_true", help="fill every database of contacts again")
    parser.add_argument("--rows", type=options.several(MOST_ROWS), default=LEDGERS, help="of the ledgers")
    parser.add_argument("--clients", type=options.several(MOST_CLIENTS), default=CLIENTS)
    parser.add_argument("--claims", type=options.whole(100_000), default=CLAIMS, help="of each size, after warm-up")
    old = f"of the due messages, one in so many was accepted months ago; {ledger.OLD_EVERY} unless said"
    parser.add_argument("--old-every", type=options.whole(1_000_000), default=ledger.OLD_EVERY, help=old)
    parser.add_argument("--engines", type=options.several(campaign.MOST_ENGINES), default=ENGINES)
    parser.add_argument("--recipients", type=size, default=campaign.USUAL, help="of the campaign of several engines")
    parser.add_argument("--keep", action="store_true", help="keep the ledgers for the next run")
    parser.add_argument("--fill", action="store_true", help="only make the ledgers, and keep them")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    if given.fill:
        for rows in given.rows:
            ledger.filled(rows, quiet=given.json)
        return 0
    result = run(given)
    if not given.json:
        print("\n".join(lines(result)))
    print(json.dumps(result))
    return 0 if is_flat(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
