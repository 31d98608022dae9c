"""From the request of a program to the last receipt recorded: API, gate, encryption, SMPP, ledger.

    sofy bench route [--messages N] [--batch N] [--connections N] [--smsc HOST:PORT] [--without-kannel]
                     [--webhooks [BATCH]] [--json]

Ten clients send in turn, each with its key, in batches; half of the messages are alerts, half are marketing with the
consent that the gate asks for. `sofy ingest`, `sofy engine`, `sofy worker` and the load run in processes of their own,
on a private database with its durability on; the requests are made beforehand. Seconds are counted from the first byte
of the first request to the moment when every message has its receipt in the ledger, or to the last receipt when no
other comes; `accept_seconds` is until the last answer, `consent_seconds` until the last consent was in the ledger. With
the sandbox, messages are also counted in the operator's own log; with another SMSC, count in its log. `p50_ms` and
`p99_ms` are from a message's acceptance to its receipt, and `cpu_s` says who used the processors.

With `--webhooks`, a program of each client hears every step from two `sofy notify`: `events_noted` is how many steps
were committed in the run, of three for each message, and `posts_in_the_run` how many requests told of some meanwhile.
What is left is told afterwards, for half a minute at most (`posts_per_second`); `lag_p50_s` and `lag_p99_s` are how
long after it happened a step was told.

With `--smsc`, Kannel takes its turn on the same SMSC afterwards where it is installed (`tools.bench.kannel`), with as
many messages, to recipients of its own: `times_kannel` is how many times its messages per second.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tools.bench import hooks, kannel, load, options, processes, programs, simulator

USUAL, BATCH, CONNECTIONS, CLIENTS = 200_000, 2_000, 4, 10
MOST_IN_A_BATCH, MOST_CONNECTIONS = 10_000, 100
#: Steps of a message that is delivered; processes that tell of them.
STEPS, NOTIFIERS = 3, 2
LOOK_S, STALLED_S, NO_MORE_RECEIPTS_S, CONSENTS_S = 2.0, 60.0, 15.0, 60.0
AGREED_BEFORE = timedelta(days=30)
_FINAL = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM final_at - accepted_at))
  FROM engine_state WHERE final_at IS NOT NULL
"""
_WAITING = "SELECT EXISTS (SELECT FROM lane_backlog WHERE due_at < 'infinity')"
_CONSENTS = """
SELECT count(*), coalesce(extract(epoch FROM max(recorded_at) - %s::timestamptz), 0) FROM audience_consent_event
"""


class Route:
    """One run: the plan of its load, and what is looked at meanwhile."""

    def __init__(self, base: programs.Base, folder: Path, plan: load.Plan, *, quiet: bool) -> None:
        self._conn = base.conn
        self._folder = folder
        self._plan = plan
        self._quiet = quiet

    def whole(self, **besides: int) -> dict[str, Any]:
        """Start what takes part, let the load go, and wait for the last receipt and the last consent.

        `besides`: processes that run already and whose time is told.
        """
        from sofy.kernel import clock

        with contextlib.ExitStack() as stack:
            engine = stack.enter_context(processes.running(self._folder, "engine"))
            worker = stack.enter_context(processes.running(self._folder, "worker"))
            ingest, port = stack.enter_context(processes.answering(self._folder))
            processes.wait_bound(self._conn, engine, self._folder)
            pool = stack.enter_context(ThreadPoolExecutor(1))
            sender = stack.enter_context(load.ready(self._plan, port))
            at_work = {"ingest": ingest.pid, "engine": engine.pid, "worker": worker.pid, "load": sender.pid}
            spent = processes.Spent(self._conn, **at_work, **besides)
            began_at, started = clock.now(), time.perf_counter()
            load.begin(sender)
            answered = pool.submit(load.told, sender)
            seconds = self._wait_final(answered, [engine, worker, ingest], started)
            cpu_s, told = spent.seconds(), answered.result()
            return {
                "seconds": round(seconds, 3),
                "per_second": round(self._plan.messages / seconds),
                **self._figures(),
                "accepted": told.accepted,
                "accept_seconds": round(told.seconds, 3),
                "accept_per_second": round(told.accepted / told.seconds),
                **self._wait_consents(began_at),
                "rss_mb": processes.peak_rss_mb(engine.pid),
                "ingest_rss_mb": processes.peak_rss_mb(ingest.pid),
                "worker_rss_mb": processes.peak_rss_mb(worker.pid),
                "cpu_s": cpu_s,
            }

    def _wait_final(self, answered: "Future[load.Told]", watched: list[processes.Process], started: float) -> float:
        """Seconds the whole took.

        Counting reads the whole ledger, which takes time from what is measured: the next count waits until the messages
        can be final at the pace of the last one. An SMSC that cuts lines takes receipts with it: then the end is that
        of the last one that came.
        """
        last, moved_at, looked_at, wait_s = -1, time.perf_counter(), started, LOOK_S
        while True:
            time.sleep(0.05)
            if answered.done():
                answered.result()
            if time.perf_counter() - looked_at < wait_s:
                continue
            done, before_s = self._one("SELECT count(*) FROM engine_state WHERE rank >= 40"), looked_at - started
            looked_at = time.perf_counter()
            if done != last:
                pace = (done - max(last, 0)) / (looked_at - started - before_s)
                left_s = (self._plan.messages - done) / pace if pace else LOOK_S
                wait_s = min(LOOK_S, max(0.1, 0.8 * left_s))
                last, moved_at = done, looked_at
                if not self._quiet:
                    print(f"  {moved_at - started:6.2f} s  {done:>8,} final", file=sys.stderr)
            if done >= self._plan.messages and answered.done():
                return looked_at - started
            still_s = looked_at - moved_at
            if still_s > NO_MORE_RECEIPTS_S and answered.done() and not self._one(_WAITING):
                return moved_at - started
            if still_s > STALLED_S or any(process.poll() is not None for process in watched):
                names = ("ingest", "engine", "worker")
                logs = "".join((self._folder / f"{name}.log").read_text()[-2000:] for name in names)
                raise SystemExit(f"Stuck at {done} of {self._plan.messages}:\n{logs}")

    def _one(self, query: str) -> Any:
        (value,) = self._conn.execute(query).fetchone()
        return value

    def _figures(self) -> dict[str, Any]:
        statuses = self._conn.execute("SELECT status, count(*) FROM engine_state GROUP BY status").fetchall()
        p50, p99 = self._one(_FINAL) or (0, 0)
        return {"p50_ms": round(p50 * 1000), "p99_ms": round(p99 * 1000), "statuses": dict(statuses)}

    def _wait_consents(self, began_at: datetime) -> dict[str, Any]:
        """How many consents are in the ledger in the end, and how long after the start the last one was."""
        deadline, wanted = time.monotonic() + CONSENTS_S, load.marketing(self._plan)
        while True:
            count, seconds = self._conn.execute(_CONSENTS, [began_at]).fetchone()
            if count >= wanted or time.monotonic() > deadline:
                return {"consents": count, "consents_wanted": wanted, "consent_seconds": round(float(seconds), 2)}
            time.sleep(0.2)


def plan_of(base: programs.Base, messages: int, batch: int, connections: int) -> load.Plan:
    """What the programs of the clients send."""
    from sofy.kernel import clock
    from sofy.project import stack

    return load.Plan(
        programs=base.programs,
        messages=messages,
        batch=batch,
        connections=min(connections, -(-messages // batch)),
        short_code=stack.SHORT_CODE,
        consented_at=clock.now() - AGREED_BEFORE,
    )


def run(
    messages: int,
    batch: int,
    connections: int,
    *,
    smsc: tuple[str, int] | None = None,
    webhooks: int = 0,
    quiet: bool = False,
) -> dict[str, Any]:
    """One run on a database of its own. `webhooks`: how many events each client's program takes at once; 0: none."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sofy-bench-")))
        count: Callable[[], dict[str, int]] = dict
        besides = {}
        if smsc is None:
            operator = stack.enter_context(simulator.running(folder))
            smsc, besides["smsc"] = operator.address, operator.pid
            count = operator.count
        base = stack.enter_context(programs.base(folder, CLIENTS, smsc))
        route = Route(base, folder, plan_of(base, messages, batch, connections), quiet=quiet)
        if not webhooks:
            return {"name": "route", "n": messages} | route.whole(**besides) | count()
        url, besides["programs"] = stack.enter_context(hooks.running(folder))
        hooks.add_to_each(base.conn, url, webhooks)
        running = [stack.enter_context(processes.running(folder, "notify")) for _ in range(NOTIFIERS)]
        tellers = {f"notify {n + 1}": process.pid for n, process in enumerate(running)}
        besides |= tellers
        found = {"name": "route", "n": messages, "webhooks": webhooks} | route.whole(**besides) | count()
        found["events_noted"] = hooks.noted(base.conn)
        return found | hooks.drain(base.conn, tellers)


def beside_kannel(result: dict[str, Any], smsc: tuple[str, int]) -> dict[str, Any]:
    """What Kannel does with as many messages to others at the same SMSC right afterwards, and how many times it."""
    if not kannel.is_installed() or 2 * result["n"] > options.RESERVED:
        return {}
    with tempfile.TemporaryDirectory(prefix="sofy-kannel-") as folder:
        found = kannel.measure(smsc, Path(folder), result["n"], first=result["n"])
    per_second = found.messages / found.seconds
    return {
        "kannel_n": found.messages,
        "kannel_per_second": round(per_second),
        "kannel_accept_per_second": round(found.messages / found.accepted_seconds),
        "kannel_receipts": found.receipts,
        "times_kannel": round(result["per_second"] / per_second, 2),
    }


def is_whole(result: dict[str, Any]) -> bool:
    """Whether every message was accepted and delivered once, with its consent in the ledger."""
    n = result["n"]
    once = not result.get("served_twice") and result.get("accepted_by_smsc", n) == n
    kept = result["consents"] == result["consents_wanted"]
    noted = result.get("events_noted", STEPS * n) == STEPS * n
    return once and kept and noted and result["accepted"] == n and result["statuses"] == {"delivered": n}


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench route", __doc__)
    parser.add_argument(
        "--messages", type=options.whole(options.RESERVED), default=USUAL, help=f"{USUAL:,} unless said"
    )
    parser.add_argument("--batch", type=options.whole(MOST_IN_A_BATCH), default=BATCH, help="messages of one request")
    parser.add_argument(
        "--connections",
        type=options.whole(MOST_CONNECTIONS),
        default=CONNECTIONS,
        help="at once, each with one request",
    )
    parser.add_argument("--smsc", type=options.address, help="HOST:PORT of an SMSC with receipts; default: the sandbox")
    parser.add_argument(
        "--webhooks",
        nargs="?",
        type=options.whole(500),
        const=1,
        default=0,
        metavar="BATCH",
        help="every client's program is told everything, BATCH events at once (1 unless said)",
    )
    parser.add_argument("--without-kannel", action="store_true", help="do not run Kannel on the same SMSC afterwards")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    more = {"smsc": given.smsc, "webhooks": given.webhooks, "quiet": given.json}
    result = run(given.messages, given.batch, given.connections, **more)
    if given.smsc is not None and not given.without_kannel:
        result |= beside_kannel(result, given.smsc)
    options.tell(result, json_only=given.json)
    return 0 if is_whole(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
