"""Every process of the house answers a monitor."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from sofy.project import cli
from sofy.project.processes import free_port
from sofy.project.tests.test_cli import _leaves

#: What each process is started with, and a figure that only it has.
PROCESSES: dict[str, tuple[list[str], str]] = {
    "engine": ([], "sofy_ledger_written_total"),
    "ingest": ([], "sofy_api_requests_total"),
    "notify": ([], "sofy_webhook_requests_total"),
    "sandbox": ([], "sofy_process"),
    "smpp": ([], "sofy_smpp_binds"),
    "web": ([], "sofy_web_answers_total"),
    "worker": ([], "sofy_worker_rounds_total"),
}
#: Commands that serve nothing themselves.
OTHERS = {"up", "status"}


def asked(url: str, process: subprocess.Popen[bytes], log: Path) -> tuple[int, str]:
    """The answer of a process that may still be starting."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            with refusal:
                if refusal.code != 503 or time.monotonic() > deadline:
                    return refusal.code, refusal.read().decode()
        except OSError:
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def start(engine_db: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str, arguments: list[str]) -> tuple[str, subprocess.Popen[bytes], Path]:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | {
            "SOFY_DATABASE_URL": engine_db.database.admin_url,
            "SOFY_VAR_DIR": str(tmp_path / "var"),
            "SOFY_WEB_PORT": str(free_port()),
            "SOFY_API_PORT": str(free_port()),
            "SOFY_SMPP_PORT": str(free_port()),
            "SOFY_SMPPS_PORT": str(free_port()),
            "SOFY_METRICS_PORT": str(port),
        }
        log = tmp_path / f"{name}.log"
        with log.open("wb") as stream:
            command = [sys.executable, "-m", "sofy.project.cli", name, *arguments]
            process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        started.append(process)
        return f"http://127.0.0.1:{port}", process, log

    yield begin
    for process in started:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_every_command_that_serves_is_tried_here():
    parsers = {words[0]: parser for words, parser in _leaves(cli.parser()) if len(words) == 1}

    runs = {name: parser.get_default("run") for name, parser in parsers.items()}
    serving = {name for name, run in runs.items() if getattr(run, "__module__", "").endswith(".processes")}

    assert serving - OTHERS == set(PROCESSES)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_answers_a_monitor(name: str, start: Callable[..., Any]):
    arguments, figure = PROCESSES[name]

    url, process, log = start(name, arguments)

    assert asked(f"{url}/healthz", process, log) == (200, "ok")
    assert asked(f"{url}/readyz", process, log) == (200, "ok")
    deadline = time.monotonic() + 20
    while figure not in (figures := asked(f"{url}/metrics", process, log)[1]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert figure in figures
    assert f'sofy_process{{process="{name}"}} 1.0' in figures
    assert [line for line in log.read_text().splitlines() if not line.startswith("{") or not json.loads(line)] == []


def test_the_example_board_and_the_example_scrape_name_figures_that_exist():
    deploy = Path(__file__).resolve().parents[4] / "deploy"
    board = (deploy / "grafana" / "sofy.json").read_text()
    code = "\n".join(path.read_text() for path in (Path(__file__).resolve().parents[2]).rglob("*.py"))

    named = set(re.findall(r"sofy_[a-z_]+", board))

    known = set(re.findall(r"sofy_[a-z_]+", code)) | {f"sofy_route_{name}" for name in _route_figures()}
    bare = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in named}
    assert bare - {re.sub(r"_total$", "", name) for name in known} == set()
    assert json.loads(board)["panels"]


def _route_figures() -> set[str]:
    from sofy.engine import metrics

    return set(metrics._COUNTED) | set(metrics._NOW)
