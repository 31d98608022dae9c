"""Every process of the product and its simulated suppliers, on a PostgreSQL, a clock and folders of their own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg

SHORT_CODE: Final = "36105"
SENDER: Final = "Fournil"
LOGIN: Final = "till"
#: Submits that wait for an answer on one line to the operator, at most.
WINDOW: Final = 50
#: Lines of each engine to the operator.
LINES: Final = 2
PASSWORD: Final = "s3cret_8"
#: What is killed; the simulated suppliers keep their own books and stay.
PROCESSES: Final = ("engine", "engine-2", "worker", "notify", "ingest", "smpp", "web")
SUPPLIERS: Final = ("operator", "rbm", "meta", "mail")
_RECEIPT: Final = '{"median_s": 0.6, "sigma": 0.6, "most_s": 4}'
_OPERATOR: Final = {
    "receipt": _RECEIPT, "lost": 0, "failed": 0.05, "early": 0.05, "doubled": 0.1, "enroute": 0.1, "refused": 0.005,
    "stop": 0, "contact": 0, "chat": 0, "long_chat": 0, "opened": 0, "robots": 0, "throttle_every": 97,
    "queue_full_every": 131, "cut_every": 701, "half_open_every": 1709,
}  # fmt: skip
_RBM: Final = {
    "delivery": _RECEIPT, "reading": _RECEIPT, "back": _RECEIPT, "no_rcs": 0.2, "offline": 0.03, "stops": 0,
    "unsubscribes": 0, "chats": 0, "taps": 0, "revoke_failed": 0, "backoff_most_s": 1.0,
}  # fmt: skip
_META: Final = {
    "sent": _RECEIPT, "delivered": _RECEIPT, "read": _RECEIPT, "offline": 0, "stop": 0, "wishes_stop": 0, "taps": 0,
    "chat": 0, "reacts": 0, "pair_s": 0, "user_names": 0, "longest_retry_s": 1.0, "silent": 0.005,
}  # fmt: skip
_BACKWARDS: Final = """
CREATE TABLE soak_backwards (message_id uuid, was text, becomes text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION soak_watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO soak_backwards (message_id, was, becomes) VALUES (OLD.message_id, OLD.status, NEW.status);
    RETURN NULL;
END $$;
CREATE TRIGGER soak_watch AFTER UPDATE ON engine_state FOR EACH ROW
    WHEN (NEW.rank < OLD.rank OR (OLD.rank = 90 AND NEW.status <> OLD.status)) EXECUTE FUNCTION soak_watch();
"""


class House:
    """Made for one run and taken down behind it."""

    def __init__(self, seed: int, hooks_url: str) -> None:
        from sofy.project import places
        from sofy.project.embedded_pg import EmbeddedPostgres

        self.seed = seed
        self.folder = Path(tempfile.mkdtemp(prefix="sofy-soak-"))
        state = places.SYSTEM_ROOT / f"soak-{os.getpid()}" if os.geteuid() == 0 else self.folder / "state"
        self.server = EmbeddedPostgres(state)
        self._state = state
        self._suppliers: dict[str, subprocess.Popen[bytes]] = {}
        try:
            self._prepare(hooks_url)
        except BaseException:
            self.stop()
            raise

    def _prepare(self, hooks_url: str) -> None:
        from sofy.engine.shifted_clock import FileClock
        from sofy.kernel import clock
        from sofy.project.processes import free_port

        self.clock = FileClock(self.folder / "clock", environment="test")
        self.clock.advance_to(clock.DEMO_START)
        clock.install(self.clock)
        self.api_port, self.smpp_port, self.web_port = free_port(), free_port(), free_port()
        self.api_url = f"http://127.0.0.1:{self.api_port}"
        self._database()
        os.environ.update(
            SOFY_CLOCK_FILE=str(self.folder / "clock"), SOFY_VAR_DIR=str(self.folder), SOFY_API_URL=self.api_url,
            SOFY_API_PORT=str(self.api_port), SOFY_SMPP_PORT=str(self.smpp_port), SOFY_SMPPS_PORT="0",
            SOFY_WEB_PORT=str(self.web_port), SOFY_BASE_URL=f"http://127.0.0.1:{self.web_port}",
        )  # fmt: skip
        import django

        django.setup()
        self._start_suppliers()
        self._routes()
        self._client(hooks_url)
        self._processes()

    def _database(self) -> None:
        """A copy of the migrated tables; a trigger there sees every status that goes back."""
        from sofy.project import database, embedded_pg
        from sofy.project.testing import TestDatabase

        template = TestDatabase()
        template.create()
        try:
            self.admin_url = database.with_database(self.server.ensure(), "sofy")
            database.init(self.admin_url, Path(os.environ["SOFY_SECRETS_DIR"]))
            binaries = embedded_pg._wheel() / "pginstall" / "bin"
            dump = subprocess.run([binaries / "pg_dump", template.admin_url], capture_output=True, check=True)
            command = [str(binaries / "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", self.admin_url]
            subprocess.run(command, input=dump.stdout, capture_output=True, check=True)
        finally:
            template.drop()
        with psycopg.connect(self.admin_url) as admin:
            admin.execute(_BACKWARDS)
        os.environ["SOFY_DATABASE_URL"] = self.admin_url

    def _start_suppliers(self) -> None:
        from sofy.project.processes import free_port

        self.ports = {name: free_port() for name in SUPPLIERS}
        kept = self.folder / "sandbox"
        clocked = ["--seed", str(self.seed), "--clock-file", str(self.folder / "clock")]
        meta = ["--subscription", str(kept / "whatsapp_cloud" / "subscription.json"), "--log", str(self.log("meta"))]
        mail = ["--http-port", str(self.ports["mail"]), "--port", str(self.ports["mail"] + 1), "--profile", "hostile"]
        mail += ["--hook-file", str(kept / "email_smtp" / "hook.json"), "--log", str(self.log("mail"))]
        commands = {
            "operator": ["smpp", *clocked, "--log", str(self.log("operator")), "--profile", "plain", *_set(_OPERATOR)],
            "rbm": ["google_rbm", *clocked, "--folder", str(kept / "google_rbm"), "--profile", "hostile", *_set(_RBM)],
            "meta": ["whatsapp_cloud", *clocked, *meta, "--profile", "hostile", *_set(_META)],
            "mail": ["email_smtp", "--seed", str(self.seed), *mail],
        }
        for name, (module, *given) in commands.items():
            port = [] if name == "mail" else ["--port", str(self.ports[name])]
            with (self.folder / f"{name}.log").open("wb") as log:
                command = [sys.executable, "-m", f"sofy.sandbox.{module}", *given, *port]
                self._suppliers[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def log(self, supplier: str) -> Path:
        """What a supplier wrote down of all it took."""
        kept = self.folder / "sandbox"
        if supplier == "rbm":
            return kept / "google_rbm" / "accepted.jsonl"
        return kept / f"{supplier}-accepted.log"

    def _routes(self) -> None:
        from sofy.kernel.config import Config
        from sofy.project import routing
        from sofy.project.simulators import SIMULATORS

        config = Config.load(os.environ)
        values = {
            "host": "127.0.0.1", "port": self.ports["operator"], "system_id": "s", "password": "p", "binds": LINES,
            "window": WINDOW, "reconnect_s": 0.2, "enquire_link_s": 1.0, "enquire_timeout_s": 1.0,
        }  # fmt: skip
        routing.save_route(code="sms", name="SMS", connector="smpp", values=values, short_code=SHORT_CODE)
        ports = {"google_rbm": "rbm", "whatsapp_cloud": "meta", "email_smtp": "mail"}
        for one in SIMULATORS:
            (self.folder / "sandbox" / one.connector).mkdir(parents=True, exist_ok=True)
            one.connect(config, f"http://127.0.0.1:{self.ports[ports[one.connector]]}", self.api_url)

    def _client(self, hooks_url: str) -> None:
        """A shop whose programs have a key, an SMPP account and a webhook."""
        import argon2

        from sofy.accounts.services import create_api_key
        from sofy.clients.services import create_client
        from sofy.engine import permissions
        from sofy.kernel import clock, ids
        from sofy.kit.keys import keys_for
        from sofy.webhooks import registry

        client = create_client(name="Fournil", slug="fournil", actor="soak")
        self.client: UUID = client.pk
        _, self.key = create_api_key(client, name="till", scopes=["messages:send"], per_10s=100_000, actor="soak")
        self.keys = keys_for(self.client)
        account, now = ids.uuid7(), clock.now()
        hashed = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        with psycopg.connect(self.admin_url) as admin:
            permissions.write_sender(admin, self.client, SENDER)
            permissions.write_sender(admin, self.client, "bonjour@fournil.example", channel="email")
            admin.execute(
                "INSERT INTO gate_smpp_account (client_id, id, name, hint, purpose, password, max_binds, per_s,"
                " created_at) VALUES (%s, %s, 'till', 'till', 'alert', %s, 50, 100000, %s)",
                [self.client, account, hashed, now],
            )
            login = [sha256(LOGIN.encode()).digest(), self.client, account]
            admin.execute("INSERT INTO gate_smpp_login (digest, client_id, account_id) VALUES (%s, %s, %s)", login)
            admin.execute(
                "INSERT INTO gate_endpoint (client_id, id, kind, created_at) VALUES (%s, %s, 'smpp', %s)",
                [self.client, account, now],
            )
            registry.add(admin, self.keys, url=hooks_url, events=(), batch=20, production=False)

    def _processes(self) -> None:
        from sofy.project.supervisor import Child, Supervisor, sofy

        children = [Child(name, sofy(name.partition("-")[0])) for name in PROCESSES]
        for child in children:
            if child.name in ("ingest", "web"):
                port = self.api_port if child.name == "ingest" else self.web_port
                child.health = f"http://127.0.0.1:{port}/healthz"
        self.supervisor = Supervisor(self.folder, children, self.server)
        self.supervisor.start()
        self.supervisor.wait_until_healthy()

    def child(self, name: str) -> Any:
        """One process of ours."""
        return next(child for child in self.supervisor.children if child.name == name)

    def supplier(self, name: str) -> int:
        """The process of a simulated supplier."""
        return self._suppliers[name].pid

    def links_lost(self) -> Counter[str]:
        """Why lines of the engines to the operator ended, as their logs say."""
        lines = [line for name in ("engine", "engine-2") for line in _lines(self.folder / "log" / f"{name}.log")]
        found = [msgspec.json.decode(line) for line in lines if line[:1] == "{" and '"smpp.link_down"' in line]
        return Counter(line["reason"] for line in found)

    def end_suppliers(self) -> dict[str, dict[str, Any]]:
        """End the simulated suppliers; answers what each counted."""
        for process in self._suppliers.values():
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        counted = {}
        for name in self._suppliers:
            last = [line for line in _lines(self.folder / f"{name}.log") if line[:1] == "{"][-1:]
            counted[name] = msgspec.json.decode(last[0]) if last else {}
        self._suppliers = {}
        return counted

    def rows(self, statement: str, values: Sequence[Any] = (), patience_s: float = 60) -> list[tuple[Any, ...]]:
        """What the database answers, when it is there again."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                with psycopg.connect(self.admin_url, autocommit=True) as admin:
                    return admin.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                self.supervisor.tick()
                time.sleep(0.1)

    def stop(self, *, keep: bool = False) -> None:
        """End everything. `keep`: leave the books and logs for whoever looks into them."""
        if hasattr(self, "supervisor"):
            self.supervisor.stop()
        self.end_suppliers()
        from django.conf import settings

        if settings.configured:
            from django.db import connections

            connections.close_all()
        self.server.stop()
        shutil.rmtree(self._state, ignore_errors=True)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def _set(settings: dict[str, Any]) -> list[str]:
    """Settings of a profile, as its command takes them."""
    found = []
    for name, value in settings.items():
        found += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return found


def taken(house: House) -> dict[str, list[str]]:
    """Whom each supplier took a message for, in its own words: channel -> recipients, as often as it did."""
    sms = [line.split()[2] for line in _lines(house.log("operator"))]
    rcs = [msgspec.json.decode(line)["to"] for line in _lines(house.log("rbm"))]
    whatsapp = [msgspec.json.decode(line)["to"] for line in _lines(house.log("meta"))]
    email = [line.split()[0] for line in _lines(house.log("mail"))]
    return {"sms": sms, "rcs": rcs, "whatsapp": whatsapp, "email": email}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
