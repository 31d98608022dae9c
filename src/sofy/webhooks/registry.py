"""How the rooms above add, change and look at webhooks: on the caller's connection, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from sofy.engine.db import sql
from sofy.kernel import clock, ids
from sofy.kernel.crypto import ClientKeys, Unreadable
from sofy.kernel.errors import Refused
from sofy.webhooks import signing
from sofy.webhooks.events import MOST_EVENTS, TYPES, type_of
from sofy.webhooks.guard import check_url

Connection = psycopg.Connection[Any]
#: For so long both secrets sign, when one is changed.
BOTH_SIGN: Final = timedelta(days=1)
MOST_WEBHOOKS: Final = 20
#: Beyond, waiting events are not counted.
MOST_COUNTED: Final = 10_000
LAST: Final = UUID(int=2**128 - 1)


class Webhook(NamedTuple):
    """A webhook as its client sees it. `waiting`: events and requests still to come, counted up to a limit."""

    id: UUID
    events: list[str]
    state: str
    url: str
    batch: int
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    waiting: int


class Shown(NamedTuple):
    """A request to a webhook. `types`: of its events; `messages`: what they are about."""

    id: UUID
    types: list[str]
    messages: list[UUID | None]
    state: str
    attempt: int
    since: datetime
    due_at: datetime
    attempted_at: datetime | None
    answer: int | None
    problem: str | None
    latency_ms: int | None


def add(
    conn: Connection, keys: ClientKeys, *, url: str, events: Sequence[str], batch: int, production: bool
) -> tuple[UUID, str]:
    """A new webhook of the client of `keys`; answers its id, and its secret, which is told this once.

    Raises: Refused.
    """
    _check(url, events, batch, production)
    if len(webhooks(conn, keys)) >= MOST_WEBHOOKS:
        raise Refused("webhooks_too_many", most=MOST_WEBHOOKS)
    name, secret = ids.uuid7(), signing.new_secret()
    values = {
        "url": keys.seal("gate_endpoint", "url", name, url),
        "secret": keys.seal("gate_endpoint", "secret", name, secret),
        "events": _sorted(events),
        "batch": batch,
        "now": clock.now(),
    }
    conn.execute(sql("write_webhook"), _names(keys, name) | values)
    return name, secret


def webhooks(conn: Connection, keys: ClientKeys) -> list[Webhook]:
    """The webhooks of a client, the oldest first."""
    found = []
    for name, events, state, url, *others in conn.execute(sql("webhooks"), {"client": keys.client_id}).fetchall():
        try:
            opened = keys.unseal("gate_endpoint", "url", name, url)
        except Unreadable:
            opened = ""
        found.append(Webhook(name, events, state, opened, *others))
    return found


def webhook(conn: Connection, keys: ClientKeys, name: UUID) -> Webhook:
    """One of them. Raises: Refused webhook_unknown."""
    found = next((each for each in webhooks(conn, keys) if each.id == name), None)
    if found is None:
        raise Refused("webhook_unknown", 404)
    return found


def change(
    conn: Connection, keys: ClientKeys, name: UUID, *, url: str, events: Sequence[str], batch: int, production: bool
) -> None:
    """Where it is, what it is told and how much at a time. Raises: Refused."""
    _check(url, events, batch, production)
    sealed = keys.seal("gate_endpoint", "url", name, url)
    _touch(conn, "change_webhook", keys, name, url=sealed, events=_sorted(events), batch=batch)


def rotate(conn: Connection, keys: ClientKeys, name: UUID) -> str:
    """Another secret, told this once; for a day the one before signs too. Raises: Refused webhook_unknown."""
    row = conn.execute(sql("webhook_secret"), _names(keys, name)).fetchone()
    if row is None or row[0] is None:
        raise Refused("webhook_unknown", 404)
    before, secret = keys.unseal("gate_endpoint", "secret", name, row[0]), signing.new_secret()
    _touch(
        conn, "rotate_webhook", keys, name, until=clock.now() + BOTH_SIGN,
        secret=keys.seal("gate_endpoint", "secret", name, secret),
        old=keys.seal("gate_endpoint", "old_secret", name, before),
    )  # fmt: skip
    return secret


def remove(conn: Connection, keys: ClientKeys, name: UUID) -> None:
    """Tell it nothing more. Raises: Refused webhook_unknown."""
    webhook(conn, keys, name)
    _touch(conn, "remove_webhook", keys, name)


def enable(conn: Connection, keys: ClientKeys, name: UUID) -> None:
    """Let it be told again, from what it missed on. Raises: Refused webhook_unknown."""
    if webhook(conn, keys, name).state != "active":
        _touch(conn, "enable_webhook", keys, name)


def test(conn: Connection, keys: ClientKeys, name: UUID) -> None:
    """Tell it something that is about nothing. Raises: Refused webhook_unknown, webhook_disabled."""
    webhook(conn, keys, name)
    if not conn.execute(sql("test_webhook"), _names(keys, name) | {"now": clock.now()}).rowcount:
        raise Refused("webhook_disabled", 409)


def deliveries(
    conn: Connection, keys: ClientKeys, name: UUID, *, before: UUID = LAST, state: str | None = None, most: int = 50
) -> list[Shown]:
    """What it was told, the newest first."""
    values = _names(keys, name) | {"before": before, "state": state, "n": most}
    rows = conn.execute(sql("webhook_deliveries"), values).fetchall()
    return [Shown(row[0], [type_of(kind) for kind in row[1]], *row[2:]) for row in rows]


def replay(conn: Connection, keys: ClientKeys, name: UUID, delivery: UUID) -> None:
    """Once more, under the same id. Raises: Refused delivery_unknown."""
    values = _names(keys, name) | {"delivery": delivery, "now": clock.now()}
    if not conn.execute(sql("replay_delivery"), values).rowcount:
        raise Refused("delivery_unknown", 404)


def replay_failed(conn: Connection, keys: ClientKeys, name: UUID, since: datetime) -> int:
    """Everything that was given up and made since; answers how many requests that is."""
    webhook(conn, keys, name)
    values = _names(keys, name) | {"from": ids.before(since), "now": clock.now()}
    return conn.execute(sql("replay_failed"), values).rowcount


def tell(conn: Connection, client_id: UUID, kind: str, data: bytes) -> None:
    """Something else than a message happened to a client: `data` is JSON and names nobody."""
    if kind not in TYPES:
        raise ValueError(f"webhooks know no {kind}")
    conn.execute(sql("tell"), {"client": client_id, "kind": kind, "now": clock.now(), "data": data.decode()})


def _check(url: str, events: Sequence[str], batch: int, production: bool) -> None:
    check_url(url, production=production)
    if unknown := [each for each in events if each not in TYPES]:
        raise Refused("webhook_event", event=unknown[0][:40])
    if not 1 <= batch <= MOST_EVENTS:
        raise Refused("webhook_batch", most=MOST_EVENTS)


def _sorted(events: Sequence[str]) -> list[str]:
    """Without doubles, in the order in which they are listed; every one of them is none."""
    chosen = [each for each in TYPES if each in events]
    return [] if len(chosen) == len(TYPES) else chosen


def _names(keys: ClientKeys, name: UUID) -> dict[str, Any]:
    return {"client": keys.client_id, "endpoint": name}


def _touch(conn: Connection, statement: str, keys: ClientKeys, name: UUID, **values: Any) -> None:
    changed = conn.execute(sql(statement), {**_names(keys, name), "now": clock.now(), **values})
    if not changed.rowcount:
        raise Refused("webhook_unknown", 404)
