"""The sandbox's SMSC in a process of its own, for benches that were given no other."""

import contextlib
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Operator:
    """Where it listens, its process, and its own log of what it accepted."""

    address: tuple[str, int]
    pid: int
    log: Path

    def count(self) -> dict[str, int]:
        """How many messages it accepted, and how many numbers got more than one."""
        time.sleep(1)  # its own buffer
        with self.log.open("rb") as stream:
            served = Counter(line.split()[2] for line in stream)
        return {"accepted_by_smsc": served.total(), "served_twice": sum(times > 1 for times in served.values())}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Operator]:
    """Start it, wait until it listens, stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    accepted = folder / "accepted.log"
    command = [sys.executable, "-m", "sofy.sandbox.smpp", "--port", str(port), "--profile", "plain"]
    command += ["--log", str(accepted)]
    with (folder / "smsc.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None:
                raise SystemExit(f"The simulator did not start: {(folder / 'smsc.log').read_text()[-1000:]}")
            time.sleep(0.05)
        yield Operator(("127.0.0.1", port), process.pid, accepted)
    finally:
        process.terminate()
        process.wait(10)
