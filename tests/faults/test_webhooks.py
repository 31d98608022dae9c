"""kill -9 of the processes that tell programs of clients: everything is told, under the same id each time, in order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from sofy.engine import intake
from sofy.engine.db import connect
from sofy.engine.intake import MessageIn
from sofy.engine.keystore import KeyStore
from sofy.engine.tests.conftest import House as Engine
from sofy.engine.tests.test_notices import write_states
from sofy.kernel import clock, ids
from sofy.webhooks import registry
from tests.faults.field import dice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
MESSAGES, KILLS, PROCESSES = 400, 6, 2


class Programs(ThreadingHTTPServer):
    """Programs of two clients, one address each; some requests are answered 500, some lines are cut."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chance = dice()
        self.taken: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Lines that a kill cut."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Programs

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        chance = self.server.chance.random()
        if chance < 0.02:
            self.close_connection = True
            return
        if chance >= 0.04:
            with self.server.lock:
                self.server.taken[self.path].append((self.headers["webhook-id"], body))
        self.send_response(500 if chance < 0.04 else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def programs() -> Iterator[Programs]:
    made = Programs()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


class _Tellers:
    """`sofy notify`, several of them."""

    def __init__(self, url: str, log: Path) -> None:
        self.log = log
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        self.environment["SOFY_DATABASE_URL"] = url
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "sofy.project.cli", "notify"]
            self.running.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def kill(self) -> None:
        """All of them at once, with no last word."""
        for process in self.running:
            process.send_signal(signal.SIGKILL)
        for process in self.running:
            process.wait(10)
        self.running.clear()

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)


@pytest.fixture
def tellers(engine_db: Any, tmp_path: Path) -> Iterator[_Tellers]:
    made = _Tellers(engine_db.database.admin_url, tmp_path / "notify.log")
    yield made
    made.stop()


class House:
    """Clients on the database of the test, with what `write_states` needs."""

    state = Engine.state

    def __init__(self, engine_db: Any) -> None:
        self.conn = connect(engine_db.url("sofy_engine"), autocommit=True)
        self.keystore = KeyStore(engine_db.config)

    def a_client(self, admin: psycopg.Connection[Any], url: str) -> UUID:
        client = ids.uuid7()
        keys = self.keystore.create(client)
        registry.add(admin, keys, url=url, events=(), batch=1, production=False)
        return client

    def send(self, client: UUID) -> MessageIn:
        message = MessageIn(purpose="alert", to="+33639980001", text="Bonjour", sender="Fournil")
        with self.conn.transaction():
            intake.submit(self.conn, client, [message], keys=self.keystore.client(client))
        return message


def test_whatever_is_killed_every_step_is_told(engine_db: Any, programs: Programs, tellers: _Tellers):
    chance, house = dice(), House(engine_db)
    address = f"http://127.0.0.1:{programs.server_address[1]}"
    with engine_db.connect("admin", autocommit=True) as admin:
        clients = [house.a_client(admin, f"{address}/{n}") for n in range(2)]
        for _ in range(PROCESSES):
            tellers.start()
        messages = [(client, house.send(client)) for _ in range(MESSAGES) for client in clients]
        time.sleep(2)

        for n in range(KILLS):
            some = messages[n::KILLS]
            for client, message in some:
                write_states(house, message, "submitted", 20, client=client)  # type: ignore[arg-type]
                write_states(house, message, "delivered", 50, client=client)  # type: ignore[arg-type]
            time.sleep(chance.uniform(0.5, 2.5))
            tellers.kill()
            admin.execute("UPDATE gate_endpoint SET lease_until = clock_timestamp()")  # a minute went by
            for _ in range(PROCESSES):
                tellers.start()
        _until_told(admin)

    for n, client in enumerate(clients):
        taken = programs.taken[f"/{n}"]
        bodies: dict[str, set[bytes]] = defaultdict(set)
        first: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for name, body in taken:
            event = msgspec.json.decode(body)
            order = event["order"]
            if name not in bodies:
                first[order["key"]].append((order["sequence"], event["type"]))
            bodies[name].add(body)
        assert len(first) == MESSAGES
        expected = ["message.accepted", "message.submitted", "message.delivered"]
        assert all([kind for _, kind in steps] == expected for steps in first.values())
        assert all(steps == sorted(steps) for steps in first.values())
        assert len(bodies) == 3 * MESSAGES  # what came twice came under the same id, and no id told two things
        assert {len(each) for each in bodies.values()} == {1}
        assert set(first) == {str(message.id) for owner, message in messages if owner == client}
    house.conn.close()


def _is_due(admin: psycopg.Connection[Any]) -> None:
    """What waits after a failure waits no longer."""
    admin.execute("UPDATE gate_endpoint SET resting_until = NULL WHERE resting_until IS NOT NULL")
    admin.execute("UPDATE engine_delivery SET due_at = %s WHERE state = 'waiting'", [clock.now()])


def _until_told(admin: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + 90
    left = (
        "SELECT (SELECT count(*) FROM engine_notice) + (SELECT count(*) FROM engine_delivery WHERE state = 'waiting')"
    )
    while (count := (admin.execute(left).fetchone() or (0,))[0]) and time.monotonic() < deadline:
        _is_due(admin)
        time.sleep(0.5)
    assert count == 0
