"""kill -9 in the middle of a campaign: nothing is lost, and only what had no answer is unknown."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from sofy.connectors.base import discover
from sofy.engine import db, intake, permissions
from sofy.engine.keystore import KeyStore
from sofy.engine.route_config import seal_config
from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock, ids
from sofy.kernel.config import Config

WINDOW = 50
_ENGINE = """
import sys
from sofy.engine.process import run
from sofy.kernel.config import Config
var, url = sys.argv[1:]
run(Config.load({"SOFY_ENVIRONMENT": "test", "SOFY_VAR_DIR": var, "SOFY_CLOCK_FILE": var + "/clock"}), url)
"""


class Field:
    """A simulated operator, an engine that gets killed, and a campaign."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.log = folder / "accepted.log"
        self.engine_process: subprocess.Popen[bytes] | None = None
        self.smsc: subprocess.Popen[str] | None = None
        self.port = 0
        self.keystore = KeyStore(Config.load({"SOFY_ENVIRONMENT": "test", "SOFY_VAR_DIR": str(folder)}))
        self.client = ids.uuid7()
        self.keystore.create(self.client)
        self.conn = db.connect(url, autocommit=True)

    def start_operator(self, **settings: Any) -> None:
        command = [sys.executable, "-m", "sofy.sandbox.smpp", "--port", str(self.port), "--profile", "plain"]
        command += ["--log", str(self.log)]
        for name, value in settings.items():
            command += ["--set", f"{name}={json.dumps(value)}"]
        self.smsc = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.smsc.stdout is not None
        with self.smsc.stdout as output:
            self.port = json.loads(output.readline())["port"]

    def start_engine(self) -> None:
        with (self.folder / "engine.log").open("ab") as log:
            command = [sys.executable, "-c", _ENGINE, str(self.folder), self.url]
            self.engine_process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill_engine(self) -> None:
        assert self.engine_process is not None
        self.engine_process.send_signal(signal.SIGKILL)
        self.engine_process.wait(10)

    def stop(self) -> None:
        for process in (self.engine_process, self.smsc):
            if process is not None and process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(15)
                if process.poll() is None:
                    process.kill()
                    process.wait(5)
        self.conn.close()

    def prepare(self, recipients: int) -> UUID:
        """Route, consent and a campaign of so many people."""
        keys, now, route, campaign = self.keystore.client(self.client), clock.now(), ids.uuid7(), ids.uuid7()
        settings = {"host": "127.0.0.1", "port": self.port, "system_id": "s", "password": "p", "reconnect_s": 0.2}
        self.conn.execute(
            'INSERT INTO engine_route (id, code, name, connector, config, short_code, "window", created_at, updated_at)'
            " VALUES (%s, 'r', 'R', 'smpp', %s, '36123', %s, %s, %s)",
            (route, json.dumps(seal_config(self.keystore, discover()["smpp"], route, settings)), WINDOW, now, now),
        )
        permissions.write_client(self.conn, self.client, state="active")
        numbers = [f"+337000{n:05d}" for n in range(recipients)]
        rows = [permissions.Permission(keys.index("phone", n), "sms", "marketing", "granted", now) for n in numbers]
        permissions.write_permissions(self.conn, self.client, rows)
        messages = (
            intake.MessageIn(
                purpose="marketing", to=to, text="Bonjour STOP SMS 36123", sender="MARTIN", short_code="36123"
            )
            for to in numbers
        )
        for _ in intake.bulk(self.conn, self.client, messages, keys=keys, campaign_id=campaign, chunk=1000):
            pass
        return campaign

    def statuses(self) -> Counter[str]:
        return Counter(dict(self.conn.execute("SELECT status, count(*) FROM engine_state GROUP BY status").fetchall()))

    def wait(self, condition: Any, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                tail = (self.folder / "engine.log").read_text()[-2000:]
                raise AssertionError(f"{dict(self.statuses())}\n{tail}")
            time.sleep(0.05)

    def accepted(self) -> Counter[str]:
        """How often the operator took a message for each number."""
        return Counter(line.split()[2].lstrip("+") for line in self.log.read_text().splitlines())

    def number_of(self, message: UUID) -> str:
        rows = self.conn.execute("SELECT payload FROM engine_message WHERE id = %s", (message,)).fetchall()
        ((payload,),) = rows
        opened = self.keystore.client(self.client).unseal("engine_message", "payload", message, payload)
        return intake.decode_payload(opened).to.lstrip("+")


@pytest.fixture
def field(engine_db: Any, tmp_path: Path) -> Iterator[Field]:
    shifted = FileClock(tmp_path / "clock", environment="test")
    shifted.advance_to(clock.DEMO_START)
    clock.install(shifted)
    made = Field(engine_db.url("sofy_engine"), tmp_path)
    yield made
    made.stop()


def check_books(field: Field, recipients: int, kills: int) -> None:
    """Ledger and operator agree, message by message."""
    statuses = field.statuses()
    accepted = field.accepted()
    unknown = {
        field.number_of(row[0])
        for row in field.conn.execute("SELECT message_id FROM engine_state WHERE status = 'unknown'")
    }
    assert sum(statuses.values()) == recipients
    assert set(statuses) <= {"delivered", "unknown"}
    assert (
        len(unknown) <= WINDOW * kills * 2
    )  # one window on the wire; a half read segment may hold one more of answers
    assert all(count == 1 for number, count in accepted.items() if number not in unknown)
    assert len(accepted.keys() | unknown) == recipients
    assert field.conn.execute("SELECT count(*) FROM engine_queue").fetchone() == (0,)
    assert not [path for path in (field.folder / "spool" / "engine").iterdir() if path.name != str(_alive(field))]


def _alive(field: Field) -> Any:
    (row,) = field.conn.execute("SELECT id FROM engine_instance ORDER BY started_at DESC LIMIT 1").fetchall()
    return row[0]


@pytest.mark.slow
def test_killed_engines_lose_nothing(field: Field):
    recipients, kills = 4000, 4
    field.start_operator()
    field.prepare(recipients)
    chance = random.Random(os.environ.get("SOFY_TEST_SEED", "7"))

    for _ in range(kills):
        field.start_engine()
        before = field.statuses()["accepted"]
        field.wait(lambda before=before: field.statuses()["accepted"] < before)
        time.sleep(chance.uniform(0.0, 0.4))
        field.kill_engine()
    field.start_engine()
    field.wait(lambda: field.statuses()["accepted"] + field.statuses()["submitted"] == 0)

    check_books(field, recipients, kills)


@pytest.mark.slow
def test_a_cut_line_loses_nothing(field: Field):
    recipients = 2000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine()
    field.wait(lambda: field.statuses()["submitted"] + field.statuses()["delivered"] > 300)

    assert field.smsc is not None
    field.smsc.kill()
    field.smsc.wait()
    field.start_operator()

    field.wait(lambda: field.statuses()["accepted"] == 0)
    assert field.statuses()["unknown"] <= WINDOW * 2
    assert all(count == 1 for count in field.accepted().values())


@pytest.mark.slow
def test_connections_cut_by_the_database_are_taken_up_again(field: Field, engine_db: Any):
    recipients = 2000
    field.start_operator()
    field.prepare(recipients)
    field.start_engine()

    for _ in range(5):
        time.sleep(0.4)
        with psycopg.connect(engine_db.database.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sofy-engine'"
            )

    field.wait(lambda: field.statuses()["delivered"] == recipients)
    assert all(count == 1 for count in field.accepted().values())
    assert field.engine_process is not None
    assert field.engine_process.poll() is None
