"""Tables of invoices: who may see and write what is said right after them."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import STAFF_SQL, policy_sql

#: Tables of a client: its own pages read them, staff writes.
OF_CLIENTS = ("billing_event", "billing_invoice", "billing_problem")
#: Tables of the operator.
OF_THE_OPERATOR = ("billing_series", "billing_table", "billing_run")
#: What staff may do there. What was frozen or recorded stays as it was; only what was rendered is written later.
RIGHTS = {
    "billing_event": "SELECT, INSERT",
    "billing_invoice": "SELECT, INSERT, UPDATE (rendered_at, pdf_sha256, xml_sha256)",
    "billing_problem": "SELECT, INSERT, UPDATE",
    "billing_series": "SELECT, INSERT, UPDATE",
    "billing_table": "SELECT, INSERT",
    "billing_run": "SELECT, INSERT, UPDATE",
}


def protect() -> list[Any]:
    """Row-level security and rights of every table."""
    statements = [f"REVOKE ALL ON {table} FROM sofy_web, sofy_staff" for table in RIGHTS]
    for table in OF_CLIENTS:
        statements += [*policy_sql(table), f"GRANT SELECT ON {table} TO sofy_web"]
    for table in OF_THE_OPERATOR:
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {table}_staff ON {table} TO sofy_staff USING ({STAFF_SQL}) WITH CHECK ({STAFF_SQL})",
        ]
    # Rates, indices and readings are about nobody: a client's own pages replay its contract with them.
    statements += [
        "CREATE POLICY billing_table_read ON billing_table FOR SELECT TO sofy_web USING (true)",
        "GRANT SELECT ON billing_table TO sofy_web",
    ]
    return statements + [f"GRANT {rights} ON {table} TO sofy_staff" for table, rights in RIGHTS.items()]


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("contracts", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="TableRow",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("legal_rate", "Legal interest rate"),
                            ("index", "SYNTEC index"),
                            ("vat_rate", "VAT rate"),
                            ("tariff", "Tariff"),
                            ("reading", "Reading of the terms"),
                        ],
                        max_length=12,
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("data", models.JSONField()),
                ("recorded_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "billing_table",
                "indexes": [models.Index(fields=["kind", "key"], name="billing_table_row")],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                ("type", models.CharField(max_length=20)),
                ("data", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("source", models.CharField(max_length=20)),
                ("source_key", models.CharField(max_length=120)),
                ("actor", models.CharField(max_length=80)),
                ("recorded_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "billing_event",
                "constraints": [
                    models.UniqueConstraint(fields=("order_form", "source", "source_key"), name="billing_event_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("invoice", "Invoice"), ("credit_note", "Credit note"), ("debit_note", "Debit note")],
                        max_length=12,
                    ),
                ),
                ("number", models.CharField(max_length=35)),
                ("issued_on", models.DateField()),
                ("due_on", models.DateField()),
                ("net_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                ("vat_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                ("gross_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                ("sha256", models.CharField(max_length=64)),
                ("document", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("frozen_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("rendered_at", models.DateTimeField(null=True)),
                ("pdf_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("xml_sha256", models.CharField(blank=True, default="", max_length=64)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invoices", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "billing_invoice",
                "indexes": [models.Index(fields=["client_id", "issued_on"], name="billing_invoice_issued")],
                "constraints": [
                    models.UniqueConstraint(fields=("order_form", "key"), name="billing_invoice_once"),
                    models.UniqueConstraint(fields=("entity", "number"), name="billing_number_once"),
                    models.UniqueConstraint(fields=("client_id", "id"), name="billing_invoice_id_per_client"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Problem",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.CharField(max_length=200)),
                ("reasons", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("since", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("seen_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("solved_at", models.DateTimeField(null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="problems", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "billing_problem",
                "constraints": [models.UniqueConstraint(fields=("order_form", "key"), name="billing_problem_once")],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("month", models.DateField()),
                ("as_of", models.DateField()),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("issued", models.PositiveIntegerField(default=0)),
                ("refused", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("actor", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "billing_run",
                "constraints": [models.UniqueConstraint(fields=("entity", "month"), name="billing_run_once")],
            },
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=12)),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField(default=0)),
                ("last_issued_on", models.DateField(null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "billing_series",
                "constraints": [
                    models.UniqueConstraint(fields=("entity", "kind", "year"), name="billing_one_series_per_year")
                ],
            },
        ),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
