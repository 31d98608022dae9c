"""A campaign between a simulated operator and an engine in processes of their own, for tests that break things."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from sofy.connectors.kinds import discover
from sofy.engine import db, intake, permissions
from sofy.engine.keystore import KeyStore
from sofy.engine.route_config import seal_config
from sofy.kernel import clock, ids
from sofy.kernel.config import Config

WINDOW = 50
#: Deadlines only end what hangs; an idle machine needs a fraction.
PATIENCE_S = 150.0
_ENGINE = """
import sys
from sofy.engine.process import run
from sofy.kernel.config import Config
from sofy.project import logs
var, url = sys.argv[1:]
logs.configure_plain("info")
run(Config.load({"SOFY_ENVIRONMENT": "test", "SOFY_VAR_DIR": var, "SOFY_CLOCK_FILE": var + "/clock"}), url)
"""


def dice() -> random.Random:
    """Chance, as SOFY_TEST_SEED says or else as it falls; a test that fails shows how it fell."""
    seed = os.environ.get("SOFY_TEST_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"SOFY_TEST_SEED={seed}")
    return random.Random(seed)


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
        command += ["--log", str(self.log), "--clock-file", str(self.folder / "clock")]
        for name, value in settings.items():
            command += ["--set", f"{name}={json.dumps(value)}"]
        self.smsc = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.smsc.stdout is not None
        self.port = json.loads(self.smsc.stdout.readline())["port"]

    def stop_operator(self) -> dict[str, Any]:
        """End it in order; answers what it counted."""
        assert self.smsc is not None
        self.smsc.terminate()
        counted: dict[str, Any] = json.loads(self.smsc.communicate(timeout=30)[0])
        return counted

    def kill_operator(self) -> None:
        assert self.smsc is not None
        self.smsc.kill()
        self.smsc.communicate(timeout=30)

    def start_engine(self, *, quiet: bool = False) -> None:
        """`quiet`: without a log, for an engine that may not write to files."""
        with Path("/dev/null" if quiet else self.folder / "engine.log").open("ab") as log:
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
        if self.smsc is not None and self.smsc.stdout is not None:
            self.smsc.stdout.close()
        self.conn.close()

    def make_route(self, *, code: str = "r", price: str = "0", **settings: Any) -> None:
        """The way to the operator, or to another one at a `port` of its own."""
        now, route = clock.now(), ids.uuid7()
        login = {"host": "127.0.0.1", "port": self.port, "system_id": "s", "password": "p", "reconnect_s": 0.2}
        settings = login | settings
        self.conn.execute(
            'INSERT INTO engine_route (id, code, name, connector, config, short_code, "window", price_eur, created_at,'
            " updated_at) VALUES (%s, %s, 'R', 'smpp', %s, '36123', %s, %s, %s, %s)",
            (
                route,
                code,
                json.dumps(seal_config(self.keystore, discover()["smpp"], route, settings)),
                WINDOW,
                price,
                now,
                now,
            ),
        )

    def prepare(self, recipients: int, **settings: Any) -> UUID:
        """Route, consent and a campaign of so many people."""
        self.make_route(**settings)
        keys, now, campaign = self.keystore.client(self.client), clock.now(), ids.uuid7()
        permissions.write_client(self.conn, self.client, state="active")
        numbers = [f"+337000{n:05d}" for n in range(recipients)]
        rows = [permissions.Permission(keys.index("phone", n), "sms", "marketing", "granted", now) for n in numbers]
        permissions.write_permissions(self.conn, self.client, rows)
        messages = [
            intake.MessageIn(
                purpose="marketing", to=to, text="Bonjour STOP SMS 36123", sender="MARTIN", short_code="36123"
            )
            for to in numbers
        ]
        batches = (messages[start : start + 1000] for start in range(0, recipients, 1000))
        for _ in intake.bulk([self.conn], self.client, batches, keys=keys, campaign_id=campaign):
            pass
        return campaign

    def rows(self, statement: LiteralString, values: Any = ()) -> list[tuple[Any, ...]]:
        """What the database answers, when it is there again."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if self.conn.closed:
                    self.conn = db.connect(self.url, autocommit=True)
                return self.conn.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                self.conn.close()
                if time.monotonic() > deadline:
                    raise
                self.pause()

    def pause(self) -> None:
        """What to do while the database is away."""
        time.sleep(0.1)

    def statuses(self) -> Counter[str]:
        return Counter(dict(self.rows("SELECT status, count(*) FROM engine_state GROUP BY status")))

    def left(self) -> int:
        """How many messages nobody handed over yet."""
        statuses = self.statuses()
        return sum(statuses[one] for one in ("accepted", "queued", "deferred", "held"))

    def wait(self, condition: Any, timeout_s: float | None = None) -> None:
        """Poll until it is so."""
        deadline = time.monotonic() + (timeout_s or PATIENCE_S)
        while not condition():
            if time.monotonic() > deadline:
                tail = (self.folder / "engine.log").read_text()[-2000:]
                raise AssertionError(f"{dict(self.statuses())}\n{tail}")
            time.sleep(0.05)

    def wait_until_over(self) -> None:
        """Everybody has an outcome, and every receipt came."""
        self.wait(lambda: self.left() + self.statuses()["submitted"] == 0)

    def links_lost(self) -> Counter[str]:
        """Why binds of the engine ended, and how often."""
        lines = [json.loads(line) for line in (self.folder / "engine.log").read_text().splitlines() if line[:1] == "{"]
        return Counter(line["reason"] for line in lines if line["event"] == "smpp.link_down")

    def accepted(self) -> Counter[str]:
        """How often the operator took a message for each number."""
        if not self.log.exists():
            return Counter()
        return Counter(line.split()[2].lstrip("+") for line in self.log.read_text().splitlines())

    def numbers(self, status: str | None = None) -> dict[UUID, str]:
        """The number of each message, or of those in one state."""
        query: LiteralString = "SELECT m.id, m.payload FROM engine_message m JOIN engine_state s ON s.message_id = m.id"
        rows = self.rows(query + " WHERE s.status = %s" if status else query, [status] if status else [])
        keys = self.keystore.client(self.client)
        opened = {mid: keys.unseal("engine_message", "payload", mid, payload) for mid, payload in rows}
        return {mid: intake.decode_payload(payload).to.lstrip("+") for mid, payload in opened.items()}


def check_books(field: Field, recipients: int, lost: int, ends: Set[str] = frozenset({"delivered"})) -> None:
    """Ledger and operator agree, message by message; only what is unknown may be there twice, or not at all.

    `lost`: how often a bind ended, by a kill or a cut, with a window on the wire at most.
    """
    statuses = field.statuses()
    accepted = field.accepted()
    unknown = set(field.numbers("unknown").values())
    assert sum(statuses.values()) == recipients
    assert set(statuses) <= ends | {"unknown"}, dict(statuses)
    assert len(unknown) <= WINDOW * lost
    assert all(count == 1 for number, count in accepted.items() if number not in unknown)
    assert len(accepted.keys() | unknown) == recipients
    assert field.rows("SELECT count(*) FROM engine_queue") == [(0,)]
    field.wait(lambda: field.rows("SELECT count(*) FROM engine_claim") == [(0,)])
    left = [path for path in (field.folder / "spool" / "engine").iterdir() if path.is_dir()]
    assert [path.name for path in left] == [str(_alive(field))]


def _alive(field: Field) -> Any:
    (row,) = field.rows("SELECT id FROM engine_instance ORDER BY started_at DESC LIMIT 1")
    return row[0]
