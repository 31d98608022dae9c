"""Alerts while a big marketing campaign runs: how long each one waits, beside another client's campaign and its own.

    sofy bench lanes [--recipients N] [--per-second N] [--smsc HOST:PORT] [--json]

Two runs, each on a private database with its durability on: a campaign is expanded and sent by `sofy worker` and
`sofy engine` as in `sofy bench campaign`, and from its launch to its last receipt a program posts alerts to
`sofy ingest`, one per request, at a steady rate, however long answers take. First the program is another client's
(`other`), then that of the campaign's own client (`own`). `other_p99_ms` and `own_p99_ms` are of the time from an
alert's acceptance to the SMSC's answer, `p50_ms` and `p99_ms` those of both runs together; `answer_p99_ms` is of the
answers to the program, from when each request was due. `seconds` and `per_second` are the campaign's, in the slower
run. With the sandbox, messages are also counted in the operator's own log.
"""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.bench import campaign, load, options, processes, programs, simulator
from tools.bench.database import percentile, private_database

USUAL, PER_SECOND, CONNECTIONS = 500_000, 50, 50
#: Half of the numbers are for the campaign, half for the alerts: nobody is to be found twice in the operator's log.
MOST = options.RESERVED // 2
LONGEST_S, LAST_RECEIPT_S = 1_000, 20.0
_WAITS = """
SELECT extract(epoch FROM s.submitted_at - s.accepted_at)::float8 * 1000
  FROM engine_state s JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id
 WHERE m.purpose = 'alert' AND s.status = 'delivered' ORDER BY s.accepted_at
"""


class Beside:
    """A program that posts alerts while a campaign runs."""

    def __init__(self, bench: campaign.Bench, program: load.Program, per_second: int) -> None:
        self.waits_ms: list[float] = []
        self._bench = bench
        self._plan = load.Plan(
            programs=[program],
            messages=min(per_second * LONGEST_S, MOST),
            connections=CONNECTIONS,
            per_second=per_second,
            first=MOST,
        )

    @contextlib.contextmanager
    def posting(self) -> Iterator[None]:
        """Alerts from here to the end of the block, which waits for the receipts of the last ones.

        Raises: SystemExit when the campaign went on and no alert was left to post.
        """
        with processes.answering(self._bench.folder) as (ingest, port), load.ready(self._plan, port) as sender:
            load.begin(sender)
            yield
            load.begin(sender)
            self.told = load.told(sender)
            self.rss_mb = processes.peak_rss_mb(ingest.pid)
            if self.told.accepted == self._plan.messages:
                raise SystemExit(f"The campaign took longer than {self._plan.messages:,} alerts")
            deadline = time.monotonic() + LAST_RECEIPT_S
            while len(self.waits_ms) < self.told.accepted and time.monotonic() < deadline:
                time.sleep(0.2)
                self.waits_ms = [wait for (wait,) in self._bench.conn.execute(_WAITS).fetchall()]


def measure(
    bench: campaign.Bench, program: load.Program, per_second: int, *, quiet: bool
) -> tuple[dict[str, Any], Beside]:
    """The campaign's figures, and what was seen of the alerts beside it."""
    beside = Beside(bench, program, per_second)
    return bench.whole(quiet=quiet, beside=beside.posting), beside


def one(
    whose: str, recipients: int, per_second: int, smsc: tuple[str, int] | None, *, quiet: bool
) -> tuple[dict[str, Any], Beside]:
    """One run on a database of its own: beside the campaign of another client, or of the program's own."""
    database = private_database()
    try:
        with tempfile.TemporaryDirectory(prefix="sofy-bench-") as name, contextlib.ExitStack() as stack:
            folder = Path(name)
            processes.start_clock(folder)
            operator = None if smsc else stack.enter_context(simulator.running(folder))
            address = operator.address if operator else smsc
            assert address
            bench = campaign.Bench(database, recipients, folder, address, link=False)
            stack.callback(bench.conn.close)
            program = programs.of(bench.client) if whose == "own" else programs.new(0)
            figures, beside = measure(bench, program, per_second, quiet=quiet)
            return figures | (operator.count() if operator else {}), beside
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


def together(recipients: int, found: dict[str, tuple[dict[str, Any], Beside]]) -> dict[str, Any]:
    """The line of both runs."""
    slower = max((figures for figures, _ in found.values()), key=lambda figures: figures["seconds"])
    waits = [wait for _, beside in found.values() for wait in beside.waits_ms]
    answers = [wait for _, beside in found.values() for wait in beside.told.latencies_ms]
    line = {"name": "lanes", "n": recipients, "seconds": slower["seconds"], "per_second": slower["per_second"]}
    line |= {"p50_ms": percentile(waits, 0.5), "p99_ms": percentile(waits, 0.99)}
    line |= {"alerts": len(answers), "alerts_delivered": len(waits)}
    for whose, (_, beside) in found.items():
        line[f"{whose}_p50_ms"] = percentile(beside.waits_ms, 0.5)
        line[f"{whose}_p99_ms"] = percentile(beside.waits_ms, 0.99)
        line[f"{whose}_max_ms"] = round(max(beside.waits_ms), 1)
    line |= {"answer_p50_ms": percentile(answers, 0.5), "answer_p99_ms": percentile(answers, 0.99)}
    line |= {"statuses": {whose: figures["statuses"] for whose, (figures, _) in found.items()}}
    for count in ("accepted_by_smsc", "served_twice"):
        if count in slower:
            line[count] = sum(figures[count] for figures, _ in found.values())
    line |= {"rss_mb": max(figures["rss_mb"] for figures, _ in found.values())}
    line |= {"worker_rss_mb": max(figures["worker_rss_mb"] for figures, _ in found.values())}
    return line | {"ingest_rss_mb": max(beside.rss_mb for _, beside in found.values())}


def run(
    recipients: int, per_second: int = PER_SECOND, *, smsc: tuple[str, int] | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Both runs, one after the other."""
    return together(
        recipients, {whose: one(whose, recipients, per_second, smsc, quiet=quiet) for whose in ("other", "own")}
    )


def is_whole(result: dict[str, Any]) -> bool:
    """Whether everybody got the campaign and every alert left, once."""
    n, alerts = result["n"], result["alerts"]
    once = not result.get("served_twice") and result.get("accepted_by_smsc", 2 * n + alerts) == 2 * n + alerts
    delivered = all(statuses == {"delivered": n} for statuses in result["statuses"].values())
    return once and delivered and result["alerts_delivered"] == alerts


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench lanes", __doc__)
    parser.add_argument("--recipients", type=options.whole(MOST), default=USUAL, help=f"{USUAL:,} unless said")
    parser.add_argument(
        "--per-second",
        type=options.whole(MOST // LONGEST_S),
        default=PER_SECOND,
        help=f"alerts, {PER_SECOND} unless said",
    )
    parser.add_argument("--smsc", type=options.address, help="HOST:PORT of an SMSC with receipts; default: the sandbox")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.recipients, given.per_second, smsc=given.smsc, quiet=given.json)
    options.tell(result, json_only=given.json)
    return 0 if is_whole(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
