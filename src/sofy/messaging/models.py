"""What is the application's own in messaging; messages, routes and states belong to the engine."""

from typing import ClassVar

from django.db import models

from sofy.kernel import clock
from sofy.kit.models import ClientOwned


class Sender(ClientOwned):
    """A name that a client's SMS may show instead of a number."""

    name = models.CharField(max_length=11)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="messaging_sender_id_per_client"),
            models.UniqueConstraint(
                fields=["client_id", "name"], condition=models.Q(withdrawn_at=None), name="messaging_sender_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name
