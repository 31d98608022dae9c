"""Roles, database and rights: what `sofy db init` does on a server, as its administrator.

Four roles (`sofy_owner` migrates, `sofy_web` and `sofy_staff` serve people, `sofy_engine` moves messages) get generated
passwords in the secrets folder; every process then logs in as its own role and never as the administrator.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from sofy.engine.distribution import Step
from sofy.kernel.errors import Refused
from sofy.project.places import write_private

DATABASE = "sofy"
OWNER, WEB, STAFF, ENGINE = ROLES = ("sofy_owner", "sofy_web", "sofy_staff", "sofy_engine")


def with_database(url: str, database: str) -> str:
    """The same server and login, another database."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, ""))


def database_name(url: str) -> str:
    """The database the product lives in: the one the address names, unless that is the administrator's own."""
    name = urlsplit(url).path.lstrip("/")
    return DATABASE if name in ("", "postgres", "template1") else name


def role_url(admin_url: str, secrets_dir: Path, role: str) -> str:
    """The address a process of that role logs in with."""
    parts = urlsplit(admin_url)
    address = parts.netloc.rpartition("@")[2]
    login = f"{role}:{quote(password_of(secrets_dir, role), safe='')}"
    return urlunsplit((parts.scheme, f"{login}@{address}", f"/{database_name(admin_url)}", parts.query, ""))


def password_of(secrets_dir: Path, role: str) -> str:
    """The role's password, generated the first time and kept in a file of mode 0600."""
    path = secrets_dir / f"pg_{role}"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    write_private(path, secrets.token_urlsafe(24))
    return path.read_text().strip()


def init(admin_url: str, secrets_dir: Path, *, new_passwords: bool = False) -> None:
    """Make roles, database and rights; a second run only repairs what is missing.

    Roles belong to the whole server: those of another installation keep their passwords unless `new_passwords`.
    Raises: Refused role_of_another (the roles exist with passwords that are not in this secrets folder).
    """
    database = database_name(admin_url)
    with psycopg.connect(with_database(admin_url, "postgres"), autocommit=True, connect_timeout=10) as connection:
        # Two commands at once would both create the roles; the second waits and finds them.
        connection.execute("select pg_advisory_lock(5067)")
        for role in ROLES:
            _make_role(connection, role, role_url(admin_url, secrets_dir, role), secrets_dir, new_passwords)
        connection.execute("grant sofy_owner to current_user")
        create_database(connection, database)
    with psycopg.connect(with_database(admin_url, database), autocommit=True, connect_timeout=10) as connection:
        grant(connection, database)


def create_database(connection: psycopg.Connection[Any], database: str, template: str = "template0") -> None:
    """Make the database unless it is there, owned by `sofy_owner`."""
    if connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
        return
    connection.execute(
        sql.SQL("create database {} owner sofy_owner template {} encoding 'UTF8'").format(
            sql.Identifier(database), sql.Identifier(template)
        )
    )


def grant(connection: psycopg.Connection[Any], database: str) -> None:
    """Rights of each role inside one database; what the engine may touch is granted by the schemas of its tables."""
    name = sql.Identifier(database)
    for statement in (
        sql.SQL("revoke all on database {} from public").format(name),
        sql.SQL("grant connect on database {} to sofy_web, sofy_staff, sofy_engine").format(name),
        sql.SQL("revoke all on schema public from public"),
        sql.SQL("grant all on schema public to sofy_owner"),
        sql.SQL("grant usage on schema public to sofy_web, sofy_staff, sofy_engine"),
        sql.SQL(
            "alter default privileges for role sofy_owner in schema public"
            " grant select, insert, update, delete on tables to sofy_web, sofy_staff"
        ),
        sql.SQL(
            "alter default privileges for role sofy_owner in schema public"
            " grant usage, select on sequences to sofy_web, sofy_staff"
        ),
    ):
        connection.execute(statement)


def migrations_digest() -> str:
    """A short name for the present state of all migrations and schema files."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for pattern in ("*/migrations/*.py", "engine/sql/schema/*.sql"):
        for path in sorted(package.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def migrated_to(connection: psycopg.Connection[Any], database: str) -> str | None:
    """The digest of the migrations that a database last ran, which it carries as its comment."""
    query = "select shobj_description(oid, 'pg_database') from pg_database where datname = %s"
    row = connection.execute(query, [database]).fetchone()
    return str(row[0]) if row and row[0] else None


def remember_migrated(connection: psycopg.Connection[Any], database: str, digest: str) -> None:
    """Write on the database that all migrations of this digest have run."""
    comment = sql.SQL("comment on database {} is {}")
    connection.execute(comment.format(sql.Identifier(database), sql.Literal(digest)))


def _make_role(
    connection: psycopg.Connection[Any], role: str, login: str, secrets_dir: Path, new_password: bool
) -> None:
    exists = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    ours = bool(exists) and not new_password
    if ours and not _opens(connection, login):
        raise Refused("role_of_another", 409, role=role, folder=str(secrets_dir))
    password = sql.SQL(" password {}").format(sql.Literal(password_of(secrets_dir, role)))
    statement = "{verb} role {role} login nosuperuser nocreatedb nocreaterole {bypass}{password}"
    connection.execute(
        sql.SQL(statement).format(
            verb=sql.SQL("alter" if exists else "create"),
            bypass=sql.SQL("bypassrls" if role == ENGINE else "nobypassrls"),
            role=sql.Identifier(role),
            password=sql.SQL("") if ours else password,
        )
    )


def _opens(connection: psycopg.Connection[Any], login: str) -> bool:
    """Whether a role gets in with the password of our folder, in our database or, before there is one, any other."""
    exists = connection.execute("select 1 from pg_database where datname = %s", [database_name(login)]).fetchone()
    try:
        psycopg.connect(login if exists else with_database(login, "postgres"), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def distribute(admin_url: str, steps: Sequence[Step]) -> list[str]:
    """Lay tables over the servers of a Citus cluster; answers those that were not before.

    Raises: Refused citus_missing.
    """
    with psycopg.connect(with_database(admin_url, database_name(admin_url)), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone() is None:
            raise Refused("citus_missing")
        known = {
            str(row[0]) for row in connection.execute("SELECT logicalrelid::regclass::text FROM pg_dist_partition")
        }
        done = [step for step in steps if step.table not in known]
        for step in done:
            connection.execute(step.statement.encode())
    return [step.table for step in done]
