"""Segments and their frozen lists."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls


class Migration(migrations.Migration):
    """Tables of segments."""

    dependencies: ClassVar = [("audience", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[("dynamic", "dynamic"), ("snapshot", "snapshot")], default="dynamic", max_length=8
                    ),
                ),
                ("tree", models.JSONField(default=dict)),
                ("source_id", models.UUIDField(null=True)),
                ("size", models.IntegerField(null=True)),
                ("counted_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("updated_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audience_segment",
                "constraints": [models.UniqueConstraint(fields=("client_id", "id"), name="segment_id_per_client")],
            },
        ),
        migrations.CreateModel(
            name="SegmentMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "segment_id",
                        "contact_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("segment_id", models.UUIDField()),
                ("contact_id", models.UUIDField()),
            ],
            options={"db_table": "audience_segment_member"},
        ),
        sofy.kit.rls.EnableClientRLS("audience_segment"),
        sofy.kit.rls.EnableClientRLS("audience_segment_member"),
    ]
