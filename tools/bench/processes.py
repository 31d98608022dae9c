"""Processes of the product as benches run them: started, watched, ended; their memory and their processor time."""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

START_S = 30.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
Process = subprocess.Popen[bytes]


@contextlib.contextmanager
def running(folder: Path, name: str, nth: int = 1, **environment: str) -> Iterator[Process]:
    """`sofy NAME` in a process of its own until the block ends; what it says is in NAME.log of the folder.

    `nth`: of several of one name; each has a log of its own.
    """
    command = [sys.executable, "-m", "sofy.project.cli", name]
    with (folder / f"{name}{'' if nth == 1 else f'-{nth}'}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def answering(folder: Path) -> Iterator[tuple[Process, int]]:
    """`sofy ingest` on a free port, ready to take messages."""
    from sofy.project.processes import free_port

    port = free_port()
    with running(folder, "ingest", SOFY_API_PORT=str(port)) as ingest:
        wait_until(lambda: _is_ready(port), ingest, folder / "ingest.log")
        yield ingest, port


def _is_ready(port: int) -> bool:
    with contextlib.suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def wait_bound(conn: Any, engine: Process, folder: Path, engines: int = 1) -> None:
    """Until the engine, or so many of them, have a connection to the SMSC."""
    up = "SELECT count(DISTINCT instance_id) FROM engine_route_health WHERE binds_up > 0"
    wait_until(lambda: conn.execute(up).fetchone()[0] >= engines, engine, folder / "engine.log")


def wait_until(there: Callable[[], bool], process: Process, log: Path) -> None:
    """Wait for a process. Raises: SystemExit with the end of its log when it ends or takes too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        if there():
            return
        time.sleep(0.1)
    raise SystemExit(f"{log.stem} did not start:\n{log.read_text()[-2000:]}")


def family(pid: int) -> list[int]:
    """A process and those it started, theirs as well."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def peak_rss_mb(pid: int) -> float:
    """Resident memory of a process and those it started, each at its highest."""
    highest = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{each}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    highest += int(line.split()[1])
    return round(highest / 1024, 1)


def processor_s(pids: list[int]) -> float:
    """Processor time that processes used since they started, in user and kernel mode."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_S


def ports_of(pids: list[int]) -> set[int]:
    """From which ports processes talk to somebody over IPv4."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            inodes |= {os.readlink(each).strip("socket:[]") for each in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in inodes}


class Spent:
    """Who used the processors meanwhile: processes, and PostgreSQL's by whom they serve or by the duty they have."""

    def __init__(self, conn: Any, **processes: int) -> None:
        self._conn = conn
        self._processes = processes
        self._before = self._now()

    def _now(self) -> dict[tuple[str, int], float]:
        """By name and process id."""
        families = {name: family(pid) for name, pid in self._processes.items()}
        serves = {port: name for name, pids in families.items() for port in ports_of(pids)}
        spent = {(name, pid): processor_s([pid]) for name, pids in families.items() for pid in pids}
        servers = "SELECT pid, client_port, backend_type FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        for pid, port, duty in self._conn.execute(servers).fetchall():
            whose = duty if port is None else serves.get(port, "others")
            spent[f"postgres: {whose}", pid] = processor_s([pid])
        return spent

    def seconds(self) -> dict[str, float]:
        """What was used since the beginning, the most first; what ended before is not counted."""
        used = Counter[str]()
        for (name, pid), seconds in self._now().items():
            used[name] += seconds - self._before.get((name, pid), 0.0)
        return {name: round(seconds, 2) for name, seconds in used.most_common() if seconds >= 0.01}


def start_clock(folder: Path) -> None:
    """A Tuesday at 14:30 in Paris, for this process and those it starts."""
    from sofy.engine.shifted_clock import FileClock
    from sofy.kernel import clock

    os.environ["SOFY_CLOCK_FILE"] = str(folder / "clock")
    moved = FileClock(folder / "clock", environment="test")
    moved.advance_to(clock.DEMO_START)
    clock.install(moved)


def save_route(smsc: tuple[str, int]) -> None:
    """The one route there is: to this SMSC, for alerts and for marketing."""
    from sofy.project import routing, stack

    host, port = smsc
    values = {"host": host, "port": port, "system_id": "bench", "password": "bench", "binds": 1, "window": 500}
    routing.save_route(
        code="bench",
        name="Bench",
        connector="smpp",
        values=values,
        short_code=stack.SHORT_CODE,
        price_eur=stack.SANDBOX_PRICE_EUR,
    )
