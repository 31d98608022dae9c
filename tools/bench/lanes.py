"""Alerts while others have much to send: how long each one waits, beside campaigns and beside a flood of alerts.

    sofy bench lanes [--recipients N] [--flood N] [--per-second N] [--smsc HOST:PORT] [--json]

Three runs, each on a private database with its durability on: from its beginning to its last receipt a program posts
alerts to `sofy ingest`, one per request, at a steady rate, however long answers take. In the first two, a campaign is
expanded and sent by `sofy worker` and `sofy engine` as in `sofy bench campaign`: another client's (`other`), then one
of the program's own client (`own`). In the third another client posts alerts too, 10,000 in a request, as fast as they
are answered (`flood`). `other_p99_ms`, `own_p99_ms` and `flood_p99_ms` are of the time from an alert's acceptance to
the SMSC's answer, `p50_ms` and `p99_ms` those of all runs together; `answer_p99_ms` is of the answers to the program,
from when each request was due. `seconds` and `per_second` are the campaign's, in the slower run, `flood_per_second` the
flood's. With the sandbox, messages are also counted in the operator's own log.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.bench import campaign, load, options, processes, programs, simulator
from tools.bench.database import percentile, private_database

USUAL, FLOOD, PER_SECOND, CONNECTIONS = 500_000, 200_000, 50, 50
FLOOD_BATCH, FLOOD_CONNECTIONS = 10_000, 4
#: Half of the numbers are for campaign or flood, half for the alerts: nobody is twice in the operator's log.
MOST = options.RESERVED // 2
LONGEST_S, LAST_RECEIPT_S = 1_000, 20.0
_WAITS = """
SELECT extract(epoch FROM s.submitted_at - s.accepted_at)::float8 * 1000
  FROM engine_state s JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id
 WHERE s.client_id = %s AND m.purpose = 'alert' AND s.status = 'delivered' ORDER BY s.accepted_at
"""
_STATUSES = "SELECT status, count(*) FROM engine_state WHERE client_id = %s GROUP BY status"


class Beside:
    """A program that posts alerts while another has much to send."""

    def __init__(self, conn: Any, folder: Path, program: load.Program, per_second: int) -> None:
        self.waits_ms: list[float] = []
        self._conn = conn
        self._folder = folder
        self._client = program.client
        self._plan = load.Plan(
            programs=[program],
            messages=min(per_second * LONGEST_S, MOST),
            connections=CONNECTIONS,
            per_second=per_second,
            first=MOST,
        )

    @contextlib.contextmanager
    def posting(self) -> Iterator[int]:
        """Alerts from here to the end of the block, which waits for the receipts of the last ones; the API's port.

        Raises: SystemExit when the others went on and no alert was left to post.
        """
        with processes.answering(self._folder) as (ingest, port), load.ready(self._plan, port) as sender:
            load.begin(sender)
            yield port
            load.begin(sender)
            self.told = load.told(sender)
            self.rss_mb = processes.peak_rss_mb(ingest.pid)
            if self.told.accepted == self._plan.messages:
                raise SystemExit(f"The others took longer than {self._plan.messages:,} alerts")
            deadline = time.monotonic() + LAST_RECEIPT_S
            while len(self.waits_ms) < self.told.accepted and time.monotonic() < deadline:
                time.sleep(0.2)
                self.waits_ms = [wait for (wait,) in self._conn.execute(_WAITS, [self._client]).fetchall()]


def measure(
    bench: campaign.Bench, program: load.Program, per_second: int, *, quiet: bool
) -> tuple[dict[str, Any], Beside]:
    """The campaign's figures, and what was seen of the alerts beside it."""
    beside = Beside(bench.conn, bench.folder, program, per_second)
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


def flooded(
    base: programs.Base, folder: Path, messages: int, per_second: int, *, quiet: bool
) -> tuple[dict[str, Any], Beside]:
    """The figures of a flood of alerts, from its first request to its last receipt, and what was seen beside it."""
    flood, program = base.programs
    plan = load.Plan(
        programs=[flood],
        messages=messages,
        batch=min(FLOOD_BATCH, messages),
        connections=min(FLOOD_CONNECTIONS, -(-messages // FLOOD_BATCH)),
    )
    beside = Beside(base.conn, folder, program, per_second)
    with processes.running(folder, "engine") as engine, processes.running(folder, "worker") as worker:
        processes.wait_bound(base.conn, engine, folder)
        with beside.posting() as port, load.ready(plan, port) as sender:
            started = time.perf_counter()
            load.begin(sender)
            load.told(sender)
            statuses: dict[str, int] = {}
            deadline = time.monotonic() + LONGEST_S
            while statuses.get("delivered", 0) < messages and time.monotonic() < deadline:
                time.sleep(0.2)
                statuses = dict(base.conn.execute(_STATUSES, [flood.client]).fetchall())
                if not quiet:
                    print(f"  {time.perf_counter() - started:6.2f} s  {statuses}", file=sys.stderr)
            seconds = time.perf_counter() - started
        return {
            "seconds": round(seconds, 3),
            "per_second": round(messages / seconds),
            "statuses": statuses,
            "rss_mb": processes.peak_rss_mb(engine.pid),
            "worker_rss_mb": processes.peak_rss_mb(worker.pid),
        }, beside


def one_flooded(
    messages: int, per_second: int, smsc: tuple[str, int] | None, *, quiet: bool
) -> tuple[dict[str, Any], Beside]:
    """The run beside a flood, on a database of its own."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sofy-bench-")))
        operator = None if smsc else stack.enter_context(simulator.running(folder))
        address = operator.address if operator else smsc
        assert address
        base = stack.enter_context(programs.base(folder, 2, address))
        figures, beside = flooded(base, folder, messages, per_second, quiet=quiet)
        return figures | (operator.count() if operator else {}), beside


def together(recipients: int, flood: int, found: dict[str, tuple[dict[str, Any], Beside]]) -> dict[str, Any]:
    """The line of all runs."""
    every = [figures for figures, _ in found.values()]
    slower = max(
        (figures for whose, (figures, _) in found.items() if whose != "flood"), key=lambda each: each["seconds"]
    )
    waits = [wait for _, beside in found.values() for wait in beside.waits_ms]
    answers = [wait for _, beside in found.values() for wait in beside.told.latencies_ms]
    line = {"name": "lanes", "n": recipients, "seconds": slower["seconds"], "per_second": slower["per_second"]}
    line |= {"p50_ms": percentile(waits, 0.5), "p99_ms": percentile(waits, 0.99)}
    line |= {"alerts": len(answers), "alerts_delivered": len(waits)}
    for whose, (_, beside) in found.items():
        line[f"{whose}_p50_ms"] = percentile(beside.waits_ms, 0.5)
        line[f"{whose}_p99_ms"] = percentile(beside.waits_ms, 0.99)
        line[f"{whose}_max_ms"] = round(max(beside.waits_ms), 1)
    if "flood" in found:
        line |= {"flood": flood, "flood_per_second": found["flood"][0]["per_second"]}
    line |= {"answer_p50_ms": percentile(answers, 0.5), "answer_p99_ms": percentile(answers, 0.99)}
    line |= {"statuses": {whose: figures["statuses"] for whose, (figures, _) in found.items()}}
    for count in ("accepted_by_smsc", "served_twice"):
        if count in slower:
            line[count] = sum(figures[count] for figures in every)
    line |= {"rss_mb": max(figures["rss_mb"] for figures in every)}
    line |= {"worker_rss_mb": max(figures["worker_rss_mb"] for figures in every)}
    return line | {"ingest_rss_mb": max(beside.rss_mb for _, beside in found.values())}


def run(
    recipients: int,
    flood: int = FLOOD,
    per_second: int = PER_SECOND,
    *,
    smsc: tuple[str, int] | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """All runs, one after the other."""
    found = {whose: one(whose, recipients, per_second, smsc, quiet=quiet) for whose in ("other", "own")}
    return together(recipients, flood, found | {"flood": one_flooded(flood, per_second, smsc, quiet=quiet)})


def is_whole(result: dict[str, Any]) -> bool:
    """Whether everybody got the campaigns, and every alert and all of the flood left, once."""
    wanted = {whose: result["flood" if whose == "flood" else "n"] for whose in result["statuses"]}
    sent = sum(wanted.values()) + result["alerts"]
    once = not result.get("served_twice") and result.get("accepted_by_smsc", sent) == sent
    delivered = all(result["statuses"][whose] == {"delivered": n} for whose, n in wanted.items())
    return once and delivered and result["alerts_delivered"] == result["alerts"]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench lanes", __doc__)
    parser.add_argument("--recipients", type=options.whole(MOST), default=USUAL, help=f"{USUAL:,} unless said")
    parser.add_argument(
        "--flood", type=options.whole(MOST), default=FLOOD, help=f"alerts of another, {FLOOD:,} unless said"
    )
    parser.add_argument(
        "--per-second",
        type=options.whole(MOST // LONGEST_S),
        default=PER_SECOND,
        help=f"alerts, {PER_SECOND} unless said",
    )
    parser.add_argument("--smsc", type=options.address, help="HOST:PORT of an SMSC with receipts; default: the sandbox")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(given.recipients, given.flood, given.per_second, smsc=given.smsc, quiet=given.json)
    options.tell(result, json_only=given.json)
    return 0 if is_whole(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
