"""What every test run needs before Django is configured (loaded by pytest with `-p sofy.project.testing`).

A run has its own folders, keys and databases, so that several runs, and a demo, share one server without meeting.
The database is migrated once into a template (per state of the migrations) and copied for each worker.
"""

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sofy.project import database, places
from sofy.project.embedded_pg import EmbeddedPostgres

RUN = os.environ.setdefault("SOFY_TEST_RUN", str(os.getpid()))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
KEPT = ("django_migrations", "django_content_type", "auth_permission")
#: What somebody may set for the tests themselves.
SETTINGS = ("SOFY_TEST_RUN", "SOFY_TEST_SEED", "SOFY_NO_BROWSER", "SOFY_TEST_DATABASE_URL", "SOFY_TEST_SERVER")


def _own_folders() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sofy-test-"))
    atexit.register(_remove, folder, os.getpid())
    for variable in [name for name in os.environ if name.startswith("SOFY_")]:
        if variable not in SETTINGS:
            # A developer's own settings must not change what the tests see; a real server stays available to them.
            value = os.environ.pop(variable)
            if variable == "SOFY_DATABASE_URL":
                os.environ["SOFY_TEST_SERVER"] = value
    os.environ["SOFY_ENVIRONMENT"] = "test"
    os.environ["SOFY_SECRETS_DIR"] = str(folder / "secrets")
    os.environ["SOFY_MASTER_KEY_FILE"] = str(folder / "secrets" / "master.key")
    os.environ["SOFY_VAR_DIR"] = str(folder / "var")
    os.environ["DJANGO_SETTINGS_MODULE"] = "sofy.project.settings"
    return folder


def _remove(folder: Path, owner: int) -> None:
    """A process forked from the run leaves the run's folder alone."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


FOLDER = _own_folders()


def _server() -> tuple[str, Path]:
    """The administrator's address and the folder of the role passwords, both shared by all runs of a checkout."""
    real = os.environ.get("SOFY_TEST_SERVER")
    secrets_dir = places.state_dir() / "secrets"
    return (real, secrets_dir) if real else (EmbeddedPostgres(secrets_dir=secrets_dir).ensure(), secrets_dir)


class TestDatabase:
    """The database of one worker of one run, with the addresses of all roles."""

    __test__ = False

    def __init__(self) -> None:
        self.server, self.shared_secrets = _server()
        self.name = f"sofy_test_{RUN}_{WORKER}"
        self.admin_url = database.with_database(self.server, self.name)
        self._seeded: set[str] = set()
        self._broom: psycopg.Connection[Any] | None = None

    def create(self) -> None:
        """Copy the template, made first when no run has made it for the present migrations."""
        maintenance = database.with_database(self.server, "postgres")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(5068)")
            template = f"sofy_template_{database.migrations_digest()}"
            if not connection.execute("select 1 from pg_database where datname = %s", [template]).fetchone():
                self._build_template(connection, template)
            self._drop(connection, self.name)
            copy = sql.SQL("create database {} template {} owner sofy_owner")
            connection.execute(copy.format(sql.Identifier(self.name), sql.Identifier(template)))
            database_rights = "grant connect on database {} to sofy_web, sofy_staff, sofy_engine"
            connection.execute(sql.SQL(database_rights).format(sql.Identifier(self.name)))
            database.remember_migrated(connection, self.name, database.migrations_digest())
        self._take_passwords()
        with psycopg.connect(self.admin_url) as connection:
            self._seeded = set(self._tables_with_rows(connection)) | set(KEPT)

    def close(self) -> None:
        """Let go of the connection that empties it."""
        if self._broom is not None:
            self._broom.close()

    def drop(self) -> None:
        self.close()
        with psycopg.connect(database.with_database(self.server, "postgres"), autocommit=True) as connection:
            self._drop(connection, self.name)

    def url(self, role: str) -> str:
        """The address to log in with as one of the four roles."""
        return database.role_url(self.admin_url, self.shared_secrets, role)

    def empty(self) -> None:
        """Take every row away that a test committed; what migrations put there stays."""
        if self._broom is None or self._broom.closed:
            self._broom = psycopg.connect(self.admin_url)
        with self._broom.transaction():
            # Deleting a few rows is much quicker than truncating, and no order of tables has to be found.
            self._broom.execute("set local session_replication_role = replica")
            for table in self._tables_with_rows(self._broom):
                if table not in self._seeded:
                    self._broom.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))

    def _tables_with_rows(self, connection: psycopg.Connection[Any]) -> list[str]:
        found = connection.execute(
            "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
        ).fetchall()
        looks = [
            sql.SQL("case when exists (select from {}) then {} end").format(sql.Identifier(name), sql.Literal(name))
            for (name,) in sorted(found)
        ]
        rows = sql.SQL("select array_remove(array[{}], null)").format(sql.SQL(", ").join(looks))
        # Planning this takes longer than running it.
        return list((connection.execute(rows, prepare=True).fetchone() or ([],))[0])

    def _take_passwords(self) -> None:
        secrets_dir = places.private_dir(Path(os.environ["SOFY_SECRETS_DIR"]))
        for role in database.ROLES:
            places.write_private(secrets_dir / f"pg_{role}", database.password_of(self.shared_secrets, role))

    def _build_template(self, connection: psycopg.Connection[Any], template: str) -> None:
        draft = f"sofy_draft_{RUN}"
        self._drop(connection, draft)
        database.init(database.with_database(self.server, draft), self.shared_secrets)
        environment = {
            **os.environ,
            "SOFY_SECRETS_DIR": str(self.shared_secrets),
            "SOFY_DATABASE_URL": database.with_database(self.server, draft),
            "SOFY_DATABASE_ROLE": database.OWNER,
        }
        command = [sys.executable, "-m", "django", "migrate", "--skip-checks", "--no-input", "--verbosity", "0"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            self._drop(connection, draft)
            raise RuntimeError(f"The migrations failed:\n{done.stdout}{done.stderr}")
        names = sql.SQL("alter database {} rename to {}")
        connection.execute(names.format(sql.Identifier(draft), sql.Identifier(template)))
        self._drop_leftovers(connection, template)

    def _drop_leftovers(self, connection: psycopg.Connection[Any], template: str) -> None:
        """Templates of earlier migrations, and databases of runs that were killed on this machine."""
        ours = "select datname from pg_database where datname ~ '^sofy_(template|test|draft)_'"
        for (name,) in connection.execute(ours).fetchall():
            kind, owner = name.split("_")[1:3]
            alive = Path(f"/proc/{owner}").exists()
            if name != template if kind == "template" else not alive:
                with contextlib.suppress(psycopg.Error):
                    self._drop(connection, name)

    @staticmethod
    def _drop(connection: psycopg.Connection[Any], name: str) -> None:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
