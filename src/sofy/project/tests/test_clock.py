"""Which clock a command lives by: that of the demo or training beside it, and never a moved one in production."""

from datetime import UTC, datetime

import pytest

from sofy.engine.shifted_clock import FileClock
from sofy.kernel import clock
from sofy.kernel.errors import ConfigError
from sofy.project import database, runtime
from sofy.project.commands.db import run_django

THEN = datetime(2027, 1, 5, 13, 30, tzinfo=UTC)


@pytest.fixture
def prepared(engine_db, monkeypatch, tmp_path):
    """Prepare a command in a folder where a demo left its clock."""
    FileClock(tmp_path / "demo" / "clock", environment="demo").advance_to(THEN)

    def prepare(environment):
        monkeypatch.setenv("SOFY_DATABASE_URL", engine_db.database.admin_url)
        monkeypatch.setenv("SOFY_ENVIRONMENT", environment)
        monkeypatch.setenv("SOFY_BASE_URL", "https://sofy.example")
        monkeypatch.setenv("SOFY_VAR_DIR", str(tmp_path))
        monkeypatch.setenv("SOFY_CLOCK_FILE", "")
        monkeypatch.setattr(runtime, "_admin_url", [])
        config = runtime.prepare()
        runtime.install_clock(config)
        return config

    return prepare


@pytest.mark.parametrize("environment", ["demo", "training", "development"])
def test_a_command_beside_a_demo_lives_in_its_time(prepared, environment):
    prepared(environment)

    assert clock.now() >= THEN


def test_production_takes_no_clock_that_a_demo_left_and_refuses_one_it_is_given(prepared, monkeypatch, tmp_path):
    assert prepared("production").clock_file is None
    assert not clock.is_shifted()

    monkeypatch.setenv("SOFY_CLOCK_FILE", str(tmp_path / "demo" / "clock"))
    with pytest.raises(ConfigError):
        runtime.prepare()


def test_an_import_and_its_undo_are_in_the_same_time(prepared, sofy, tmp_path):
    from sofy.audience.models import Import
    from sofy.kit.rls import client_scope
    from sofy.project.commands.clients import find_client

    (tmp_path / "contacts.csv").write_text("prenom;portable\nZoé;06 39 98 00 01\n")
    prepared("demo")
    sofy("client", "create", "Zoé", "--slug", "zoe")
    status, _ = sofy("contacts", "import", str(tmp_path / "contacts.csv"), "--client", "zoe")

    client = find_client("zoe")
    with client_scope(client.pk):
        assert status == 0
        assert Import.objects.get(client_id=client.pk).started_at >= THEN


def test_a_shell_of_django_lives_in_that_time_too(prepared, monkeypatch, capsys):
    prepared("demo")
    clock.install(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(database, "init", lambda *_: None)

    run_django(["shell", "-c", "from sofy.kernel import clock; print(clock.now().year)"])

    assert capsys.readouterr().out.splitlines()[-1] == "2027"
