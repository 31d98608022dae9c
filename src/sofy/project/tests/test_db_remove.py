"""`sofy db remove`: everything of one embedded server goes, when somebody says so, and nothing else."""

import json
import os
from pathlib import Path

import pytest

from sofy.project import cli, places, runtime
from sofy.project.commands import db
from sofy.project.embedded_pg import EmbeddedPostgres

KEPT = ("reports/july/report.pdf", "setup/done")
GONE = ("files/a", "spool/engine/journal", "demo/clock", "run/status", "sandbox/accepted.log")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout whose server has run once, all of it in a folder of this test."""
    state, secrets, var = tmp_path / "state", tmp_path / "state" / "secrets", tmp_path / "var"
    for name in ("pg/data/PG_VERSION", "secrets/master.key", "bench/keys/one"):
        _touch(state / name)
    for name in (*KEPT, *GONE):
        _touch(var / name)
    monkeypatch.setattr(db, "EmbeddedPostgres", lambda secrets_dir: EmbeddedPostgres(state, secrets_dir))
    monkeypatch.setattr(runtime, "secrets_dir", lambda: secrets)
    monkeypatch.setattr(places, "state_dir", lambda folder=None: state)
    for name in ("SOFY_DATABASE_URL", "SOFY_DATABASE_URL_FILE", "SOFY_MASTER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOFY_VAR_DIR", str(var))
    monkeypatch.setenv("SOFY_SECRETS_DIR", str(secrets))
    return tmp_path


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_confirmed_is_removed_and_reports_stay(checkout, capsys):
    assert cli.main(["db", "remove", "--yes", "--json"]) == 0

    assert _files(checkout) == {f"var/{name}" for name in KEPT}
    assert len(json.loads(capsys.readouterr().out)["removed"]) == 3 + len(GONE)
    assert cli.main(["db", "remove", "--yes"]) == 0
    assert capsys.readouterr().out == "There was nothing to remove.\n"


def _nothing_more(checkout, monkeypatch):
    return ["db", "remove", "--json"]


def _a_server_of_ones_own(checkout, monkeypatch):
    monkeypatch.setenv("SOFY_DATABASE_URL", "postgresql://127.0.0.1:1/sofy")
    return ["db", "remove", "--yes", "--json"]


def _while_it_runs(checkout, monkeypatch):
    running = {"pid": os.getpid(), "processes": [{"name": "web", "pid": os.getpid()}]}
    (checkout / "var/run/status.json").write_text(json.dumps(running))
    return ["db", "remove", "--yes", "--json"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (_nothing_more, "removal_not_confirmed"),
        (_a_server_of_ones_own, "server_of_yours"),
        (_while_it_runs, "processes_running"),
    ],
)
def test_a_removal_that_is_refused_touches_nothing(checkout, monkeypatch, capsys, asked, code):
    words = asked(checkout, monkeypatch)
    before = _files(checkout)

    status = cli.main(words)

    assert status != 0
    assert json.loads(capsys.readouterr().out)["error"] == code
    assert _files(checkout) == before
