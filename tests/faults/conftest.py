"""A fresh field for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.project import places
from sofy.project.embedded_pg import EmbeddedPostgres
from tests.faults.field import Field


@pytest.fixture
def house_clock(tmp_path: Path) -> FileClock:
    """The clock of the test, the engine and the operator: the demo's Tuesday afternoon, until a test moves it."""
    shifted = FileClock(tmp_path / "clock", environment="test")
    shifted.advance_to(clock.DEMO_START)
    clock.install(shifted)
    return shifted


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test's own; root's must be reachable by the server's user."""
    folder = places.SYSTEM_ROOT / f"test-faults-{os.getpid()}" if os.geteuid() == 0 else tmp_path / "state"
    made = EmbeddedPostgres(folder)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def field(engine_db: Any, tmp_path: Path, house_clock: FileClock) -> Iterator[Field]:
    made = Field(engine_db.url("sofy_engine"), tmp_path)
    yield made
    made.stop()
