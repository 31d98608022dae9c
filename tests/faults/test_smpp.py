"""kill -9 of the process that serves SMPP: what it answered is stored once, and receipts come until they are taken."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import pytest

from sofy.engine import permissions
from sofy.engine.db import sql
from sofy.engine.intake import decode_payload
from sofy.engine.keystore import KeyStore
from sofy.kernel import clock, ids
from sofy.project.processes import free_port
from sofy.smsc.tests.conftest import CHEAP, PASSWORD, alert
from sofy.wire.smpp.codes import Command
from sofy.wire.smpp.pdu import encode_sm
from sofy.wire.smpp.session import BindRefused, ClientSession, SessionSettings
from tests.faults.field import dice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
PROGRAMS, EACH, WINDOW = 4, 400, 50
PACE, PAUSE_S = 10, 0.02  # slower than any machine answers: there is something left to say when the first kill comes
KILLS = 4


class SmppProcess:
    """`sofy smpp` on the database of the test."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "smpp.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "SOFY_DATABASE_URL": url,
            "SOFY_SMPP_PORT": str(self.port),
            "SOFY_SMPPS_PORT": "0",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "sofy.project.cli", "smpp"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Program:
    """A client's software: it submits each message until it is answered, over whichever connection there is."""

    def __init__(self, port: int, first: int) -> None:
        self.port = port
        self.left = list(range(first, first + EACH))
        self.names: dict[str, int] = {}
        self.receipts: Counter[str] = Counter()
        self.acknowledges = False
        self.cuts = 0
        self.session: ClientSession | None = None
        self.hears: Callable[[int, int], None] = lambda n, status: None

    async def run(self) -> None:
        while self.left:
            session = await self.connect()
            while session.bound and self.left:
                some = self.left[: min(session.room(), PACE)]
                del self.left[: len(some)]
                numbers = [session.next_sequence() for _ in some]
                session.submit(
                    [(at, n, encode_sm(Command.SUBMIT_SM, at, self.sm(n))) for at, n in zip(numbers, some, strict=True)]
                )
                await asyncio.sleep(PAUSE_S)
                while session.bound and not self.left and session.in_flight:
                    await asyncio.sleep(0.01)
            if not session.bound:
                self.cuts += 1

    async def connect(self) -> ClientSession:
        """Bind, again and again while nobody answers."""
        settings = SessionSettings(system_id="till", password=PASSWORD, window=WINDOW)
        while True:
            with contextlib.suppress(OSError, BindRefused, TimeoutError):
                loop = asyncio.get_running_loop()
                _, self.session = await loop.create_connection(
                    lambda: ClientSession(settings, self), "127.0.0.1", self.port
                )
                await self.session.bind()
                return self.session
            await asyncio.sleep(0.1)

    def sm(self, n: int) -> Any:
        return alert(f"Message {n}".encode(), destination=f"3363998{n:04d}", registered_delivery=1)

    def on_answers(self, _session: Any, answers: list[Any]) -> None:
        for n, status, name in answers:
            self.hears(n, status)
            if status == 0:
                self.names[name] = n
            else:
                self.left.append(n)

    def on_deliveries(self, session: Any, found: list[Any]) -> None:
        if self.acknowledges:
            for _, sm, _ in found:
                self.receipts[sm.short_message.split(b" ")[0].removeprefix(b"id:").decode()] += 1
            session.acknowledge(found)

    def on_unknown(self, _session: Any, tokens: list[Any], reason: str) -> None:
        self.left += tokens


@pytest.fixture
def smpp(engine_db: Any, tmp_path: Path) -> Iterator[SmppProcess]:
    made = SmppProcess(engine_db.database.admin_url, tmp_path)
    yield made
    made.stop()


def an_account(engine_db: Any) -> tuple[UUID, UUID]:
    """A client with a sender, a route for alerts and an account; answers the ids of client and account."""
    from hashlib import sha256

    client, account, now = ids.uuid7(), ids.uuid7(), clock.now()
    KeyStore(engine_db.config).create(client)
    with engine_db.connect("admin") as admin:
        permissions.write_sender(admin, client, "Fournil")
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, created_at, updated_at)"
            " VALUES (%s, 'none', 'None', 'smpp', %s, %s) ON CONFLICT DO NOTHING",
            [ids.uuid7(), now, now],
        )
        admin.execute(
            "INSERT INTO gate_smpp_account (client_id, id, name, hint, purpose, password, max_binds, per_s, created_at)"
            " VALUES (%s, %s, 'till', 'till', 'alert', %s, 50, 100000, %s)",
            [client, account, CHEAP.hash(PASSWORD), now],
        )
        admin.execute(
            "INSERT INTO gate_smpp_login (digest, client_id, account_id) VALUES (%s, %s, %s)",
            [sha256(b"till").digest(), client, account],
        )
        admin.execute(
            "INSERT INTO gate_endpoint (client_id, id, kind, created_at) VALUES (%s, %s, 'smpp', %s)",
            [client, account, now],
        )
    return client, account


async def test_whatever_is_killed_each_answered_message_is_stored_once_and_told(engine_db: Any, smpp: SmppProcess):
    chance = dice()
    client, _ = an_account(engine_db)
    smpp.start()
    programs = [Program(smpp.port, n * EACH) for n in range(PROGRAMS)]
    working = [asyncio.create_task(program.run()) for program in programs]
    async with asyncio.timeout(30):
        while not any(program.names for program in programs):
            await asyncio.sleep(0.05)

    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.02, 0.3))
        smpp.kill()
        smpp.start()
        await asyncio.sleep(chance.uniform(1.0, 2.0))
    async with asyncio.timeout(100):
        await asyncio.gather(*working)

    told = {name for program in programs for name in program.names}
    with engine_db.connect("admin") as admin:
        stored = Counter(str(row[0]) for row in admin.execute("SELECT id FROM engine_message").fetchall())
    assert sum(program.cuts for program in programs) > 0  # the kills were felt
    assert all(stored[name] == 1 for name in told)
    assert {n for program in programs for n in program.names.values()} == set(range(PROGRAMS * EACH))
    # What was cut before its answer may have been stored, too: the program could not know, and sent it again.
    assert len(stored) - len(told) <= WINDOW * sum(program.cuts for program in programs)

    with engine_db.connect(autocommit=True) as engine:
        names = [UUID(name) for name in stored]
        engine.execute(sql("write_states"), _delivered(client, names))
    await asyncio.sleep(0.5)
    smpp.kill()
    smpp.start()
    hears = programs[0]
    hears.acknowledges = True
    session = await hears.connect()
    async with asyncio.timeout(60):
        while len(hears.receipts) < len(stored):
            await asyncio.sleep(0.05)
    assert set(hears.receipts) == set(stored)
    deadline = time.monotonic() + 20
    with engine_db.connect("admin", autocommit=True) as admin:
        while admin.execute("SELECT count(*) FROM engine_notice").fetchone() != (0,):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    await session.unbind()


class Wire:
    """Between a process and PostgreSQL. `deaf`: what the server says is lost, and nobody connects any more."""

    def __init__(self, url: str) -> None:
        self._where = urlsplit(url)
        self._lines: set[asyncio.StreamWriter] = set()
        self.deaf = False

    async def start(self) -> str:
        """The address to give to the process."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        name = self._where.netloc.rpartition("@")[0]
        return urlunsplit(self._where._replace(netloc=f"{name}@127.0.0.1:{port}"))

    def heal(self) -> None:
        """What was connected is cut; whoever connects is heard again."""
        self.deaf = False
        for line in self._lines:
            line.transport.abort()

    async def stop(self) -> None:
        self.heal()
        self._server.close()
        await self._server.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.deaf:
            writer.transport.abort()
            return
        assert self._where.port is not None
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._where.port)
        self._lines |= {writer, up_writer}
        await asyncio.gather(self._pipe(reader, up_writer, up=True), self._pipe(up_reader, writer, up=False))
        self._lines -= {writer, up_writer}

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if up or not self.deaf:
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


async def test_what_is_refused_while_the_database_is_away_is_not_stored(engine_db: Any, tmp_path: Path):
    client, _ = an_account(engine_db)
    wire = Wire(engine_db.database.admin_url)
    process = SmppProcess(await wire.start(), tmp_path)
    process.start()
    program = Program(process.port, 0)
    answers: dict[int, int] = {}
    program.hears = answers.__setitem__
    try:
        session = await program.connect()

        def submit(*numbers: int) -> None:
            session.submit([(at, n, encode_sm(Command.SUBMIT_SM, at, program.sm(n))) for n in numbers
                            for at in (session.next_sequence(),)])  # fmt: skip

        submit(0)
        async with asyncio.timeout(30):
            while 0 not in answers:
                await asyncio.sleep(0.01)
        wire.deaf = True
        submit(1, 2, 3)  # they are committed, and nobody hears so
        await asyncio.sleep(0.5)
        submit(4, 5, 6)  # they wait
        async with asyncio.timeout(60):
            await session.closed
        wire.heal()
        await asyncio.sleep(2)

        keys = KeyStore(engine_db.config).client(client)
        with engine_db.connect("admin") as admin:
            rows = admin.execute("SELECT id, payload FROM engine_message").fetchall()
        opened = [
            decode_payload(keys.unseal("engine_message", "payload", name, payload)).text for name, payload in rows
        ]
        stored = {int(text.removeprefix("Message ")) for text in opened}
        assert {n for n, status in answers.items() if not status} <= stored
        assert not {n for n, status in answers.items() if status} & stored
        assert {1, 2, 3} & stored - answers.keys()  # those it could not know of
        assert len(opened) == len(stored)
    finally:
        process.stop()
        await wire.stop()


def _delivered(client: UUID, names: list[UUID]) -> dict[str, Any]:
    """That all of these arrived, as the engine writes it."""
    now, many = clock.now(), len(names)
    return {
        "client": client, "now": now, "ids": names, "statuses": ["delivered"] * many, "ranks": [50] * many,
        "reasons": [None] * many, "articles": [None] * many, "codes": [None] * many, "routes": [None] * many,
        "done": [1] * many, "submitted": [now] * many, "ats": [now] * many, "firsts": [1] * many, "costs": [0] * many,
    }  # fmt: skip
