"""Events from a lower room to a higher one: written with the fact, delivered at least once by the worker.

A handler must be harmless when it runs twice. Payloads hold ids, never personal data.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from prometheus_client import Counter

from sofy.kernel import clock
from sofy.kit.models import OutboxRow
from sofy.kit.rls import client_scope

Handler = Callable[..., None]
_handlers: dict[str, list[Handler]] = {}
_log = structlog.get_logger("sofy.outbox")
MAX_WAIT = timedelta(minutes=10)
_EVENTS = Counter("sofy_outbox_events_total", "Events between rooms", ["topic", "outcome"])


def publish(topic: str, client_id: UUID, *, using: str = "default", **ids: Any) -> None:
    """Write an event in the caller's transaction, inside the scope of its client or, `using` staff, that of staff."""
    row = OutboxRow(client_id=client_id, topic=topic, payload={k: _plain(v) for k, v in ids.items()})
    row.save(force_insert=True, using=using)


def publish_all(topic: str, told: Iterable[tuple[UUID, Mapping[str, Any]]], *, using: str = "default") -> None:
    """Write many events at once, each of a client with its ids; otherwise as `publish`."""
    rows = [
        OutboxRow(client_id=client_id, topic=topic, payload={key: _plain(value) for key, value in ids.items()})
        for client_id, ids in told
    ]
    OutboxRow.objects.using(using).bulk_create(rows)


def handler(topic: str) -> Callable[[Handler], Handler]:
    """Register a function for a topic: called as `f(client_id=..., **ids)` inside the client's scope."""

    def register(function: Handler) -> Handler:
        registered = _handlers.setdefault(topic, [])
        if function not in registered:
            registered.append(function)
        return function

    return register


def dispatch(*, limit: int = 200) -> int:
    """Deliver what waits, client after client, and answer how many events were done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id FROM kit_outbox_waiting_clients(%s)", [clock.now()])
        clients = [row[0] for row in cursor.fetchall()]
    return sum(_dispatch_client(client_id, limit) for client_id in clients)


def _dispatch_client(client_id: UUID, limit: int) -> int:
    done = 0
    with client_scope(client_id):
        waiting = OutboxRow.objects.filter(client_id=client_id, done_at=None, due_at__lte=clock.now())
        for row in waiting.order_by("due_at", "id").select_for_update(skip_locked=True)[:limit]:
            mine = OutboxRow.objects.filter(client_id=client_id, id=row.id)
            try:
                with transaction.atomic():
                    for function in _handlers.get(row.topic, ()):
                        function(client_id=client_id, **row.payload)
            except Exception as error:  # one bad event must not hold up the others of its client
                _EVENTS.labels(row.topic, "failed").inc()
                wait = min(timedelta(seconds=2 ** min(row.attempts, 10)), MAX_WAIT)
                mine.update(attempts=min(row.attempts + 1, 1000), due_at=clock.now() + wait)
                _log.error("outbox_handler_failed", topic=row.topic, id=str(row.id), error=type(error).__name__)
            else:
                mine.update(done_at=clock.now())
                _EVENTS.labels(row.topic, "done").inc()
                done += 1
    return done


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
