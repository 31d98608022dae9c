"""Tables of money in: who may see and write what is said right after them."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import STAFF_SQL, policy_sql

#: Tables of a client: its own pages read them, staff writes.
OF_CLIENTS = ("treasury_mandate", "treasury_debit")
#: Tables of the operator.
OF_THE_OPERATOR = (
    "treasury_account", "treasury_file", "treasury_entry", "treasury_question", "treasury_batch",
)  # fmt: skip
#: What staff may do there. What a bank said, and what it was sent, stays as it was.
RIGHTS = {
    "treasury_account": "SELECT, INSERT, UPDATE (form)",
    "treasury_file": "SELECT, INSERT, UPDATE (told, lines, known, early, matched_at)",
    "treasury_entry": "SELECT, INSERT, UPDATE (state, kind, outcome, decided_at)",
    "treasury_question": "SELECT, INSERT, UPDATE (state, answer, decided_at, decided_by)",
    "treasury_mandate": "SELECT, INSERT, UPDATE",
    "treasury_batch": "SELECT, INSERT, UPDATE (state, answered_at)",
    "treasury_debit": "SELECT, INSERT, UPDATE (state, reason, allocated_eur, changed_on)",
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
    return statements + [f"GRANT {rights} ON {table} TO sofy_staff" for table, rights in RIGHTS.items()]


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("billing", "0001_initial"),
        ("contracts", "0005_licences"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("iban", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("iban_index", sofy.kit.fields.IndexField()),
                (
                    "form",
                    models.CharField(
                        blank=True,
                        choices=[("", "No statement yet"), ("camt", "camt.053"), ("cfonb", "CFONB 120")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "treasury_account",
            },
        ),
        migrations.CreateModel(
            name="BankFile",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("told", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("lines", models.PositiveIntegerField(default=0)),
                ("known", models.PositiveIntegerField(default=0)),
                ("early", models.PositiveIntegerField(default=0)),
                ("taken_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("matched_at", models.DateTimeField(null=True)),
                ("actor", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "treasury_file",
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("message_id", models.CharField(max_length=35)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("made", "Made, not answered"),
                            ("taken", "Taken by the bank"),
                            ("part", "Taken in part"),
                            ("refused", "Refused by the bank"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="made",
                        max_length=10,
                    ),
                ),
                ("debits_count", models.PositiveIntegerField()),
                ("total_eur", models.DecimalField(decimal_places=2, max_digits=14)),
                ("content", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("answered_at", models.DateTimeField(null=True)),
                ("actor", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "treasury_batch",
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.CharField(max_length=50)),
                ("place", models.PositiveIntegerField()),
                ("booked_on", models.DateField()),
                ("amount_eur", models.DecimalField(decimal_places=2, max_digits=18)),
                ("line", sofy.kit.fields.SealedTextField(under="entity_id")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "Not matched yet"),
                            ("waiting", "Waits for an earlier statement"),
                            ("queue", "Waits for a person"),
                            ("done", "Dealt with"),
                        ],
                        default="new",
                        max_length=8,
                    ),
                ),
                ("kind", models.CharField(blank=True, default="", max_length=8)),
                ("outcome", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="treasury.account"
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="treasury.bankfile"
                    ),
                ),
            ],
            options={
                "db_table": "treasury_entry",
            },
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("reference", models.CharField(max_length=35)),
                ("scheme", models.CharField(choices=[("CORE", "CORE"), ("B2B", "B2B")], default="CORE", max_length=4)),
                ("once", models.BooleanField(default=False)),
                ("signed_on", models.DateField()),
                ("debtor", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("iban", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("closed_on", models.DateField(null=True)),
                ("revoked_on", models.DateField(null=True)),
                ("registered_on", models.DateField(null=True)),
                ("blocked", models.CharField(blank=True, default="", max_length=10)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contracts.orderform",
                    ),
                ),
            ],
            options={
                "db_table": "treasury_mandate",
            },
        ),
        migrations.CreateModel(
            name="Debit",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("end_to_end_id", models.CharField(max_length=35)),
                ("payment_id", models.CharField(max_length=35)),
                ("amount_eur", models.DecimalField(decimal_places=2, max_digits=12)),
                ("collect_on", models.DateField()),
                ("sequence", models.CharField(max_length=4)),
                ("told", sofy.kit.fields.SealedTextField(under="entity_id")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "In a batch"),
                            ("collected", "Collected"),
                            ("returned", "Came back"),
                            ("rejected", "Refused by the bank"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="sent",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=10)),
                ("allocated_eur", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("changed_on", models.DateField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="debits", to="treasury.batch"
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.invoice"
                    ),
                ),
                (
                    "mandate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="debits", to="treasury.mandate"
                    ),
                ),
            ],
            options={
                "db_table": "treasury_debit",
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("place", models.PositiveIntegerField()),
                ("booked_on", models.DateField()),
                ("amount_eur", models.DecimalField(decimal_places=2, max_digits=18)),
                ("told", sofy.kit.fields.SealedTextField(under="entity_id")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "To be decided"),
                            ("later", "Put aside"),
                            ("paid", "Given to invoices"),
                            ("apart", "Not a client’s payment"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("answer", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, default="", max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="treasury.entry"
                    ),
                ),
            ],
            options={
                "db_table": "treasury_question",
            },
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("entity", "iban_index"), name="treasury_account_once"),
        ),
        migrations.AddConstraint(
            model_name="bankfile",
            constraint=models.UniqueConstraint(fields=("entity", "sha256"), name="treasury_file_once"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(fields=("entity", "message_id"), name="treasury_batch_once"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("state", "done"), _negated=True),
                fields=["entity", "id"],
                name="treasury_entry_undecided",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["file", "state"], name="treasury_entry_of_file"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["entity", "booked_on"], name="treasury_entry_booked"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("account", "key"), name="treasury_entry_once"),
        ),
        migrations.AddConstraint(
            model_name="mandate",
            constraint=models.UniqueConstraint(fields=("entity", "reference"), name="treasury_mandate_once"),
        ),
        migrations.AddConstraint(
            model_name="mandate",
            constraint=models.UniqueConstraint(fields=("client_id", "id"), name="treasury_mandate_id_per_client"),
        ),
        migrations.AddIndex(
            model_name="debit",
            index=models.Index(fields=["client_id", "collect_on"], name="treasury_debit_of_client"),
        ),
        migrations.AddConstraint(
            model_name="debit",
            constraint=models.UniqueConstraint(fields=("entity", "end_to_end_id"), name="treasury_debit_once"),
        ),
        migrations.AddConstraint(
            model_name="debit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["sent", "collected"])),
                fields=("invoice",),
                name="treasury_one_live_debit",
            ),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["state", "booked_on", "id"], name="treasury_question_state"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(fields=("entry", "place"), name="treasury_question_once"),
        ),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
