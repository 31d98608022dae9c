"""A product that is brought up to date: the keys and senders it has already work with the API."""

import hashlib
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"
BEFORE = """
drop table gate_api_key, gate_sender, engine_request;
drop index engine_message_reference;
alter table accounts_api_key drop column networks, drop column per_10s, add column last_used_at timestamptz;
"""


def test_keys_and_senders_that_exist_are_told_to_the_api(engine_db: Any) -> None:
    client, key, ended = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    digests = {each: hashlib.sha256(each.bytes).digest() for each in (key, ended)}
    with engine_db.connect("sofy_owner") as connection:
        connection.execute("set constraints all immediate")
        connection.execute(BEFORE)
        for table in ("accounts_api_key", "messaging_sender"):
            connection.execute(f"alter table {table} no force row level security")
        for each, revoked in ((key, None), (ended, "2026-01-01 00:00+00")):
            connection.execute(
                "insert into accounts_api_key (client_id, id, name, prefix, digest, scopes, created_at, revoked_at)"
                " values (%s, %s, 'till', 'abcdef', %s, '[\"messages:send\", \"messages:read\"]', now(), %s)",
                [client, each, digests[each], revoked],
            )
        connection.execute(
            "insert into messaging_sender (client_id, id, channel, state, name, created_at, created_by, decided_by,"
            " reason, withdrawn_at) values"
            " (%(c)s, gen_random_uuid(), 'sms', 'approved', 'Fournil', now(), 'test', '', '', null),"
            " (%(c)s, gen_random_uuid(), 'sms', 'withdrawn', 'Ancien', now(), 'test', '', '', now())",
            {"c": client},
        )
        for table in ("accounts_api_key", "messaging_sender"):
            connection.execute(f"alter table {table} force row level security")

        connection.execute((SCHEMA / "0010_api.sql").read_text())
        connection.execute(import_module("sofy.messaging.migrations.0010_api").TOLD)

        for table in ("gate_api_key", "gate_sender"):
            connection.execute(f"alter table {table} no force row level security")
        keys = connection.execute(
            "select client_id, id, digest, scopes, revoked_at is null from gate_api_key"
        ).fetchall()
        senders = connection.execute("select client_id, name from gate_sender").fetchall()
        connection.rollback()

    rights = ["messages:send", "messages:read"]
    assert sorted(keys) == sorted(
        [(client, key, digests[key], rights, True), (client, ended, digests[ended], rights, False)]
    )
    assert senders == [(client, "Fournil")]
