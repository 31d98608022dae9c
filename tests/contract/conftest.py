"""What serves the API, as a process of its own on the database of a test."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sofy.engine import permissions
from sofy.engine.keystore import KeyStore
from sofy.kernel import clock, ids
from tests.faults.test_ingest import IngestProcess


class Served(NamedTuple):
    """Where the API answers, and a key that may do everything there. `log`: what the process said."""

    address: str
    key: str
    log: Path


#: A route for every channel of the examples: channel, where people answer, price, alphabets. Nothing leaves by them.
ROUTES = (
    ("sms", "36105", "0.03", ["gsm7", "ucs2"]),
    ("rcs", "fournil-agent", "0.05", ["utf8"]),
    ("email", None, "0.002", ["utf8"]),
)


def a_key(engine_db: Any) -> str:
    """The key of a client with a sender and routes, as the examples of the description want them."""
    client = ids.uuid7()
    keys = KeyStore(engine_db.config).create(client)
    text = f"sofy_{base64.urlsafe_b64encode(client.bytes).decode().rstrip('=')}.contract"
    digest = hashlib.sha256(text.encode()).digest()
    with engine_db.connect("admin") as connection:
        scopes = ["messages:send", "messages:read"]
        permissions.write_client(connection, client, state="active")
        permissions.write_api_key(connection, client, ids.uuid7(), digest=digest, scopes=scopes)
        permissions.write_sender(connection, client, "Fournil")
        permissions.write_sender(connection, client, "bonjour@fournil.example", channel="email")
        content = '{"text": "Bonjour {{first_name}}, votre commande {{number}} est prête."}'
        row = ids.uuid7()
        permissions.write_template(
            connection, client, row, code="order_ready", channel="sms", purpose="alert", version=1, state="ready",
            content=keys.seal("gate_template", "content", row, content),
        )  # fmt: skip
        for channel, answers_at, price, encodings in ROUTES:
            connection.execute(
                "INSERT INTO engine_route (id, code, name, connector, channel, short_code, price_eur, encodings,"
                " created_at, updated_at) VALUES (%s, %s, 'None', 'smpp', %s, %s, %s, %s, %s, %s)",
                [ids.uuid7(), channel, channel, answers_at, price, encodings, clock.now(), clock.now()],
            )
    return text


@contextmanager
def ingest(engine_db: Any, folder: Path) -> Iterator[Served]:
    process = IngestProcess(engine_db.database.admin_url, folder)
    try:
        process.start()
        yield Served(f"http://127.0.0.1:{process.port}", a_key(engine_db), process.log)
    finally:
        process.stop()


#: Whatever answers the API is held to the same description.
PROCESSES: dict[str, Callable[[Any, Path], AbstractContextManager[Served]]] = {"ingest": ingest}


@pytest.fixture(params=PROCESSES)
def served(request: pytest.FixtureRequest, engine_db: Any, tmp_path: Path) -> Iterator[Served]:
    with PROCESSES[request.param](engine_db, tmp_path) as made:
        yield made
