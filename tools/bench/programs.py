"""Clients whose programs send messages, on a private database: each with a sender and a key."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench import load, processes
from tools.bench.database import private_database

#: As many requests in ten seconds as a key may ever be given.
PER_10S = 100_000
_ACTOR = "bench"


@dataclass
class Base:
    """The administrator's connection, and the programs of the clients."""

    conn: Any
    programs: list[load.Program]


@contextlib.contextmanager
def base(folder: Path, clients: int, smsc: tuple[str, int]) -> Iterator[Base]:
    """Made for the block and dropped behind it; the route leads to the SMSC, which need not be there."""
    database = private_database()
    try:
        with fill(database.admin_url, folder, clients, smsc) as found:
            yield found
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


@contextlib.contextmanager
def fill(admin_url: str, folder: Path, clients: int, smsc: tuple[str, int]) -> Iterator[Base]:
    """The route, the clients and their keys, on a database that is there."""
    import psycopg

    processes.start_clock(folder)
    processes.save_route(smsc)
    with psycopg.connect(admin_url, autocommit=True) as conn:
        programs = [new(n) for n in range(clients)]
        conn.execute("VACUUM ANALYZE")
        yield Base(conn, programs)


def new(number: int) -> load.Program:
    """A client with a sender, and its program."""
    from sofy.clients.services import create_client
    from sofy.kit.rls import client_scope
    from sofy.messaging.services.senders import add_sender

    client = create_client(name=f"Bench {number}", actor=_ACTOR)
    with client_scope(client.pk):
        add_sender(client.pk, name=f"Fournil{number}", actor=_ACTOR)
    return of(client)


def of(client: Any) -> load.Program:
    """A program of a client that has a sender: its key."""
    from sofy.accounts.services import create_api_key

    _key, text = create_api_key(client, name="till", scopes=["messages:send"], per_10s=PER_10S, actor=_ACTOR)
    return load.Program(text, client.pk)
