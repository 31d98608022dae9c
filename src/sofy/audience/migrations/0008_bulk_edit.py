"""Changes of many contacts at once, with what became of each contact, so that they resume and can be taken back."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls


class Migration(migrations.Migration):
    """Adds the two tables of bulk edits."""

    dependencies: ClassVar = [("audience", "0007_check_once")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="BulkEdit",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[("add", "add to a book"), ("take", "take out of a book"), ("remove", "remove")],
                        max_length=8,
                    ),
                ),
                ("book_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("listing", "listing"),
                            ("running", "running"),
                            ("done", "done"),
                            ("undoing", "undoing"),
                            ("undone", "undone"),
                        ],
                        default="listing",
                        max_length=8,
                    ),
                ),
                ("asked", models.JSONField(default=dict)),
                ("places", models.JSONField(null=True)),
                ("actor", models.CharField(blank=True, default="", max_length=64)),
                ("total", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("changed", models.IntegerField(default=0)),
                ("started_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "audience_bulk_edit"},
        ),
        sofy.kit.rls.EnableClientRLS("audience_bulk_edit"),
        migrations.CreateModel(
            name="BulkItem",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "bulk_id",
                        "contact_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                ("bulk_id", models.UUIDField()),
                ("contact_id", models.UUIDField()),
                (
                    "outcome",
                    models.SmallIntegerField(
                        choices=[(0, "waiting"), (1, "changed"), (2, "nothing to do"), (3, "taken back")], default=0
                    ),
                ),
            ],
            options={"db_table": "audience_bulk_item"},
        ),
        sofy.kit.rls.EnableClientRLS("audience_bulk_item"),
    ]
