"""Base of every client-owned model, and the kit's own two tables."""

from typing import ClassVar

from django.db import models

from sofy.kernel import clock, ids
from sofy.kit import rls


class ClientOwned(models.Model):
    """A row of one client: time-ordered id made by the application, `client_id` of the scope unless given."""

    client_id = models.UUIDField(default=rls.current_client, editable=False)
    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)

    class Meta:
        abstract = True


class OutboxRow(models.Model):
    """An event for a higher room, written in the transaction of the fact it tells; ids only, never personal data."""

    pk = models.CompositePrimaryKey("client_id", "id")
    client_id = models.UUIDField()
    id = models.UUIDField(default=ids.uuid7)
    topic = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "kit_outbox"
        indexes: ClassVar = [
            models.Index(fields=["client_id", "due_at"], condition=models.Q(done_at=None), name="kit_outbox_waiting")
        ]

    def __str__(self) -> str:
        return self.topic


class AuditHead(models.Model):
    """The last link of a client's chain; its row lock makes concurrent writers queue up instead of forking."""

    client_id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "kit_audit_head"

    def __str__(self) -> str:
        return f"{self.client_id} {self.seq}"


class AuditEntry(models.Model):
    """One decided thing: who did what when, bound to the entry before it."""

    pk = models.CompositePrimaryKey("client_id", "seq")
    client_id = models.UUIDField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        db_table = "kit_audit"

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"
