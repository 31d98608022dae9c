"""Small things every process of the house shares: free ports, dying with one's parent, the folder of the running."""

import ctypes
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def free_port(wanted: int = 0, host: str = "127.0.0.1") -> int:
    """The wanted port when nobody listens on it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError(f"No free port on {host}.")


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it is gone, even by kill -9 (Linux only)."""
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (OSError, AttributeError):
        return


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def write_json(path: Path, content: Any) -> None:
    """Replace a small file whole, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1, default=str))
    draft.replace(path)


def read_json(path: Path) -> Any:
    """What such a file holds, or None."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
