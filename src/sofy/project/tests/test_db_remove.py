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
OF_THE_STATE = ("pg/data/PG_VERSION", "pg.lock", "pg.port", "secrets/master.key", "bench/keys/one")
#: Who runs it -> the state folder and the folder of reports, below the folder of the test.
LAYOUTS = {
    "an ordinary user": ("var", "var"),
    "root": ("lib/0123456789ab", "var"),
    "root, with the reports beside the data": ("lib/0123456789ab", "lib/0123456789ab/var"),
}
NEIGHBOUR = "lib/ba9876543210/pg/data/PG_VERSION"


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture
def checkout(tmp_path, monkeypatch, layout):
    """A checkout whose server has run once, all of it in a folder of this test."""
    state, var = (tmp_path / name for name in LAYOUTS[layout])
    secrets = state / "secrets"
    for name in OF_THE_STATE:
        _touch(state / name)
    for name in (*KEPT, *GONE):
        _touch(var / name)
    _touch(tmp_path / NEIGHBOUR)
    monkeypatch.setattr(places, "SYSTEM_ROOT", tmp_path / "lib")
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


def test_what_is_confirmed_is_removed_and_reports_stay(checkout, layout, capsys):
    state, var = LAYOUTS[layout]

    assert cli.main(["db", "remove", "--yes", "--json"]) == 0

    assert _files(checkout) == {NEIGHBOUR, *(f"{var}/{name}" for name in KEPT)}
    assert (checkout / state).exists() == (layout != "root")
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert len(removed) == len(GONE) + (2 if layout == "root" else len(OF_THE_STATE))
    assert cli.main(["db", "remove", "--yes"]) == 0
    assert capsys.readouterr().out == "There was nothing to remove.\n"


def _nothing_more(checkout, monkeypatch):
    return ["db", "remove", "--json"]


def _a_server_of_ones_own(checkout, monkeypatch):
    monkeypatch.setenv("SOFY_DATABASE_URL", "postgresql://127.0.0.1:1/sofy")
    return ["db", "remove", "--yes", "--json"]


def _while_it_runs(checkout, monkeypatch):
    running = {"pid": os.getpid(), "processes": [{"name": "web", "pid": os.getpid()}]}
    Path(os.environ["SOFY_VAR_DIR"], "run/status.json").write_text(json.dumps(running))
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
