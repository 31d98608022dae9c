"""Which numbers of a client a list of the platform stops."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0008_bulk_edit")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Stopped",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id", "identity_index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                ("identity_index", sofy.kit.fields.IndexField(editable=False)),
                ("since", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={"db_table": "audience_stopped"},
        ),
        EnableClientRLS("audience_stopped"),
        migrations.CreateModel(
            name="StoppedCheck",
            fields=[
                ("client_id", models.UUIDField(primary_key=True, serialize=False)),
                ("version", models.CharField(max_length=40)),
                ("seen", models.UUIDField()),
            ],
            options={"db_table": "audience_stopped_check"},
        ),
        EnableClientRLS("audience_stopped_check"),
    ]
