"""kill -9 of the engine, the web process and PostgreSQL at random moments of one campaign, as `sofy up` bears it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

from sofy.accounts.tests.factories import make_user
from sofy.audience.services.imports import import_file
from sofy.audience.tests.factories import make_book
from sofy.engine.shifted_clock import FileClock
from sofy.kit.keys import keystore
from sofy.kit.rls import client_scope
from sofy.project import database, embedded_pg
from sofy.project.embedded_pg import EmbeddedPostgres
from sofy.project.routing import save_route
from sofy.project.supervisor import Child, Supervisor, sofy
from sofy.project.testing import TestDatabase
from sofy.soreach.models import Campaign
from sofy.soreach.tests import factories
from sofy.soreach.tests.conftest import World
from tests.faults.field import PATIENCE_S, WINDOW, Field, check_books, dice
from tests.faults.web import WebProcess, session_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PEOPLE = 20_000
#: The operator takes no more, so that the campaign lasts long enough to be disturbed.
PER_SECOND = 2_500
#: A server is killed whole, or one of its connections, which ends them all.
VICTIMS = ["engine"] * 3 + ["web"] * 2 + ["server"] * 2 + ["connection"]


class House(Field):
    """All processes of the product on a PostgreSQL of their own, started again when they die."""

    def __init__(self, server: EmbeddedPostgres, admin_url: str, folder: Path) -> None:
        super().__init__(database.role_url(admin_url, Path(os.environ["SOFY_SECRETS_DIR"]), "sofy_engine"), folder)
        self.server, self.admin_url = server, admin_url
        self.keystore = keystore()
        self.web = WebProcess(admin_url, folder)
        self.supervisor: Supervisor | None = None

    def start(self) -> None:
        children = [Child("engine", sofy("engine")), Child("worker", sofy("worker"))]
        children.append(Child("web", sofy("web"), self.web.url, health=f"{self.web.url}/healthz"))
        self.supervisor = Supervisor(self.folder, children, self.server)
        self.supervisor.start()
        self.supervisor.wait_until_healthy()

    def stop(self) -> None:
        if self.supervisor is not None:
            self.supervisor.stop()
        super().stop()

    def wait(self, condition: Callable[[], bool], timeout_s: float | None = None) -> None:
        assert self.supervisor is not None
        deadline = time.monotonic() + (timeout_s or PATIENCE_S)
        while not condition():
            self.supervisor.tick()
            logs = {path.name: path.read_text()[-800:] for path in (self.folder / "log").glob("*.log")}
            assert time.monotonic() < deadline, f"{dict(self.statuses())}\n{logs}"
            time.sleep(0.05)

    def pause(self) -> None:
        if self.supervisor is not None:
            self.supervisor.tick()  # nobody else brings the server back
        time.sleep(0.1)

    def has_taken(self, messages: int) -> bool:
        """Whether the operator has so many messages."""
        return messages <= (self.log.read_bytes().count(b"\n") if self.log.exists() else 0)

    def kill(self, victim: str) -> None:
        self.wait(lambda: self._pid(victim) is not None)
        pid = self._pid(victim)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def _pid(self, victim: str) -> int | None:
        assert self.supervisor is not None
        if victim == "server":
            return self.server.running_pid()
        if victim == "connection":
            return self._connection()
        (child,) = [child for child in self.supervisor.children if child.name == victim]
        return child.process.pid if child.process is not None and child.running else None

    def _connection(self) -> int | None:
        """The process behind a connection of the engine, when there is one."""
        found = self.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'sofy-engine' LIMIT 1")
        return int(found[0][0]) if found else None


def _copy(source: str, target: str) -> None:
    """The tables of the product and what its migrations put there; quicker than all migrations once more."""
    binaries = embedded_pg._wheel() / "pginstall" / "bin"
    dump = subprocess.run([binaries / "pg_dump", source], capture_output=True, check=True, timeout=60)
    command = [str(binaries / "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", target]
    subprocess.run(command, input=dump.stdout, capture_output=True, check=True, timeout=60)


@pytest.fixture
def house(
    server: EmbeddedPostgres,
    test_database: TestDatabase,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    house_clock: FileClock,
) -> Iterator[House]:
    admin_url = database.with_database(server.ensure(), "sofy")
    database.init(admin_url, Path(os.environ["SOFY_SECRETS_DIR"]))
    _copy(test_database.admin_url, admin_url)
    place = urlsplit(admin_url)
    for alias in ("default", "staff"):
        for name, value in {"HOST": place.hostname, "PORT": place.port, "NAME": "sofy"}.items():
            monkeypatch.setitem(connections[alias].settings_dict, name, value)
    made = House(server, admin_url, tmp_path)
    for name, value in {
        "SOFY_DATABASE_URL": admin_url,
        "SOFY_CLOCK_FILE": str(tmp_path / "clock"),
        "SOFY_VAR_DIR": str(tmp_path),
        "SOFY_WEB_PORT": str(made.web.port),
        "SOFY_BASE_URL": made.web.url,
    }.items():
        monkeypatch.setenv(name, value)
    with django_db_blocker.unblock():
        connections.close_all()
        try:
            yield made
        finally:
            made.stop()
            connections.close_all()


def _people(house: House, world: World) -> Campaign:
    """A file of people who agreed, and a draft for all of them."""
    path = house.folder / "people.csv"
    rows = (f"Camille;Dupont;07 00 {n // 10000:02d} {n % 10000:04d};oui" for n in range(PEOPLE))
    path.write_text("\n".join(("Prénom;Nom;Portable;Accord SMS", *rows)), encoding="utf-8")
    book = make_book(world.client)
    import_file(
        client_id=world.client.pk, book_id=book.pk, path=path, legal_basis="consent", source="carte", actor="test"
    )
    with client_scope(world.client.pk):
        return factories.make_campaign(world.client, world.route_id)


def test_whatever_is_killed_in_a_campaign_everybody_is_accounted_for(house: House):
    chance = dice()
    house.start_operator(rate_per_s=PER_SECOND)
    values = {"host": "127.0.0.1", "port": house.port, "system_id": "s", "password": "p", "window": WINDOW}
    route = save_route(code="demo", name="Demo", connector="smpp", values=values, short_code="36111")
    world = World(factories.make_client(), route, None)
    house.client = world.client.pk
    draft, session = _people(house, world), session_of(make_user(client=world.client))
    connections.close_all()
    victims = chance.sample(VICTIMS, len(VICTIMS))
    moments = sorted(chance.randrange(PEOPLE * 9 // 10) for _ in victims)
    house.start()

    launched = house.web.post(world.url(draft, "confirm"), session, typed=str(PEOPLE))
    for victim, moment in zip(victims, moments, strict=True):
        house.wait(partial(house.has_taken, moment))
        time.sleep(chance.uniform(0.0, 0.2))
        house.kill(victim)
    house.wait(lambda: house.statuses().total() == PEOPLE and house.left() + house.statuses()["submitted"] == 0)
    house.wait(lambda: _finished(house, draft))
    assert house.supervisor is not None
    house.supervisor.wait_until_healthy()
    page = house.web.get(world.url(draft, "progress"), session)

    assert launched == (302, world.url(draft, "progress"))
    assert page[0] == 200
    check_books(house, PEOPLE, VICTIMS.count("engine"))


def _finished(house: House, draft: Campaign) -> bool:
    query = "SELECT status FROM soreach_campaign WHERE id = %s"
    try:
        with psycopg.connect(house.admin_url) as admin:
            return admin.execute(query, [draft.pk]).fetchall() == [("finished",)]
    except psycopg.OperationalError:
        return False
