"""What staff put on the stop list, the engine stops: with its own login, its own look at the keys, at hand-over."""

import asyncio
import io
import json
from typing import Any

import psycopg
import pytest
from django.db import connection

from sofy.clients.services import create_client
from sofy.engine import intake, route_config
from sofy.engine.intake import MessageIn
from sofy.engine.loop import Engine
from sofy.engine.tests.conftest import FakeConnector
from sofy.kernel import clock, ids
from sofy.kit.keys import keys_for, keystore
from sofy.kit.rls import client_scope
from sofy.messaging.services import stop_list

STOPPED, FREE = "+33639980001", "+33639980002"


@pytest.fixture
def sending(engine_db: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client with an alert to each of two numbers, and a route; one number is on the list."""
    clock.install(lambda: clock.DEMO_START)
    monkeypatch.setattr(route_config, "discover", lambda: {"fake": FakeConnector})
    client = create_client(name="Fleurs du Port", slug=f"c{ids.base58(8).lower()}")
    with engine_db.connect("admin", autocommit=True) as admin:
        admin.execute(
            "INSERT INTO engine_route (id, code, name, connector, config, created_at, updated_at)"
            " VALUES (%s, 'fake', 'fake', 'fake', %s, now(), now())",
            [ids.uuid7(), json.dumps({"name": "fake"})],
        )
    content = io.BytesIO(b"Mobile\n06 39 98 00 01\n")
    stop_list.confirm(stop_list.upload(content=content, name="AF2M", reason="x", actor="test").id, actor="test")
    with client_scope(client.pk):
        messages = [
            MessageIn(purpose="alert", to=number, text="Code 1234", sender="FLEURS") for number in (STOPPED, FREE)
        ]
        intake.submit(connection.connection, client.pk, messages, keys=keys_for(client.pk))
    return engine_db, {message.to: message.id for message in messages}


@pytest.mark.clause("CGVU 13")
def test_the_gate_withholds_what_staff_put_on_the_list(sending, tmp_path):
    database, sent = sending

    async def run() -> None:
        engine = Engine(database.url("sofy_engine"), keystore(), tmp_path / "spool")
        await engine.start()
        try:
            async with asyncio.timeout(20):
                while len(await asyncio.to_thread(states, database)) < 2:
                    await asyncio.sleep(0.05)
        finally:
            await engine.stop(0.5)

    asyncio.run(run())

    found = states(database)
    assert found[sent[STOPPED]] == ("withheld", "platform_suppressed", "CGVU 13")
    assert found[sent[FREE]][0] == "submitted"


def states(database: Any) -> dict[Any, tuple[str, str, str]]:
    """What became of the messages that are not waiting any more."""
    with psycopg.connect(database.url("sofy_engine")) as conn:
        rows = conn.execute("SELECT message_id, status, reason, article FROM engine_state WHERE status <> 'accepted'")
        return {message: (status, reason, article) for message, status, reason, article in rows}
