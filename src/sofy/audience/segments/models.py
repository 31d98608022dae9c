"""Segments and the frozen lists made from them."""

from typing import ClassVar

from django.db import models

from sofy.kernel import clock
from sofy.kit.models import ClientOwned


class Segment(ClientOwned):
    """A named group of contacts: rules that are read anew each time, or a list frozen at one moment."""

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", "dynamic"
        SNAPSHOT = "snapshot", "snapshot"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.DYNAMIC)
    tree = models.JSONField(default=dict)  # the JSON form of segments/tree.py
    source_id = models.UUIDField(null=True)  # the dynamic segment a snapshot was taken from
    size = models.IntegerField(null=True)  # as last counted, for lists of segments; the truth is a fresh count
    counted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "audience"
        db_table = "audience_segment"
        constraints: ClassVar = [models.UniqueConstraint(fields=["client_id", "id"], name="segment_id_per_client")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_snapshot(self) -> bool:
        """Whether the members are a frozen list."""
        return self.kind == self.Kind.SNAPSHOT


class SegmentMember(models.Model):
    """A contact on the frozen list of a snapshot."""

    pk = models.CompositePrimaryKey("client_id", "segment_id", "contact_id")
    client_id = models.UUIDField()
    segment_id = models.UUIDField()
    contact_id = models.UUIDField()

    class Meta:
        app_label = "audience"
        db_table = "audience_segment_member"
