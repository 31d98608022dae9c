"""Starts the processes of the house on one machine, watches them and starts again what dies.

One file, `run/status.json` in the var folder, says what runs where. The children end with the supervisor, whatever
ends it; the embedded PostgreSQL outlives all of them, and is started again when it was killed.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.request import urlopen

from sofy.project.embedded_pg import EmbeddedPostgres
from sofy.project.processes import die_with_parent, is_alive, read_json, write_json

LONGEST_WAIT_S = 30.0
LOG_LIMIT = 20 << 20


@dataclass
class Child:
    """One process: how to start it, and how its life has been so far."""

    name: str
    command: Sequence[str]
    address: str = ""
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    started_at: float = 0.0
    next_start: float = 0.0
    health: str = ""
    #: Name -> address, as `sofy status --json` tells them to programs.
    addresses: Mapping[str, str] = field(default_factory=dict)
    #: Where a monitor reads it; 0: nowhere.
    metrics_port: int = 0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def healthy(self) -> bool:
        """Whether it runs and, where it has a health address, answers there."""
        return self.running and (not self.health or answers(self.health))


def sofy(*arguments: str) -> list[str]:
    """The command line of one of our own processes."""
    return [sys.executable, "-m", "sofy.project.cli", *arguments]


class AlreadyRunning(RuntimeError):
    """Another supervisor of this checkout runs; the text says which process."""


class Supervisor:
    """A list of children kept alive. `start`, then `tick` again and again, then `stop`."""

    def __init__(self, var_dir: Path, children: Sequence[Child], database: EmbeddedPostgres | None = None) -> None:
        self.children = list(children)
        self.database = database
        self.logs = var_dir / "log"
        self.status_file = var_dir / "run" / "status.json"
        self._lock: IO[str] | None = None
        self._database_checked = 0.0

    def start(self) -> None:
        """Start everything. Raises: AlreadyRunning."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.status_file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = (self.status_file.parent / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            known = read_json(self.status_file) or {}
            pid = known.get("pid", "?")
            raise AlreadyRunning(
                f"The processes of this checkout run already (supervisor {pid}): `sofy status` lists them."
            ) from None
        for child in self.children:
            self._launch(child)
        self._write_status()

    def tick(self) -> None:
        """Look at every child once and start again what has died, after a pause that grows when it keeps dying."""
        now = time.monotonic()
        changed = False
        self._look_after_database(now)
        for child in self.children:
            if child.running:
                continue
            if child.process is not None:
                child.process = None
                lived = now - child.started_at
                child.restarts = 0 if lived > 60 else child.restarts
                child.next_start = now + min(LONGEST_WAIT_S, 0.2 * 2**child.restarts)
                changed = True
            if now >= child.next_start:
                child.restarts += 1
                self._launch(child)
                changed = True
        if changed:
            self._write_status()

    def stop(self, grace_s: float = 15) -> None:
        """End the children in the opposite order of their start, firmly when they do not listen."""
        for child in reversed(self.children):
            if child.running and child.process:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        deadline = time.monotonic() + grace_s
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            child.process = None
        self.status_file.unlink(missing_ok=True)
        if self._lock:
            self._lock.close()

    def wait_until_healthy(self, timeout_s: float = 60) -> None:
        """Wait for every child to answer. Raises: RuntimeError naming the ones that do not, and their logs."""
        deadline = time.monotonic() + timeout_s
        while missing := [child.name for child in self.children if not child.healthy]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Not ready after {timeout_s:.0f} s: {', '.join(missing)}; see {self.logs}.")
            self.tick()
            time.sleep(0.1)

    def run_forever(self) -> None:
        """Keep everything alive until this process is asked to end."""
        ended: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _frame: ended.append(received))
        try:
            while not ended:
                self.tick()
                time.sleep(0.25)
        finally:
            self.stop()

    def _launch(self, child: Child) -> None:
        log = self.logs / f"{child.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as stream:
            child.process = subprocess.Popen(
                child.command,
                env={**os.environ, "SOFY_METRICS_PORT": str(child.metrics_port)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which ends its children in order
                preexec_fn=partial(die_with_parent, os.getpid()),
            )
        child.started_at = time.monotonic()

    def _look_after_database(self, now: float) -> None:
        if self.database is None or now - self._database_checked < 1:
            return
        self._database_checked = now
        if self.database.running_pid() is None:
            self.database.ensure()

    def _write_status(self) -> None:
        processes = [
            {
                "name": child.name,
                "pid": child.process.pid if child.process else None,
                "address": child.address,
                "addresses": dict(child.addresses),
                "health": child.health,
                "metrics": f"http://127.0.0.1:{child.metrics_port}/metrics" if child.metrics_port else "",
                "restarts": child.restarts,
            }
            for child in self.children
        ]
        write_json(self.status_file, {"pid": os.getpid(), "processes": processes})


def answers(url: str, timeout_s: float = 2) -> bool:
    """Whether an address of ours answers 200."""
    try:
        with urlopen(url, timeout=timeout_s) as reply:  # noqa: S310
            return bool(reply.status == 200)
    except (URLError, OSError, ValueError):
        return False


def status(var_dir: Path) -> list[dict[str, Any]]:
    """The processes of this checkout as its supervisor last wrote them, each with whether it is alive."""
    known = read_json(var_dir / "run" / "status.json") or {"processes": []}
    return [{**row, "alive": bool(row["pid"]) and is_alive(row["pid"])} for row in known["processes"]]
