"""Domains that clients write e-mails from."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations, models

import sofy.engine
import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0016_templates")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="EmailDomain",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("domain", models.CharField(max_length=253)),
                ("findings", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
                ("checked_at", models.DateTimeField(null=True)),
                ("verified_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "messaging_email_domain",
                "ordering": ["domain"],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "domain"), name="messaging_email_domain_once")
                ],
            },
        ),
        EnableClientRLS("messaging_email_domain"),
        migrations.RunSQL((SCHEMA / "0017_email_domains.sql").read_text(), migrations.RunSQL.noop),
    ]
