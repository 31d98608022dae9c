"""Fixtures every test of the house may use: a database under row-level security, and one with committed data."""

import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from sofy.kernel import clock
from sofy.project.testing import TestDatabase

DEMO_TESTS = ("tests/e2e/test_demo.py", "tests/e2e/test_browser.py", "tests/e2e/test_ways_in.py")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case by its `_case`; bytes are often random, and workers must agree on the names of the tests."""
    return argname if isinstance(val, bytes | bytearray | memoryview) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, in whatever order: the end of a run waits for nobody then."""
    items.sort(key=lambda item: (not item.nodeid.startswith(DEMO_TESTS), item.get_closest_marker("slow") is None))


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: nobody looks through it for garbage again and again."""
    gc.collect()
    gc.freeze()


class ByWhatTheyShare(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests that look at the finished demo go to one worker, which runs it once; so do the tests of each room's file.

    The marks that xdist has for this are lost with pytest 9.2: it reads them from ids that can no longer be changed.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(DEMO_TESTS):
            return "demo"
        return nodeid if nodeid.startswith("tests/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatTheyShare:
    """Hand the tests out in the order they were collected in."""
    config.option.loadscopereorder = False
    return ByWhatTheyShare(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A run without a browser says so."""
    if os.environ.get("SOFY_NO_BROWSER") == "1":
        terminalreporter.write_line("SOFY_NO_BROWSER=1: no page was opened in a browser.", yellow=True)


@pytest.fixture(autouse=True)
def _system_clock() -> Iterator[None]:
    """A clock that a test moved does not reach the next one."""
    yield
    clock.reset()


@pytest.fixture(autouse=True)
def _same_settings() -> Iterator[None]:
    """Commands tell the processes they start where things are through the environment; no later test must hear it."""
    before = {name: value for name, value in os.environ.items() if name.startswith("SOFY_")}
    yield
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """Argon2 at its least cost: at the cost that protects people, every user a test makes takes a fifth of a second."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


@pytest.fixture(scope="session")
def test_database() -> Iterator[TestDatabase]:
    """This worker's own database, copied from the migrated template."""
    made = TestDatabase()
    made.create()
    os.environ["SOFY_DATABASE_URL"] = made.admin_url
    yield made
    made.drop()


@pytest.fixture(scope="session")
def django_db_setup(test_database: TestDatabase) -> Iterator[None]:
    """Point Django at this worker's database, with the logins of the roles that serve people."""
    from urllib.parse import unquote, urlsplit

    from django.db import connections

    for alias, role in (("default", "sofy_web"), ("staff", "sofy_staff")):
        url = urlsplit(test_database.url(role))
        connections[alias].settings_dict.update(
            NAME=test_database.name,
            USER=role,
            PASSWORD=unquote(url.password or ""),
            HOST=url.hostname,
            PORT=url.port or 5432,
        )
    yield
    connections.close_all()


@dataclass(frozen=True)
class EngineDatabase:
    """Committed data: what another process would see. Emptied after the test."""

    database: TestDatabase

    def url(self, role: str = "sofy_engine") -> str:
        return self.database.url(role)

    def connect(self, role: str = "sofy_engine", **options: Any) -> psycopg.Connection[Any]:
        """A new connection logged in as that role; `admin` sees everything."""
        url = self.database.admin_url if role == "admin" else self.url(role)
        return psycopg.connect(url, **options)

    @property
    def config(self) -> Any:
        """The configuration a process of this test would be started with."""
        from sofy.kernel.config import Config

        return Config.load({**os.environ, "SOFY_DATABASE_URL": self.database.admin_url})


@pytest.fixture
def engine_db(test_database: TestDatabase, django_db_setup: None, django_db_blocker: Any) -> Iterator[EngineDatabase]:
    """A database whose writes are committed, for several processes or roles at once; Django may use it too."""
    from django.db import connections

    with django_db_blocker.unblock():
        yield EngineDatabase(test_database)
        connections.close_all()
    test_database.empty()


@pytest.fixture
def as_client(db: None) -> Callable[[Any], None]:
    """Choose the client the rest of the test runs for: a Client, or its id."""
    from sofy.kit import rls

    def choose(client: Any) -> None:
        rls.set_client(client if isinstance(client, UUID) else client.pk)

    return choose


@pytest.fixture(autouse=True)
def _no_client() -> Iterator[None]:
    """A client that a test chose does not reach the next one."""
    yield
    from sofy.kit import rls

    rls._current.set(None)
