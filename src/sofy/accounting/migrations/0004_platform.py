"""Invoices on their way through the approved platform, and what is said of them."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import STAFF_SQL, policy_sql

#: A client reads what became of its invoices; staff's login, that of the worker, writes it.
OF_CLIENTS = ("accounting_deposit", "accounting_said")


def protect() -> list[Any]:
    """Row-level security and rights of every table."""
    statements = [f"REVOKE ALL ON {table} FROM sofy_web, sofy_staff" for table in (*OF_CLIENTS, "accounting_mailbox")]
    for table in OF_CLIENTS:
        statements += [
            *policy_sql(table),
            f"GRANT SELECT ON {table} TO sofy_web",
            f"GRANT SELECT, INSERT, UPDATE ON {table} TO sofy_staff",
        ]
    return [
        *statements,
        "ALTER TABLE accounting_mailbox ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE accounting_mailbox FORCE ROW LEVEL SECURITY",
        "CREATE POLICY accounting_mailbox_staff ON accounting_mailbox TO sofy_staff"
        f" USING ({STAFF_SQL}) WITH CHECK ({STAFF_SQL})",
        "GRANT SELECT, INSERT, UPDATE ON accounting_mailbox TO sofy_staff",
    ]


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounting", "0003_one_look"),
        ("billing", "0003_usage"),
        ("contracts", "0006_notices_about_many"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("url", models.CharField(max_length=300, unique=True)),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "accounting_mailbox",
            },
        ),
        migrations.CreateModel(
            name="Deposit",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.CharField(max_length=35)),
                ("tracking_id", models.CharField(max_length=60, unique=True)),
                ("flow_id", models.CharField(blank=True, default="", max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for the platform"),
                            ("deposited", "Deposited at the platform"),
                            ("refused", "Not taken by the platform"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("problem", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("tried", models.PositiveSmallIntegerField(default=0)),
                ("at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deposit", to="billing.invoice"
                    ),
                ),
            ],
            options={
                "db_table": "accounting_deposit",
            },
        ),
        migrations.CreateModel(
            name="Said",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("message_id", models.CharField(max_length=80)),
                ("code", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("reason_code", models.CharField(blank=True, default="", max_length=40)),
                ("reason", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("by_rate", models.JSONField(default=dict)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "deposit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="said", to="accounting.deposit"
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "accounting_said",
            },
        ),
        migrations.AddIndex(
            model_name="deposit",
            index=models.Index(fields=["number"], name="accounting_deposit_number"),
        ),
        migrations.AddConstraint(
            model_name="said",
            constraint=models.UniqueConstraint(fields=("deposit", "message_id", "code"), name="accounting_said_once"),
        ),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
