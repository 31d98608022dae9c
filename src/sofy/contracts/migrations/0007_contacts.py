"""Whom the operator writes to at a client."""

from typing import Any, ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import policy_sql

#: A client names them itself; staff's login reads.
RIGHTS: list[Any] = [
    "REVOKE ALL ON contracts_contact FROM sofy_web, sofy_staff",
    *policy_sql("contracts_contact"),
    "GRANT SELECT, INSERT, UPDATE ON contracts_contact TO sofy_web",
    "GRANT SELECT ON contracts_contact TO sofy_staff",
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contracts", "0006_notices_about_many"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("billing", "Invoices and payments"), ("security", "Security and incidents")],
                        max_length=8,
                    ),
                ),
                ("name", sofy.kit.fields.SealedTextField()),
                ("email", sofy.kit.fields.SealedTextField()),
                ("phone", sofy.kit.fields.SealedTextField(blank=True, default=b"")),
                ("changed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "contracts_contact",
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "kind"), name="contracts_one_contact_per_matter")
                ],
            },
        ),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
