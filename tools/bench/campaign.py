"""A campaign from launch to the last receipt in the database: expansion, gate, encryption, SMPP, ledger.

    python -m tools.bench.campaign [--recipients N] [--smsc HOST:PORT] [--json] [--database-url ADMIN_URL]

The database is private to the run and dropped afterwards. Recipients carry consent; names and numbers are sealed before
the start, unsealed, rendered and sealed again by the expansion, as a launch does. The engine runs as its own process.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import minijinja
import psycopg

from sofy.connectors.base import discover
from sofy.engine import db, intake, permissions
from sofy.engine.keystore import KeyStore
from sofy.engine.route_config import seal_config
from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock, ids
from sofy.kernel.config import Config
from sofy.kernel.crypto import ClientKeys
from sofy.project import database, runtime
from tools.bench import simulator

SHORT_CODE = "36123"
TEXT = "Bonjour {{ first_name }}, -20% samedi dans votre magasin. STOP SMS 36123"
PRICE_EUR = Decimal("0.045")
_ENGINE = """
import sys
from sofy.engine.process import run
from sofy.kernel import clock
from sofy.kernel.config import Config
from pathlib import Path
var = Path(sys.argv[1])
settings = {"SOFY_ENVIRONMENT": "test", "SOFY_VAR_DIR": str(var), "SOFY_CLOCK_FILE": str(var / "clock")}
run(Config.load(settings), sys.argv[2])
"""
_OUTBOX = """
CREATE TABLE IF NOT EXISTS kit_outbox (client_id uuid, id uuid, topic text, payload jsonb, created_at timestamptz,
                                       done_at timestamptz, PRIMARY KEY (client_id, id));
GRANT INSERT, SELECT ON kit_outbox TO sofy_engine
"""


class Bench:
    """One run: its private database, its client, its engine."""

    def __init__(self, admin_url: str, recipients: int, smsc: tuple[str, int], folder: Path) -> None:
        self.n = recipients
        self.smsc = smsc
        self.folder = folder
        self.name = f"sofy_bench_{os.getpid()}"
        self.server_url = admin_url
        self.admin_url = database.with_database(admin_url, self.name)
        self.secrets = runtime.secrets_dir()  # the roles are the server's: other passwords would lock its processes out
        self.config = Config.load({"SOFY_ENVIRONMENT": "test", "SOFY_VAR_DIR": str(folder)})
        self.keystore = KeyStore(self.config)
        self.client = ids.uuid7()
        self.campaign = ids.uuid7()

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """A database of its own with the engine's tables; answers the engine's address."""
        database.init(self.admin_url, self.secrets)
        owner = database.role_url(self.admin_url, self.secrets, "sofy_owner")
        try:
            with psycopg.connect(owner) as conn:
                for path in db.schema_files():
                    conn.execute(path.read_text())
                conn.execute(_OUTBOX)
            yield database.role_url(self.admin_url, self.secrets, "sofy_engine")
        finally:
            with psycopg.connect(self.server_url, autocommit=True) as conn:
                conn.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def prepare(self, conn: psycopg.Connection[Any]) -> list[tuple[UUID, bytes, bytes, bytes]]:
        """Client, route, consent and sealed contacts, as they are before somebody presses Launch."""
        for switch in ("fsync", "synchronous_commit", "full_page_writes"):
            (value,) = conn.execute("SELECT current_setting(%s)", (switch,)).fetchone() or ("",)
            assert value == "on", f"{switch} is {value}: durability is never bought off"
        keys = self.keystore.create(self.client)
        route, now = ids.uuid7(), clock.now()
        settings = {"host": self.smsc[0], "port": self.smsc[1], "system_id": "bench", "password": "bench"}
        stored = seal_config(self.keystore, discover()["smpp"], route, settings)
        conn.execute(
            'INSERT INTO engine_route (id, code, name, connector, config, short_code, price_eur, "window", binds,'
            " created_at, updated_at) VALUES (%s, 'bench', 'Bench', 'smpp', %s, %s, 0.03, 500, 1, %s, %s)",
            (route, json.dumps(stored), SHORT_CODE, now, now),
        )
        permissions.write_client(conn, self.client, state="active", budget_eur=Decimal(1_000_000))
        contacts, granted = [], []
        for number, contact in enumerate(ids.uuid7s(self.n)):
            to = f"+337000{number:05d}"
            index = keys.index("phone", to)
            sealed_to = keys.seal("identity", "value", contact, to)
            sealed_name = keys.seal("contact", "first_name", contact, f"Camille{number}")
            contacts.append((contact, index, sealed_to, sealed_name))
            granted.append(permissions.Permission(index, "sms", "marketing", "granted", now))
        for start in range(0, self.n, 10_000):
            permissions.write_permissions(conn, self.client, granted[start : start + 10_000])
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE gate_permission")
        conn.autocommit = False
        return contacts

    def messages(
        self, keys: ClientKeys, contacts: list[tuple[UUID, bytes, bytes, bytes]]
    ) -> Iterator[intake.MessageIn]:
        """What an expansion does for each recipient: unseal, render, hand in."""
        templates = minijinja.Environment(templates={"sms": TEXT})
        for contact, index, sealed_to, sealed_name in contacts:
            first_name = keys.unseal("contact", "first_name", contact, sealed_name)
            yield intake.MessageIn(
                purpose="marketing",
                to=keys.unseal("identity", "value", contact, sealed_to),
                text=templates.render_template("sms", first_name=first_name),
                sender="MARTIN",
                recipient_index=index,
                campaign_id=self.campaign,
                contact_id=contact,
                short_code=SHORT_CODE,
                unit_price_eur=PRICE_EUR,
            )

    def run(self, url: str, quiet: bool) -> dict[str, Any]:
        """Launch, wait for the last receipt, and count."""
        with db.connect(url) as conn:
            contacts = self.prepare(conn)
            keys = self.keystore.client(self.client)
            engine = self.engine(url)
            try:
                self.wait_bound(conn)
                started = time.monotonic()
                permissions.start_campaign(conn, self.client, self.campaign)
                conn.commit()
                for _ in intake.bulk(
                    conn, self.client, self.messages(keys, contacts), keys=keys, campaign_id=self.campaign
                ):
                    pass
                permissions.campaign_expanded(conn, self.client, self.campaign)
                conn.commit()
                expanded = time.monotonic() - started
                self.wait_final(conn, engine, started, quiet)
                seconds = time.monotonic() - started
                peak = _peak_rss_mb(engine.pid)
                return self.figures(conn) | {
                    "seconds": round(seconds, 3),
                    "per_second": round(self.n / seconds),
                    "expansion_seconds": round(expanded, 3),
                    "rss_mb": peak,
                }
            finally:
                engine.send_signal(signal.SIGTERM)
                engine.wait(20)

    def engine(self, url: str) -> subprocess.Popen[bytes]:
        log = (self.folder / "engine.log").open("wb")
        return subprocess.Popen([sys.executable, "-c", _ENGINE, str(self.folder), url], stdout=log, stderr=log)

    def wait_bound(self, conn: psycopg.Connection[Any]) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            row = conn.execute("SELECT 1 FROM engine_route_health WHERE binds_up > 0 LIMIT 1").fetchone()
            conn.commit()
            if row:
                return
            time.sleep(0.1)
        raise SystemExit(f"The engine did not bind to {self.smsc[0]}:{self.smsc[1]}; see {self.folder}/engine.log")

    def wait_final(
        self, conn: psycopg.Connection[Any], engine: subprocess.Popen[bytes], started: float, quiet: bool
    ) -> None:
        last, moved_at, looked_at = -1, time.monotonic(), 0.0
        while True:
            time.sleep(0.1)
            (waiting,) = conn.execute("SELECT EXISTS (SELECT 1 FROM engine_queue)").fetchone() or (True,)
            conn.commit()
            if waiting and time.monotonic() - looked_at < 2:
                continue  # counting costs more than the rest of this loop, and comes off the figure
            looked_at = time.monotonic()
            (done,) = conn.execute("SELECT count(*) FROM engine_state WHERE rank >= 40").fetchone() or (0,)
            conn.commit()
            if done != last:
                last, moved_at = done, time.monotonic()
                if not quiet:
                    print(f"  {time.monotonic() - started:6.2f} s  {done:>8,} final", file=sys.stderr)
            if done >= self.n:
                return
            if engine.poll() is not None or time.monotonic() - moved_at > 60:
                raise SystemExit(f"Stuck at {done} of {self.n}; see {self.folder}/engine.log")

    def figures(self, conn: psycopg.Connection[Any]) -> dict[str, Any]:
        statuses = dict(conn.execute("SELECT status, count(*) FROM engine_state GROUP BY status").fetchall())
        row = conn.execute(
            "SELECT percentile_cont(ARRAY[0.5, 0.99])"
            " WITHIN GROUP (ORDER BY extract(epoch FROM final_at - accepted_at))"
            " FROM engine_state WHERE final_at IS NOT NULL"
        ).fetchone()
        p50, p99 = row[0] if row and row[0] else (0, 0)
        return {"statuses": statuses, "p50_ms": round(float(p50) * 1000), "p99_ms": round(float(p99) * 1000)}


def expansion_alone(bench: Bench, url: str) -> float:
    """Recipients per second of the expansion with no engine running."""
    with db.connect(url) as conn:
        contacts = bench.prepare(conn)
        keys = bench.keystore.client(bench.client)
        started = time.monotonic()
        for _ in intake.bulk(conn, bench.client, bench.messages(keys, contacts), keys=keys, campaign_id=bench.campaign):
            pass
        return bench.n / (time.monotonic() - started)


def _peak_rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Run the bench and print its table and its JSON line."""
    parser = argparse.ArgumentParser(prog="sofy bench campaign", description=__doc__)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--smsc", help="HOST:PORT of an SMSC that sends receipts; default: the sandbox")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--database-url", help="administrator's address; default: the embedded server")
    parser.add_argument("--expansion-only", action="store_true")
    options = parser.parse_args(argv)
    if not 0 < options.recipients <= 100_000:
        parser.error("--recipients must be between 1 and 100000: the numbers reserved for benches are that many")
    with tempfile.TemporaryDirectory(prefix="sofy-bench-") as folder, contextlib.ExitStack() as stack:
        admin = options.database_url or _embedded()
        if options.smsc:
            host, _, port = options.smsc.rpartition(":")
            smsc = (host or "127.0.0.1", int(port))
        elif not options.expansion_only:
            smsc = stack.enter_context(simulator.running(Path(folder)))
        else:
            smsc = ("127.0.0.1", 1)
        clock_file = Path(folder) / "clock"
        shifted = FileClock(clock_file, environment="test")
        shifted.advance_to(clock.DEMO_START)
        clock.install(shifted)
        bench = Bench(admin, options.recipients, smsc, Path(folder))
        result: dict[str, Any] = {"name": "campaign", "n": options.recipients}
        try:
            with bench.database() as url:
                if options.expansion_only:
                    result["expansion_per_second"] = round(expansion_alone(bench, url))
                else:
                    result |= bench.run(url, options.json)
        except SystemExit:
            print((Path(folder) / "engine.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            clock.reset()
    if not options.json:
        for name, value in result.items():
            print(f"{name:>22}  {value}")
    print(json.dumps(result))
    return result


def _embedded() -> str:
    from sofy.project.embedded_pg import EmbeddedPostgres

    return EmbeddedPostgres().ensure()


if __name__ == "__main__":
    main()
