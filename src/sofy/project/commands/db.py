"""`sofy db`: the server, its roles, its tables; and `sofy django`, the commands of the framework."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from sofy.engine import distribution
from sofy.kernel.config import Config
from sofy.kernel.errors import Refused
from sofy.project import database, places, runtime, supervisor
from sofy.project.answers import Answer
from sofy.project.commands import Commands, group, leaf
from sofy.project.embedded_pg import EmbeddedPostgres

#: Roles as people call them.
SHORT = {role.removeprefix("sofy_"): role for role in database.ROLES}
#: Folders of var/ that mean nothing without the database and its keys.
OF_THE_DATA = ("files", "spool", "sandbox", "demo", "run")
#: What the server and its measurements write into a state folder that others use too.
OF_THE_SERVER = ("pg", "pg.lock", "pg.port", "bench")


def add(commands: Commands) -> None:
    actions = group(commands, "db", "The database: roles, addresses, migrations.")
    made = leaf(actions, "init", "Create roles, database and tables, or repair what is missing.", init)
    made.add_argument(
        "--new-passwords",
        action="store_true",
        help="give the four roles of this server the passwords of this folder; other installations on it stop working",
    )
    leaf(actions, "migrate", "Bring the tables to the present version.", migrate)
    leaf(actions, "stop", "Stop the embedded server; the next command starts it again.", stop)
    gone = leaf(
        actions, "remove", "Remove the embedded server's data with the keys and files that belong to it.", remove
    )
    gone.add_argument("--yes", action="store_true", help="remove it: contacts, messages and proofs cannot be had back")
    spread = leaf(actions, "distribute", "Lay the engine's tables over a cluster of Citus servers.", distribute)
    spread.add_argument("--print", action="store_true", dest="only_print", help="only say the statements")
    url = leaf(actions, "url", "The address to connect to; starts the embedded server when needed.", show_url)
    url.add_argument(
        "--role",
        choices=[*SHORT, *database.ROLES],
        metavar="ROLE",
        help="owner, web, staff or engine: the login of a role instead of the administrator's",
    )
    commands.add_parser("django", help="Run a command of Django.", description="Run a command of Django.")


def init(arguments: argparse.Namespace) -> Answer:
    runtime.prepare()
    database.init(runtime.admin_url(), runtime.secrets_dir(), new_passwords=arguments.new_passwords)
    runtime.ready()
    name = database.database_name(runtime.admin_url())
    return Answer(f"The database {name} and its four roles are ready.", {"database": name, "roles": database.ROLES})


def migrate(_arguments: argparse.Namespace) -> Answer:
    runtime.prepare()
    runtime.django("migrate", "--skip-checks", "--no-input", "--verbosity", "0")
    return Answer("The tables are up to date.", {"migrated": True})


def distribute(arguments: argparse.Namespace) -> Answer:
    """Rows of a client lie together; what is laid out already is left. Raises: Refused citus_missing."""
    steps = list(distribution.steps())
    statements = [step.statement for step in steps]
    if arguments.only_print:
        return Answer(";\n".join(statements) + ";", {"statements": statements})
    runtime.prepare()
    done = database.distribute(runtime.admin_url(), steps)
    return Answer(f"{len(done)} tables were laid out over the cluster.", {"tables": done})


def stop(_arguments: argparse.Namespace) -> Answer:
    stopped = EmbeddedPostgres(secrets_dir=runtime.secrets_dir()).stop()
    return Answer("Stopped." if stopped else "It was not running.", {"stopped": stopped})


def remove(arguments: argparse.Namespace) -> Answer:
    """Forget everything the embedded server knows, and what cannot be read without it. Reports stay."""
    folder = runtime.secrets_dir()
    config = Config.load(os.environ, read_file=lambda path: Path(path).read_text())
    if config.database_url:
        raise Refused("server_of_yours", 409)
    if any(row["alive"] for row in supervisor.status(config.var_dir)):
        raise Refused("processes_running", 409)
    server = EmbeddedPostgres(secrets_dir=folder)
    all_of_it = [*_left_by(server, config.var_dir), folder, *(config.var_dir / name for name in OF_THE_DATA)]
    there = [str(place) for place in all_of_it if place.exists()]
    if there and not arguments.yes:
        raise Refused("removal_not_confirmed", 409, folders=", ".join(there))
    server.stop()
    for place in map(Path, there):
        if place.is_file():
            place.unlink()
        elif place.exists():  # the keys may have been in the folder above
            shutil.rmtree(place)
    return Answer("\n".join(["Removed:", *there]) if there else "There was nothing to remove.", {"removed": there})


def _left_by(server: EmbeddedPostgres, var_dir: Path) -> list[Path]:
    """The server's own part of the state folder: as root all of it, beside an ordinary user's reports what it wrote."""
    state = server.state.resolve()
    if state.parent == places.SYSTEM_ROOT.resolve() and not var_dir.resolve().is_relative_to(state):
        return [server.state]
    return [server.state / name for name in OF_THE_SERVER]


def show_url(arguments: argparse.Namespace) -> Answer:
    runtime.ready()
    url = runtime.admin_url()
    if arguments.role:
        url = database.role_url(url, runtime.secrets_dir(), SHORT.get(arguments.role, arguments.role))
    else:
        url = database.with_database(url, database.database_name(url))
    return Answer(url, {"url": url})


def run_django(arguments: list[str]) -> int:
    """Hand the rest of the line to Django, as the owner of tables it changes, in the time of the demo beside it."""
    runtime.install_clock(runtime.prepare())
    database.init(runtime.admin_url(), runtime.secrets_dir())
    os.environ["DJANGO_SETTINGS_MODULE"] = "sofy.project.settings"
    if arguments[:1] and arguments[0] in ("migrate", "makemigrations", "showmigrations", "sqlmigrate", "dbshell"):
        os.environ["SOFY_DATABASE_ROLE"] = database.OWNER
    from django.core.management import execute_from_command_line

    execute_from_command_line(["sofy django", *arguments])
    sys.stdout.flush()
    return 0
