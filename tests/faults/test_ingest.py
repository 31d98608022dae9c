"""kill -9 of the process that answers programs: what it answered is there, the rest is sent again and stored once."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.engine import permissions
from sofy.engine.keystore import KeyStore
from sofy.kernel import clock, ids
from sofy.project.processes import free_port
from sofy.project.supervisor import answers
from tests.faults.field import dice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
PROGRAMS, EACH, BATCH = 6, 200, 5
KILLS = 4


class IngestProcess:
    """`sofy ingest` on the database of the test, in a session of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "ingest.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "SOFY_DATABASE_URL": url,
            "SOFY_API_PORT": str(self.port),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "sofy.project.cli", "ingest"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{self.port}/healthz"):
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """The server and its worker at once, with no last word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        if self.process is not None and self.process.poll() is None:
            self.kill()


@dataclass
class Program:
    """A client's software: sends batches, each with its Idempotency-Key, again and again until they are answered."""

    port: int
    key: str
    first: int
    answered: dict[str, list[str]] = field(default_factory=dict)
    again: int = 0

    def run(self) -> None:
        for n in range(EACH):
            name, start = f"{self.first}-{n}", self.first + n * BATCH
            messages = [
                {"to": f"+337000{start + m:05d}", "purpose": "alert", "text": "Bonjour", "reference": f"{name}-{m}"}
                for m in range(BATCH)
            ]
            self.answered[name] = self._until_answered(name, json.dumps({"messages": messages}))

    def _until_answered(self, name: str, body: str) -> list[str]:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": name, "Content-Type": "application/json"}
        deadline = time.monotonic() + 120
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request("POST", "/v1/messages/batch", body, headers)
                answer = connection.getresponse()
                told = json.loads(answer.read())
                if answer.status == 202:
                    return [each["id"] for each in told["accepted"]]
                assert answer.status in (409, 503), told
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            assert time.monotonic() < deadline, f"{name} was never answered"
            self.again += 1
            time.sleep(0.05)


@pytest.fixture
def ingest(engine_db: Any, tmp_path: Path) -> Iterator[IngestProcess]:
    made = IngestProcess(engine_db.database.admin_url, tmp_path)
    yield made
    made.stop()


def a_client(engine_db: Any) -> tuple[UUID, str]:
    """A client with a sender, a route for alerts and a key; answers the client and the key's text."""
    client = ids.uuid7()
    KeyStore(engine_db.config).create(client)
    text = f"sofy_{base64.urlsafe_b64encode(client.bytes).decode().rstrip('=')}.secret-of-a-test"
    with engine_db.connect("admin") as connection:
        permissions.write_api_key(
            connection, client, ids.uuid7(), digest=hashlib.sha256(text.encode()).digest(), scopes=["messages:send"]
        )
        permissions.write_sender(connection, client, "Fournil")
        connection.execute(
            "INSERT INTO engine_route (id, code, name, connector, created_at, updated_at)"
            " VALUES (%s, 'none', 'None', 'smpp', %s, %s) ON CONFLICT DO NOTHING",
            [ids.uuid7(), clock.now(), clock.now()],
        )
    return client, text


def test_whatever_is_killed_each_message_is_stored_once(engine_db: Any, ingest: IngestProcess):
    chance = dice()
    clients = [a_client(engine_db) for _ in range(2)]
    ingest.start()
    programs = [Program(ingest.port, clients[n % 2][1], n * EACH * BATCH) for n in range(PROGRAMS)]
    threads = [threading.Thread(target=program.run) for program in programs]
    for thread in threads:
        thread.start()

    for _ in range(KILLS):
        time.sleep(chance.uniform(0.02, 0.3))
        ingest.kill()
        ingest.start()
        time.sleep(chance.uniform(0.02, 0.2))
        with psycopg.connect(engine_db.database.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                          " WHERE usename = 'sofy_engine' AND datname = current_database()")  # fmt: skip
    for thread in threads:
        thread.join(150)

    with engine_db.connect("admin") as connection:
        rows = connection.execute("SELECT client_id, id::text, reference FROM engine_message").fetchall()
        waiting = connection.execute("SELECT count(*) FROM engine_queue").fetchone()
    told = {identity for program in programs for batch in program.answered.values() for identity in batch}
    assert sum(program.again for program in programs) > 0  # the kills were felt
    assert Counter(reference for _, _, reference in rows).most_common(1)[0][1] == 1
    assert {identity for _, identity, _ in rows} == told
    assert len(told) == PROGRAMS * EACH * BATCH
    assert waiting == (len(told),)
    assert Counter(client for client, _, _ in rows) == {client: len(told) // 2 for client, _ in clients}
