"""What is the application's own in messaging; messages, routes and states belong to the engine."""

from typing import ClassVar

from django.db import models

from sofy.kernel import clock
from sofy.kernel.ids import uuid7
from sofy.kit.fields import IndexField
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


class StopFile(models.Model):
    """A file of numbers nobody may write to, as a regulator gave it; its numbers are in `platform_suppression`.

    It belongs to the platform: only the staff login reads or writes it. `remarks` are the first rows that could not be
    used, by their number and the codes of what is wrong.
    """

    class State(models.TextChoices):
        CHECKING = "checking", "checking"
        CHECKED = "checked", "checked"
        ADDING = "adding", "adding"
        ACTIVE = "active", "active"
        WITHDRAWING = "withdrawing", "withdrawing"
        WITHDRAWN = "withdrawn", "withdrawn"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # that of the sealed upload too
    name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.CHECKING)
    digest = IndexField()  # keyed hash of the content: the same file is known again
    file_format = models.CharField(max_length=4)
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    mapping = models.JSONField(default=dict)
    rows = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    numbers = models.IntegerField(default=0)  # different ones
    added = models.IntegerField(default=0)  # of these, on no list before
    known = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)  # rows
    problems = models.JSONField(default=dict)
    remarks = models.JSONField(default=list)
    error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=80, blank=True)
    withdrawn_for = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name
