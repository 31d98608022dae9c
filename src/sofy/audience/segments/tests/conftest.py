from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from sofy.audience.models import Contact
from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit.rls import client_scope


@pytest.fixture
def client_id(db: None) -> Iterator[UUID]:
    clock.install(lambda: clock.DEMO_START)
    client = uuid7()
    with client_scope(client):
        yield client


@pytest.fixture
def contact(client_id: UUID) -> Callable[..., UUID]:
    """Make a contact with the given columns and answer its id."""

    def make(**columns: Any) -> UUID:
        return Contact.objects.create(client_id=client_id, **columns).id

    return make


@pytest.fixture
def event(client_id: UUID) -> Callable[..., None]:
    """Record what a message of a contact came to."""

    def make(
        contact_id: UUID,
        kind: str,
        days_ago: float = 1,
        campaign_id: UUID | None = None,
        submitted_days_ago: float | None = None,
    ) -> None:
        at = clock.now() - timedelta(days=days_ago)
        submitted_at = None if submitted_days_ago is None else clock.now() - timedelta(days=submitted_days_ago)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, submitted_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [client_id, uuid7(), contact_id, campaign_id, kind, at, submitted_at],
            )

    return make
