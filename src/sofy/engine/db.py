"""How the engine reaches PostgreSQL: one address per role, named statements, connections set up for the hot path."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import ByteaBinaryLoader

from sofy.engine import pgarray

ROLES = ("sofy_owner", "sofy_web", "sofy_staff", "sofy_engine")
DSN_FILE = "pg_dsn"
_INCLUDE = re.compile(r"^ *-- include: (\w+)$", re.MULTILINE)

#: The engine looks rows up by keys, and each statement is planned when it runs (a hundredth of what a batch costs): a
#: plan made when the tables were nearly empty would walk whole tables for each person of the next campaign.
_BY_KEY = (
    "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_mergejoin=off -c enable_sort=off -c jit=off"
    " -c plan_cache_mode=force_custom_plan -c application_name=sofy-engine"
)
#: Hot statements work on batches: the rows found are joined to the batch by hashing, never each with each.
HOT_OPTIONS = f"{_BY_KEY} -c enable_nestloop=off"
#: Rare statements work on a few rows and look up what belongs to each.
RARE_OPTIONS = f"{_BY_KEY} -c enable_hashjoin=off"


class DatabaseConfig(Protocol):
    """What is needed of `kernel.config.Config`."""

    @property
    def database_url(self) -> str | None: ...
    @property
    def secrets_dir(self) -> Path: ...


def role_url(config: DatabaseConfig, role: str) -> str:
    """The address a process of this role logs in at.

    The server and database come from `SOFY_DATABASE_URL`, or from the file the embedded server leaves in the secrets
    folder; the password is the role's own.

    Raises: FileNotFoundError when `sofy db init` was never run.
    """
    base = config.database_url or (config.secrets_dir / DSN_FILE).read_text().strip()
    password = (config.secrets_dir / f"pg_{role}").read_text().strip()
    known = {key: value for key, value in conninfo_to_dict(base).items() if key not in ("user", "password")}
    return make_conninfo("", **{**known, "user": role, "password": password})


@cache
def schema_files() -> tuple[Path, ...]:
    """The files that make the engine's tables, in order; `messaging` runs them as sofy_owner."""
    folder = Path(str(files("sofy.engine"))) / "sql" / "schema"
    return tuple(sorted(folder.glob("*.sql")))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for block in re.split(r"^-- name: ", text, flags=re.MULTILINE)[1:]:
        name, _, body = block.partition("\n")
        yield name.strip(), body.strip()


@cache
def statements() -> Mapping[str, LiteralString]:
    """Every named statement of engine/sql, by name; a line "-- include: name" stands for the statement of that name.

    Raises: ValueError for a name used twice.
    """
    found: dict[str, LiteralString] = {}
    for path in sorted((Path(str(files("sofy.engine"))) / "sql").glob("*.sql")):
        for name, body in _blocks(path.read_text()):
            if name in found:
                raise ValueError(f"{path.name}: the statement {name} exists already")
            found[name] = body
    return {name: _INCLUDE.sub(lambda piece: _bare(found[piece[1]]), body) for name, body in found.items()}


def _bare(piece: str) -> str:
    """A statement without the remarks above it."""
    return re.sub(r"\A(--.*\n)+", "", piece)


def sql(name: str) -> LiteralString:
    """The text of one named statement."""
    return statements()[name]


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A blocking connection that understands binary arrays: the worker's bulk intake, tools and tests."""
    connection = psycopg.connect(url, autocommit=autocommit)
    pgarray.register(connection)
    return connection


async def connect_hot(url: str, *, prepared: bool = True) -> psycopg.AsyncConnection[Any]:
    """A connection of the engine's loop: keyed plans only, uuid as 16 bytes.

    `prepared`: for the statements of batches, parsed once, at first use; the others are rare.
    """
    options = HOT_OPTIONS if prepared else RARE_OPTIONS
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True, options=options)
    connection.prepare_threshold = 0 if prepared else None
    pgarray.register(connection)
    connection.adapters.register_loader("uuid", ByteaBinaryLoader)
    return connection
