"""The sandbox's SMSC in a process of its own, for benches that were given no other."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[tuple[str, int], Path]]:
    """Start it, wait until it listens, stop it; answers its address and the log of what it accepted."""
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
        yield ("127.0.0.1", port), accepted
    finally:
        process.terminate()
        process.wait(10)
