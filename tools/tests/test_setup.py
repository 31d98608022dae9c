"""Which Python a fresh clone is made with."""

import os
import sys
from pathlib import Path

import pytest
from tools import setup

THIS = "{}.{}".format(*sys.version_info[:2])


def _python(folder: Path, *, says: str) -> str:
    """A program of the name of this version's Python that answers the probe with what it is told to say."""
    folder.mkdir()
    program = folder / f"python{THIS}"
    program.write_text(f"#!/bin/sh\necho {says.format(where=program)}\n")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The Python that runs setup, which takes a hundredth of a second for its probe; no other can be found."""
    running = _python(tmp_path / "running", says=f"0.010 {THIS} {{where}}")
    monkeypatch.setattr(sys, "executable", running)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(os, "get_exec_path", lambda: [str(folder) for folder in sorted(tmp_path.glob("found*"))])
    return running


def test_the_quicker_of_two_builds_makes_the_environment(only: str, tmp_path: Path) -> None:
    quick = _python(tmp_path / "found", says=f"0.008 {THIS} {{where}}")

    assert setup.quickest() == quick


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(f"0.0095 {THIS} {{where}}", id="hardly quicker"),
        pytest.param("0.001 3.9 {where}", id="another version"),
        pytest.param("no venv; exit 1", id="cannot make an environment"),
    ],
)
def test_the_python_that_runs_setup_stays_where_no_better_is_found(only: str, tmp_path: Path, says: str) -> None:
    _python(tmp_path / "found", says=says)

    assert setup.quickest() == only


def test_the_probe_runs_on_a_real_python() -> None:
    told = setup.probed(sys.executable)

    assert told is not None
    where, seconds = told
    assert Path(where).samefile(sys.executable)
    assert 0 < seconds < 5
