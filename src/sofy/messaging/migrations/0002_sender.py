"""Sender names of clients."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("messaging", "0001_engine"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Sender",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=11)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="messaging_sender_id_per_client"),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("client_id", "name"),
                        name="messaging_sender_once",
                    ),
                ],
            },
        ),
        EnableClientRLS("messaging_sender"),
    ]
