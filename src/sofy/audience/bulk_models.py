"""Changes of many contacts at once: what was asked, who it is about, and what became of each."""

from django.db import models

from sofy.kernel import clock
from sofy.kit.models import ClientOwned
from sofy.kit.rls import current_client


class BulkEdit(ClientOwned):
    """One change of every contact of a filtered list; `done` can be recounted from its items."""

    class Verb(models.TextChoices):
        ADD = "add", "add to a book"
        TAKE = "take", "take out of a book"
        REMOVE = "remove", "remove"

    class State(models.TextChoices):
        LISTING = "listing", "listing"
        RUNNING = "running", "running"
        DONE = "done", "done"
        UNDOING = "undoing", "undoing"
        UNDONE = "undone", "undone"

    verb = models.CharField(max_length=8, choices=Verb.choices)
    book_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.LISTING)
    asked = models.JSONField(default=dict)  # the filter, without the name searched: that is personal data
    places = models.JSONField(null=True)  # establishments of a person limited to some
    actor = models.CharField(max_length=64, blank=True, default="")
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "audience"
        db_table = "audience_bulk_edit"


class BulkItem(models.Model):
    """One contact of a bulk edit: where it resumes, and what an undo takes back."""

    class Outcome(models.IntegerChoices):
        WAITING = 0, "waiting"
        CHANGED = 1, "changed"
        SAME = 2, "nothing to do"
        UNDONE = 3, "taken back"

    pk = models.CompositePrimaryKey("client_id", "bulk_id", "contact_id")
    client_id = models.UUIDField(default=current_client, editable=False)
    bulk_id = models.UUIDField()
    contact_id = models.UUIDField()
    outcome = models.SmallIntegerField(choices=Outcome.choices, default=Outcome.WAITING)

    class Meta:
        app_label = "audience"
        db_table = "audience_bulk_item"
