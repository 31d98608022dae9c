"""Who said no by the link of an e-mail is counted with its campaign."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
from sofy.kit.rls import EnableClientRLS

INDEXES = """
CREATE INDEX soreach_unsubscribe_campaign ON soreach_unsubscribe (client_id, campaign_id);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("soreach", "0008_opens")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Unsubscribe",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id", "message_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("campaign_id", models.UUIDField()),
                ("contact_id", models.UUIDField(null=True)),
                ("at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={"db_table": "soreach_unsubscribe"},
        ),
        EnableClientRLS("soreach_unsubscribe"),
        migrations.RunSQL(INDEXES, migrations.RunSQL.noop),
    ]
