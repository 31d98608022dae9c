"""The supervisor: what dies comes back, what is stopped stays away, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sofy.kernel.config import Config
from sofy.project import stack
from sofy.project import supervisor as module
from sofy.project.processes import free_port, is_alive
from sofy.project.supervisor import AlreadyRunning, Child, Supervisor, status

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
FAILING = [sys.executable, "-c", "raise SystemExit(3)"]


@pytest.fixture
def supervise(tmp_path):
    started = []

    def make(*commands):
        children = [Child(f"child{number}", command) for number, command in enumerate(commands)]
        made = Supervisor(tmp_path, children)
        started.append(made)
        made.start()
        return made

    yield make
    for made in started:
        made.stop(grace_s=1)


def _until(condition, supervisor=None, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if supervisor:
            supervisor.tick()
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_killed_child_is_started_again(supervise):
    made = supervise(SLEEP)
    pid = made.children[0].process.pid

    os.kill(pid, signal.SIGKILL)

    assert _until(lambda: made.children[0].running and made.children[0].process.pid != pid, made)
    written = json.loads(made.status_file.read_text())
    assert written["processes"][0]["restarts"] == 1


def test_a_child_that_keeps_dying_is_tried_less_and_less_often(supervise):
    made = supervise(FAILING)

    _until(lambda: False, made, timeout_s=1.5)

    assert 1 <= made.children[0].restarts <= 3


def test_stopping_ends_every_child_also_a_deaf_one(supervise):
    made = supervise(SLEEP, STUBBORN)
    pids = [child.process.pid for child in made.children]
    time.sleep(0.3)

    made.stop(grace_s=0.5)

    assert not any(is_alive(pid) for pid in pids)
    assert not made.status_file.exists()


def test_a_second_supervisor_of_the_same_checkout_is_refused(supervise, tmp_path):
    supervise(SLEEP)

    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        Supervisor(tmp_path, [Child("other", SLEEP)]).start()


def test_children_end_with_a_killed_supervisor(tmp_path):
    program = (
        "import sys, pathlib, time\n"
        "from sofy.project.supervisor import Child, Supervisor\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "made = Supervisor(pathlib.Path(sys.argv[1]), [Child('a', sleep)])\n"
        "made.start(); print(made.children[0].process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    assert _until(lambda: not is_alive(child))


def test_the_status_tells_the_dead_from_the_living(supervise, tmp_path):
    made = supervise(SLEEP, SLEEP)
    os.kill(made.children[0].process.pid, signal.SIGKILL)
    made.children[0].process.wait()

    states = {row["name"]: row["alive"] for row in module.status(tmp_path)}

    assert states == {"child0": False, "child1": True}


def test_a_process_that_never_answers_is_named(supervise):
    made = supervise(SLEEP)
    made.children[0].health = f"http://127.0.0.1:{free_port()}/healthz"

    with pytest.raises(RuntimeError, match="child0"):
        made.wait_until_healthy(timeout_s=0.3)


def test_two_checkouts_that_start_at_once_get_different_ports():
    asks = (
        "from sofy.project.processes import free_port; import time; print(free_port(18431), flush=True); time.sleep(9)"
    )
    others = [subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE, text=True) for _ in range(2)]

    try:
        found = {int(other.stdout.readline()) for other in others if other.stdout}
    finally:
        for other in others:
            other.kill()
            other.communicate()

    assert len(found) == 2


def test_a_process_whose_parent_is_gone_before_it_asks_ends_at_once():
    program = "from sofy.project.processes import die_with_parent; die_with_parent({}); print('lives')"

    alone, kept = (
        subprocess.run([sys.executable, "-c", program.format(parent)], capture_output=True, text=True, timeout=20)
        for parent in (2**22, os.getpid())
    )

    assert (alone.returncode, alone.stdout) == (1, "")
    assert (kept.returncode, kept.stdout) == (0, "lives\n")


def test_programs_are_told_where_everything_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("SOFY_VAR_DIR", str(tmp_path))
    monkeypatch.setattr("sofy.project.runtime.embedded_server", lambda: None)
    config = Config.load({"SOFY_VAR_DIR": str(tmp_path)})
    simulated = {"google_rbm": 8045, "whatsapp_cloud": 8035}
    made = stack.supervisor(config, stack.Ports(8000, 8001, 2776, 3550, 2775, 8025, simulated))
    made.status_file.parent.mkdir(parents=True)
    made._write_status()

    told = {name: address for row in status(tmp_path) for name, address in row["addresses"].items()}

    assert told == {
        "web": "http://localhost:8000",
        "api": "http://localhost:8001",
        "smpp": "127.0.0.1:2776",
        "smpps": "127.0.0.1:3550",
        "sandbox.smpp": "127.0.0.1:2775",
        "sandbox.phones": "http://localhost:8025",
        "sandbox.rcs": "http://127.0.0.1:8045",
        "sandbox.whatsapp": "http://127.0.0.1:8035",
    }
