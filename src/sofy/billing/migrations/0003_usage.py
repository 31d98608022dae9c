"""Usage of clients: counted in the ledger of messages, and told to their contracts."""

from typing import Any, ClassVar

from django.db import migrations, models

import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import policy_sql

#: What staff may do there. A client's own pages read them.
RIGHTS = {
    "billing_usage": "SELECT, INSERT, DELETE",
    "billing_usage_month": "SELECT, INSERT, UPDATE",
    "billing_usage_told": "SELECT, INSERT, UPDATE",
}


def protect() -> list[Any]:
    """Row-level security and rights of every table."""
    statements = [f"REVOKE ALL ON {table} FROM sofy_web, sofy_staff" for table in RIGHTS]
    for table, rights in RIGHTS.items():
        statements += [
            *policy_sql(table),
            f"GRANT SELECT ON {table} TO sofy_web",
            f"GRANT {rights} ON {table} TO sofy_staff",
        ]
    return statements


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("billing", "0002_shared_events"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("month", models.DateField()),
                ("day", models.DateField()),
                ("channel", models.CharField(max_length=12)),
                ("purpose", models.CharField(max_length=12)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("network", models.TextField(blank=True)),
                ("establishment_id", models.UUIDField(null=True)),
                ("status", models.CharField(max_length=12)),
                ("reason", models.TextField(blank=True)),
                ("template", models.BooleanField(default=True)),
                ("messages", models.PositiveIntegerField()),
                ("units", models.PositiveIntegerField()),
                ("first_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "billing_usage",
                "indexes": [models.Index(fields=["client_id", "month"], name="billing_usage_month_rows")],
            },
        ),
        migrations.CreateModel(
            name="UsageMonth",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("month", models.DateField()),
                ("counted_at", models.DateTimeField()),
                ("took_ms", models.PositiveIntegerField(default=0)),
                ("open_from", models.DateTimeField()),
                ("cuts", models.JSONField(default=list)),
                ("told_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "billing_usage_month",
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "month"), name="billing_usage_month_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageTold",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("month", models.DateField()),
                ("since", models.DateField()),
                ("channel", models.CharField(max_length=12)),
                ("purpose", models.CharField(max_length=12)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("network", models.TextField(blank=True)),
                ("quantity", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "billing_usage_told",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client_id", "month", "since", "channel", "purpose", "country", "network"),
                        name="billing_usage_told_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
