"""What every command does first: find the folders, start the server, know the settings, open Django."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psycopg

from sofy.kernel.config import Config
from sofy.project import database, places
from sofy.project.embedded_pg import EmbeddedPostgres

_admin_url: list[str] = []
_embedded: list[EmbeddedPostgres] = []


def secrets_dir() -> Path:
    """Where the generated passwords and keys are."""
    places.prepare_environment()
    return Path(os.environ["SOFY_SECRETS_DIR"])


def admin_url() -> str:
    """The administrator's address; the embedded server is started when no other is named."""
    if not _admin_url:
        folder = secrets_dir()
        named = Config.load(os.environ, read_file=lambda path: Path(path).read_text()).database_url
        if not named:
            _embedded.append(EmbeddedPostgres(secrets_dir=folder))
        _admin_url.append(named or _embedded[-1].ensure())
    return _admin_url[0]


def embedded_server() -> EmbeddedPostgres | None:
    """The server this process started or found, None when the settings name another."""
    return _embedded[-1] if _embedded else None


def prepare() -> Config:
    """The settings of this process, with a server that runs; the administrator's login is kept out of them."""
    url = urlsplit(admin_url())
    address = url.netloc.rpartition("@")[2]
    # Processes started from here log in as their own role: they are told where the server is, and nothing more.
    name = database.database_name(admin_url())
    os.environ["SOFY_DATABASE_URL"] = urlunsplit((url.scheme, address, f"/{name}", url.query, ""))
    os.environ.pop("SOFY_DATABASE_URL_FILE", None)
    return _with_shared_clock(Config.load(os.environ, read_file=lambda path: Path(path).read_text()))


def clock_path(config: Config) -> Path:
    """Where demo and training keep the clock they share."""
    return Path(config.var_dir) / "demo" / "clock"


def _with_shared_clock(config: Config) -> Config:
    """A command beside a demo or training lives in its time; production and tests take only what they were given."""
    path = clock_path(config)
    if config.clock_file is not None or config.environment in ("production", "test") or not path.exists():
        return config
    os.environ["SOFY_CLOCK_FILE"] = str(path)
    return msgspec.structs.replace(config, clock_file=path)


def ready() -> Config:
    """Like `prepare`, with roles, database and tables in place; quick when they are."""
    config = prepare()
    folder = secrets_dir()
    # The administrator's own database always exists; ours perhaps not yet.
    name, wanted = database.database_name(admin_url()), database.migrations_digest()
    with psycopg.connect(database.with_database(admin_url(), "postgres"), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(5069)")  # two commands at once migrate once
        complete = all((folder / f"pg_{role}").exists() for role in database.ROLES)
        if not complete or database.migrated_to(connection, name) != wanted:
            database.init(admin_url(), folder)
            django("migrate", "--skip-checks", "--no-input", "--verbosity", "0")
            database.remember_migrated(connection, name, wanted)
    return config


def django(*arguments: str) -> None:
    """Run a Django command in a process of its own, as the owner of the tables.

    Raises: RuntimeError with what the command said.
    """
    prepare()
    ours = {"SOFY_DATABASE_ROLE": database.OWNER, "DJANGO_SETTINGS_MODULE": "sofy.project.settings"}
    environment = {**os.environ, **ours}
    command = [sys.executable, "-m", "django", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")


def open_django(config: Config | None = None) -> Config:
    """Django ready, for commands that use the services of the apps; the database is put in place first.

    A serving process gives the settings it has: it has no login that could put anything in place.
    """
    config = config or ready()
    os.environ["DJANGO_SETTINGS_MODULE"] = "sofy.project.settings"
    import django as framework

    framework.setup()
    install_clock(config)
    return config


def install_clock(config: Config) -> None:
    """Use the shared shifted clock when the settings name one (never in production)."""
    if config.clock_file is not None:
        from sofy.engine.shifted_clock import FileClock
        from sofy.kernel import clock

        clock.install(FileClock(config.clock_file, environment=config.environment))
