"""Webhooks of a client: added, changed, replayed and removed by its people, with an entry in the audit chain."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from sofy.kit import audit
from sofy.kit.below import engine_connection
from sofy.kit.keys import keys_for
from sofy.webhooks import registry
from sofy.webhooks.registry import LAST, Shown, Webhook


def host_of(url: str) -> str:
    """The part of an address that is no secret: a path may well be one."""
    return urlsplit(url).hostname or ""


def webhooks(client_id: UUID) -> list[Webhook]:
    """Every webhook of a client, the oldest first."""
    return registry.webhooks(engine_connection(), keys_for(client_id))


def find(client_id: UUID, webhook_id: UUID) -> Webhook:
    """One of them. Raises: Refused webhook_unknown."""
    return registry.webhook(engine_connection(), keys_for(client_id), webhook_id)


def add(client_id: UUID, *, url: str, events: Sequence[str], batch: int, actor: str) -> tuple[UUID, str]:
    """A new webhook; answers its id, and its secret, which is told this once.

    Raises: Refused.
    """
    with transaction.atomic():
        made, secret = registry.add(
            engine_connection(), keys_for(client_id), url=url.strip(), events=events, batch=batch,
            production=settings.SOFY.production,
        )  # fmt: skip
        audit.append(client_id, "webhook.added", actor, {"webhook": str(made), "host": host_of(url)})
    return made, secret


def change(client_id: UUID, webhook_id: UUID, *, url: str, events: Sequence[str], batch: int, actor: str) -> None:
    """Where it is, what it is told and how much at a time. Raises: Refused."""
    with transaction.atomic():
        registry.change(
            engine_connection(), keys_for(client_id), webhook_id, url=url.strip(), events=events, batch=batch,
            production=settings.SOFY.production,
        )  # fmt: skip
        audit.append(client_id, "webhook.changed", actor, {"webhook": str(webhook_id), "host": host_of(url)})


def rotate(client_id: UUID, webhook_id: UUID, *, actor: str) -> str:
    """Another secret, told this once; for a day both sign. Raises: Refused webhook_unknown."""
    with transaction.atomic():
        secret = registry.rotate(engine_connection(), keys_for(client_id), webhook_id)
        audit.append(client_id, "webhook.rotated", actor, {"webhook": str(webhook_id)})
    return secret


def remove(client_id: UUID, webhook_id: UUID, *, actor: str) -> None:
    """Tell it nothing more. Raises: Refused webhook_unknown."""
    with transaction.atomic():
        registry.remove(engine_connection(), keys_for(client_id), webhook_id)
        audit.append(client_id, "webhook.removed", actor, {"webhook": str(webhook_id)})


def enable(client_id: UUID, webhook_id: UUID, *, actor: str) -> None:
    """Let it be told again, from what it missed on. Raises: Refused webhook_unknown."""
    with transaction.atomic():
        registry.enable(engine_connection(), keys_for(client_id), webhook_id)
        audit.append(client_id, "webhook.enabled", actor, {"webhook": str(webhook_id)})


def test(client_id: UUID, webhook_id: UUID) -> None:
    """Tell it something that is about nothing. Raises: Refused webhook_unknown, webhook_disabled."""
    with transaction.atomic():
        registry.test(engine_connection(), keys_for(client_id), webhook_id)


def deliveries(
    client_id: UUID, webhook_id: UUID, *, before: UUID = LAST, state: str | None = None, most: int = 50
) -> list[Shown]:  # fmt: skip
    """What it was told, the newest first."""
    keys = keys_for(client_id)
    return registry.deliveries(engine_connection(), keys, webhook_id, before=before, state=state, most=most)


def replay(client_id: UUID, webhook_id: UUID, delivery_id: UUID, *, actor: str) -> None:
    """Tell it something once more, under the same id. Raises: Refused delivery_unknown."""
    with transaction.atomic():
        registry.replay(engine_connection(), keys_for(client_id), webhook_id, delivery_id)
        audit.append(client_id, "webhook.replayed", actor, {"webhook": str(webhook_id), "requests": 1})


def replay_failed(client_id: UUID, webhook_id: UUID, since: datetime, *, actor: str) -> int:
    """Tell it everything once more that was given up and made since; answers how many requests that is.

    Raises: Refused webhook_unknown.
    """
    with transaction.atomic():
        count = registry.replay_failed(engine_connection(), keys_for(client_id), webhook_id, since)
        audit.append(client_id, "webhook.replayed", actor, {"webhook": str(webhook_id), "requests": count})
    return count
