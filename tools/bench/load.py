"""The clients' programs of the benches: HTTP requests made beforehand, sent over connections that are kept open.

    python -m tools.bench.load --port PORT < PLAN

The plan is one line of JSON (`Plan`). It answers `ready` when its requests are made, begins at the next line it reads,
and ends with one line of JSON (`Told`); a steady load ends when it reads one line more. It is a process
of its own and does as little as it can: what it takes of the processors is not there for the product.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import uvloop

#: Every fifth text has a letter that only UCS-2 has.
UCS2_EVERY = 5


class Program(msgspec.Struct):
    """One client's program."""

    key: str
    client: UUID | None = None


class Plan(msgspec.Struct, kw_only=True):
    """What is sent. `batch`: messages in a request, 0 for one by one; with `short_code` every other is marketing.

    `per_second`: requests at a steady rate, however long answers take; 0: each when the one before was answered.
    `first`: the number of the first recipient. `form`: "sendsms" is what Kannel takes, one message per request.
    """

    programs: list[Program]
    messages: int
    connections: int
    batch: int = 0
    short_code: str = ""
    consented_at: datetime | None = None
    per_second: int = 0
    first: int = 0
    form: Literal["json", "sendsms"] = "json"


class Told(msgspec.Struct, kw_only=True):
    """What was answered. `refusal`: the first answer that was no 202."""

    seconds: float
    accepted: int
    refused: int
    latencies_ms: list[float]
    refusal: str = ""


def recipient(number: int) -> str:
    """A number that is given to nobody."""
    return f"+33700{number:06d}"


def text(number: int) -> str:
    """One SMS, unlike every other."""
    if number % UCS2_EVERY:
        return f"Votre commande {number:06d} est à retirer avant samedi, 19 h."
    return f"Votre commande {number:06d} est prête, à bientôt."


def is_marketing(plan: Plan, number: int) -> bool:
    """Every other message, when there is a short code to answer to."""
    return bool(plan.short_code) and number % 2 == 0


def marketing(plan: Plan) -> int:
    """How many messages are marketing."""
    return sum(is_marketing(plan, number) for number in range(plan.messages))


def message(plan: Plan, number: int) -> dict[str, object]:
    """The body of one message: an alert, or marketing with its consent."""
    alert = {"to": recipient(plan.first + number), "purpose": "alert", "text": text(number)}
    if not is_marketing(plan, number):
        return alert
    consent = {"source": "caisse", "at": plan.consented_at, "text_version": "2026-09"}
    marketing = f"{text(number)} STOP SMS {plan.short_code}"
    return alert | {"purpose": "marketing", "text": marketing, "consent": consent}


def requests(plan: Plan) -> list[bytes]:
    """Every request as it is written, the clients in turn."""
    if plan.form == "sendsms":
        return [sendsms(plan, number) for number in range(plan.messages)]
    encode = msgspec.json.encode
    if not plan.batch:
        path, bodies = "/v1/messages", [encode(message(plan, n)) for n in range(plan.messages)]
    else:
        path, bodies = "/v1/messages/batch", []
        for start in range(0, plan.messages, plan.batch):
            numbers = range(start, min(start + plan.batch, plan.messages))
            bodies.append(encode({"messages": [message(plan, n) for n in numbers]}))
    heads = [
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {each.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
        for each in plan.programs
    ]
    return [f"{heads[n % len(heads)]}{len(body)}\r\n\r\n".encode() + body for n, body in enumerate(bodies)]


def sendsms(plan: Plan, number: int) -> bytes:
    """The same message as a request to Kannel, with its receipt."""
    words = text(number)
    user = plan.programs[0].key
    query = urlencode({
        "username": user, "password": user, "from": "Fournil", "to": recipient(plan.first + number), "text": words,
        "charset": "UTF-8", "coding": 0 if number % UCS2_EVERY else 2, "dlr-mask": 3,
    })  # fmt: skip
    return f"GET /cgi-bin/sendsms?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Run:
    """What all connections share: the requests that are left, and what was answered."""

    def __init__(self, waiting: list[bytes]) -> None:
        self.waiting = iter(waiting)
        self.left = len(waiting)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.told = Told(seconds=0.0, accepted=0, refused=0, latencies_ms=[])

    def answered(self, status: bytes, body: bytes, seconds: float) -> None:
        """One answer is there."""
        told = self.told
        told.latencies_ms.append(seconds * 1000)
        if status == b"202":
            told.accepted += body.count(b'"id":') or body.startswith(b"0: ")  # Kannel: 0: Accepted for delivery
        if status != b"202" or b'"refused":[{' in body:
            told.refused += 1
            told.refusal = told.refusal or f"{status.decode()} {body[-600:].decode(errors='replace')}"
        self.left -= 1
        if not self.left:
            self.over.set_result(None)

    def free(self, connection: "Connection") -> None:
        """A connection has nothing to wait for."""
        connection.send()

    def broken(self) -> None:
        """A connection ended before its time."""
        if not self.over.done():
            self.over.set_exception(ConnectionError("sofy ingest closed a connection"))


class Steady(Run):
    """Requests at a steady rate until the next line; an answer is timed from when its request was due."""

    def __init__(self, waiting: list[bytes], per_second: int) -> None:
        super().__init__(waiting)
        self._every_s = 1 / per_second
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()

    def free(self, connection: "Connection") -> None:
        self._idle.put_nowait(connection)

    def stop(self) -> None:
        """No request more: what was sent is still answered."""
        self.left -= sum(1 for _ in self.waiting)
        if not self.left and not self.over.done():
            self.over.set_result(None)

    async def drive(self) -> None:
        due = time.perf_counter()
        while self.left:
            await asyncio.sleep(due - time.perf_counter())
            (await self._idle.get()).send(due)
            due += self._every_s


class Connection(asyncio.Protocol):
    """One request after the other, each answered before the next."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._unread = b""
        self._needed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class only behaves like it

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.broken()

    def send(self, due: float | None = None) -> None:
        """The next request, if any is left; `due`: when it should have left, if that was not now."""
        if (request := next(self._run.waiting, None)) is not None:
            self._sent_at = time.perf_counter() if due is None else due
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._unread = data = self._unread + data if self._unread else data
        if len(data) < self._needed or (end := data.find(b"\r\n\r\n")) < 0:
            return
        start = data.lower().find(b"content-length:", 0, end)
        if start < 0:
            raise ValueError("an answer without Content-Length")
        stop = data.find(b"\r\n", start)
        self._needed = end + 4 + int(data[start + 15 : stop])
        if len(data) < self._needed:
            return
        body = data[end + 4 : self._needed]
        self._unread, self._needed = b"", 0
        self._run.answered(data[9:12], body, time.perf_counter() - self._sent_at)
        self._run.free(self)


def _end(steady: Steady) -> None:
    asyncio.get_running_loop().remove_reader(sys.stdin)
    steady.stop()


async def _drive(port: int, plan: Plan) -> Told:
    run = Steady(requests(plan), plan.per_second) if plan.per_second else Run(requests(plan))
    loop = asyncio.get_running_loop()
    pairs = [await loop.create_connection(lambda: Connection(run), "127.0.0.1", port) for _ in range(plan.connections)]
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    for _, connection in pairs:
        run.free(connection)
    if isinstance(run, Steady):
        driving = loop.create_task(run.drive())
        loop.add_reader(sys.stdin, _end, run)
        await run.over
        driving.cancel()
    await run.over
    run.told.seconds = time.perf_counter() - started
    return run.told


@contextmanager
def ready(plan: Plan, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process of the load with its requests made; `begin` lets it go, `told` waits for what it has to say."""
    command = [sys.executable, "-m", "tools.bench.load", "--port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(msgspec.json.encode(plan) + b"\n")
            process.stdin.flush()
            if process.stdout.readline() != b"ready\n":
                raise SystemExit("The load did not start: it says why above.")
            yield process
        finally:
            process.kill()


def begin(process: subprocess.Popen[bytes]) -> None:
    """Let the first request go; a steady load ends when this is said again."""
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()


def told(process: subprocess.Popen[bytes]) -> Told:
    """Wait for the last answer. Raises: SystemExit when any was no 202."""
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise SystemExit("The load ended before its last answer: it says why above.")
    found = msgspec.json.decode(line, type=Told)
    if found.refused:
        raise SystemExit(f"{found.refused} requests were not taken as a whole, the first: {found.refusal}")
    return found


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args(argv).port
    plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
    found = uvloop.run(_drive(port, plan))
    # Not sys.stdout: with PYTHONUNBUFFERED what a pipe does not take at once of a long line would be lost.
    with open(sys.stdout.fileno(), "wb", closefd=False) as out:
        out.write(msgspec.json.encode(found) + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
