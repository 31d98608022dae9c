"""One finished demo per run, in folders and a database of its own, and the product started on it for the browser."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser

from sofy.project import embedded_pg
from sofy.project.testing import RUN, WORKER, TestDatabase
from tests.e2e.browser import open_browser, person
from tests.e2e.pages import Visitor
from tests.e2e.traces import People

CONTACTS = Path(str(files("sofy.project") / "demo_data" / "contacts.csv"))
LONGEST_SILENCE_S = 8.0


class DemoDatabase(TestDatabase):
    """The template's copy that the demo fills."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.name = f"sofy_test_{RUN}_demo{WORKER}"
        self.admin_url = self.admin_url.rpartition("/")[0] + f"/{self.name}"


@dataclass(frozen=True)
class Demo:
    """What a run of `sofy demo` left behind."""

    var: Path
    secrets: Path
    database: DemoDatabase
    environment: dict[str, str]
    status: int
    output: str
    result: dict[str, Any]
    longest_silence_s: float
    logs: dict[str, str]
    """What its processes logged, by file, before anybody worked in the product."""

    def sofy(self, *arguments: str) -> list[str]:
        """The command line of `sofy`, to run with `environment`."""
        return [sys.executable, "-m", "sofy.project.cli", *arguments]

    def run(self, *arguments: str) -> str:
        """Run one command of `sofy` to its end and answer what it printed."""
        done = subprocess.run(
            self.sofy(*arguments), env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"sofy {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def admin(self) -> psycopg.Connection[Any]:
        """A connection that sees every client."""
        return psycopg.connect(self.database.admin_url)


@dataclass(frozen=True)
class Up:
    """The product, running, and how the owner of the demo's client gets in."""

    url: str
    email: str
    password: str
    demo: Demo

    def code(self) -> str:
        """The second-factor code of this moment."""
        return str(re.findall(r"\b\d{6}\b", self.demo.run("user", "code", self.email))[-1])


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo once on the file the repository ships."""
    folder = tmp_path_factory.mktemp("demo")
    database = DemoDatabase()
    database.create()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SOFY_", "PYTEST"))} | {
        "SOFY_ENVIRONMENT": "demo",
        "SOFY_DATABASE_URL": database.admin_url,
        "SOFY_SECRETS_DIR": os.environ["SOFY_SECRETS_DIR"],
        "SOFY_MASTER_KEY_FILE": os.environ["SOFY_MASTER_KEY_FILE"],
        "SOFY_VAR_DIR": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "sofy.project.cli", "demo"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, silence = listen(process, limit_s=170)
    finally:
        process.kill()
        process.wait()
    last = (output.strip().splitlines() or [""])[-1]
    result = json.loads(last) if last.startswith("{") else {}
    yield Demo(
        folder,
        Path(environment["SOFY_SECRETS_DIR"]),
        database,
        environment,
        process.returncode if result else -1,
        output,
        result,
        silence,
        {log.name: log.read_text() for log in (folder / "log").glob("*.log")},
    )
    database.drop()


@dataclass(frozen=True)
class Dump:
    """The whole database as its administrator dumps it, and what the tables held at that moment."""

    content: bytes
    contacts: int
    messages: int


@pytest.fixture(scope="session")
def dump(demo: Demo) -> Dump:
    """Taken right after the demo, before anybody works in the product."""
    url = urlsplit(demo.database.admin_url)
    tool = Path(embedded_pg._wheel()) / "pginstall" / "bin" / "pg_dump"
    done = subprocess.run(
        [tool, "--no-owner", demo.database.admin_url],
        env={**os.environ, "PGPASSWORD": url.password or ""},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    with demo.admin() as connection:
        contacts = connection.execute("select count(*) from audience_contact").fetchone()
        messages = connection.execute("select count(*) from engine_message").fetchone()
    assert contacts is not None
    assert messages is not None
    return Dump(done.stdout, contacts[0], messages[0])


@pytest.fixture(scope="session")
def up(demo: Demo, dump: Dump) -> Iterator[Up]:
    """Start every process as `make up` does and wait until it says where to log in."""
    assert demo.result, f"the demo did not end:\n{demo.output[-3000:]}"
    process = subprocess.Popen(
        demo.sofy("up"), env=demo.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        said = until(process, "Ctrl-C", limit_s=60)
        url = re.findall(r"^http://localhost:\d+", said, re.M)
        assert url, f"sofy up did not start:\n{said}"
        email, password = (re.findall(rf"{word}\s+(\S+)", said)[0] for word in ("e-mail", "(?:password|mot de passe)"))
        yield Up(url[0], email, password, demo)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of this machine."""
    with open_browser() as opened:
        yield opened


COLLEAGUE = """
from sofy.accounts import services as accounts
from sofy.clients import services as clients
from sofy.project.commands.clients import find_client
user = accounts.create_user(email={email!r}, full_name="Camille Demo", password={password!r}, language="fr")
accounts.ensure_totp(user)
clients.add_member(find_client({client!r}), user=user, role="owner", actor="test")
"""


@pytest.fixture
def colleague(up: Up, request: pytest.FixtureRequest) -> Up:
    """Another owner of the demo's client for each test: a code used once is refused for the rest of its half minute."""
    client = json.loads((up.demo.var / "demo" / "last.json").read_text())["client"]
    email = f"demo-{re.sub('[^a-z]', '', request.node.name.casefold())[-12:]}@example.org"
    up.demo.run("django", "shell", "-c", COLLEAGUE.format(email=email, password=up.password, client=client))
    return replace(up, email=email)


@pytest.fixture(scope="session")
def kept() -> dict[str, Any]:
    """What outlives the browser of one module."""
    return {}


@pytest.fixture(scope="module")
def owner(browser: Browser, up: Up, kept: dict[str, Any]) -> Any:
    """Where the log-in of the demo's owner left the cookies, and the client it opened."""
    if "owner" not in kept:
        context = person(browser, language="fr")
        visitor = Visitor(context.new_page(), up.url)
        visitor.give_password(up.email, up.password)
        visitor.give_code(up.code)
        kept["owner"] = context.storage_state(), visitor.client
        context.close()
    return kept["owner"]


@pytest.fixture(scope="session")
def contact_rows() -> list[dict[str, str]]:
    """The rows of the demo's contact file, read without the product."""
    text = CONTACTS.read_bytes().decode("cp1252")
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=";"))


@pytest.fixture(scope="session")
def people(contact_rows: list[dict[str, str]]) -> People:
    """Everybody in that file, as what must not be found anywhere."""
    column = {name.casefold(): name for name in contact_rows[0]}
    phone = next(name for folded, name in column.items() if "mobile" in folded or "portable" in folded)
    email = next(name for folded, name in column.items() if "mail" in folded)
    return People.of(
        (row[phone] or "" for row in contact_rows),
        (row[email] or "" for row in contact_rows),
        (row["Nom"] or "" for row in contact_rows),
    )


def listen(process: subprocess.Popen[str], limit_s: float) -> tuple[str, float]:
    """Read a process to its end; answers what it said and its longest silence in seconds."""
    assert process.stdout
    said: list[str] = []
    lines = _lines(process.stdout)
    began = heard = time.monotonic()
    silence = 0.0
    while time.monotonic() - began < limit_s:
        try:
            line = lines.get(timeout=0.2)
        except Empty:
            continue
        silence = max(silence, time.monotonic() - heard)
        heard = time.monotonic()
        if line is None:
            process.wait(10)
            break
        said.append(line)
    return "".join(said), silence


def until(process: subprocess.Popen[str], word: str, limit_s: float) -> str:
    """Read a process until it says a word, or ends, or the time is over."""
    assert process.stdout
    said = ""
    lines = _lines(process.stdout)
    deadline = time.monotonic() + limit_s
    while word not in said and time.monotonic() < deadline:
        try:
            line = lines.get(timeout=0.2)
        except Empty:
            continue
        if line is None:
            break
        said += line
    return said


def _lines(stream: IO[str]) -> Queue[str | None]:
    lines: Queue[str | None] = Queue()

    def read() -> None:
        with stream:
            for line in stream:
                lines.put(line)
        lines.put(None)

    Thread(target=read, daemon=True).start()
    return lines
