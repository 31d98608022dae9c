"""Programs of clients that take what webhooks tell them, in a process of their own: `python -m tools.bench.hooks PORT`.

It reads just enough of HTTP to tell one request from the next, and writes once a second how many it took.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.bench import processes

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
DRAIN_S = 30.0
#: What there was to tell, told or not: a row may stand for the hand-over too.
_NOTED = """
SELECT (SELECT count(*) + count(submitted_at) FROM engine_notice),
       (SELECT coalesce(sum(cardinality(kinds)), 0) FROM engine_delivery)
"""
_TOLD = "SELECT count(*), coalesce(sum(cardinality(kinds)), 0) FROM engine_delivery WHERE state = 'delivered'"
_LAG = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM attempted_at - ats[1]))
  FROM engine_delivery WHERE state = 'delivered'
"""


class _Program(asyncio.Protocol):
    """Answers every request on a line as soon as its body is there."""

    def connection_made(self, transport: Any) -> None:
        self._transport, self._rest = transport, b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            at = head.find(b"content-length:")
            whole = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._rest) < whole:
                return
            self._rest = self._rest[whole:]
            self._transport.write(_TAKEN)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Program, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[str, int]]:
    """Start it, and answer its address and its process."""
    from sofy.project.processes import free_port

    port = free_port()
    with (folder / "hooks.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "tools.bench.hooks", str(port)], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}/", process.pid
    finally:
        process.terminate()
        process.wait(10)


def add_to_each(conn: Any, url: str, batch: int) -> int:
    """A webhook of every client, which hears everything; answers how many."""
    from sofy.kit.keys import keys_for
    from sofy.webhooks import registry

    clients = [row[0] for row in conn.execute("SELECT id FROM clients_client").fetchall()]
    for client in clients:
        registry.add(conn, keys_for(client), url=url, events=(), batch=batch, production=False)
    return len(clients)


def noted(conn: Any) -> int:
    """How many events were committed to be told."""
    waiting, taken = conn.execute(_NOTED).fetchone()
    return int(waiting) + int(taken)


def drain(conn: Any, tellers: dict[str, int]) -> dict[str, Any]:
    """Let processes that run already tell what is left, for a while, and say how quickly that went."""
    (posts, events), began = conn.execute(_TOLD).fetchone(), time.monotonic()
    spent = processes.Spent(conn, **tellers)
    while time.monotonic() - began < DRAIN_S and noted_left(conn):
        time.sleep(0.2)
    seconds = time.monotonic() - began
    cpu_s = spent.seconds()
    after = conn.execute(_TOLD).fetchone()
    p50, p99 = conn.execute(_LAG).fetchone()[0]
    return {
        "posts_in_the_run": posts,
        "posts_per_second": round((after[0] - posts) / seconds),
        "events_told_per_second": round((int(after[1]) - int(events)) / seconds),
        "drain_seconds": round(seconds, 2),
        "lag_p50_s": round(p50, 2),
        "lag_p99_s": round(p99, 2),
        "drain_cpu_s": cpu_s,
    }


def noted_left(conn: Any) -> bool:
    """Whether something is still to be told."""
    (left,) = conn.execute(
        "SELECT EXISTS (SELECT FROM engine_notice) OR EXISTS (SELECT FROM engine_delivery WHERE state = 'waiting')"
    ).fetchone()
    return bool(left)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
