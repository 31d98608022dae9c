"""The command line against this test's database."""

from collections.abc import Callable
from typing import Any

import pytest

from sofy.project import cli, runtime


@pytest.fixture
def sofy(engine_db: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command; answers the exit status and what it printed."""
    monkeypatch.setenv("SOFY_DATABASE_URL", engine_db.database.admin_url)
    monkeypatch.setattr(runtime, "_admin_url", [])

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = cli.main(list(arguments))
        return status, capsys.readouterr().out

    return run
