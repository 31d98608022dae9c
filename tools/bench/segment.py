"""How fast a segment is counted while it is written.

`sofy bench segment [--contacts N] [--rounds N] [--fresh] [--json]`. A preview is what the builder asks for after each
change: the whole, the reach per channel, 20 members, and the count of every row. The segment is nested, with a radius
and a behaviour clause; each round asks for another place, distance, behaviour and time, so no answer is remembered.
Statements run as sofy_web under row-level security, on the database of `tools.bench.data`: five events per contact.
"""

import json
import random
import time
from typing import Any

from tools.bench import data, options
from tools.bench.database import peak_mb, percentile

TARGET_MS = 1000.0
WARM_UP = 2  # the builder was opened before it is changed
PLACES = [(48.86, 2.35), (45.76, 4.84), (43.30, 5.37), (47.22, -1.55), (50.63, 3.06), (44.84, -0.58), (48.58, 7.75)]


def question(pick: random.Random) -> dict[str, Any]:
    """A nested segment with a radius and a behaviour clause."""
    latitude, longitude = pick.choice(PLACES)
    what, days = pick.choice(("clicked", "delivered", "replied")), pick.randint(20, 60)
    return {
        "is": "all",
        "of": [
            {"is": "near", "km": pick.randint(10, 120), "latitude": latitude, "longitude": longitude},
            {
                "is": "any",
                "of": [
                    {"is": "language", "values": ["fr"]},
                    {
                        "is": "all",
                        "of": [{"is": "age", "at_least": 18, "at_most": pick.randint(30, 60)}, {"is": "consent"}],
                    },
                ],
            },
            {"is": "behaviour", "what": what, "days": days, "not": pick.random() < 0.5},
        ],
    }


def measure(base: data.Base, rounds: int) -> dict[str, Any]:
    """Ask, round after round; the whole comes first and the rows after it, in one preview."""
    from sofy.audience.segments import counts, tree
    from sofy.kit.rls import client_scope

    pick = random.Random(7)
    previews: list[float] = []
    wholes: list[float] = []
    largest = 0
    for number in range(WARM_UP + rounds):
        root = tree.from_builtins(question(pick))
        with client_scope(base.client):
            began = time.perf_counter()
            preview = counts.preview(base.client, root)
            counted = time.perf_counter()
            rows = counts.row_counts(base.client, root, whole=preview.total)
            ended = time.perf_counter()
        assert preview.total <= min(rows.values())
        if number >= WARM_UP:
            largest = max(largest, preview.total)
            wholes.append((counted - began) * 1000)
            previews.append((ended - began) * 1000)
    return {
        "name": "segment",
        "n": base.contacts,
        "events": base.contacts * data.EVENTS_PER_CONTACT,
        "seconds": round(sum(previews) / 1000, 2),
        "per_second": round(len(previews) * 1000 / sum(previews), 2),
        "p50_ms": percentile(previews, 0.5),
        "p95_ms": percentile(previews, 0.95),
        "p99_ms": percentile(previews, 0.99),
        "whole_p95_ms": percentile(wholes, 0.95),
        "rss_mb": round(peak_mb(), 1),
        "largest": largest,
    }


def run(contacts: int, rounds: int = 60, *, fresh: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Measure on a database with that many contacts."""
    with data.base(contacts, fresh=fresh, quiet=quiet) as base:
        return measure(base, rounds)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench segment", __doc__)
    parser.add_argument("--contacts", type=options.whole(options.RESERVED), default=1_000_000)
    parser.add_argument("--rounds", type=options.whole(options.MOST_ROUNDS), default=60)
    parser.add_argument("--fresh", action="store_true", help="fill the database again")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.contacts, given.rounds, fresh=given.fresh, quiet=given.json)
    if not given.json:
        for key, value in result.items():
            print(f"{key:>15}  {value}")
        print(f"{'target':>15}  p95 under {TARGET_MS:.0f} ms: {'met' if result['p95_ms'] < TARGET_MS else 'MISSED'}")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
