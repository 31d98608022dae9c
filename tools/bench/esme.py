"""Programs of clients over SMPP: how many messages `sofy smpp` stores a second, each committed before its answer.

    sofy bench esme [--messages N] [--clients N] [--window N] [--json]

Every client has a bind and as many submit_sm in flight as the window says; every second message asks for a receipt.
Every answer is positive and was sent after its message was committed: in the end there are as many messages in the
database as answers. No engine runs. The requests are made beforehand and sent by a process of its own. `p50_ms` and
`p99_ms` are of one answer with a full window, `rss_mb` is of `sofy smpp`, and `cpu_s` says who used the processors
meanwhile.
"""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop

from sofy.wire.smpp.codes import Command
from sofy.wire.smpp.pdu import Pdu, PduReader, Sm, encode, encode_sm
from tools.bench import load, options, processes, programs
from tools.bench.database import percentile

USUAL, CLIENTS, WINDOW = 120_000, 10, 100
MOST_CLIENTS, MOST_WINDOW = 100, 1_000
NOWHERE = ("127.0.0.1", 1)
_SUBMIT_RESP = Command.SUBMIT_SM_RESP.value


class Login(msgspec.Struct):
    """What one client binds with, and the sender it shows."""

    system_id: str
    password: str
    sender: str


class Plan(msgspec.Struct, kw_only=True):
    """What the process of the load is told."""

    port: int
    logins: list[Login]
    messages: int
    window: int


class Told(msgspec.Struct, kw_only=True):
    """What was answered."""

    seconds: float
    accepted: int
    refused: dict[int, int]
    latencies_ms: list[float]


def frames(plan: Plan, which: int) -> list[bytes]:
    """The submits of one client as they are written; the n-th has the sequence number n."""
    made = []
    for n in range(which, plan.messages, len(plan.logins)):
        text = load.text(n)
        ucs2 = n % load.UCS2_EVERY == 0
        sm = Sm(
            load.recipient(n).removeprefix("+"), text.encode("utf-16-be" if ucs2 else "latin-1"),
            plan.logins[which].sender, source_ton=5, data_coding=8 if ucs2 else 3, registered_delivery=n % 2,
        )  # fmt: skip
        made.append(encode_sm(Command.SUBMIT_SM, len(made) + 1, sm))
    return made


class Bind(asyncio.Protocol):
    """One client with a full window."""

    def __init__(self, login: Login, waiting: list[bytes], window: int) -> None:
        self.bound: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.accepted = 0
        self.refused: dict[int, int] = {}
        self.latencies_ms: list[float] = []
        self._login = login
        self._frames = waiting
        self._window = window
        self._next = 0
        self._sent_at: list[float] = [0.0] * (len(waiting) + 1)
        self._reader = PduReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        login = {"system_id": self._login.system_id, "password": self._login.password, "interface_version": 0x34}
        self._transport.write(encode(Pdu(Command.BIND_TRANSCEIVER, 1, 0, login)))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(ConnectionError("sofy smpp closed a connection"))

    def begin(self) -> None:
        """Fill the window."""
        self._send(self._window)

    def _send(self, count: int) -> None:
        start, self._next = self._next, min(self._next + count, len(self._frames))
        if self._next > start:
            now = time.perf_counter()
            self._sent_at[start + 1 : self._next + 1] = [now] * (self._next - start)
            self._transport.write(b"".join(self._frames[start : self._next]))

    def data_received(self, data: bytes) -> None:
        now, answers = time.perf_counter(), 0
        for command, status, sequence, _ in self._reader.feed(data):
            if command == _SUBMIT_RESP:
                answers += 1
                self.latencies_ms.append((now - self._sent_at[sequence]) * 1000)
                if status:
                    self.refused[status] = self.refused.get(status, 0) + 1
                else:
                    self.accepted += 1
            elif not self.bound.done():
                if status:
                    self.bound.set_exception(ConnectionError(f"bind refused with 0x{status:02x}"))
                else:
                    self.bound.set_result(None)
        self._send(answers)
        if len(self.latencies_ms) == len(self._frames) and not self.over.done():
            self.over.set_result(None)


async def _drive(plan: Plan) -> Told:
    loop = asyncio.get_running_loop()
    binds = []
    for which, login in enumerate(plan.logins):
        waiting = frames(plan, which)

        def new(login: Login = login, waiting: list[bytes] = waiting) -> Bind:
            return Bind(login, waiting, plan.window)

        _, bind = await loop.create_connection(new, "127.0.0.1", plan.port)
        await bind.bound
        binds.append(bind)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for bind in binds:
        bind.begin()
    await asyncio.gather(*(bind.over for bind in binds))
    seconds = time.perf_counter() - began
    refused: dict[int, int] = {}
    for bind in binds:
        for status, count in bind.refused.items():
            refused[status] = refused.get(status, 0) + count
    latencies = [each for bind in binds for each in bind.latencies_ms]
    return Told(seconds=seconds, accepted=sum(bind.accepted for bind in binds), refused=refused, latencies_ms=latencies)


def logins(base: programs.Base) -> list[Login]:
    """An account for alerts of each client."""
    from sofy.kernel import api_keys
    from sofy.messaging.services import smpp_accounts

    made = []
    for n, program in enumerate(base.programs):
        key = api_keys.read(program.key)
        assert key is not None, "a program of a bench has a key of its own"
        account = smpp_accounts.add(key.client, name="till", purpose="alert", per_s=100_000, actor="bench")
        made.append(Login(account.system_id, account.password, f"Fournil{n}"))
    return made


def measure(base: programs.Base, folder: Path, messages: int, window: int) -> dict[str, Any]:
    """Send them all to a `sofy smpp` of this database."""
    from sofy.project.processes import free_port

    port = free_port()
    with processes.running(folder, "smpp", SOFY_SMPP_PORT=str(port), SOFY_SMPPS_PORT="0") as smpp:
        processes.wait_until(lambda: _listens(port), smpp, folder / "smpp.log")
        plan = Plan(port=port, logins=logins(base), messages=messages, window=window)
        with subprocess.Popen(
            [sys.executable, "-m", "tools.bench.esme", "--drive"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as driver:
            assert driver.stdin is not None and driver.stdout is not None  # noqa: PT018 - both are pipes
            driver.stdin.write(msgspec.json.encode(plan) + b"\n")
            driver.stdin.flush()
            if driver.stdout.readline() != b"ready\n":
                raise SystemExit(f"the clients did not bind:\n{(folder / 'smpp.log').read_text()[-2000:]}")
            spent = processes.Spent(base.conn, smpp=smpp.pid, load=driver.pid)
            driver.stdin.write(b"\n")
            driver.stdin.flush()
            if not (line := driver.stdout.readline()):
                raise SystemExit(f"the clients were cut off:\n{(folder / 'smpp.log').read_text()[-2000:]}")
            told = msgspec.json.decode(line, type=Told)
            used = spent.seconds()
        (stored,) = base.conn.execute("SELECT count(*) FROM engine_message").fetchone() or (0,)
        if (stored, told.accepted) != (messages, messages):
            raise SystemExit(
                f"{messages:,} were sent, {told.accepted:,} accepted and {stored:,} stored: {told.refused}"
            )
        return {
            "seconds": round(told.seconds, 3),
            "per_second": round(messages / told.seconds),
            "p50_ms": percentile(told.latencies_ms, 0.5),
            "p99_ms": percentile(told.latencies_ms, 0.99),
            "rss_mb": processes.peak_rss_mb(smpp.pid),
            "cpu_s": used,
        }


def _listens(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


def run(messages: int, clients: int, window: int) -> dict[str, Any]:
    """One run on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="sofy-bench-") as name, programs.base(Path(name), clients, NOWHERE) as base:
        return {"name": "esme", "n": messages} | measure(base, Path(name), messages, window)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench esme", __doc__)
    parser.add_argument(
        "--messages", type=options.whole(options.RESERVED), default=USUAL, help=f"{USUAL:,} unless said"
    )
    parser.add_argument("--clients", type=options.whole(MOST_CLIENTS), default=CLIENTS, help="each with a bind")
    parser.add_argument("--window", type=options.whole(MOST_WINDOW), default=WINDOW, help="submits in flight per bind")
    parser.add_argument("--drive", action="store_true", help="be the clients: for the bench itself")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    if given.drive:
        plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
        print(msgspec.json.encode(uvloop.run(_drive(plan))).decode(), flush=True)
        return 0
    result = run(given.messages, given.clients, given.window)
    options.tell(result, json_only=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
