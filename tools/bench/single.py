"""One message per request: how many a program can send to `sofy ingest`, and how long each answer takes.

    sofy bench single [--messages N] [--connections N] [--json]

Every message is an alert of its own, and every answer a 202 that was sent after its message was committed: in the end
there are as many messages in the database as answers. No engine runs. The requests are made beforehand and sent by a
process of its own, over connections that are kept open. `p50_ms` and `p99_ms` are of one answer, `rss_mb` is of
`sofy ingest`, and `cpu_s` says who used the processors meanwhile.
"""

import tempfile
from pathlib import Path
from typing import Any

from tools.bench import load, options, processes, programs
from tools.bench.database import percentile

USUAL, CONNECTIONS = 40_000, 50
MOST_CONNECTIONS = 1_000
NOWHERE = ("127.0.0.1", 1)


def measure(base: programs.Base, folder: Path, messages: int, connections: int) -> dict[str, Any]:
    """Send them all to a `sofy ingest` of this database."""
    plan = load.Plan(programs=base.programs, messages=messages, connections=connections)
    with processes.answering(folder) as (ingest, port), load.ready(plan, port) as sender:
        spent = processes.Spent(base.conn, ingest=ingest.pid, load=sender.pid)
        load.begin(sender)
        told = load.told(sender)
        (stored,) = base.conn.execute("SELECT count(*) FROM engine_message").fetchone() or (0,)
        if (stored, told.accepted) != (messages, messages):
            raise SystemExit(f"{messages:,} were sent, {told.accepted:,} accepted and {stored:,} stored")
        return {
            "seconds": round(told.seconds, 3),
            "per_second": round(messages / told.seconds),
            "p50_ms": percentile(told.latencies_ms, 0.5),
            "p99_ms": percentile(told.latencies_ms, 0.99),
            "rss_mb": processes.peak_rss_mb(ingest.pid),
            "cpu_s": spent.seconds(),
        }


def run(messages: int, connections: int) -> dict[str, Any]:
    """One run on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="sofy-bench-") as name, programs.base(Path(name), 1, NOWHERE) as base:
        return {"name": "single", "n": messages} | measure(base, Path(name), messages, connections)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench single", __doc__)
    parser.add_argument(
        "--messages", type=options.whole(options.RESERVED), default=USUAL, help=f"{USUAL:,} unless said"
    )
    parser.add_argument(
        "--connections",
        type=options.whole(MOST_CONNECTIONS),
        default=CONNECTIONS,
        help="at once, each with one request",
    )
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.messages, given.connections)
    options.tell(result, json_only=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
