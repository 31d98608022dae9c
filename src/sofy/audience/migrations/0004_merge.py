"""Merged contacts, so that a merge can be taken apart."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls


class Migration(migrations.Migration):
    """Adds the table of merges."""

    dependencies: ClassVar = [("audience", "0003_analyze")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ContactMerge",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=sofy.kernel.ids.uuid7)),
                ("winner_id", models.UUIDField()),
                ("loser_id", models.UUIDField()),
                ("image", models.BinaryField()),
                ("at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(blank=True, default="", max_length=64)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audience_contact_merge",
                "indexes": [models.Index(fields=["client_id", "winner_id"], name="contact_merge_winner")],
            },
        ),
        sofy.kit.rls.EnableClientRLS("audience_contact_merge"),
    ]
