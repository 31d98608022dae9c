"""The worker: jobs of the queue, events of the outbox, and what happens again and again.

Three loops in one process. Each survives a database that is away: it says so, waits and goes on.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable

import structlog
from asgiref.sync import sync_to_async
from django.db import close_old_connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from prometheus_client import Counter

from sofy.kit import jobs, outbox

OUTBOX_PAUSE_S = 0.25
CONCURRENCY = 2
GIVES_WAY = 10
_log = structlog.get_logger("sofy.worker")
_rounds = Counter("sofy_worker_rounds_total", "Rounds of the worker's duties", ["duty", "outcome"])


def tune_interpreter() -> None:
    """Fit Python's two knobs to work in bulk; together they make an expansion a fifth quicker.

    Batches hold thousands of objects that no cycle keeps, so the collector may look less often. A thread that feeds a
    COPY wakes up for microseconds at a time, so it must not wait five milliseconds for its turn.
    """
    gc.set_threshold(100_000, 50, 100)
    sys.setswitchinterval(0.0005)


async def main() -> None:
    """Run until SIGTERM or SIGINT."""
    os.nice(GIVES_WAY)  # where processors are short, messages leave before books are kept
    tune_interpreter()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    tasks = [
        asyncio.create_task(_again("jobs", 1.0, _jobs)),
        asyncio.create_task(_again("outbox", OUTBOX_PAUSE_S, _in_thread(outbox.dispatch))),
        *(
            asyncio.create_task(_again(chore.__name__, pause_s, _in_thread(chore)))
            for chore, pause_s in jobs.chores().items()
        ),
    ]
    await ended.wait()
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait(tasks, timeout=10)


async def _jobs() -> None:
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as working:
        async with working.open_async():
            await working.run_worker_async(
                concurrency=CONCURRENCY, install_signal_handlers=False, fetch_job_polling_interval=1.0
            )


def _in_thread(work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        close_old_connections()  # a connection the server dropped is replaced, not used again
        try:
            return work()
        finally:
            close_old_connections()

    return sync_to_async(run, thread_sensitive=False)


async def _again(name: str, pause_s: float, work: Callable[[], object]) -> None:
    wait_s = pause_s
    while True:
        try:
            done = work()
            if asyncio.iscoroutine(done):
                await done
            wait_s = pause_s
            _rounds.labels(name, "done").inc()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # one loop that fails must not take the others with it
            _rounds.labels(name, "failed").inc()
            wait_s = min(max(wait_s, 0.5) * 2, 30.0)
            _log.error("loop_failed", loop=name, error=type(error).__name__, wait_s=wait_s)
        await asyncio.sleep(wait_s)
