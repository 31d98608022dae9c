"""Small things every process of the house shares: free ports, dying with one's parent, the folder of the running."""

import atexit
import contextlib
import ctypes
import json
import os
import random
import signal
import socket
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
#: Pages a web process makes at the same time.
PAGES = 4


#: Below those that systems give to outgoing connections: nobody gets the port of a process while it is restarted, whose
#: clients would wait for it for ever.
PORTS = range(15_000, 30_000)

#: What keeps a port ours until this process ends: see `free_port`.
_reserved: list[socket.socket] = []


def free_port(wanted: int = 0, host: str = "127.0.0.1") -> int:
    """Reserve the wanted port when nobody has it, else any free one.

    Looking is not enough: two checkouts that start at once would both find the port free, and servers that share ports
    between their workers would then share it between the checkouts. A name that only one process can hold decides.
    """
    for port in candidate_ports(wanted):
        if is_free(port, host) and _reserve(port):
            return port
    raise RuntimeError(f"No free port on {host}.")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody may listen there now."""
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return True
    return False


def candidate_ports(wanted: int = 0) -> list[int]:
    """The wanted port, if any, then some others by chance."""
    return ([wanted] if wanted else []) + random.SystemRandom().sample(PORTS, 100)


def _reserve(port: int) -> bool:
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0sofy-port-{port}")  # of the kernel, not of a file system: gone with its process
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def die_with_parent(parent: int, how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to end this process when the one that started it is gone, even by kill -9 (Linux only).

    `parent` is its process id: one that is gone already is not waited for.
    """
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, how, 0, 0, 0)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)


@atexit.register
def _let_go() -> None:
    for name in _reserved:
        name.close()


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
