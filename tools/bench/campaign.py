"""A campaign from launch to the last receipt recorded: expansion, gate, encryption, SMPP, ledger.

    sofy bench campaign [--recipients N] [--engines N] [--smsc HOST:PORT] [--link] [--expansion-only] [--json]

It is the product that runs: a file is imported, a draft is launched as its author launches it, the worker expands it
and the engine sends it, each in its own process, on a private database with its durability on. Seconds are counted
from the launch, before its checks, to the moment when every message has its receipt in the ledger, or to the last
receipt when no other comes (an SMSC that cuts its lines takes receipts with it; `statuses` says what was left). With
the sandbox, messages are also counted in the operator's own log, which is what tells whether somebody got two; with
another SMSC, count in its log. `p50_ms` and `p99_ms` are from the launch to a message's last receipt; with
`--expansion-only`, they are those of one batch of a few thousand messages.
"""

import contextlib
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tools.bench import options, processes, simulator
from tools.bench.database import percentile, private_database

USUAL, MOST_ENGINES = 100_000, 16
TEXT = "Bonjour {{ prenom }}, -20 % samedi dans votre magasin."
LINK = " Le catalogue : https://exemple.fr/catalogue-de-printemps"
STALLED_S, NO_MORE_RECEIPTS_S = 60.0, 15.0
NOWHERE = ("127.0.0.1", 1)
_FINAL = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM final_at - %s::timestamptz))
  FROM engine_state WHERE client_id = %s AND campaign_id = %s AND final_at IS NOT NULL
"""
_WAITING = """
SELECT EXISTS (SELECT FROM lane_backlog WHERE client_id = %s AND lane = 'marketing' AND due_at < 'infinity')
"""


class Bench:
    """One run: its private database, its client and draft, the processes of the product."""

    def __init__(self, database: Any, recipients: int, folder: Path, smsc: tuple[str, int], *, link: bool) -> None:
        import psycopg

        from sofy.project import demo, people, stack

        self.n = recipients
        self.folder = folder
        self.conn = psycopg.connect(database.admin_url, autocommit=True)
        self.client = people.new_client("Bench")
        contacts = folder / "contacts.csv"
        _write_contacts(contacts, recipients)
        with contextlib.redirect_stdout(sys.stderr):
            book = demo.import_contacts(self.client, contacts).book_id
        processes.save_route(smsc)  # before the draft, which takes the route there is
        text = f"{TEXT}{LINK if link else ''} STOP SMS {stack.SHORT_CODE}"
        self.draft = demo.prepare_campaign(self.client, book, text)
        self.conn.execute("VACUUM ANALYZE")

    def expansion_alone(self) -> dict[str, Any]:
        """Launch with no process running, then expand here: nothing else is measured."""
        from sofy.engine import intake
        from sofy.project import demo, worker
        from sofy.soreach.services import expand

        worker.tune_interpreter()
        demo.launch(self.client, self.draft, self.n)
        marks, bulk = [time.perf_counter()], intake.bulk

        def marked(*arguments: Any, **named: Any) -> Iterator[int]:
            for added in bulk(*arguments, **named):
                marks.append(time.perf_counter())
                yield added

        with patch.object(intake, "bulk", marked):
            expanded = expand.expand(self.client.pk, self.draft.pk)
        seconds = time.perf_counter() - marks[0]
        assert expanded.added == self.n, expanded
        batches_ms = [(after - before) * 1000 for before, after in pairwise(marks)]
        return {
            "seconds": round(seconds, 3),
            "per_second": round(self.n / seconds),
            "p50_ms": percentile(batches_ms, 0.5),
            "p99_ms": percentile(batches_ms, 0.99),
            "batches": len(batches_ms),
            "rss_mb": processes.peak_rss_mb(os.getpid()),
        }

    def whole(
        self,
        *,
        quiet: bool,
        engines: int = 1,
        beside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> dict[str, Any]:
        """Launch with engines and worker running, and wait for the last receipt.

        `beside`: what happens meanwhile, entered before the launch and left behind the last receipt.
        """
        from sofy.kernel import clock
        from sofy.project import demo

        with contextlib.ExitStack() as stack:
            at_work = [stack.enter_context(processes.running(self.folder, "engine", n + 1)) for n in range(engines)]
            worker = stack.enter_context(processes.running(self.folder, "worker"))
            processes.wait_bound(self.conn, at_work[0], self.folder, engines)
            with beside():
                launched_at, started = clock.now(), time.perf_counter()
                demo.launch(self.client, self.draft, self.n)
                expanded, seconds = self._wait_final([*at_work, worker], started, quiet=quiet)
            return self._figures(launched_at) | {
                "seconds": round(seconds, 3),
                "per_second": round(self.n / seconds),
                "expansion_seconds": round(expanded, 2),
                "rss_mb": max(processes.peak_rss_mb(engine.pid) for engine in at_work),
                "worker_rss_mb": processes.peak_rss_mb(worker.pid),
            }

    def _wait_final(
        self, watched: list[subprocess.Popen[bytes]], started: float, *, quiet: bool
    ) -> tuple[float, float]:
        """Seconds the expansion took, and the whole. Looking costs a little: everything is counted only near the end.

        An SMSC that cuts lines takes receipts with it: then the end is that of the last one that came.
        """
        expanded, last, moved_at, looked_at = 0.0, -1, time.perf_counter(), 0.0
        where = (self.client.pk, self.draft.pk)
        while True:
            time.sleep(0.1)
            if not expanded:
                written = self.conn.execute(
                    "SELECT expanded_at IS NOT NULL FROM soreach_campaign WHERE client_id = %s AND id = %s", where
                ).fetchone()
                expanded = time.perf_counter() - started if written and written[0] else 0.0
            row = self.conn.execute(_WAITING, where[:1]).fetchone()
            waiting = not expanded or bool(row and row[0])
            if waiting and time.perf_counter() - looked_at < 2:
                continue
            looked_at = time.perf_counter()
            (done,) = self.conn.execute(
                "SELECT count(*) FROM engine_state WHERE client_id = %s AND campaign_id = %s AND rank >= 40", where
            ).fetchone() or (0,)
            if done != last:
                last, moved_at = done, time.perf_counter()
                if not quiet:
                    print(f"  {time.perf_counter() - started:6.2f} s  {done:>8,} final", file=sys.stderr)
            if done >= self.n and expanded:
                return expanded, time.perf_counter() - started
            still_s = time.perf_counter() - moved_at
            if still_s > NO_MORE_RECEIPTS_S and not waiting:
                return expanded, moved_at - started
            if still_s > STALLED_S or any(process.poll() is not None for process in watched):
                logs = "".join((self.folder / f"{name}.log").read_text()[-2000:] for name in ("engine", "worker"))
                raise SystemExit(f"Stuck at {done} of {self.n}:\n{logs}")

    def _figures(self, launched_at: Any) -> dict[str, Any]:
        where = (self.client.pk, self.draft.pk)
        statuses = self.conn.execute(
            "SELECT status, count(*) FROM engine_state WHERE client_id = %s AND campaign_id = %s GROUP BY status", where
        ).fetchall()
        row = self.conn.execute(_FINAL, (launched_at, *where)).fetchone()
        p50, p99 = row[0] if row and row[0] else (0, 0)
        return {"statuses": dict(statuses), "p50_ms": round(float(p50) * 1000), "p99_ms": round(float(p99) * 1000)}


def _write_contacts(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Prénom", "Nom", "Portable", "Accord SMS"))
        for number in range(count):
            writer.writerow(
                (f"Camille {number % 977}", "Dupont", f"07 00 {number // 10000:02d} {number % 10000:04d}", "oui")
            )


def run(
    recipients: int,
    *,
    engines: int = 1,
    smsc: tuple[str, int] | None = None,
    link: bool = False,
    expansion_only: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """One run on a database of its own."""
    database = private_database()
    try:
        with tempfile.TemporaryDirectory(prefix="sofy-bench-") as name, contextlib.ExitStack() as stack:
            folder = Path(name)
            processes.start_clock(folder)
            address, operator = NOWHERE, None
            if smsc:
                address = smsc
            elif not expansion_only:
                operator = stack.enter_context(simulator.running(folder))
                address = operator.address
            bench = Bench(database, recipients, folder, address, link=link)
            stack.callback(bench.conn.close)
            if expansion_only:
                return {"name": "expansion", "n": recipients} | bench.expansion_alone()
            result = {"name": "campaign", "n": recipients} | bench.whole(quiet=quiet, engines=engines)
            return result | operator.count() if operator else result
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench campaign", __doc__)
    parser.add_argument(
        "--recipients",
        type=options.whole(options.RESERVED),
        default=USUAL,
        help=f"up to {options.RESERVED:,}, the numbers given to nobody; {USUAL:,} unless said",
    )
    parser.add_argument("--engines", type=options.whole(MOST_ENGINES), default=1, help="processes that hand over")
    parser.add_argument("--smsc", type=options.address, help="HOST:PORT of an SMSC with receipts; default: the sandbox")
    parser.add_argument("--link", action="store_true", help="each text holds a short link of its own")
    parser.add_argument("--expansion-only", action="store_true", help="only write the messages, with no engine")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    result = run(
        given.recipients,
        engines=given.engines,
        smsc=given.smsc,
        link=given.link,
        expansion_only=given.expansion_only,
        quiet=given.json,
    )
    options.tell(result, json_only=given.json)
    return (
        1 if result.get("served_twice") or result.get("accepted_by_smsc", given.recipients) != given.recipients else 0
    )


if __name__ == "__main__":
    raise SystemExit(main())
