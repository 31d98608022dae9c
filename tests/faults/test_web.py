"""kill -9 of the web process in the middle of a campaign: no message depends on it, and the pages come back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sofy.accounts.tests.factories import make_user
from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.kit.rls import client_scope
from sofy.project.routing import save_route
from sofy.project.supervisor import answers
from sofy.soreach.models import Campaign
from sofy.soreach.tests import factories
from sofy.soreach.tests.conftest import World
from tests.faults.web import WebProcess, serving, session_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PEOPLE = 600
PER_SECOND = 60


class House:
    """A simulated operator, an engine and a worker beside the web process, on the clock of the demo."""

    def __init__(self, folder: Path, web: WebProcess) -> None:
        self.folder, self.web = folder, web
        self.log = folder / "accepted.log"
        self.processes: list[subprocess.Popen[Any]] = []
        sandbox = [
            sys.executable,
            "-m",
            "sofy.sandbox.smpp",
            "--port",
            "0",
            "--profile",
            "plain",
            "--log",
            str(self.log),
        ]
        sandbox += ["--clock-file", str(folder / "clock"), "--set", f"rate_per_s={PER_SECOND}"]
        operator = subprocess.Popen(sandbox, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.processes.append(operator)
        assert operator.stdout is not None
        with operator.stdout as output:
            self.port = int(json.loads(output.readline())["port"])

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "sofy.project.cli", name]
            self.processes.append(subprocess.Popen(command, env=self.web.environment, stdout=log, stderr=log))

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait(5)

    def accepted(self) -> Counter[str]:
        """How often the operator took a message for each number."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return Counter(line.split()[2] for line in lines)

    def wait(self, condition: Callable[[], bool], timeout_s: float = 120) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                logs = {path.name: path.read_text()[-800:] for path in self.folder.glob("*.log") if path != self.log}
                raise AssertionError(f"{self.accepted().total()} accepted; {logs}")
            time.sleep(0.1)


@pytest.fixture
def house(engine_db: Any, tmp_path: Path) -> Iterator[House]:
    moved = FileClock(tmp_path / "clock", environment="test")
    moved.advance_to(clock.DEMO_START)
    clock.install(moved)
    with serving(engine_db.database.admin_url, tmp_path, SOFY_CLOCK_FILE=str(tmp_path / "clock")) as web:
        made = House(tmp_path, web)
        try:
            yield made
        finally:
            made.stop()


def child_of(pid: int) -> int:
    """The process that serves the pages, below the one that looks after it."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])


def test_a_killed_web_process_costs_pages_and_no_message(house: House, engine_db: Any):
    values = {"host": "127.0.0.1", "port": house.port, "system_id": "s", "password": "p", "window": 10}
    route = save_route(code="demo", name="Demo", connector="smpp", values=values, short_code="36111")
    world = World(factories.make_client(), route, engine_db)
    draft = world.draft(PEOPLE)
    progress, session = world.url(draft, "progress"), session_of(make_user(client=world.client))
    for name in ("engine", "worker"):
        house.start(name)

    launched = house.web.post(world.url(draft, "confirm"), session, typed=str(PEOPLE))
    listener = house.web.listen(progress, session)
    assert listener.hears("event: changed", 30)
    house.wait(lambda: house.accepted().total() > PEOPLE // 6)
    house.web.kill()
    at_the_kill = house.accepted().total()
    assert not listener.hears("never said", 1)
    house.wait(lambda: house.accepted().total() > at_the_kill + PEOPLE // 6)
    house.web.start()
    page = house.web.get(progress, session)
    assert house.web.process is not None
    os.kill(child_of(house.web.process.pid), signal.SIGKILL)  # this one is looked after, and comes back by itself
    house.wait(lambda: world.reload(draft).status == Campaign.Status.FINISHED and settled(engine_db, draft))
    house.wait(lambda: answers(f"{house.web.url}/healthz"))
    ended = house.web.get(progress, session)

    assert launched == (302, progress)
    assert page[0] == 200
    assert at_the_kill < PEOPLE
    assert ended[0] == 200
    assert "data-live" not in ended[1]
    assert len(house.accepted()) == PEOPLE
    assert set(house.accepted().values()) == {1}
    with engine_db.connect("admin") as admin:
        assert statuses(admin, draft) == [("delivered", PEOPLE)]
    with client_scope(world.client.pk):
        assert Campaign.objects.get(pk=draft.pk).counts["recipients"] == PEOPLE


def statuses(admin: psycopg.Connection[Any], campaign: Any) -> list[tuple[Any, ...]]:
    return admin.execute(
        "select status, count(*) from engine_state where campaign_id = %s group by 1", [campaign.id]
    ).fetchall()


def settled(engine_db: Any, campaign: Any) -> bool:
    """Whether every receipt came."""
    with engine_db.connect("admin") as admin:
        return {status for status, _n in statuses(admin, campaign)} == {"delivered"}
