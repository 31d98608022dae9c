"""Tables of the books: staff works them out and reads them; no client's login has a right to them."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import STAFF_SQL, policy_sql

#: Tables of a client's rows: written anew by staff's login, read by it.
OF_CLIENTS = ("accounting_booked", "accounting_due", "accounting_sale", "accounting_health")


def protect() -> list[Any]:
    """Row-level security and rights of every table."""
    statements = []
    for table in (*OF_CLIENTS, "accounting_chart"):
        statements.append(f"REVOKE ALL ON {table} FROM sofy_web, sofy_staff")
    for table in OF_CLIENTS:
        statements += [*policy_sql(table), f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO sofy_staff"]
    return [
        *statements,
        "ALTER TABLE accounting_chart ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE accounting_chart FORCE ROW LEVEL SECURITY",
        "CREATE POLICY accounting_chart_staff ON accounting_chart TO sofy_staff"
        f" USING ({STAFF_SQL}) WITH CHECK ({STAFF_SQL})",
        "GRANT SELECT, INSERT, UPDATE ON accounting_chart TO sofy_staff",
    ]


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("contracts", "0005_licences"),
        ("billing", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Booked",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("happened", models.PositiveIntegerField()),
                ("issued", models.PositiveIntegerField()),
                ("problem", models.CharField(blank=True, default="", max_length=40)),
                ("worked_out_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="booked", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "accounting_booked",
            },
        ),
        migrations.CreateModel(
            name="Chart",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("accounts", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "accounting_chart",
            },
        ),
        migrations.CreateModel(
            name="Health",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("rank", models.PositiveSmallIntegerField(default=0)),
                ("licensed", models.PositiveIntegerField(default=0)),
                ("active", models.PositiveIntegerField(default=0)),
                ("used", models.PositiveIntegerField(default=0)),
                ("open_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("overdue_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("oldest_due_on", models.DateField(null=True)),
                ("access", models.CharField(blank=True, default="", max_length=12)),
                ("problems", models.PositiveSmallIntegerField(default=0)),
                ("deadline", models.CharField(blank=True, default="", max_length=20)),
                ("deadline_on", models.DateField(null=True)),
                ("insured_until", models.DateField(null=True)),
                ("worked_out_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "accounting_health",
                "indexes": [models.Index(fields=["-rank", "-overdue_eur", "client_id"], name="accounting_worst_first")],
                "constraints": [models.UniqueConstraint(fields=("client_id",), name="accounting_one_health")],
            },
        ),
        migrations.CreateModel(
            name="Due",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "on",
                    models.CharField(
                        choices=[("issue", "Issue"), ("receipt", "Receipt"), ("forgiven", "Forgiven")], max_length=9
                    ),
                ),
                ("day", models.DateField()),
                ("piece", models.CharField(max_length=35)),
                ("category", models.CharField(max_length=2)),
                ("rate", models.DecimalField(decimal_places=2, max_digits=5)),
                ("base_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                ("vat_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                ("recorded_at", models.DateTimeField()),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "accounting_due",
                "indexes": [models.Index(fields=["entity", "day"], name="accounting_due_of_period")],
            },
        ),
        migrations.CreateModel(
            name="Sale",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("day", models.DateField()),
                ("piece", models.CharField(max_length=35)),
                ("product", models.CharField(max_length=40)),
                ("net_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "accounting_sale",
                "indexes": [models.Index(fields=["entity", "day"], name="accounting_sale_of_period")],
            },
        ),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
